"""Answers in the shape of the OpenAI Chat Completions API, with the
`reasoning_content` that servers of open models add."""

import json
import time
from typing import Any, Dict, Iterator, List, Optional, Tuple

from . import openai
from .asked import Asked
from .script import Part, Step

Event = Tuple[str, Any]

ID_PREFIX = "chatcmpl-"
NEWLINE = "\n"
headers = openai.headers
error = openai.error
models = openai.models


def read(path: str, query: Dict[str, str],
         body: Dict[str, Any]) -> Optional[Asked]:
    del query
    if path != "/v1/chat/completions":
        return None
    return Asked("chat", "answer", str(body.get("model", "unknown")),
                 body.get("stream") is True)


def tool_results(request: Dict[str, Any]) -> int:
    return sum(1 for message in request.get("messages", [])
               if message.get("role") == "tool")


def error_events(kind: str, message: str, id: str) -> List[Event]:
    del id
    return [("", {"error": {"message": message, "type": kind, "param": None,
                            "code": kind}})]


def wants_usage(asked: Asked) -> bool:
    options = asked.body.get("stream_options")
    return isinstance(options, dict) and options.get("include_usage") is True


def _usage(step: Step, asked: Asked) -> Dict[str, Any]:
    numbers = {
        "prompt_tokens": asked.input_tokens(),
        "completion_tokens": step.output_tokens(),
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": step.reasoning_tokens(), "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0},
    }
    numbers.update(step.usage)
    numbers["total_tokens"] = (
        numbers["prompt_tokens"] + numbers["completion_tokens"])
    return numbers


def _call(part: Part, id: str, index: int) -> Dict[str, Any]:
    call = {"id": part.id or f"call_{id[len(ID_PREFIX):]}{index:02d}"}
    if part.kind == "tool":
        return {**call, "type": "function", "function": {
            "name": part.name,
            "arguments": json.dumps(part.input, ensure_ascii=False)}}
    return {**call, "type": "custom",
            "custom": {"name": part.name, "input": part.input}}


def _message(step: Step, id: str) -> Dict[str, Any]:
    words = "".join(p.text for p in step.parts if p.kind == "text")
    calls = [_call(p, id, i) for i, p in enumerate(step.parts)
             if p.kind in ("tool", "custom_tool")]
    message = {"role": "assistant", "content": words or None}
    thoughts = "".join(p.text for p in step.parts if p.kind == "thinking")
    if thoughts:
        message["reasoning_content"] = thoughts
    if calls:
        message["tool_calls"] = calls
    return {**message, "refusal": None, "annotations": []}


def _finish_reason(step: Step) -> str:
    if step.stop_reason:
        return step.stop_reason
    return "tool_calls" if step.uses_tool() else "stop"


def _frame(step: Step, id: str, asked: Asked, kind: str) -> Dict[str, Any]:
    return {"id": id, "object": kind, "created": int(time.time()),
            "model": step.model or asked.model, "service_tier": "default",
            "system_fingerprint": "fp_d0b1e"}


def whole(step: Step, id: str, asked: Asked) -> Dict[str, Any]:
    return {**_frame(step, id, asked, "chat.completion"),
            "choices": [{"index": 0, "message": _message(step, id),
                         "logprobs": None,
                         "finish_reason": _finish_reason(step)}],
            "usage": _usage(step, asked)}


def events(step: Step, id: str, asked: Asked, pieces) -> Iterator[Event]:
    """Chunks; with stream_options.include_usage each has a `usage` of null
    and one more, without choices, holds the numbers. Ends with [DONE]."""
    head = _frame(step, id, asked, "chat.completion.chunk")
    usage = {"usage": None} if wants_usage(asked) else {}

    def chunk(delta: Dict[str, Any], finish: Optional[str] = None) -> Event:
        return "", {**head, "choices": [
            {"index": 0, "delta": delta, "logprobs": None,
             "finish_reason": finish}], **usage}

    yield chunk({"role": "assistant", "content": "", "refusal": None})
    message = _message(step, id)
    for name in ("reasoning_content", "content"):
        for piece in pieces(message.get(name) or ""):
            yield chunk({name: piece})
    for index, call in enumerate(message.get("tool_calls", [])):
        for delta in _call_deltas(call, pieces):
            yield chunk({"tool_calls": [{"index": index, **delta}]})
    yield chunk({}, _finish_reason(step))
    if usage:
        yield "", {**head, "choices": [], "usage": _usage(step, asked)}
    yield "", "[DONE]"


def _call_deltas(call: Dict[str, Any], pieces) -> Iterator[Dict[str, Any]]:
    """First the name with nothing, then the arguments piece by piece."""
    field = {"function": "arguments", "custom": "input"}[call["type"]]
    inner = call[call["type"]]
    yield {**call, call["type"]: {**inner, field: ""}}
    for piece in pieces(inner[field]):
        yield {call["type"]: {field: piece}}
