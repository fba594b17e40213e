"""Answers as OpenAI Responses."""

import time
from typing import Any, Dict, Iterator, List

from . import pieces
from .scenario import AUTO, Answer


def _usage(answer: Answer, asked) -> Dict[str, Any]:
    numbers = {"input_tokens": asked.input_tokens(),
               "output_tokens": pieces.output_tokens(answer)}
    numbers.update(answer.usage)
    numbers["total_tokens"] = numbers["input_tokens"] + numbers["output_tokens"]
    return numbers


def _items(answer: Answer, id: str) -> List[Dict[str, Any]]:
    items: List[Dict[str, Any]] = []
    if answer.thinking:
        items.append({"id": f"rs_{id}", "type": "reasoning", "summary": [],
                      "content": [{"type": "reasoning_text",
                                   "text": answer.thinking}]})
    if answer.text:
        items.append({"id": f"msg_{id}", "type": "message",
                      "status": "completed", "role": "assistant",
                      "content": [{"type": "output_text", "annotations": [],
                                   "text": answer.text}]})
    for number, one in enumerate(answer.calls):
        item = {"id": f"fc_{id}{number}", "type": "function_call",
                "status": "completed", "name": one.name,
                "arguments": pieces.arguments(one)}
        if one.id is not None:
            item["call_id"] = (f"call_{id}{number}" if one.id == AUTO
                               else one.id)
        items.append(item)
    return items


def whole(answer: Answer, asked, id: str) -> Dict[str, Any]:
    cut = answer.finish == "length"
    value = {"id": f"resp_{id}", "object": "response",
             "created_at": int(time.time()), "model": asked.model,
             "status": "incomplete" if cut else "completed",
             "incomplete_details":
                 {"reason": "max_output_tokens"} if cut else None,
             "error": None, "output": _items(answer, id)}
    if answer.usage_at != "none":
        value["usage"] = _usage(answer, asked)
    return value


def _plain(answer: Answer, asked, id: str) -> Iterator[Any]:
    done = whole(answer, asked, id)
    begun = {**done, "status": "in_progress", "output": [], "usage": None}
    yield "response.created", {"response": begun}
    for index, item in enumerate(done["output"]):
        at = {"item_id": item["id"], "output_index": index}
        empty = {"arguments": ""} if item["type"] == "function_call" else {
            "content": []}
        yield "response.output_item.added", {
            "output_index": index, "item": {**item, **empty}}
        if item["type"] == "function_call":
            words, kind = item["arguments"], "function_call_arguments"
            if not isinstance(words, str):
                words = ""
        else:
            words = item["content"][0]["text"]
            kind = item["content"][0]["type"]
            at["content_index"] = 0
        for piece in pieces.cut(words, answer.delta_chars):
            yield f"response.{kind}.delta", {**at, "delta": piece}
        yield "response.output_item.done", {"output_index": index,
                                            "item": item}
    if answer.finish != "":
        yield f"response.{done['status']}", {"response": done}


def events(answer: Answer, asked, id: str) -> Iterator[Any]:
    for number, (name, data) in enumerate(_plain(answer, asked, id)):
        yield name, {"type": name, "sequence_number": number, **data}
