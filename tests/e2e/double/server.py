"""The server: reads requests, picks steps, sends answers with their faults."""

import asyncio
import dataclasses
import json
import pathlib
import random
import ssl
import string
import threading
from typing import Any, Callable, Dict, List, Optional, Tuple
from urllib.parse import parse_qsl

from . import anthropic, reply as replies
from .asked import Asked
from .http1 import BadRequest, Connection, Gone, Request
from .record import Exchange, Record
from .reply import PROTOCOLS, Reply, offset_of
from .script import Fault, Script, Step

_BASE62 = string.digits + string.ascii_letters

# Faults that replace the answer, head and all.
_INSTEAD = {
    "not_http": b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n" + b"\x00" * 64,
    "bad_status_line": b"HTTP/1.1 OK fine\r\nContent-Length: 0\r\n\r\n",
    "html": (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
             b"Content-Length: 58\r\n\r\n"
             b"<!doctype html><html><body>Sign in to the net</body></html"),
    "bad_json": (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                 b"Content-Length: 40\r\n\r\n"
                 b'{"id":"msg_broken","type":"message","rol'),
}


@dataclasses.dataclass
class _Sending:
    """One answer on its way."""
    connection: Connection
    exchange: Exchange
    reply: Reply
    step: Step
    asked: Asked
    sent: int = 0
    dribble: Optional[Fault] = None


class Double:
    """Listens on 127.0.0.1 in a thread of its own between start() and stop().

    `script` may be replaced while it runs (use_script). exchanges, wait,
    release and use_script may be called from any thread.
    """

    def __init__(self, script: Optional[Script] = None, *,
                 record: Optional[pathlib.Path] = None,
                 tls: Optional[Tuple[str, str]] = None, port: int = 0,
                 host: str = "127.0.0.1", seed: Optional[int] = None):
        self._script = script or Script()
        self._record = Record(record)
        self._tls = tls
        self._host, self._port = host, port
        self._ids = random.Random(seed)
        self._connections: List[Connection] = []
        self._connections_seen = 0
        self._fault_uses: Dict[int, int] = {}
        self._held: Dict[str, asyncio.Event] = {}
        self._loop: Optional[asyncio.AbstractEventLoop] = None
        self._thread: Optional[threading.Thread] = None
        self._failure: Optional[BaseException] = None

    # Life

    def start(self) -> "Double":
        started = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(started,), name="double", daemon=True)
        self._thread.start()
        if not started.wait(10):
            raise RuntimeError("double: did not start within 10 s")
        if self._failure:
            raise self._failure
        return self

    def stop(self) -> None:
        if self._loop and self._thread and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(10)

    def __enter__(self) -> "Double":
        return self.start()

    def __exit__(self, *_) -> None:
        self.stop()

    @property
    def port(self) -> int:
        return self._port

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://{self._host}:{self.port}"

    # For tests

    @property
    def exchanges(self) -> List[Exchange]:
        return self._record.exchanges()

    def main_exchanges(self) -> List[Exchange]:
        """Those that asked a model, without probes and counts."""
        return [e for e in self.exchanges
                if replies.asks_a_model(e.method, e.target)]

    def clear(self) -> None:
        self._record.clear()

    def use_script(self, script: Script) -> None:
        self._script = script

    def wait(self, condition: Callable[[List[Exchange]], Any],
             timeout_s: float = 20) -> List[Exchange]:
        return self._record.wait(condition, timeout_s)

    def release(self, name: str) -> None:
        """Lets answers that are held under that name go on, now and later."""
        self._loop.call_soon_threadsafe(
            lambda: self._hold_event(name).set())

    # The loop

    def _run(self, started: threading.Event) -> None:
        try:
            asyncio.run(self._main(started))
        except BaseException as error:  # to the thread that started it
            self._failure = error
        finally:
            started.set()

    async def _main(self, started: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        context = None
        if self._tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self._tls)
        server = await self._loop.create_server(
            self._connection, self._host, self._port, ssl=context,
            backlog=512)
        self._port = server.sockets[0].getsockname()[1]
        started.set()
        await self._stopping.wait()
        server.close()
        for connection in list(self._connections):
            connection.transport.abort()
            connection.task.cancel()
        # Sockets are closed by the loop, which must come round for it.
        for _ in range(100):
            if not self._connections:
                break
            await asyncio.sleep(0)

    def _connection(self) -> Connection:
        self._connections_seen += 1
        number = self._connections_seen
        connection = Connection(lambda c: self._serve(c, number),
                                self._forget)
        self._connections.append(connection)
        return connection

    def _forget(self, connection: Connection) -> None:
        self._connections.remove(connection)

    def _hold_event(self, name: str) -> asyncio.Event:
        return self._held.setdefault(name, asyncio.Event())

    def _id(self, size: int = 22) -> str:
        return "".join(self._ids.choices(_BASE62, k=size))

    async def _serve(self, connection: Connection, number: int) -> None:
        try:
            while await self._serve_one(connection, number):
                pass
        except Gone:
            pass
        except (BadRequest, ValueError) as error:
            connection.transport.write(
                b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n"
                b"Content-Type: text/plain\r\n\r\n" + str(error).encode())
        if not connection.transport.is_closing():
            connection.close()

    async def _serve_one(self, connection: Connection, number: int) -> bool:
        request = await connection.read_request()
        if request is None:
            return False
        exchange = self._record.begin(number, request.method, request.target,
                                      request.headers, request.body)
        asked, step, reply = self._answer(exchange)
        exchange.label = step.label
        exchange.response_id = reply.response_id
        exchange.status = reply.status
        keep = (request.header("connection") or "").lower() != "close"
        sending = _Sending(connection, exchange, reply, step, asked)
        try:
            return await self._send(sending, keep)
        except Gone:
            exchange.client_gone = True
            raise
        finally:
            self._record.end(exchange)

    # Choosing

    def _answer(self, exchange: Exchange) -> Tuple[Asked, Step, Reply]:
        path, method = exchange.path(), exchange.method
        asked = None
        if method == "POST":
            asked = replies.read(exchange.target)
        near = asked or Asked(replies.protocol_near(path), "")
        shape = PROTOCOLS[near.protocol]
        request_id = ("req_" if near.protocol == "anthropic" else ""
                      ) + self._id()
        none = Step(label="-")

        def refuse(status: int, message: str, kind: str = ""):
            return near, none, replies.error_reply(near, status, kind,
                                                   message, request_id)

        if method == "HEAD" or path == "/api/hello":
            return near, none, Reply(200, [], [b""], "length")
        script = self._script
        if script.credential and script.credential not in _keys(exchange):
            return refuse(401, "invalid credential")
        if method == "GET" and path in ("/v1/models", "/v1beta/models"):
            if exchange.header("anthropic-version"):
                shape = anthropic
            return near, none, replies.json_reply(
                shape.models(script.models), shape.headers(request_id))
        if method == "GET" and path == "/v1/responses":
            return refuse(426, "no websocket here")
        if asked is None:
            return refuse(404, f"no {method} {path} here")
        try:
            request = json.loads(exchange.body)
            assert isinstance(request, dict)
        except (ValueError, AssertionError):
            return refuse(400, "the body is no JSON object")
        asked = replies.read(exchange.target, request, len(exchange.body))
        if asked.operation == "count":
            tokens = script.count_tokens
            if tokens is None:
                tokens = asked.input_tokens()
            return asked, none, replies.json_reply(
                shape.count(tokens), shape.headers(request_id))
        step = self._choose(script, exchange, asked)
        if not step.label:
            step = dataclasses.replace(step, label="step")
        return asked, step, replies.step_reply(step, asked, self._id(),
                                               request_id)

    def _choose(self, script: Script, exchange: Exchange,
                asked: Asked) -> Step:
        if script.choose is not None:
            return script.choose(exchange)
        if script.side is not None and not asked.body.get("tools"):
            return script.side
        if script.select == "sequence":
            index = len(self.main_exchanges()) - 1
        else:
            index = PROTOCOLS[asked.protocol].tool_results(asked.body)
        return script.turns[min(index, len(script.turns) - 1)]

    # Sending

    def _faults(self, step: Step) -> List[Fault]:
        """Those of the step that still apply, each use counted."""
        due = []
        for fault in step.faults:
            used = self._fault_uses.get(id(fault), 0)
            if fault.times and used >= fault.times:
                continue
            self._fault_uses[id(fault)] = used + 1
            due.append(fault)
        return due

    async def _send(self, sending: _Sending, keep_alive: bool) -> bool:
        """Sends the answer; true when the connection can serve another."""
        reply, exchange = sending.reply, sending.exchange
        faults = self._faults(sending.step)
        for fault in faults:
            if fault.kind in _INSTEAD:
                await sending.connection.write(_INSTEAD[fault.kind])
                await sending.connection.flush()
                return False
            if fault.kind == "huge_header":
                reply.headers.append(("X-Huge", "h" * fault.bytes))
        length = reply.size()
        for fault in faults:
            length += {"short_length": -16, "long_length": 16}.get(
                fault.kind, 0)
        plan = sorted(
            ((offset_of(f, reply.segments), f) for f in faults
             if f.kind not in ("huge_header", "short_length", "long_length")),
            key=lambda row: row[0])
        while plan and plan[0][0] < 0:
            if not await self._strike(sending, plan.pop(0)[1]):
                return False
        await sending.connection.write(
            replies.head_bytes(reply, max(0, length), keep_alive))
        exchange.response_headers = list(reply.headers)
        if exchange.method != "HEAD":
            if not await self._send_entity(sending, plan):
                return False
        if any(f.kind in ("short_length", "long_length") for f in faults):
            await sending.connection.flush()
            return False
        if reply.transfer == "chunked":
            await sending.connection.write(b"0\r\n\r\n")
        await sending.connection.flush()
        exchange.complete = True
        return keep_alive and reply.transfer != "close"

    async def _send_entity(self, sending: _Sending, plan) -> bool:
        entity = b"".join(sending.reply.segments)
        ends = self._ends(sending)
        while True:
            while plan and plan[0][0] <= sending.sent:
                if not await self._strike(sending, plan.pop(0)[1]):
                    return False
            if sending.sent >= len(entity):
                return True
            end = next(ends)
            while end <= sending.sent:
                end = next(ends)
            if plan:
                end = min(end, plan[0][0])
            if sending.dribble:
                end = min(end, sending.sent + sending.dribble.bytes)
                await sending.connection.pause(sending.dribble.ms / 1000)
            await self._chunk(sending, entity[sending.sent:end])

    @staticmethod
    def _ends(sending: _Sending):
        """Where chunks of the entity end: the step's sizes round and round
        for a stream, else all at once."""
        total = sending.reply.size()
        sizes = sending.step.chunk_bytes
        if sending.reply.transfer == "length" or not sizes:
            at = 0
            for segment in sending.reply.segments:
                at += len(segment)
                yield at
        else:
            at = 0
            while at < total:
                for size in sizes:
                    at += size
                    yield min(at, total)
        while True:
            yield total

    async def _chunk(self, sending: _Sending, data: bytes) -> None:
        if not data:
            return
        if sending.reply.transfer == "chunked":
            framed = b"%x\r\n%s\r\n" % (len(data), data)
        else:
            framed = data
        # Recorded first: who has read these bytes finds them in the record.
        sending.exchange.response_body += data
        sending.sent += len(data)
        await sending.connection.write(framed)

    async def _strike(self, sending: _Sending, fault: Fault) -> bool:
        """Does what the fault says; false when the connection is over."""
        connection = sending.connection
        if fault.kind == "stall":
            await connection.pause(fault.ms / 1000)
        elif fault.kind == "hold":
            await self._hold(sending, fault)
        elif fault.kind == "dribble":
            sending.dribble = fault
        elif fault.kind == "bad_sse":
            await self._chunk_extra(
                sending, b'event: bad\ndata: {"type":\n\n')
        elif fault.kind == "reset":
            # A reset takes away what the peer has not read yet. Here it is the
            # stream that breaks, not the request that finds nobody.
            await connection.flush()
            await connection.pause(0.3)
            await connection.reset()
            return False
        elif fault.kind == "close":
            await connection.flush()
            connection.close()
            return False
        elif fault.kind == "bad_chunk":
            await connection.write(b"zz\r\nnot a chunk\r\n")
            await connection.flush()
            return False
        elif fault.kind in ("end", "error_event"):
            if fault.kind == "error_event":
                await self._chunk_extra(sending, b"".join(
                    replies.error_segments(
                        sending.asked, fault.type, fault.message,
                        sending.reply.response_id, sending.step.newline)))
            if sending.reply.transfer == "chunked":
                await connection.write(b"0\r\n\r\n")
            await connection.flush()
            return False
        return True

    async def _chunk_extra(self, sending: _Sending, data: bytes) -> None:
        """Bytes that are not part of the planned entity."""
        at = sending.sent
        await self._chunk(sending, data)
        sending.sent = at

    async def _hold(self, sending: _Sending, fault: Fault) -> None:
        await sending.connection.flush()
        self._record.notify()
        lost = asyncio.ensure_future(sending.connection.lost.wait())
        free = asyncio.ensure_future(self._hold_event(fault.name).wait())
        try:
            await asyncio.wait((lost, free),
                               return_when=asyncio.FIRST_COMPLETED)
        finally:
            lost.cancel()
            free.cancel()
        if sending.connection.lost.is_set():
            raise Gone()


def _keys(exchange: Exchange) -> List[str]:
    """Every credential that came, whatever carried it."""
    query = dict(parse_qsl(exchange.target.partition("?")[2]))
    bearer = (exchange.header("authorization") or "").partition("Bearer ")[2]
    return [key for key in (
        bearer, exchange.header("x-api-key"), exchange.header("api-key"),
        exchange.header("x-goog-api-key"), query.get("key")) if key]
