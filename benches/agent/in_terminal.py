"""Agents in a terminal of 120 by 40: how each is started there with a task,
what it writes and what CPU it takes."""

import dataclasses
import fcntl
import json
import os
import pathlib
import pty
import select
import signal
import struct
import termios
import time
from typing import Callable, Dict, List

from reliability import agents as known

ROWS, COLUMNS = 40, 120
# What a terminal says when it is asked where the cursor is and what it is.
REPLIES = {b"\x1b[6n": b"\x1b[1;1R", b"\x1b[c": b"\x1b[?62;22c",
           b"\x1b[0c": b"\x1b[?62;22c", b"\x1b[5n": b"\x1b[0n"}
TICKS = os.sysconf("SC_CLK_TCK")


def _without(words: List[str], *out: str) -> List[str]:
    return [word for word in words if word not in out]


def _claude(started: known.Started, place: known.Place) -> List[str]:
    # What its first start asks for.
    (place.home / ".claude.json").write_text(json.dumps({
        "hasCompletedOnboarding": True, "theme": "dark",
        "bypassPermissionsModeAccepted": True,
        "projects": {str(place.work): {"hasTrustDialogAccepted": True,
                                       "hasCompletedProjectOnboarding": True}},
    }))
    return _without(started.words, "-p", "--dangerously-skip-permissions")


# From the words that start a task without a terminal.
WORDS: Dict[str, Callable[[known.Started, known.Place], List[str]]] = {
    "cofferdam": lambda started, _: _without(started.words, "-p",
                                             known.PROMPT),
    "opencode": lambda started, _: ["opencode", "--prompt", known.PROMPT],
    "Qwen Code": lambda started, _: ["-i" if word == "-p" else word
                                     for word in started.words],
    "Codex": lambda started, _: _without(started.words, "exec",
                                         "--skip-git-repo-check"),
    "Claude Code": _claude,
    "pi": lambda started, _: _without(started.words, "-p"),
}


@dataclasses.dataclass
class Told:
    at: float
    bytes: int
    cpu_s: float


class Terminal:
    """A program in a terminal; it ends with this."""

    def __init__(self, words: List[str], cwd: pathlib.Path,
                 env: Dict[str, str]):
        self.begin = time.monotonic()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                os.chdir(cwd)
                os.environ["PATH"] = env["PATH"]
                os.execvpe(words[0], words, env)
            finally:
                os._exit(127)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ,
                    struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self.said = b""
        self.last = self.begin  # when it said something
        self.gone = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for number in (signal.SIGHUP, signal.SIGKILL):
            for pid in [*self._session(), self.pid]:
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    pass
            self.read(0.3)
        os.close(self.fd)
        os.waitpid(self.pid, 0)

    def read(self, wait_s: float) -> None:
        """For so long, or until it says something."""
        if self.gone or not select.select([self.fd], [], [], wait_s)[0]:
            return
        try:
            more = os.read(self.fd, 65536)
        except OSError:
            more = b""
        self.gone = not more
        self.said += more
        self.last = time.monotonic()
        for question, reply in REPLIES.items():
            for _ in range(more.count(question)):
                os.write(self.fd, reply)

    def until(self, done: Callable[[], bool], limit_s: float) -> bool:
        end = time.monotonic() + limit_s
        while not done():
            if self.gone or time.monotonic() > end:
                return False
            self.read(0.02)
        return True

    def quiet(self, quiet_s: float) -> bool:
        return bool(self.said) and time.monotonic() - self.last > quiet_s

    def told(self) -> Told:
        """Until now."""
        return Told(time.monotonic(), len(self.said), sum(
            sum(map(int, self._stat(pid)[11:15])) for pid in self._session()
        ) / TICKS)

    def _stat(self, pid: int) -> List[str]:
        """Its fields after the name; the third one is the session."""
        try:
            text = pathlib.Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            return ["0"] * 20
        return text.rpartition(")")[2].split()

    def _session(self) -> List[int]:
        pids = [int(one.name) for one in pathlib.Path("/proc").iterdir()
                if one.name.isdigit()]
        return [pid for pid in pids
                if self._stat(pid)[3] == str(self.pid)]
