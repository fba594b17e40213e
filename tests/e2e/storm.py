"""Many requests at once from one thread: each on a connection of its own,
all sent before the first answer is read, some dropped on the way."""

import asyncio
import dataclasses
import threading
from typing import Callable, Dict, List, Optional
from urllib.parse import urlsplit


@dataclasses.dataclass
class Shot:
    """One request and what came of it. `drop_after`: the client leaves after
    so many bytes of the answer, or before any (0)."""
    number: int
    drop_after: Optional[int] = None
    status: int = 0
    headers: Dict[str, str] = dataclasses.field(default_factory=dict)
    body: bytes = b""
    ended: bool = False      # the answer's framing came to its end
    dropped: bool = False    # by us
    error: str = ""          # what broke, where it did


class Storm:
    """Sends `shots` requests as soon as it starts; join() waits for all."""

    def __init__(self, url: str, target: str, headers: Dict[str, str],
                 body: bytes, shots: List[Shot], timeout_s: float = 60):
        parts = urlsplit(url)
        self._host, self._port = parts.hostname, parts.port
        lines = [f"POST {target} HTTP/1.1", f"Host: {parts.netloc}",
                 f"Content-Length: {len(body)}", "Connection: close",
                 *(f"{name}: {value}" for name, value in headers.items())]
        self._request = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
        self.shots, self._timeout_s = shots, timeout_s
        self._failure: Optional[BaseException] = None
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def join(self) -> List[Shot]:
        self._thread.join(self._timeout_s * 2)
        assert not self._thread.is_alive(), "the storm does not end"
        if self._failure:
            raise self._failure
        return self.shots

    def count(self, condition: Callable[[Shot], bool]) -> int:
        return sum(1 for shot in self.shots if condition(shot))

    def _work(self) -> None:
        try:
            asyncio.run(self._all())
        except BaseException as failure:  # for join()
            self._failure = failure

    async def _all(self) -> None:
        # As many connections at once as a listener has room for, then all
        # requests before any answer.
        room = asyncio.Semaphore(100)
        ways = await asyncio.gather(*(self._connect(shot, room)
                                      for shot in self.shots))
        await asyncio.gather(*(self._ask(shot, *way) for shot, way in zip(
            self.shots, ways) if way))

    async def _connect(self, shot: Shot, room: asyncio.Semaphore):
        async with room:
            try:
                return await asyncio.wait_for(asyncio.open_connection(
                    self._host, self._port), self._timeout_s)
            except (OSError, asyncio.TimeoutError) as error:
                shot.error = f"connect: {error!r}"
                return None

    async def _ask(self, shot: Shot, reader, writer) -> None:
        try:
            writer.write(self._request)
            await asyncio.wait_for(self._read(shot, reader),
                                   self._timeout_s)
        except (OSError, asyncio.IncompleteReadError,
                asyncio.TimeoutError) as error:
            shot.error = repr(error)
        finally:
            # Aborted, so that the other side sees it at once.
            writer.transport.abort()

    async def _read(self, shot: Shot, reader) -> None:
        if shot.drop_after == 0:
            await asyncio.sleep(0.05)
            shot.dropped = True
            return
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *rows = head.rstrip().split("\r\n")
        shot.status = int(first.split(" ")[1])
        for row in rows:
            name, _, value = row.partition(":")
            shot.headers[name.lower()] = value.strip()
        chunked = shot.headers.get("transfer-encoding") == "chunked"
        left = int(shot.headers.get("content-length", "-1"))
        while True:
            if chunked:
                size = int(await reader.readuntil(b"\r\n"), 16)
                piece = (await reader.readexactly(size + 2))[:size]
                shot.ended = size == 0
            elif left >= 0:
                piece = await reader.readexactly(left)
                shot.ended = True
            else:
                piece = await reader.read(-1)
                shot.ended = True
            shot.body += piece
            if shot.ended:
                return
            if (shot.drop_after is not None
                    and len(shot.body) >= shot.drop_after):
                shot.dropped = True
                return
