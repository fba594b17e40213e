"""As much HTTP/1.1 as a provider double needs, on raw bytes, so that what
arrived can be recorded exactly and what is sent can be wrong on purpose."""

import asyncio
import dataclasses
import socket
import struct
from typing import List, Optional, Tuple

HEAD_BYTES_MAX = 1 << 20


class BadRequest(Exception):
    """The client sent something that is no HTTP/1.1 request."""


class Gone(Exception):
    """The peer closed the connection."""


@dataclasses.dataclass
class Request:
    method: str
    target: str
    version: str
    headers: List[Tuple[str, str]]
    body: bytes = b""

    def header(self, name: str) -> Optional[str]:
        for key, value in self.headers:
            if key.lower() == name:
                return value
        return None


def parse_head(head: bytes) -> Request:
    """`head` ends before the blank line."""
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise BadRequest(f"request line {lines[0][:80]!r}")
    headers = []
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise BadRequest(f"header line {line[:80]!r}")
        headers.append((name, value.strip(" \t")))
    return Request(words[0], words[1], words[2], headers)


class Connection(asyncio.Protocol):
    """One accepted connection: buffered reading, writing with back-pressure,
    and a way to notice that the peer has gone. Its methods run on the loop's
    thread."""

    def __init__(self, serve, on_close):
        self._serve = serve
        self._on_close = on_close
        self._buffer = bytearray()
        self._eof = False
        self._wake = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._flushed = asyncio.Event()
        self.lost = asyncio.Event()
        self.task: Optional[asyncio.Task] = None
        self.transport: Optional[asyncio.Transport] = None

    # asyncio.Protocol

    def connection_made(self, transport) -> None:
        self.transport = transport
        transport.set_write_buffer_limits(high=1 << 18)
        self.task = asyncio.get_running_loop().create_task(self._serve(self))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._wake.set()

    def eof_received(self) -> bool:
        self._eof = True
        self._wake.set()
        self.lost.set()  # no client here half-closes and still listens
        return self.transport.get_extra_info("sslcontext") is None

    def connection_lost(self, error) -> None:
        self._eof = True
        self.lost.set()
        self._wake.set()
        self._writable.set()
        self._on_close(self)

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    # Reading

    async def _more(self) -> None:
        if self._eof:
            raise Gone()
        self._wake.clear()
        await self._wake.wait()

    async def _until(self, mark: bytes, limit: int) -> bytes:
        searched = 0
        while True:
            at = self._buffer.find(mark, max(0, searched - len(mark)))
            if at >= 0:
                found = bytes(self._buffer[:at])
                del self._buffer[:at + len(mark)]
                return found
            searched = len(self._buffer)
            if searched > limit:
                raise BadRequest("head too long")
            await self._more()

    async def _exactly(self, count: int) -> bytes:
        while len(self._buffer) < count:
            await self._more()
        found = bytes(self._buffer[:count])
        del self._buffer[:count]
        return found

    async def read_request(self) -> Optional[Request]:
        """The next request, or None when the peer closed between two."""
        while not self._buffer:
            if self._eof:
                return None
            try:
                await self._more()
            except Gone:
                return None
        request = parse_head(await self._until(b"\r\n\r\n", HEAD_BYTES_MAX))
        if (request.header("expect") or "").lower() == "100-continue":
            await self.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if (request.header("transfer-encoding") or "").lower() == "chunked":
            request.body = await self._chunked()
        elif request.header("content-length"):
            request.body = await self._exactly(
                int(request.header("content-length")))
        return request

    async def _chunked(self) -> bytes:
        body = bytearray()
        while True:
            line = await self._until(b"\r\n", 4096)
            size = int(line.split(b";")[0], 16)
            if size == 0:
                while await self._until(b"\r\n", HEAD_BYTES_MAX):
                    pass
                return bytes(body)
            body += await self._exactly(size)
            await self._exactly(2)

    # Writing

    async def write(self, data: bytes) -> None:
        if self.lost.is_set() or self.transport.is_closing():
            raise Gone()
        self.transport.write(data)
        if not self._writable.is_set():
            await self._writable.wait()
            if self.lost.is_set():
                raise Gone()

    async def flush(self) -> None:
        """Until the kernel has every byte."""
        while self.transport.get_write_buffer_size():
            if self.lost.is_set():
                raise Gone()
            await asyncio.sleep(0.001)

    async def pause(self, seconds: float) -> None:
        """Waits, or raises Gone as soon as the peer leaves."""
        try:
            await asyncio.wait_for(self.lost.wait(), seconds)
        except asyncio.TimeoutError:
            return
        raise Gone()

    async def reset(self) -> None:
        """Sends what is buffered, then RST."""
        await self.flush()
        self.transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def close(self) -> None:
        self.transport.close()
