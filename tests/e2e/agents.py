"""The real agents, and a clean place for one to work in."""

import dataclasses
import json
import pathlib
import subprocess
from typing import Dict, List, Optional, Sequence

HERE = pathlib.Path(__file__).resolve().parent
BIN = HERE / "node_modules" / ".bin"
REMOTE = "https://git.example.com/applied-ai/widgets.git"
CLAUDE_VERSION = "2.1.329"
CODEX_VERSION = "0.169.0"
GEMINI_VERSION = "0.61.0"
OPENCODE_VERSION = "1.18.33"


class AgentsMissing(Exception):
    """The pinned agents are not installed."""


def agents_bin() -> pathlib.Path:
    """The folder that holds the four agents and Node 22."""
    check = subprocess.run([HERE / "install_agents.sh", "--check"],
                           capture_output=True, text=True)
    if check.returncode != 0:
        raise AgentsMissing(check.stderr.strip())
    return BIN


@dataclasses.dataclass
class Done:
    """A process that ended."""
    code: int
    out: str
    err: str

    def __str__(self) -> str:
        return f"exit {self.code}\n--- stdout\n{self.out}\n--- stderr\n" \
            f"{self.err}"


@dataclasses.dataclass
class AgentHome:
    """A fresh $HOME, $TMPDIR and git repository with one commit and an
    origin. Everything an agent leaves stays under `root`."""
    root: pathlib.Path
    remote: str = REMOTE

    def __post_init__(self):
        for folder in (self.home, self.tmp, self.repo):
            folder.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")
        self.git("remote", "add", "origin", self.remote)
        self.gemini_settings()
        (self.repo / "README.md").write_text("# Widgets\n")
        self.commit("Start")

    @property
    def home(self) -> pathlib.Path:
        return self.root / "home"

    @property
    def tmp(self) -> pathlib.Path:
        return self.root / "tmp"

    @property
    def repo(self) -> pathlib.Path:
        return self.root / "widgets"

    def env(self, extra: Optional[Dict[str, str]] = None,
            path: Sequence[pathlib.Path] = ()) -> Dict[str, str]:
        """What `env -i` leaves, plus `extra`; agents stay off the network."""
        folders = [*map(str, path), str(agents_bin()), "/usr/local/bin",
                   "/usr/bin", "/bin"]
        return {"PATH": ":".join(folders), "HOME": str(self.home),
                "TMPDIR": str(self.tmp), "LANG": "C.UTF-8",
                "TERM": "xterm-256color", "DISABLE_AUTOUPDATER": "1",
                "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
                "OPENCODE_DISABLE_AUTOUPDATE": "1",
                "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
                "OPENCODE_DISABLE_MODELS_FETCH": "1",
                "NPM_CONFIG_REGISTRY": "http://127.0.0.1:9/",
                **(extra or {})}

    def gemini_settings(self, **more) -> None:
        """The user's settings.json; it keeps the agent off the network."""
        folder = self.home / ".gemini"
        folder.mkdir(exist_ok=True)
        (folder / "settings.json").write_text(json.dumps({
            "privacy": {"usageStatisticsEnabled": False},
            "general": {"enableAutoUpdate": False, "maxAttempts": 2},
            **more}))

    def git(self, *words: str) -> str:
        done = subprocess.run(
            ["git", "-c", "user.name=Engineer",
             "-c", "user.email=engineer@example.com", *words],
            cwd=self.repo, capture_output=True, text=True, check=True,
            env={"PATH": "/usr/bin:/bin", "HOME": str(self.home),
                 "GIT_CONFIG_NOSYSTEM": "1"})
        return done.stdout.strip()

    def commit(self, words: str) -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", words)

    def head(self) -> str:
        return self.git("rev-parse", "HEAD")

    def write(self, name: str, words: str) -> pathlib.Path:
        file = self.repo / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(words, encoding="utf-8")
        return file

    def run(self, command: List[str], extra: Optional[Dict[str, str]] = None,
            timeout_s: float = 120) -> Done:
        """Runs a command in the repository with nothing on stdin."""
        done = subprocess.run(
            [str(word) for word in command], cwd=self.repo,
            env=self.env(extra), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=timeout_s)
        return Done(done.returncode, done.stdout, done.stderr)

    def clone(self, name: str) -> pathlib.Path:
        """A second clone of the repository, as committed."""
        target = self.root / name
        subprocess.run(["git", "clone", "-q", self.repo, target], check=True,
                       capture_output=True, env={"PATH": "/usr/bin:/bin",
                                                 "HOME": str(self.home)})
        return target


def claude_words(prompt: str) -> List[str]:
    """Claude Code, headless, allowed to edit."""
    return ["claude", "-p", prompt, "--permission-mode", "acceptEdits",
            "--model", "claude-sonnet-4-5"]


def codex_words(prompt: str, model: str) -> List[str]:
    """Codex, headless, allowed everything."""
    return ["codex", "exec", "-m", model,
            "-c", "check_for_update_on_startup=false",
            "-c", "analytics.enabled=false", "--disable", "plugins",
            "--dangerously-bypass-approvals-and-sandbox", prompt]


def gemini_words(prompt: str) -> List[str]:
    return ["gemini", "-m", "gemini-2.5-flash", "--approval-mode", "yolo",
            "--skip-trust", "-p", prompt]


def opencode_words(prompt: str, model: str) -> List[str]:
    """`model` is PROVIDER/MODEL; with a title of ours it asks for none."""
    return ["opencode", "run", "--auto", "--title", "Widgets", "-m", model,
            prompt]


# What points an agent at `url` when no gate does it: the command changed, and
# variables. The same switches as `cofferdam run` uses, so that two runs differ
# in nothing but the gate.


def claude_straight(words: List[str], url: str, key: str, _place):
    return words, {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_AUTH_TOKEN": key}


def codex_straight(words: List[str], url: str, key: str, _place):
    provider = (f'model_providers.cofferdam={{name="Cofferdam",'
                f'base_url="{url}/v1",wire_api="responses",'
                'env_key="COFFERDAM_SESSION_KEY"}')
    return [words[0], "-c", 'model_provider="cofferdam"', "-c", provider,
            *words[1:]], {"COFFERDAM_SESSION_KEY": key}


def gemini_straight(words: List[str], url: str, key: str,
                    place: AgentHome):
    """Logs in by key in the user's own settings."""
    place.gemini_settings(security={"auth": {
        "selectedType": "gemini-api-key"}})
    return words, {"GOOGLE_GEMINI_BASE_URL": url, "GEMINI_API_KEY": key}


def opencode_straight(words: List[str], url: str, key: str, _place):
    provider, _, model = words[words.index("-m") + 1].partition("/")
    entry = {"options": {"baseURL": url + "/v1", "apiKey": key},
             "models": {model: {}}}
    if provider == "cofferdam":
        entry.update(npm="@ai-sdk/openai-compatible", name="Cofferdam")
    return words, {"OPENCODE_CONFIG_CONTENT": json.dumps(
        {"enabled_providers": [provider], "provider": {provider: entry}}),
        "OPENCODE_DISABLE_DEFAULT_PLUGINS": "true"}
