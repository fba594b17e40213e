"""Clients of `cofferdam code --acp`: the protocol's official SDK, driven from
here, and one that writes bytes as a test likes. Every message is held against
the published schema."""

import hashlib
import json
import os
import pathlib
import queue
import subprocess
import threading
import time
from typing import Any, Dict, List, Optional, Sequence

import house

HERE = pathlib.Path(__file__).resolve().parent
FOLDER = HERE / "acp"
WAIT_S = 30


class AcpError(Exception):
    """What the agent answered in place of a result."""

    def __init__(self, error: Dict[str, Any]):
        super().__init__(error.get("message"))
        self.code = error.get("code")


def node() -> str:
    """Node 22, once the client and the schema are installed, too."""
    lock = hashlib.sha256((FOLDER / "package-lock.json").read_bytes())
    stamp = FOLDER / "node_modules" / ".installed"
    program = HERE / "node_modules" / ".bin" / "node"
    there = stamp.is_file() and stamp.read_text().strip() == lock.hexdigest()
    assert there and program.exists(), "run tests/e2e/install_agents.sh"
    return str(program)


def hold_against_schema(wire: pathlib.Path) -> Dict[str, Any]:
    """Every message of a kept connection is right; what was counted."""
    done = subprocess.run([node(), FOLDER / "validate.mjs", wire],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["wrong"] == [], json.dumps(found["wrong"], indent=1)
    assert found["messages"] > 0
    return found


def text_block(words: str) -> Dict[str, Any]:
    return {"type": "text", "text": words}


class Events:
    """Lines of JSON from a program's stdout, read as they come."""

    def __init__(self, stream):
        self._queue: queue.Queue = queue.Queue()
        self.seen: List[Dict[str, Any]] = []
        self._thread = threading.Thread(target=self._read, args=(stream,),
                                        daemon=True)
        self._thread.start()

    def _read(self, stream):
        for line in stream:
            self._queue.put(json.loads(line))
        self._queue.put(None)

    def until(self, wanted, what: str, start: int = 0) -> Dict[str, Any]:
        """The first event from `start` on that is wanted."""
        end = time.monotonic() + WAIT_S
        while True:
            for event in self.seen[start:]:
                if wanted(event):
                    return event
            start = len(self.seen)
            try:
                event = self._queue.get(timeout=end - time.monotonic())
            except (queue.Empty, ValueError):
                raise AssertionError(f"never came: {what}; seen: "
                                     f"{self.seen[-5:]}") from None
            assert event is not None, f"the end came before {what}"
            self.seen.append(event)


class AcpClient:
    """The official SDK as a client, one connection."""

    def __init__(self, wire: pathlib.Path, command: Sequence[str],
                 env: Dict[str, str], cwd: pathlib.Path, sdk: str = "2",
                 capabilities: Optional[Dict[str, Any]] = None):
        self.wire = wire
        self.process = subprocess.Popen(
            [node(), FOLDER / "client.mjs", sdk, wire, *map(str, command)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env,
            cwd=cwd)
        house.STARTED.append(self.process)
        self.events = Events(self.process.stdout)
        self._tag = 0
        self.initialized = self.call("initialize", {
            "protocolVersion": 1,
            "clientCapabilities": capabilities or {},
            "clientInfo": {"name": "e2e", "version": "1"}})

    def _do(self, **command) -> None:
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()

    def request(self, method: str, params: Dict[str, Any]) -> int:
        self._tag += 1
        self._do(do="request", tag=self._tag, method=method, params=params)
        return self._tag

    def result(self, tag: int) -> Dict[str, Any]:
        event = self.events.until(lambda one: one.get("tag") == tag,
                                  f"the answer to request {tag}")
        if "error" in event:
            raise AcpError(event["error"])
        return event["result"]

    def call(self, method: str, params: Dict[str, Any]) -> Dict[str, Any]:
        return self.result(self.request(method, params))

    def notify(self, method: str, params: Dict[str, Any]) -> None:
        self._do(do="notify", method=method, params=params)

    def abort(self, tag: int) -> None:
        self._do(do="abort", tag=tag)

    def new(self, cwd: pathlib.Path, **more) -> str:
        return self.call("session/new", {
            "cwd": str(cwd), "mcpServers": [], **more})["sessionId"]

    def prompt(self, session: str, *blocks) -> int:
        return self.request("session/prompt", {
            "sessionId": session,
            "prompt": [text_block(one) if isinstance(one, str) else one
                       for one in blocks]})

    def stop_reason(self, tag: int) -> str:
        return self.result(tag)["stopReason"]

    def cancel(self, session: str) -> None:
        self.notify("session/cancel", {"sessionId": session})

    def asked(self, number: int = 1) -> Dict[str, Any]:
        """The params of the client's question `number`."""
        return self.events.until(lambda one: one.get("ask") == number,
                                 f"question {number}")["params"]

    def choose(self, option: str, number: int = 1) -> None:
        self.asked(number)
        self._do(do="answer", ask=number, result={
            "outcome": {"outcome": "selected", "optionId": option}})

    def decline(self, number: int = 1) -> None:
        """As a client answers a question of a turn that it cancelled."""
        self._do(do="answer", ask=number,
                 result={"outcome": {"outcome": "cancelled"}})

    def fail(self, number: int = 1) -> None:
        self.asked(number)
        self._do(do="answer", ask=number,
                 error={"code": -32603, "message": "no window"})

    def updates(self, session: str, kind: str = "") -> List[Dict[str, Any]]:
        """What has been heard so far of a session, in order."""
        return [one["update"]["update"] for one in self.events.seen
                if "update" in one and one["update"]["sessionId"] == session
                and kind in ("", one["update"]["update"]["sessionUpdate"])]

    def until_update(self, session: str, wanted, what: str) -> Dict[str, Any]:
        def is_it(one):
            return ("update" in one and one["update"]["sessionId"] == session
                    and wanted(one["update"]["update"]))
        return self.events.until(is_it, what)["update"]["update"]

    def said(self, session: str, kind: str = "agent_message_chunk") -> str:
        return "".join(one["content"]["text"]
                       for one in self.updates(session, kind))

    def kill(self) -> None:
        """kill -9 of the agent alone."""
        self._do(do="kill", signal="SIGKILL")
        assert self.exited() == (None, "SIGKILL")

    def exited(self):
        event = self.events.until(lambda one: "exit" in one, "the agent's end")
        return event["exit"], event["signal"]

    def close(self) -> Dict[str, Any]:
        """Ends the agent's input; it must end well, and all that was said be
        right."""
        if not any("exit" in one for one in self.events.seen):
            self._do(do="close")
            assert self.exited() == (0, None)
        self.process.stdin.close()
        self.process.wait(WAIT_S)
        return hold_against_schema(self.wire)


class RawAcpClient:
    """Writes what it likes. What it reads is kept, and held against the
    schema."""

    def __init__(self, wire: pathlib.Path, command: Sequence[str],
                 env: Dict[str, str], cwd: pathlib.Path):
        self.wire = wire
        self.process = subprocess.Popen(
            list(map(str, command)), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, cwd=cwd)
        house.STARTED.append(self.process)
        self._id = 0

    def _keep(self, who: str, line: str) -> None:
        with self.wire.open("a", encoding="utf-8") as kept:
            kept.write(json.dumps({"from": who, "line": line}) + "\n")

    def send(self, line: bytes) -> None:
        self._keep("client", line.decode(errors="replace"))
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()

    def read(self) -> Dict[str, Any]:
        line = self.process.stdout.readline()
        assert line.endswith(b"\n"), f"the end came: {line!r}"
        self._keep("agent", line.decode().rstrip("\n"))
        return json.loads(line)

    def request(self, method: str, params: Any) -> int:
        self._id += 1
        self.send(json.dumps({"jsonrpc": "2.0", "id": self._id,
                              "method": method, "params": params}).encode())
        return self._id

    def answer(self, number: Optional[int]) -> Dict[str, Any]:
        """The next message that answers `number`; what comes before it is
        notifications."""
        while True:
            message = self.read()
            if "method" not in message:
                assert message["id"] == number, message
                return message
            assert "id" not in message, message

    def ask(self, method: str, params: Any) -> Dict[str, Any]:
        return self.answer(self.request(method, params))

    def initialize(self) -> None:
        assert "result" in self.ask("initialize", {"protocolVersion": 1})

    def end(self, code: int = 0) -> bytes:
        """Ends its input; what stands on stderr."""
        self.process.stdin.close()
        self.process.stdout.read()
        assert self.process.wait(WAIT_S) == code
        said = self.process.stderr.read()
        self.process.stdout.close()
        self.process.stderr.close()
        return said
