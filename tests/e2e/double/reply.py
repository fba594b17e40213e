"""Turns a step into bytes: head, segments of the entity, and a plan of what
goes wrong at which byte."""

import dataclasses
import http
import itertools
import json
import random
import zlib
from typing import Any, Dict, Iterator, List, Tuple

from . import anthropic, openai
from .script import Fault, Step, text

PROTOCOLS = {"anthropic": anthropic, "openai": openai}

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


def protocol_of(path: str) -> str:
    return "anthropic" if path.startswith("/v1/messages") else "openai"


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


def frame(name: str, data: Dict[str, Any], newline: str) -> bytes:
    words = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f"event: {name}{newline}data: {words}{newline}{newline}".encode()


def error_reply(protocol: str, status: int, kind: str, message: str,
                request_id: str) -> Reply:
    shape = PROTOCOLS[protocol]
    body = json.dumps(shape.error(kind, message, request_id)).encode()
    return Reply(status, [("Content-Type", "application/json"),
                          *shape.headers(request_id)], [body], "length")


def json_reply(value: Any, headers: List[Tuple[str, str]] = ()) -> Reply:
    body = json.dumps(value, ensure_ascii=False).encode()
    return Reply(200, [("Content-Type", "application/json"), *headers],
                 [body], "length")


def step_reply(step: Step, protocol: str, request: Dict[str, Any],
               request_bytes: int, number: str, request_id: str) -> Reply:
    """The answer that `step` gives to `request` in that protocol."""
    shape = PROTOCOLS[protocol]
    if step.huge_bytes:
        step = dataclasses.replace(
            step, parts=[*step.parts, text(filler(step.huge_bytes))])
    if step.status != 200 or step.body is not None:
        return _raw_reply(step, protocol, request_id)
    model = step.model or str(request.get("model", "unknown"))
    stream = request.get("stream") is True
    cut = pieces_of(step.delta_chars)
    if protocol == "anthropic":
        id = f"msg_{number}"
        if stream:
            events = anthropic.events(step, id, model, request_bytes, cut)
        else:
            whole = anthropic.message(step, id, model, request_bytes)
    else:
        id = f"resp_{number}"
        if stream:
            events = openai.events(step, id, model, request, request_bytes,
                                   cut)
        else:
            whole = openai.response(step, id, model, request, request_bytes)
    head = [*shape.headers(request_id), *step.headers]
    if stream:
        segments = [frame(n, d, step.newline) for n, d in events]
        reply = Reply(200, [
            ("Content-Type", "text/event-stream; charset=utf-8"),
            ("Cache-Control", "no-cache"), *head], segments, "chunked", id)
    else:
        body = json.dumps(whole, ensure_ascii=False).encode()
        reply = Reply(200, [("Content-Type", "application/json"), *head],
                      [body], "length", id)
    if step.transfer != "auto":
        reply.transfer = step.transfer
    if step.encoding == "gzip":
        reply.segments = gzip_segments(reply.segments)
        reply.headers.append(("Content-Encoding", "gzip"))
    return reply


def _raw_reply(step: Step, protocol: str, request_id: str) -> Reply:
    if step.body is None:
        reply = error_reply(protocol, step.status, step.type,
                            step.message or _phrase(step.status), request_id)
    else:
        reply = Reply(step.status, [("Content-Type", "application/json")],
                      [step.body.encode()], "length")
    own = {name.lower() for name, _ in step.headers}
    reply.headers = [h for h in reply.headers if h[0].lower() not in own]
    reply.headers += step.headers
    if step.transfer != "auto":
        reply.transfer = step.transfer
    if step.encoding == "gzip":
        reply.segments = gzip_segments(reply.segments)
        reply.headers.append(("Content-Encoding", "gzip"))
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
