"""A relay that copies bytes between a client and the gate and keeps both
directions, so that a test can see what the client itself sent and got."""

import bisect
import dataclasses
import socket
import threading
import time
from typing import List, Tuple
from urllib.parse import urlsplit

from double import asks_a_model
from plain_http import Broken, Reader


@dataclasses.dataclass
class Seen:
    """One request and its answer as the client's side of the wire had them;
    bodies without chunk framing, nothing else undone. `asked` and `answered`
    are when the last byte of each passed, on the monotonic clock."""
    method: str
    target: str
    headers: List[Tuple[str, str]]
    body: bytes
    status: int = 0
    response_headers: List[Tuple[str, str]] = dataclasses.field(
        default_factory=list)
    response_body: bytes = b""
    ended: bool = False
    asked: float = 0
    answered: float = 0

    def path(self) -> str:
        return self.target.partition("?")[0]

    def key(self) -> str:
        """The credential, whatever carried it."""
        return (self.header("authorization").partition(" ")[2]
                or self.header("x-api-key") or self.header("x-goog-api-key"))

    def header(self, name: str) -> str:
        return _value(self.headers, name)

    def header_of_answer(self, name: str) -> str:
        return _value(self.response_headers, name)


def _value(headers: List[Tuple[str, str]], name: str) -> str:
    for key, value in headers:
        if key.lower() == name:
            return value
    return ""


@dataclasses.dataclass
class _Way:
    """One direction of a connection: bytes, and after how many of them which
    time it was."""
    data: bytearray = dataclasses.field(default_factory=bytearray)
    counts: List[int] = dataclasses.field(default_factory=list)
    times: List[float] = dataclasses.field(default_factory=list)

    def add(self, data: bytes) -> None:
        self.data += data
        self.times.append(time.monotonic())
        self.counts.append(len(self.data))

    def time(self, count: int) -> float:
        """When that many bytes had passed."""
        at = bisect.bisect_left(self.counts, count)
        return self.times[min(at, len(self.times) - 1)] if self.times else 0


@dataclasses.dataclass
class _Wire:
    up: _Way = dataclasses.field(default_factory=_Way)
    down: _Way = dataclasses.field(default_factory=_Way)


class Relay:
    """Listens on 127.0.0.1 and relays every connection to `target`."""

    def __init__(self, target: str):
        parts = urlsplit(target)
        self._target = (parts.hostname, parts.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._wires: List[_Wire] = []
        self._threads: List[threading.Thread] = []
        self._sockets: List[socket.socket] = []
        self._spawn(self._accept)

    @property
    def url(self) -> str:
        return "http://127.0.0.1:%d" % self._listener.getsockname()[1]

    def __enter__(self) -> "Relay":
        return self

    def __exit__(self, *_) -> None:
        for open_socket in [self._listener, *self._sockets]:
            try:
                open_socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            open_socket.close()
        for thread in self._threads:
            thread.join(5)

    def _spawn(self, work, *words) -> None:
        thread = threading.Thread(target=work, args=words, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._target)
            except OSError:
                return
            self._sockets += [client, server]
            wire = _Wire()
            self._wires.append(wire)
            self._spawn(self._copy, client, server, wire.up)
            self._spawn(self._copy, server, client, wire.down)

    @staticmethod
    def _copy(source, target, kept: _Way) -> None:
        try:
            while True:
                data = source.recv(1 << 16)
                if not data:
                    break
                kept.add(data)
                target.sendall(data)
        except OSError:
            pass
        try:
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def raw(self) -> bytes:
        """Every byte that clients sent."""
        return b"".join(bytes(wire.up.data) for wire in self._wires)

    def seen(self) -> List[Seen]:
        """All exchanges so far, as they were asked."""
        found: List[Seen] = []
        for wire in list(self._wires):
            found += _parse(wire)
        return sorted(found, key=lambda seen: seen.asked)

    def main_exchanges(self) -> List[Seen]:
        return [s for s in self.seen() if asks_a_model(s.method, s.target)]


def _reader(data: bytes) -> Reader:
    left = [data]

    def recv(_size: int) -> bytes:
        piece, left[0] = left[0], b""
        return piece

    return Reader(recv)


def _parse(wire: _Wire) -> List[Seen]:
    up, down = bytes(wire.up.data), bytes(wire.down.data)
    requests, answers = _reader(up), _reader(down)
    found: List[Seen] = []
    while True:
        try:
            first, headers = requests.head()
            body = b"".join(requests.entity(headers, request=True))
        except Broken:
            return found
        method, target, _ = first.split(" ")
        seen = Seen(method, target, headers, body)
        seen.asked = wire.up.time(len(up) - requests.unread())
        found.append(seen)
        try:
            while seen.status in (0, 100):
                first, seen.response_headers = answers.head()
                seen.status = int(first.split(" ")[1])
            if method != "HEAD" and seen.status not in (204, 304):
                for piece in answers.entity(seen.response_headers):
                    seen.response_body += piece
            seen.ended = True
            seen.answered = wire.down.time(len(down) - answers.unread())
        except (Broken, ValueError):
            pass
