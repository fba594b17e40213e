"""Turns a step into bytes: head, segments of the entity, and a plan of what
goes wrong at which byte."""

import dataclasses
import http
import itertools
import json
import random
import zlib
from typing import Any, Dict, Iterator, List, Optional, Tuple
from urllib.parse import parse_qsl

from . import anthropic, chat, gemini, openai
from .asked import Asked
from .script import Fault, Step, text

# Each reads requests and writes answers, errors and model lists of one
# protocol; all have the same functions.
PROTOCOLS = {"anthropic": anthropic, "openai": openai, "chat": chat,
             "gemini": gemini}

_WORDS = ("river wall stone water gate ledger mason tide pile cofferdam pump "
          "caisson bank silt über naïve 堰 plank rivet").split()


@dataclasses.dataclass
class Reply:
    """`segments` concatenated are the entity; a segment is one SSE frame, or
    the whole body. `terminal` is the index of the last segment of the
    protocol. `length` None: chunked or until close, as `transfer` says."""
    status: int
    headers: List[Tuple[str, str]]
    segments: List[bytes]
    transfer: str
    response_id: str = ""

    def size(self) -> int:
        return sum(map(len, self.segments))


def read(target: str, body: Any = None,
         body_bytes: int = 0) -> Optional[Asked]:
    """What a POST to `target` asks for; None where no protocol knows it."""
    path, _, query = target.partition("?")
    for shape in PROTOCOLS.values():
        asked = shape.read(path, dict(parse_qsl(query)), body or {})
        if asked:
            asked.body, asked.body_bytes = body or {}, body_bytes
            return asked
    return None


def asks_a_model(method: str, target: str) -> bool:
    """A request for an answer, not a probe, a count or a list."""
    asked = read(target) if method == "POST" else None
    return asked is not None and asked.operation == "answer"


def protocol_near(path: str) -> str:
    """Whose errors a path gets that no protocol knows."""
    if path.startswith("/v1/messages"):
        return "anthropic"
    return "gemini" if path.startswith("/v1beta") else "openai"


def pieces_of(sizes) -> Any:
    """A cutter of strings into parts of the given sizes, round and round."""
    def cut(words: str) -> Iterator[str]:
        at, turn = 0, itertools.cycle(sizes)
        while at < len(words):
            size = next(turn)
            yield words[at:at + size]
            at += size
    return cut


def filler(size: int) -> str:
    """Words, the same for the same size."""
    source = random.Random(size)
    out: List[str] = []
    have = 0
    while have < size:
        word = source.choice(_WORDS)
        out.append(word)
        have += len(word.encode()) + 1
    return " ".join(out)


def frame(name: str, data: Any, newline: str) -> bytes:
    words = data if isinstance(data, str) else json.dumps(
        data, ensure_ascii=False, separators=(",", ":"))
    event = f"event: {name}{newline}" if name else ""
    return f"{event}data: {words}{newline}{newline}".encode()


def array_segments(values: List[Any]) -> List[bytes]:
    """One JSON array as Gemini streams it: an element at a time."""
    segments = [
        (",\r\n" if number else "[") + json.dumps(
            value, ensure_ascii=False, indent=2) + "\n"
        for number, value in enumerate(values)]
    segments[-1] += "]\n"
    return [segment.encode() for segment in segments]


def error_segments(asked: Asked, kind: str, message: str, id: str,
                   newline: str) -> List[bytes]:
    """An error in the middle of a stream."""
    shape = PROTOCOLS[asked.protocol]
    found = shape.error_events(kind, message, id)
    if asked.array:
        return [(",\r\n" + json.dumps(data, indent=2) + "\n]\n").encode()
                for _, data in found]
    return [frame(n, d, newline or shape.NEWLINE) for n, d in found]


def error_reply(asked: Asked, status: int, kind: str, message: str,
                request_id: str) -> Reply:
    shape = PROTOCOLS[asked.protocol]
    value = shape.error(status, kind, message, request_id)
    body = json.dumps([value] if asked.array else value).encode()
    return Reply(status, [("Content-Type", "application/json"),
                          *shape.headers(request_id)], [body], "length")


def json_reply(value: Any, headers: List[Tuple[str, str]] = ()) -> Reply:
    body = json.dumps(value, ensure_ascii=False).encode()
    return Reply(200, [("Content-Type", "application/json"), *headers],
                 [body], "length")


def step_reply(step: Step, asked: Asked, number: str,
               request_id: str) -> Reply:
    """The answer that `step` gives to what was asked."""
    shape = PROTOCOLS[asked.protocol]
    if step.huge_bytes:
        step = dataclasses.replace(
            step, parts=[*step.parts, text(filler(step.huge_bytes))])
    if step.status != 200 or step.body is not None:
        return _as_told(_raw_reply(step, asked, request_id), step)
    id = shape.ID_PREFIX + number
    head = [*shape.headers(request_id), *step.headers]
    if not asked.stream:
        body = json.dumps(shape.whole(step, id, asked),
                          ensure_ascii=False).encode()
        reply = Reply(200, [("Content-Type", "application/json"), *head],
                      [body], "length", id)
        return _as_told(reply, step)
    events = shape.events(step, id, asked, pieces_of(step.delta_chars))
    if asked.array:
        kind = "application/json; charset=UTF-8"
        segments = array_segments([data for _, data in events])
    else:
        kind = "text/event-stream; charset=utf-8"
        segments = [frame(name, data, step.newline or shape.NEWLINE)
                    for name, data in events]
    return _as_told(Reply(200, [
        ("Content-Type", kind), ("Cache-Control", "no-cache"), *head],
        segments, "chunked", id), step)


def _as_told(reply: Reply, step: Step) -> Reply:
    """With the transfer and the encoding that the step names."""
    if step.transfer != "auto":
        reply.transfer = step.transfer
    if step.encoding == "gzip":
        reply.segments = gzip_segments(reply.segments)
        reply.headers.append(("Content-Encoding", "gzip"))
    return reply


def _raw_reply(step: Step, asked: Asked, request_id: str) -> Reply:
    if step.body is None:
        reply = error_reply(asked, step.status, step.type,
                            step.message or _phrase(step.status), request_id)
    else:
        reply = Reply(step.status, [("Content-Type", "application/json")],
                      [step.body.encode()], "length")
    own = {name.lower() for name, _ in step.headers}
    reply.headers = [h for h in reply.headers if h[0].lower() not in own]
    reply.headers += step.headers
    return reply


def _phrase(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "Overloaded" if status == 529 else "Unknown"


def gzip_segments(segments: List[bytes]) -> List[bytes]:
    """One gzip stream, flushed after each segment so that it still streams."""
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    packed = [packer.compress(s) + packer.flush(zlib.Z_SYNC_FLUSH)
              for s in segments[:-1]]
    return packed + [packer.compress(segments[-1]) + packer.flush()]


def head_bytes(reply: Reply, length: int, keep_alive: bool) -> bytes:
    lines = [f"HTTP/1.1 {reply.status} {_phrase(reply.status)}"]
    lines += [f"{name}: {value}" for name, value in reply.headers]
    if reply.transfer == "chunked":
        lines.append("Transfer-Encoding: chunked")
    elif reply.transfer == "length":
        lines.append(f"Content-Length: {length}")
    if not keep_alive or reply.transfer == "close":
        lines.append("Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def offset_of(fault: Fault, segments: List[bytes]) -> int:
    """The byte of the entity before which the fault strikes; -1 before the
    head."""
    if fault.byte is not None:
        return fault.byte
    place = fault.place()
    if place == "before_headers":
        return -1
    if place == "start":
        return 0
    total = sum(map(len, segments))
    if place == "before_terminal":
        return total - len(segments[-1])
    if place == "after_terminal":
        return total
    if len(segments) == 1:
        return total // 2
    middle = len(segments) // 2
    begin = sum(map(len, segments[:middle]))
    if place == "mid":
        return begin
    return begin + len(segments[middle]) // 2
