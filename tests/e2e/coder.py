"""`cofferdam code` at a place of its own: a home, a repository, an engine."""

import json
import os
import signal
import subprocess
from typing import Any, Dict, List, Optional

import house
from agents import AgentHome, Done


class Coder:
    """Runs `cofferdam code` in a repository against one engine."""

    def __init__(self, place: AgentHome, engine_url: str):
        self.place, self.engine_url = place, engine_url

    def env(self) -> Dict[str, str]:
        return {"PATH": f"{house.binary().parent}:/usr/bin:/bin",
                "HOME": str(self.place.home), "TMPDIR": str(self.place.tmp),
                "LANG": "C.UTF-8", "TERM": "xterm-256color",
                "XDG_STATE_HOME": str(self.place.root / "state"),
                "XDG_CONFIG_HOME": str(self.place.root / "config")}

    def log_in(self, site: house.Site, url: str) -> None:
        """As an engineer of that gate."""
        done = subprocess.run(
            [str(house.binary()), "login", url], text=True, timeout=60,
            input=site.key(house.PERSON, house.TEAM) + "\n",
            capture_output=True, env=self.env())
        assert done.returncode == 0, done.stderr

    def words(self, *words: str, task: Optional[str] = None) -> List[str]:
        engine = ["--engine", self.engine_url] if self.engine_url else []
        return [str(house.binary()), "code", *engine,
                *(["-p", task] if task is not None else []), *words]

    def run(self, task: str, *words: str, stdin: str = "",
            env: Optional[Dict[str, str]] = None,
            timeout_s: float = 60) -> Done:
        done = subprocess.run(
            self.words(*words, task=task), input=stdin, text=True,
            capture_output=True, timeout=timeout_s, cwd=self.place.repo,
            env={**self.env(), **(env or {})})
        return Done(done.returncode, done.stdout, done.stderr)

    def json(self, task: str, *words: str, code: int = 0,
             **more) -> Dict[str, Any]:
        """The object of --output json; the exit code must be `code`."""
        done = self.run(task, "--output", "json", *words, **more)
        assert done.code == code, done
        return json.loads(done.out)

    def start(self, task: str, *words: str) -> subprocess.Popen:
        """In a session of its own, as a shell starts it."""
        process = subprocess.Popen(
            self.words(*words, task=task), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            cwd=self.place.repo, env=self.env(), start_new_session=True)
        house.STARTED.append(process)
        return process

    def session_files(self):
        return sorted((self.place.root / "state").glob(
            "cofferdam/code/sessions/*/*.jsonl"))


def stop(process: subprocess.Popen, number: int = signal.SIGINT) -> Done:
    """Sends a signal to it alone and waits for its end."""
    os.kill(process.pid, number)
    out, err = process.communicate(timeout=30)
    return Done(process.returncode, out.decode(), err.decode())


def messages(request) -> List[Dict[str, Any]]:
    """What a request to Chat Completions held."""
    return json.loads(request.body)["messages"]
