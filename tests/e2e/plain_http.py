"""A plain HTTP/1.1 client for the tests: it sends bytes as they are given,
reads one answer, and says how the answer ended."""

import dataclasses
import json
import socket
import ssl
from typing import Any, Dict, Iterator, List, Optional, Tuple
from urllib.parse import urlsplit


@dataclasses.dataclass
class Answer:
    """`ended`: the framing came to its end; else `error` says what broke."""
    status: int = 0
    headers: List[Tuple[str, str]] = dataclasses.field(default_factory=list)
    body: bytes = b""
    ended: bool = False
    error: str = ""

    def header(self, name: str) -> Optional[str]:
        for key, value in self.headers:
            if key.lower() == name.lower():
                return value
        return None

    def json(self) -> Any:
        return json.loads(self.body)


class Broken(Exception):
    """The answer stopped or is no HTTP."""


class Reader:
    """Reads HTTP/1.1 messages from anything with recv(n). Also used on
    recorded bytes."""

    def __init__(self, recv):
        self._recv = recv
        self._buffer = bytearray()

    def _more(self) -> None:
        try:
            data = self._recv(1 << 16)
        except socket.timeout:
            raise Broken("timed out") from None
        except OSError as error:
            raise Broken(str(error)) from None
        if not data:
            raise Broken("connection closed")
        self._buffer += data

    def unread(self) -> int:
        """Bytes that were received and not read yet."""
        return len(self._buffer)

    def line(self) -> bytes:
        while b"\r\n" not in self._buffer:
            self._more()
        at = self._buffer.index(b"\r\n")
        found = bytes(self._buffer[:at])
        del self._buffer[:at + 2]
        return found

    def some(self, most: int) -> bytes:
        if not self._buffer:
            self._more()
        found = bytes(self._buffer[:most])
        del self._buffer[:most]
        return found

    def head(self) -> Tuple[str, List[Tuple[str, str]]]:
        first = self.line().decode("latin-1")
        headers = []
        while True:
            line = self.line().decode("latin-1")
            if not line:
                return first, headers
            name, _, value = line.partition(":")
            headers.append((name, value.strip()))

    def entity(self, headers: List[Tuple[str, str]],
               request: bool = False) -> Iterator[bytes]:
        """The entity in pieces as they come; raises Broken if it stops."""
        low = {name.lower(): value for name, value in headers}
        if low.get("transfer-encoding", "").lower() == "chunked":
            while True:
                line = self.line()
                try:
                    left = int(line.split(b";")[0], 16)
                except ValueError:
                    raise Broken(f"chunk size {line[:40]!r}") from None
                if left == 0:
                    while self.line():
                        pass
                    return
                while left:
                    piece = self.some(left)
                    left -= len(piece)
                    yield piece
                self.line()
        elif "content-length" in low:
            left = int(low["content-length"])
            while left:
                piece = self.some(left)
                left -= len(piece)
                yield piece
        elif not request:
            while True:
                try:
                    yield self.some(1 << 16)
                except Broken as broken:
                    if str(broken) == "connection closed":
                        return
                    raise


class Client:
    """One connection to `url` (http or https)."""

    def __init__(self, url: str, timeout_s: float = 30,
                 tls: Optional[ssl.SSLContext] = None):
        parts = urlsplit(url)
        self.host = parts.netloc
        self.socket = socket.create_connection(
            (parts.hostname, parts.port), timeout=timeout_s)
        if parts.scheme == "https":
            context = tls or ssl.create_default_context()
            self.socket = context.wrap_socket(
                self.socket, server_hostname=parts.hostname)
        self.reader = Reader(self.socket.recv)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def send(self, method: str, target: str, headers: Dict[str, str],
             body: bytes = b"") -> None:
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self.host}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if body or method in ("POST", "PUT"):
            lines.append(f"Content-Length: {len(body)}")
        self.socket.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def receive_head(self, method: str = "POST") -> Tuple[Answer, Iterator]:
        """The answer's head, and its entity piece by piece."""
        while True:
            first, headers = self.reader.head()
            words = first.split(" ", 2)
            if not words[0].startswith("HTTP/") or not words[1:] or (
                    not words[1].isdigit()):
                raise Broken(f"status line {first[:60]!r}")
            if words[1] != "100":
                break
        answer = Answer(int(words[1]), headers)
        none = method == "HEAD" or answer.status in (204, 304)
        return answer, iter(()) if none else self.reader.entity(headers)

    def receive(self, method: str = "POST") -> Answer:
        answer = Answer()
        try:
            answer, pieces = self.receive_head(method)
            for piece in pieces:
                answer.body += piece
            answer.ended = True
        except Broken as broken:
            answer.error = str(broken)
        return answer


def ask(url: str, target: str, body: Any = None, method: str = "",
        headers: Optional[Dict[str, str]] = None, timeout_s: float = 30,
        tls: Optional[ssl.SSLContext] = None) -> Answer:
    """One request on a connection of its own. `body`: bytes as they are, or
    anything else as JSON."""
    method = method or ("GET" if body is None else "POST")
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
    try:
        with Client(url, timeout_s, tls) as client:
            sent = {"Content-Type": "application/json"} if body else {}
            try:
                client.send(method, target, {**sent, **(headers or {})},
                            body or b"")
            except OSError:
                pass  # refused while we still wrote: the answer says why
            return client.receive(method)
    except OSError as error:
        return Answer(error=str(error))


def events(body: bytes) -> List[Tuple[str, Any]]:
    """The frames of an SSE entity as (event, JSON); naive on purpose."""
    found = []
    for block in body.decode("utf-8").replace("\r\n", "\n").split("\n\n"):
        name, data = "", []
        for line in block.split("\n"):
            if line.startswith("event: "):
                name = line[7:]
            elif line.startswith("data: "):
                data.append(line[6:])
        if data == ["[DONE]"]:
            found.append((name, data[0]))
        elif data:
            found.append((name, json.loads("\n".join(data))))
    return found
