"""A terminal of fixed size with one program in it, by tmux: keys go in, and
what a person would see comes out as text."""

import pathlib
import re
import shlex
import subprocess
import time
from typing import Dict, List, Sequence

COLUMNS, ROWS = 100, 30


class Terminal:
    """Runs `command` until it ends or the terminal is closed. The server is
    this terminal's own, at a socket in `folder`."""

    def __init__(self, folder: pathlib.Path, command: Sequence[str],
                 cwd: pathlib.Path, env: Dict[str, str]):
        folder.mkdir(parents=True, exist_ok=True)
        self._socket = folder / "tmux"
        script = folder / "program.sh"
        exports = [f"export {name}={shlex.quote(value)}"
                   for name, value in env.items()]
        # Variables go by a file: tmux would keep those of its own start.
        script.write_text("\n".join([
            "#!/bin/sh", *exports, shlex.join(map(str, command)),
            "printf '\\n[exit %s]\\n' \"$?\"", "exec sleep 600"]) + "\n")
        script.chmod(0o700)
        self._env = {"PATH": "/usr/bin:/bin", "HOME": str(folder),
                     "LANG": "C.UTF-8", "TERM": "xterm-256color"}
        settings = folder / "tmux.conf"
        settings.write_text("set -g focus-events on\nset -g status off\n"
                            "set -g default-terminal tmux-256color\n")
        self._tmux("-f", str(settings), "new-session", "-d", "-x", str(COLUMNS),
                   "-y", str(ROWS), "-c", str(cwd), str(script))

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def _tmux(self, *words: str) -> str:
        done = subprocess.run(["tmux", "-S", str(self._socket), *words],
                              env=self._env, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"tmux {words[0]}: {done.stderr.strip()}")
        return done.stdout

    def close(self) -> None:
        """Ends the server and with it what runs in it."""
        try:
            self._tmux("kill-server")
        except RuntimeError:
            pass  # it ended by itself

    def type(self, words: str) -> None:
        self._tmux("send-keys", "-l", words)

    def press(self, *keys: str) -> None:
        """Keys by tmux's names: Enter, Escape, C-c."""
        self._tmux("send-keys", *keys)

    def lines(self, history: bool = False) -> List[str]:
        """What stands on the screen; with `history` also what scrolled off."""
        more = ["-S", "-2000"] if history else []
        rows = [row.rstrip() for row in
                self._tmux("capture-pane", "-p", *more).split("\n")]
        while rows and not rows[-1]:
            rows.pop()
        return rows

    def shown(self, history: bool = False) -> str:
        return "\n".join(self.lines(history)) + "\n"

    def wait(self, pattern: str, timeout_s: float = 60) -> str:
        """The screen as soon as the pattern is on it."""
        end = time.monotonic() + timeout_s
        while True:
            shown = self.shown()
            if re.search(pattern, shown):
                return shown
            if time.monotonic() > end:
                raise TimeoutError(
                    f"after {timeout_s} s no {pattern!r} on\n{shown}")
            time.sleep(0.05)

    def settled(self, quiet_s: float = 1.5, timeout_s: float = 30) -> str:
        """The screen once nothing has changed on it for a while."""
        end = time.monotonic() + timeout_s
        last, since = self.shown(), time.monotonic()
        while time.monotonic() - since < quiet_s:
            time.sleep(0.1)
            shown = self.shown()
            if shown != last:
                last, since = shown, time.monotonic()
            if time.monotonic() > end:
                break
        return last
