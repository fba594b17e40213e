"""Answers as Anthropic Messages: for agents that speak nothing else."""

import json
from typing import Any, Dict, Iterator

from . import pieces
from .scenario import AUTO, Answer

_STOPS = {"stop": "end_turn", "tool_calls": "tool_use",
          "length": "max_tokens"}


def _stop(answer: Answer) -> Any:
    if answer.finish == AUTO:
        return "tool_use" if answer.calls else "end_turn"
    return _STOPS.get(answer.finish, answer.finish or None)


def _blocks(answer: Answer, id: str) -> Iterator[Any]:
    """Each block as it begins, the field that grows, and its words."""
    if answer.thinking:
        yield ({"type": "thinking", "thinking": "", "signature": ""},
               ("thinking_delta", "thinking"), answer.thinking)
    if answer.text:
        yield ({"type": "text", "text": ""}, ("text_delta", "text"),
               answer.text)
    for number, one in enumerate(answer.calls):
        block = {"type": "tool_use", "name": one.name, "input": {}}
        if one.id is not None:
            block["id"] = f"toolu_{id}{number}" if one.id == AUTO else one.id
        yield block, ("input_json_delta", "partial_json"), one.arguments


def _message(answer: Answer, asked, id: str) -> Dict[str, Any]:
    numbers = {"input_tokens": asked.input_tokens(),
               "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
               "output_tokens": pieces.output_tokens(answer), **answer.usage}
    return {"id": f"msg_{id}", "type": "message", "role": "assistant",
            "model": asked.model, "content": [], "stop_reason": _stop(answer),
            "stop_sequence": None, "usage": numbers}


def whole(answer: Answer, asked, id: str) -> Dict[str, Any]:
    message = _message(answer, asked, id)
    for block, (_, field), words in _blocks(answer, id):
        if field == "partial_json":
            try:
                block["input"] = json.loads(words)
            except ValueError:
                block["input"] = words
        else:
            block[field] = words
        message["content"].append(block)
    return message


def events(answer: Answer, asked, id: str) -> Iterator[Any]:
    message = _message(answer, asked, id)
    yield "message_start", {"type": "message_start",
                            "message": {**message, "stop_reason": None}}
    for index, (block, (kind, field), words) in enumerate(
            _blocks(answer, id)):
        yield "content_block_start", {"type": "content_block_start",
                                      "index": index, "content_block": block}
        for piece in pieces.cut(words, answer.delta_chars):
            yield "content_block_delta", {
                "type": "content_block_delta", "index": index,
                "delta": {"type": kind, field: piece}}
        yield "content_block_stop", {"type": "content_block_stop",
                                     "index": index}
    yield "message_delta", {
        "type": "message_delta", "usage": message["usage"],
        "delta": {"stop_reason": message["stop_reason"],
                  "stop_sequence": None}}
    yield "message_stop", {"type": "message_stop"}
