"""Answers in the shape of the OpenAI Responses API."""

import json
import time
from typing import Any, Dict, Iterator, List, Optional, Tuple

from .asked import Asked, opaque
from .script import Part, Step

Event = Tuple[str, Dict[str, Any]]

ID_PREFIX = "resp_"
NEWLINE = "\n"
# Status -> type and code of the error.
_KINDS = {401: ("invalid_request_error", "invalid_api_key"),
          403: ("invalid_request_error", "permission_denied"),
          404: ("invalid_request_error", "model_not_found"),
          429: ("requests", "rate_limit_exceeded")}


def read(path: str, query: Dict[str, str],
         body: Dict[str, Any]) -> Optional[Asked]:
    del query
    if path != "/v1/responses":
        return None
    return Asked("openai", "answer", str(body.get("model", "unknown")),
                 body.get("stream") is True)


def tool_results(request: Dict[str, Any]) -> int:
    items = request.get("input")
    if not isinstance(items, list):
        return 0
    return sum(1 for item in items if isinstance(item, dict) and item.get(
        "type") in ("function_call_output", "custom_tool_call_output"))


def headers(request_id: str) -> List[Tuple[str, str]]:
    return [
        ("x-request-id", request_id),
        ("openai-organization", "org-double"),
        ("openai-processing-ms", "12"),
        ("openai-version", "2020-10-01"),
        ("set-cookie", "__cf_bm=d0b1e; path=/; HttpOnly; Secure"),
        ("strict-transport-security",
         "max-age=31536000; includeSubDomains; preload"),
    ]


def error(status: int, kind: str, message: str,
          request_id: str) -> Dict[str, Any]:
    del request_id  # this provider keeps it in a header
    other = ("server_error" if status >= 500 else "invalid_request_error",
             None)
    kind, code = (kind, kind) if kind else _KINDS.get(status, other)
    return {"error": {"message": message, "type": kind, "param": None,
                      "code": code}}


def models(ids: List[str]) -> Dict[str, Any]:
    return {"object": "list", "data": [
        {"id": id, "object": "model", "created": 1767225600,
         "owned_by": "double"} for id in ids]}


def _usage(step: Step, asked: Asked) -> Dict[str, Any]:
    numbers = {
        "input_tokens": asked.input_tokens(),
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": step.output_tokens(),
        "output_tokens_details": {
            "reasoning_tokens": step.reasoning_tokens()},
    }
    numbers.update(step.usage)
    numbers["total_tokens"] = (
        numbers["input_tokens"] + numbers["output_tokens"])
    return numbers


def _item(part: Part, stem: str, index: int) -> Dict[str, Any]:
    if part.kind == "text":
        return {"id": f"msg_{stem}{index:02d}", "type": "message",
                "status": "completed", "role": "assistant",
                "content": [{"type": "output_text", "annotations": [],
                             "logprobs": [], "text": part.text}]}
    if part.kind in ("thinking", "hidden_thinking"):
        summary = [{"type": "summary_text", "text": part.text}]
        return {"id": f"rs_{stem}{index:02d}", "type": "reasoning",
                "summary": summary if part.kind == "thinking" else [],
                "encrypted_content": "gAAAAAB" + opaque(stem, index)}
    call_id = part.id or f"call_{stem}{index:02d}"
    if part.kind == "tool":
        return {"id": f"fc_{stem}{index:02d}", "type": "function_call",
                "status": "completed",
                "arguments": json.dumps(part.input, ensure_ascii=False),
                "call_id": call_id, "name": part.name}
    return {"id": f"ctc_{stem}{index:02d}", "type": "custom_tool_call",
            "status": "completed", "call_id": call_id, "name": part.name,
            "input": part.input}


def whole(step: Step, id: str, asked: Asked) -> Dict[str, Any]:
    """The whole response object, as a request without `stream` gets it."""
    request = asked.body
    items = [_item(p, id[len(ID_PREFIX):], i)
             for i, p in enumerate(step.parts)]
    if "reasoning.encrypted_content" not in (request.get("include") or []):
        for item in items:
            item.pop("encrypted_content", None)
    return {
        "id": id, "object": "response", "created_at": int(time.time()),
        "status": "completed", "background": False, "error": None,
        "incomplete_details": None,
        "instructions": request.get("instructions"),
        "max_output_tokens": request.get("max_output_tokens"),
        "max_tool_calls": None, "model": step.model or asked.model,
        "output": items,
        "parallel_tool_calls": request.get("parallel_tool_calls", True),
        "previous_response_id": None,
        "prompt_cache_key": request.get("prompt_cache_key"),
        "reasoning": {"effort": None, "summary": None},
        "safety_identifier": None, "service_tier": "default",
        "store": request.get("store", True), "temperature": 1.0,
        "text": {"format": {"type": "text"}, "verbosity": "medium"},
        "tool_choice": request.get("tool_choice", "auto"),
        "tools": request.get("tools", []), "top_logprobs": 0, "top_p": 1.0,
        "truncation": "disabled", "usage": _usage(step, asked),
        "user": None, "metadata": {},
    }


def events(step: Step, id: str, asked: Asked, pieces) -> Iterator[Event]:
    """The same response as events, numbered; `pieces` cuts strings."""
    done = whole(step, id, asked)
    begun = {**done, "status": "in_progress", "output": [], "usage": None}

    def unnumbered() -> Iterator[Event]:
        yield "response.created", {"response": begun}
        yield "response.in_progress", {"response": begun}
        for index, item in enumerate(done["output"]):
            yield from _item_events(index, item, pieces)
        yield "response.completed", {"response": done}

    for number, (name, data) in enumerate(unnumbered()):
        yield name, {"type": name, "sequence_number": number, **data}


def error_events(kind: str, message: str, id: str) -> List[Event]:
    """This provider ends a stream that failed with response.failed."""
    return [("response.failed", {
        "type": "response.failed", "sequence_number": 999999,
        "response": {"id": id, "object": "response", "status": "failed",
                     "output": [], "usage": None,
                     "error": {"code": kind, "message": message}}})]


def _item_events(index: int, item: Dict[str, Any],
                 pieces) -> Iterator[Event]:
    at = {"item_id": item["id"], "output_index": index}
    kind = item["type"]
    yield "response.output_item.added", {
        "output_index": index, "item": _begun(item)}
    if kind == "message":
        yield from _text_events(at, item["content"][0], pieces)
    elif kind == "reasoning":
        for summary in item["summary"]:
            yield from _reasoning_events(at, summary, pieces)
    elif kind == "function_call":
        for piece in pieces(item["arguments"]):
            yield "response.function_call_arguments.delta", {
                **at, "delta": piece}
        yield "response.function_call_arguments.done", {
            **at, "name": item["name"], "arguments": item["arguments"]}
    else:
        for piece in pieces(item["input"]):
            yield "response.custom_tool_call_input.delta", {
                **at, "delta": piece}
        yield "response.custom_tool_call_input.done", {
            **at, "input": item["input"]}
    yield "response.output_item.done", {"output_index": index, "item": item}


def _begun(item: Dict[str, Any]) -> Dict[str, Any]:
    empty = {"message": {"content": []}, "reasoning": {"summary": []},
             "function_call": {"arguments": ""},
             "custom_tool_call": {"input": ""}}[item["type"]]
    status = {} if item["type"] == "reasoning" else {"status": "in_progress"}
    return {**item, **empty, **status}


def _text_events(at, content, pieces) -> Iterator[Event]:
    here = {**at, "content_index": 0}
    yield "response.content_part.added", {**here,
                                          "part": {**content, "text": ""}}
    for piece in pieces(content["text"]):
        yield "response.output_text.delta", {**here, "delta": piece,
                                             "logprobs": []}
    yield "response.output_text.done", {**here, "text": content["text"],
                                        "logprobs": []}
    yield "response.content_part.done", {**here, "part": content}


def _reasoning_events(at, summary, pieces) -> Iterator[Event]:
    here = {**at, "summary_index": 0}
    yield "response.reasoning_summary_part.added", {
        **here, "part": {"type": "summary_text", "text": ""}}
    for piece in pieces(summary["text"]):
        yield "response.reasoning_summary_text.delta", {**here,
                                                        "delta": piece}
    yield "response.reasoning_summary_text.done", {**here,
                                                   "text": summary["text"]}
    yield "response.reasoning_summary_part.done", {**here, "part": summary}
