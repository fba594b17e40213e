"""Answers as Chat Completions, with what engines really do to them."""

import json
import time
from typing import Any, Dict, Iterator, List

from . import pieces
from .scenario import AUTO, Answer

ERROR_NAME = ""


def finish_of(answer: Answer) -> Any:
    if answer.finish == AUTO:
        return "tool_calls" if answer.calls else "stop"
    return answer.finish or None


def usage_of(answer: Answer, asked) -> Dict[str, Any]:
    numbers = {"prompt_tokens": asked.input_tokens(),
               "completion_tokens": pieces.output_tokens(answer)}
    numbers.update(answer.usage)
    numbers["total_tokens"] = (numbers["prompt_tokens"]
                               + numbers["completion_tokens"])
    return numbers


def _calls(answer: Answer, id: str) -> List[Dict[str, Any]]:
    rows = []
    for number, one in enumerate(answer.calls):
        row: Dict[str, Any] = {"type": "function", "function": {
            "name": one.name, "arguments": pieces.arguments(one)}}
        if one.id is not None:
            row["id"] = f"call_{id}{number}" if one.id == AUTO else one.id
        rows.append(row)
    return rows


def _head(asked, id: str, kind: str) -> Dict[str, Any]:
    return {"id": f"chatcmpl-{id}", "object": kind,
            "created": int(time.time()), "model": asked.model}


def whole(answer: Answer, asked, id: str) -> Dict[str, Any]:
    message: Dict[str, Any] = {"role": "assistant",
                               "content": answer.text or None}
    if answer.thinking:
        message[answer.reasoning] = answer.thinking
    if answer.calls:
        message["tool_calls"] = _calls(answer, id)
    value = {**_head(asked, id, "chat.completion"), "choices": [
        {"index": 0, "message": message, "finish_reason": finish_of(answer)}]}
    if answer.usage_at != "none":
        value["usage"] = usage_of(answer, asked)
    return {**value, **({"timings": answer.timings} if answer.timings else {})}


def _call_deltas(answer: Answer, id: str) -> Iterator[Dict[str, Any]]:
    for number, row in enumerate(_calls(answer, id)):
        at = {"index": number} if answer.index else {}
        inner = row["function"]
        if answer.whole_calls or not isinstance(inner["arguments"], str):
            yield {**at, **row}
            continue
        yield {**at, **row, "function": {**inner, "arguments": ""}}
        again = {"name": inner["name"]} if answer.name_each else {}
        for piece in pieces.cut(inner["arguments"], answer.delta_chars):
            yield {**at, "function": {**again, "arguments": piece}}


def events(answer: Answer, asked, id: str) -> Iterator[Any]:
    """Pairs of an event's name and its data."""
    head = _head(asked, id, "chat.completion.chunk")
    usage = usage_of(answer, asked)

    def chunk(delta: Dict[str, Any], finish: Any = None, **more: Any):
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        if "choice_usage" in more:
            choice["usage"] = more.pop("choice_usage")
        return "", {**head, "choices": [choice], **more}

    yield chunk({"role": "assistant", "content": None},
                **({"usage": usage} if answer.usage_at == "first" else {}))
    for name, words in ((answer.reasoning, answer.thinking),
                        ("content", answer.text)):
        for piece in pieces.cut(words, answer.delta_chars):
            yield chunk({name: piece})
    for delta in _call_deltas(answer, id):
        yield chunk({"tool_calls": [delta]})
    last = {"finish": {"usage": usage}, "choice": {"choice_usage": usage}}.get(
        answer.usage_at, {})
    if answer.timings:
        last["timings"] = answer.timings
    if finish_of(answer) or last:
        yield chunk({}, finish_of(answer), **last)
    asks = (asked.body.get("stream_options") or {}).get("include_usage")
    if answer.usage_at == "end" and asks:
        yield "", {**head, "choices": [], "usage": usage}
    if answer.done:
        yield "", "[DONE]"
