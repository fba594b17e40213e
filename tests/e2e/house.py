"""Runs the real binary: a place for a gate, its config, its commands."""

import dataclasses
import json
import os
import pathlib
import select
import signal
import subprocess
import time
from typing import Any, Callable, Dict, List, Optional, Sequence, Set

from agents import AgentHome, Done

ROOT = pathlib.Path(__file__).resolve().parents[2]
# What Site.record_output records.
OUTPUT = ROOT / "tests/golden/scan/001_verbatim_files/outputs/0.py"
UPSTREAM_KEY = "sk-upstream-5f0c2b7d9e"
PERSON = "engineer@example.com"
TEAM = "applied-ai"
START_S = 20
STOP_S = 20
# Every server that was started, for whoever cleans up.
STARTED: List[subprocess.Popen] = []


def binary() -> pathlib.Path:
    """The program under test: $COFFERDAM_BIN, else the dev build's."""
    path = pathlib.Path(os.environ.get(
        "COFFERDAM_BIN", ROOT / "build" / "dev" / "bin" / "cofferdam"))
    if not path.is_absolute():
        path = ROOT / path
    assert os.access(path, os.X_OK), (
        f"no program at {path}; build it or set COFFERDAM_BIN")
    return path


def poll(condition: Callable[[], Any], what: str, timeout_s: float = 20):
    """Asks until the answer is true; for what has no event to wait on."""
    end = time.monotonic() + timeout_s
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < end, f"after {timeout_s} s: {what}"
        time.sleep(0.02)


@dataclasses.dataclass(frozen=True)
class Provider:
    """What a config says of an upstream of one protocol."""
    upstream: str
    protocol: str
    name: str
    contract: str
    terms: str


PROVIDERS = {
    "anthropic": Provider(
        "anthropic", "anthropic-messages", "anthropic", "claude-api",
        'provider = "anthropic", product = "api", plan = "commercial"'),
    "openai": Provider(
        "openai", "openai-responses", "openai", "openai-api",
        'provider = "openai", product = "api", plan = "business"'),
    "chat": Provider(
        "openai-chat", "openai-chat", "openai", "openai-chat-api",
        'provider = "openai", product = "api", plan = "business"'),
    "gemini": Provider(
        "google", "gemini", "google", "gemini-api",
        'provider = "google", product = "gemini api", plan = "api"'),
}


def upstream_text(dialect: str, url: str, more: str = "") -> str:
    """The contract and the upstream of a dialect; `more` are its lines."""
    of = PROVIDERS[dialect]
    return f"""\
[contract.{of.contract}]
terms = {{ {of.terms} }}

[upstream.{of.upstream}]
protocol = "{of.protocol}"
provider = "{of.name}"
url = "{url}"
credential = {{ env = "E2E_UPSTREAM_KEY" }}
contract = "{of.contract}"
{more}"""


def config_text(data: pathlib.Path, anthropic: str = "", openai: str = "",
                gate: str = "", ledger: str = "", more: str = "",
                ca_file: str = "", chat: str = "", gemini: str = "") -> str:
    """A config with the upstreams whose address is given."""
    trust = f'ca_file = "{ca_file}"\n' if ca_file else ""
    rows = [f"""\
[organisation]
name = "Example Lab"
trains_models = true

[store]
data = "{data}"

[gate]
listen = "127.0.0.1:0"
admin = "127.0.0.1:0"
{gate}
"""]
    if ledger:
        rows.append(f"[ledger]\n{ledger}\n")
    for dialect, url in (("anthropic", anthropic), ("openai", openai),
                         ("chat", chat), ("gemini", gemini)):
        if url:
            rows.append(upstream_text(dialect, url, trust))
    return "\n".join(rows) + more


class Gate:
    """A running `cofferdam serve`."""

    def __init__(self, process: subprocess.Popen, ready: Dict[str, Any],
                 log: pathlib.Path):
        self.process = process
        self.ready = ready
        self.log = log

    @property
    def url(self) -> str:
        return self.ready["agents"]

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def wait(self, timeout_s: float = STOP_S) -> int:
        code = self.process.wait(timeout_s)
        self.process.stdout.close()
        return code

    def stop(self) -> None:
        """SIGTERM; anything but a clean end is a failure."""
        if self.process.poll() is None:
            self.terminate()
        try:
            code = self.wait()
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(
                f"serve did not end within {STOP_S} s of SIGTERM\n"
                + self.log_tail()) from None
        assert code == 0, f"serve ended with {code}\n{self.log_tail()}"

    def kill(self) -> None:
        """SIGKILL, this process and no other."""
        self.process.kill()
        self.wait()

    def log_tail(self) -> str:
        return self.log.read_text(errors="replace")[-4000:]


class Site:
    """One installation: `root/cofferdam.toml`, `root/data`, logs."""

    def __init__(self, root: pathlib.Path, upstream: str = "",
                 config: Optional[str] = None, **upstreams: str):
        """`upstream` for Anthropic Messages and Responses, or one each by the
        name of the dialect; or a whole config."""
        self.root = root
        self.data = root / "data"
        self.home = root / "home"
        self.config = root / "cofferdam.toml"
        self.home.mkdir(parents=True)
        if upstream:
            upstreams.update(anthropic=upstream, openai=upstream)
        self.configure(config if config is not None else config_text(
            self.data, **upstreams))
        self._serves = 0

    def configure(self, words: str) -> None:
        self.config.write_text(words, encoding="utf-8")

    def env(self) -> Dict[str, str]:
        return {"PATH": "/usr/bin:/bin", "HOME": str(self.home),
                "LANG": "C.UTF-8", "COFFERDAM_CONFIG": str(self.config),
                "E2E_UPSTREAM_KEY": UPSTREAM_KEY,
                **{name: value for name, value in os.environ.items()
                   if name.endswith("SAN_OPTIONS")}}

    def cofferdam(self, *words, stdin: str = "", timeout_s: float = 60,
                  env: Optional[Dict[str, str]] = None,
                  cwd: Optional[pathlib.Path] = None) -> Done:
        """Runs one command on the operator's side."""
        done = subprocess.run(
            [str(binary()), *map(str, words)], input=stdin, text=True,
            capture_output=True, timeout=timeout_s, cwd=cwd or self.root,
            env={**self.env(), **(env or {})})
        return Done(done.returncode, done.stdout, done.stderr)

    def ok(self, *words, **more) -> str:
        """The stdout of a command that must succeed."""
        done = self.cofferdam(*words, **more)
        assert done.code == 0, f"{words}: {done}"
        return done.out

    def record_output(self, **more) -> None:
        """Adds OUTPUT to the ledger, under terms that forbid all training."""
        output = {"text": OUTPUT.read_text(), "path": "apiary/plan.py",
                  "provider": "anthropic", "model": "claude-sample",
                  "contract": "claude-old", **more}
        self.ok("import", "jsonl", "-", "--terms-class", "forbid_any",
                stdin=json.dumps(output) + "\n")

    def serve(self, prefix: Sequence[str] = (),
              env: Optional[Dict[str, str]] = None) -> Gate:
        """Starts `serve` and waits for its line."""
        process, log = self.start_serve(prefix, env)
        line = read_line(process, START_S)
        if not line:
            process.kill()
            process.wait()
            raise AssertionError("serve did not become ready\n"
                                 + log.read_text(errors="replace")[-4000:])
        ready = json.loads(line)
        assert ready["ready"] is True
        return Gate(process, ready, log)

    def start_serve(self, prefix: Sequence[str] = (),
                    env: Optional[Dict[str, str]] = None):
        self._serves += 1
        log = self.root / f"serve-{self._serves}.log"
        with open(log, "wb") as errors:
            process = subprocess.Popen(
                [*prefix, str(binary()), "serve"], cwd=self.root,
                env={**self.env(), **(env or {})}, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=errors)
        STARTED.append(process)
        return process, log

    def serve_refuses(self, prefix: Sequence[str] = ()) -> Done:
        """Runs a `serve` that is expected to end by itself."""
        process, log = self.start_serve(prefix)
        try:
            out, _ = process.communicate(timeout=START_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise AssertionError("serve went on, it should have refused"
                                 ) from None
        return Done(process.returncode, out.decode(),
                    log.read_text(errors="replace"))

    # Steps that many tests take

    def key(self, email: str = PERSON, team: str = TEAM,
            *more: str) -> str:
        """Adds the person unless known; a new engineer key's secret."""
        if email not in self.ok("person", "list", "--json"):
            self.ok("person", "add", email, "--team", team)
        return self.ok("key", "create", "--person", email, *more).strip()

    def scan(self, *paths, more: Sequence[str] = ()) -> "Scan":
        done = self.cofferdam("scan", *paths, "--json", *more,
                              timeout_s=120)
        assert done.code in (0, 1), done
        return Scan(done.code, json.loads(done.out))

    def exchanges(self, limit: int = 10000) -> List[Dict[str, Any]]:
        out = self.ok("ledger", "show", "--json", "--limit", limit)
        return [json.loads(line) for line in out.splitlines()]


class Scan:
    """What `scan --json` said."""

    def __init__(self, code: int, said: Dict[str, Any]):
        self.code = code
        self.said = said

    @property
    def findings(self) -> List[Dict[str, Any]]:
        return self.said["findings"]

    def of(self, name: str) -> List[Dict[str, Any]]:
        """Findings in the file whose path ends so."""
        return [f for f in self.findings
                if f["path"] == name or f["path"].endswith("/" + name)]

    def lines(self, name: str) -> Set[int]:
        found: Set[int] = set()
        for finding in self.of(name):
            found.update(range(finding["line_begin"],
                               finding["line_end"] + 1))
        return found


class Engineer:
    """A person with a key, at an agent's home, logged in at `url`."""

    def __init__(self, site: Site, place: AgentHome, url: str,
                 email: str = PERSON, team: str = TEAM, ca: str = ""):
        self.site, self.place = site, place
        self.key = site.key(email, team)
        trust = ["--ca", ca] if ca else []
        self.login = self.cofferdam("login", url, *trust,
                                    stdin=self.key + "\n")
        assert self.login.code == 0, self.login

    def env(self) -> Dict[str, str]:
        return self.place.env(path=[binary().parent])

    def cofferdam(self, *words, stdin: str = "",
                  timeout_s: float = 120) -> Done:
        """Runs a command where the engineer works."""
        done = subprocess.run(
            [str(binary()), *map(str, words)], input=stdin, text=True,
            capture_output=True, timeout=timeout_s, cwd=self.place.repo,
            env=self.env())
        return Done(done.returncode, done.stdout, done.stderr)


def interrupt(process: subprocess.Popen) -> None:
    """SIGINT to its session, as a terminal does with Ctrl-C."""
    os.killpg(process.pid, signal.SIGINT)


def readable(fd: int, timeout_s: float) -> bool:
    """Whether there is something to read, or an end, before that time."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(timeout_s * 1e3))


def read_line(process: subprocess.Popen, timeout_s: float) -> bytes:
    """One line of its stdout; empty when it ends or says nothing."""
    line = b""
    end = time.monotonic() + timeout_s
    fd = process.stdout.fileno()
    while not line.endswith(b"\n"):
        left = end - time.monotonic()
        if left <= 0 or not readable(fd, left):
            return b""
        piece = os.read(fd, 1)
        if not piece:
            return b""
        line += piece
    return line


def field(value: Any, name: str) -> Any:
    """The first field of that name, however deep it stands."""
    if isinstance(value, dict):
        if name in value:
            return value[name]
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            found = field(item, name)
            if found is not None:
                return found
    return None
