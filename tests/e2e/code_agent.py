"""`cofferdam code` in a repository of its own, at some engine."""

import json
import subprocess
from typing import Any, Dict, List, Optional, Tuple

import house
from agents import AgentHome, Done


class CodeAgent:
    """Runs the real program; everything it leaves stays under the home."""

    def __init__(self, home: AgentHome, url: str, api: str = "chat",
                 model: str = "scripted"):
        self.home, self.url, self.api, self.model = home, url, api, model

    @property
    def repo(self):
        return self.home.repo

    def settings(self, text: str) -> None:
        """[code] of the user's code.toml, beside what words() give."""
        folder = self.home.home / ".config" / "cofferdam"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "code.toml").write_text("[code]\n" + text)

    def words(self, task: Optional[str], *more: str) -> List[str]:
        task_words = [] if task is None else ["-p", task]
        return [str(house.binary()), "code", *task_words, "--engine",
                self.url, "--api", self.api, "--model", self.model,
                "--mode", "auto", *more]

    def run(self, task: str, *more: str) -> Done:
        return self.home.run(self.words(task, *more))

    def result(self, task: str, *more: str) -> Tuple[int, Dict[str, Any]]:
        """The exit code and the object of --output json."""
        done = self.run(task, "--output", "json", *more)
        assert done.out, done
        return done.code, json.loads(done.out)

    def start(self, task: str, *more: str) -> subprocess.Popen:
        """Runs on; its events come on stdout, a line each."""
        process = subprocess.Popen(
            self.words(task, "--output", "stream-json", *more),
            cwd=self.repo, env=self.home.env(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        house.STARTED.append(process)
        return process


def event(process: subprocess.Popen, kind: str) -> Dict[str, Any]:
    """The next event of that kind, others passed over."""
    while True:
        line = house.read_line(process, 30)
        assert line, f"no {kind}"
        value = json.loads(line)
        if value["type"] == kind:
            return value
