"""Answers in the shape of the Gemini API (generateContent and its kin)."""

import re
from typing import Any, Dict, Iterator, List, Optional, Tuple

from .asked import Asked, opaque
from .script import Part, Step

Event = Tuple[str, Any]

ID_PREFIX = ""
NEWLINE = "\r\n"
_PATH = re.compile(r"/v1(?:beta|alpha)?/models/([^/:]+):"
                   r"(generateContent|streamGenerateContent|countTokens)")
_STATUS = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED",
           403: "PERMISSION_DENIED", 404: "NOT_FOUND",
           429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE",
           504: "DEADLINE_EXCEEDED"}


def read(path: str, query: Dict[str, str],
         body: Dict[str, Any]) -> Optional[Asked]:
    """Model and streaming stand in the path; without alt=sse a stream is one
    JSON array."""
    del body
    found = _PATH.fullmatch(path)
    if not found:
        return None
    stream = found[2] == "streamGenerateContent"
    return Asked("gemini", "count" if found[2] == "countTokens" else "answer",
                 found[1], stream, stream and query.get("alt") != "sse")


def tool_results(request: Dict[str, Any]) -> int:
    return sum(1 for content in request.get("contents", [])
               for part in content.get("parts", [])
               if "functionResponse" in part)


def headers(request_id: str) -> List[Tuple[str, str]]:
    del request_id  # this provider sends none
    return [("vary", "Origin"), ("vary", "X-Origin"), ("vary", "Referer"),
            ("server", "scaffolding on HTTPServer2"),
            ("x-xss-protection", "0"), ("x-frame-options", "SAMEORIGIN"),
            ("x-content-type-options", "nosniff"),
            ("server-timing", "gfet4t7; dur=412"),
            ("alt-svc", 'h3=":443"; ma=2592000')]


def error(status: int, kind: str, message: str,
          request_id: str) -> Dict[str, Any]:
    del request_id
    return {"error": {"code": status, "message": message,
                      "status": kind or _STATUS.get(status, "UNKNOWN")}}


def error_events(kind: str, message: str, id: str) -> List[Event]:
    del id
    code = {name: status for status, name in _STATUS.items()}.get(kind, 503)
    return [("", error(code, kind if kind in _STATUS.values() else "",
                       message, ""))]


def models(ids: List[str]) -> Dict[str, Any]:
    return {"models": [
        {"name": f"models/{id}", "version": "001", "displayName": id.title(),
         "inputTokenLimit": 1048576, "outputTokenLimit": 65536,
         "supportedGenerationMethods": ["generateContent", "countTokens"]}
        for id in ids]}


def count(tokens: int) -> Dict[str, Any]:
    return {"totalTokens": tokens, "promptTokensDetails": [
        {"modality": "TEXT", "tokenCount": tokens}]}


def _usage(step: Step, asked: Asked, share: float = 1) -> Dict[str, Any]:
    """Cumulative: what has been said so far, as `share` of all."""
    prompt, thoughts = asked.input_tokens(), step.reasoning_tokens()
    said = max(1, step.output_tokens() - thoughts)
    numbers: Dict[str, Any] = {"promptTokenCount": prompt}
    if share:
        numbers["candidatesTokenCount"] = max(1, int(said * share))
    if thoughts:
        numbers["thoughtsTokenCount"] = thoughts
    numbers["promptTokensDetails"] = [
        {"modality": "TEXT", "tokenCount": prompt}]
    if share == 1:
        numbers.update(step.usage)
    numbers["totalTokenCount"] = sum(
        numbers.get(name, 0) for name in (
            "promptTokenCount", "candidatesTokenCount",
            "thoughtsTokenCount", "toolUsePromptTokenCount"))
    return numbers


def _call(part: Part, id: str, index: int) -> Dict[str, Any]:
    args = part.input if part.kind == "tool" else {"input": part.input}
    return {"functionCall": {"id": part.id or f"fc_{id}{index:02d}",
                             "name": part.name, "args": args}}


def _parts(step: Step, id: str, pieces) -> List[Dict[str, Any]]:
    """Parts in order, each one frame of the stream. What the model thought
    comes back through a signature, on the first call, else on the end."""
    parts: List[Dict[str, Any]] = []
    unsigned = any("thinking" in p.kind for p in step.parts)
    for index, part in enumerate(step.parts):
        if part.kind == "text":
            parts += [{"text": piece} for piece in pieces(part.text)]
        elif part.kind == "thinking":
            parts += [{"text": piece, "thought": True}
                      for piece in pieces(part.text)]
        elif part.kind in ("tool", "custom_tool"):
            call = _call(part, id, index)
            if unsigned:
                call["thoughtSignature"] = opaque(id, "thought")
                unsigned = False
            parts.append(call)
    last = {"text": ""}
    if unsigned:
        last["thoughtSignature"] = opaque(id, "thought")
    return [*parts, last]


def _answer(step: Step, id: str, asked: Asked, parts: List[Dict[str, Any]],
            share: float = 1) -> Dict[str, Any]:
    candidate: Dict[str, Any] = {
        "content": {"parts": parts, "role": "model"}, "index": 0}
    if share == 1:
        candidate["finishReason"] = step.stop_reason or "STOP"
    return {"candidates": [candidate],
            "usageMetadata": _usage(step, asked, share),
            "modelVersion": step.model or asked.model, "responseId": id}


def whole(step: Step, id: str, asked: Asked) -> Dict[str, Any]:
    parts = _parts(step, id, lambda words: [words])
    if parts[-1] == {"text": ""} and len(parts) > 1:
        parts.pop()
    return _answer(step, id, asked, parts)


def events(step: Step, id: str, asked: Asked, pieces) -> Iterator[Event]:
    """One part a frame; the last says why the model stopped."""
    parts = _parts(step, id, pieces)
    for number, part in enumerate(parts, 1):
        yield "", _answer(step, id, asked, [part], number / len(parts)
                          if number > 1 or len(parts) == 1 else 0)
