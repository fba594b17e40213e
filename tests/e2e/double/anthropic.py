"""Answers in the shape of the Anthropic Messages API."""

import json
from typing import Any, Dict, Iterator, List, Optional, Tuple

from .asked import Asked, opaque
from .script import Part, Step

Event = Tuple[str, Dict[str, Any]]

ID_PREFIX = "msg_"
NEWLINE = "\n"
_OPERATIONS = {"/v1/messages": "answer", "/v1/messages/count_tokens": "count"}
_KINDS = {400: "invalid_request_error", 401: "authentication_error",
          403: "permission_error", 404: "not_found_error",
          413: "request_too_large", 429: "rate_limit_error",
          529: "overloaded_error"}


def read(path: str, query: Dict[str, str],
         body: Dict[str, Any]) -> Optional[Asked]:
    """What is asked, or None when the path is not of this protocol."""
    del query
    operation = _OPERATIONS.get(path)
    return operation and Asked(
        "anthropic", operation, str(body.get("model", "unknown")),
        body.get("stream") is True)


def tool_results(request: Dict[str, Any]) -> int:
    count = 0
    for message in request.get("messages", []):
        content = message.get("content")
        if isinstance(content, list):
            count += sum(1 for block in content
                         if block.get("type") == "tool_result")
    return count


def headers(request_id: str) -> List[Tuple[str, str]]:
    return [
        ("request-id", request_id),
        ("anthropic-organization-id", "0d0b1e00-0000-4000-8000-00000000d0b1"),
        ("anthropic-ratelimit-requests-limit", "4000"),
        ("anthropic-ratelimit-requests-remaining", "3999"),
        ("strict-transport-security",
         "max-age=31536000; includeSubDomains; preload"),
    ]


def error(status: int, kind: str, message: str,
          request_id: str) -> Dict[str, Any]:
    return {"type": "error",
            "error": {"type": kind or _KINDS.get(status, "api_error"),
                      "message": message},
            "request_id": request_id}


def error_events(kind: str, message: str, id: str) -> List[Event]:
    del id
    return [("error", {"type": "error",
                       "error": {"type": kind, "message": message}})]


def models(ids: List[str]) -> Dict[str, Any]:
    rows = [{"type": "model", "id": id, "display_name": id.title(),
             "created_at": "2026-01-01T00:00:00Z"} for id in ids]
    return {"data": rows, "has_more": False,
            "first_id": ids[0] if ids else None,
            "last_id": ids[-1] if ids else None}


def count(tokens: int) -> Dict[str, Any]:
    return {"input_tokens": tokens}


def _stop_reason(step: Step) -> str:
    if step.stop_reason:
        return step.stop_reason
    return "tool_use" if step.uses_tool() else "end_turn"


def _usage(step: Step, asked: Asked) -> Dict[str, Any]:
    numbers = {
        "input_tokens": asked.input_tokens(),
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "cache_creation": {"ephemeral_5m_input_tokens": 0,
                           "ephemeral_1h_input_tokens": 0},
        "output_tokens": step.output_tokens(),
        "service_tier": "standard",
    }
    numbers.update(step.usage)
    return numbers


def _block(part: Part, id: str, index: int) -> Dict[str, Any]:
    if part.kind == "text":
        return {"type": "text", "text": part.text}
    if part.kind == "thinking":
        return {"type": "thinking", "thinking": part.text,
                "signature": opaque(id, index)}
    if part.kind == "hidden_thinking":
        return {"type": "redacted_thinking", "data": opaque(id, index)}
    value = part.input if part.kind == "tool" else {"input": part.input}
    return {"type": "tool_use", "id": part.id or f"toolu_{id[4:]}{index:02d}",
            "name": part.name, "input": value}


def whole(step: Step, id: str, asked: Asked) -> Dict[str, Any]:
    """The whole message, as a request without `stream` gets it."""
    blocks = [_block(p, id, i) for i, p in enumerate(step.parts)]
    return {"id": id, "type": "message", "role": "assistant",
            "model": step.model or asked.model,
            "content": blocks, "stop_reason": _stop_reason(step),
            "stop_sequence": None, "usage": _usage(step, asked)}


def events(step: Step, id: str, asked: Asked, pieces) -> Iterator[Event]:
    """The same message as events; `pieces` cuts a string into deltas."""
    message = whole(step, id, asked)
    numbers = message["usage"]
    yield "message_start", {"type": "message_start", "message": {
        **message, "content": [], "stop_reason": None,
        "usage": {**numbers, "output_tokens": 1}}}
    for index, block in enumerate(message["content"]):
        yield from _block_events(index, block, pieces)
        if index == 0 and step.ping:
            yield "ping", {"type": "ping"}
    yield "message_delta", {
        "type": "message_delta",
        "delta": {"stop_reason": message["stop_reason"],
                  "stop_sequence": None},
        "usage": {name: numbers[name] for name in (
            "input_tokens", "cache_creation_input_tokens",
            "cache_read_input_tokens", "output_tokens")}}
    yield "message_stop", {"type": "message_stop"}


def _block_events(index: int, block: Dict[str, Any],
                  pieces) -> Iterator[Event]:
    if block["type"] == "text":
        empty = {"type": "text", "text": ""}
        deltas = [{"type": "text_delta", "text": piece}
                  for piece in pieces(block["text"])]
    elif block["type"] == "thinking":
        empty = {"type": "thinking", "thinking": "", "signature": ""}
        deltas = [{"type": "thinking_delta", "thinking": piece}
                  for piece in pieces(block["thinking"])]
        deltas.append({"type": "signature_delta",
                       "signature": block["signature"]})
    elif block["type"] == "redacted_thinking":
        empty, deltas = block, []
    else:
        empty = {**block, "input": {}}
        words = json.dumps(block["input"], ensure_ascii=False)
        deltas = [{"type": "input_json_delta", "partial_json": ""}]
        deltas += [{"type": "input_json_delta", "partial_json": piece}
                   for piece in pieces(words)]
    yield "content_block_start", {"type": "content_block_start",
                                  "index": index, "content_block": empty}
    for delta in deltas:
        yield "content_block_delta", {"type": "content_block_delta",
                                      "index": index, "delta": delta}
    yield "content_block_stop", {"type": "content_block_stop",
                                 "index": index}
