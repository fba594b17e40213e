"""Answers in the shape of the Anthropic Messages API."""

import json
from typing import Any, Dict, Iterator, List, Tuple

from .script import Part, Step

Event = Tuple[str, Dict[str, Any]]

SIGNATURE = "RG91YmxlU2lnbmF0dXJlTm90VmVyaWZpYWJsZQ=="


def is_main(path: str) -> bool:
    return path == "/v1/messages"


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


def error(kind: str, message: str, request_id: str) -> Dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message},
            "request_id": request_id}


def error_event(kind: str, message: str) -> Event:
    return "error", {"type": "error",
                     "error": {"type": kind, "message": message}}


def stop_reason(step: Step) -> str:
    if step.stop_reason:
        return step.stop_reason
    uses_tool = any(p.kind in ("tool", "custom_tool") for p in step.parts)
    return "tool_use" if uses_tool else "end_turn"


def usage(step: Step, request_bytes: int) -> Dict[str, Any]:
    numbers = {
        "input_tokens": max(1, request_bytes // 4),
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "cache_creation": {"ephemeral_5m_input_tokens": 0,
                           "ephemeral_1h_input_tokens": 0},
        "output_tokens": max(1, sum(p.chars() for p in step.parts) // 4),
        "service_tier": "standard",
    }
    numbers.update(step.usage)
    return numbers


def _block(part: Part, id: str) -> Dict[str, Any]:
    if part.kind == "text":
        return {"type": "text", "text": part.text}
    if part.kind == "thinking":
        return {"type": "thinking", "thinking": part.text,
                "signature": SIGNATURE}
    value = part.input if part.kind == "tool" else {"input": part.input}
    return {"type": "tool_use", "id": part.id or id, "name": part.name,
            "input": value}


def message(step: Step, id: str, model: str,
            request_bytes: int) -> Dict[str, Any]:
    """The whole message, as a request without `stream` gets it."""
    blocks = [_block(p, f"toolu_{id[4:]}{i:02d}")
              for i, p in enumerate(step.parts)]
    return {"id": id, "type": "message", "role": "assistant", "model": model,
            "content": blocks, "stop_reason": stop_reason(step),
            "stop_sequence": None, "usage": usage(step, request_bytes)}


def events(step: Step, id: str, model: str, request_bytes: int,
           pieces) -> Iterator[Event]:
    """The same message as events; `pieces` cuts a string into deltas."""
    whole = message(step, id, model, request_bytes)
    numbers = whole["usage"]
    yield "message_start", {"type": "message_start", "message": {
        **whole, "content": [], "stop_reason": None,
        "usage": {**numbers, "output_tokens": 1}}}
    for index, block in enumerate(whole["content"]):
        yield from _block_events(index, block, pieces)
        if index == 0 and step.ping:
            yield "ping", {"type": "ping"}
    yield "message_delta", {
        "type": "message_delta",
        "delta": {"stop_reason": whole["stop_reason"], "stop_sequence": None},
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
