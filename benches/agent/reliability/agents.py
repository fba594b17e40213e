"""The agents under test: how each is started against the scripted engine, and
what its tools are called."""

import dataclasses
import json
import pathlib
from typing import Any, Callable, Dict, List, Optional, Tuple

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent.parent
E2E = ROOT / "tests" / "e2e"
RIVALS_BIN = HERE.parent / "node_modules" / ".bin"
AGENTS_BIN = E2E / "node_modules" / ".bin"
MODEL = "m1"
PROMPT = "Do what is needed."


@dataclasses.dataclass
class Place:
    """A fresh home, work folder and temporary folder."""
    root: pathlib.Path

    def __post_init__(self):
        for folder in (self.home, self.work, self.tmp):
            folder.mkdir(parents=True)

    @property
    def home(self) -> pathlib.Path:
        return self.root / "home"

    @property
    def work(self) -> pathlib.Path:
        return self.root / "work"

    @property
    def tmp(self) -> pathlib.Path:
        return self.root / "tmp"

    def env(self, more: Dict[str, str]) -> Dict[str, str]:
        return {"PATH": f"{RIVALS_BIN}:{AGENTS_BIN}:/usr/local/bin:/usr/bin:"
                        "/bin",
                "HOME": str(self.home), "TMPDIR": str(self.tmp),
                "LANG": "C.UTF-8", "TERM": "xterm-256color",
                "NPM_CONFIG_REGISTRY": "http://127.0.0.1:9/", **more}


@dataclasses.dataclass
class Tool:
    """A tool of an agent: its name, and our name of an argument to its own."""
    name: str
    arguments: Dict[str, str]
    more: Dict[str, Any] = dataclasses.field(default_factory=dict)
    listed: Tuple[str, ...] = ()  # what stands in a list of edits

    def call(self, **values: Any) -> Dict[str, Any]:
        return {**{self.arguments[name]: value
                   for name, value in values.items()}, **self.more}


@dataclasses.dataclass
class Agent:
    name: str
    version: str
    protocol: str  # chat, responses, messages
    start: Callable[[Place, str], "Started"]
    shell: Tool
    read: Optional[Tool] = None
    edit: Optional[Tool] = None
    write: Optional[Tool] = None

    def edit_arguments(self, path: str, old: str, new: str) -> Dict[str, Any]:
        """Of the edit tool; some take a list of edits."""
        given = self.edit.call(path=path, old=old, new=new)
        inside = {name: given.pop(name) for name in self.edit.listed}
        return {**given, **({"edits": [inside]} if inside else {})}


@dataclasses.dataclass
class Started:
    words: List[str]
    env: Dict[str, str]


def _cofferdam(binary: str):
    def start(place: Place, url: str) -> Started:
        return Started([binary, "code", "-p", PROMPT, "--engine", url,
                        "--api", "chat", "--model", MODEL, "--mode", "auto"],
                       {"XDG_CONFIG_HOME": str(place.home / ".config")})
    return start


def _opencode(place: Place, url: str) -> Started:
    config = {"model": f"gw/{MODEL}", "small_model": f"gw/{MODEL}",
              "autoupdate": False, "share": "disabled",
              "provider": {"gw": {
                  "npm": "@ai-sdk/openai-compatible", "name": "gw",
                  "options": {"baseURL": f"{url}/v1", "apiKey": "k"},
                  "models": {MODEL: {"name": MODEL, "limit": {
                      "context": 128000, "output": 8192}}}}}}
    return Started(["opencode", "run", "--auto", "--title", "T", PROMPT],
                   {"OPENCODE_CONFIG_CONTENT": json.dumps(config),
                    "OPENCODE_DISABLE_MODELS_FETCH": "1",
                    "OPENCODE_DISABLE_AUTOUPDATE": "1",
                    "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
                    "OPENCODE_DISABLE_DEFAULT_PLUGINS": "true"})


def _qwen(_place: Place, url: str) -> Started:
    return Started(["qwen", "-p", PROMPT, "--yolo", "--auth-type", "openai"],
                   {"OPENAI_BASE_URL": f"{url}/v1", "OPENAI_API_KEY": "k",
                    "OPENAI_MODEL": MODEL, "QWEN_TELEMETRY_ENABLED": "false"})


def _codex(_place: Place, url: str) -> Started:
    provider = (f'model_providers.gw={{name="gw",base_url="{url}/v1",'
                'wire_api="responses",env_key="GW_KEY"}')
    return Started(["codex", "exec", "--skip-git-repo-check", "-m", MODEL,
                    "-c", 'model_provider="gw"', "-c", provider,
                    "-c", "check_for_update_on_startup=false",
                    "-c", "analytics.enabled=false", "--disable", "plugins",
                    "--dangerously-bypass-approvals-and-sandbox", PROMPT],
                   {"GW_KEY": "k"})


def _claude(_place: Place, url: str) -> Started:
    return Started(["claude", "-p", PROMPT, "--dangerously-skip-permissions",
                    "--model", "claude-sonnet-4-5"],
                   {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_AUTH_TOKEN": "k",
                    "IS_SANDBOX": "1", "DISABLE_AUTOUPDATER": "1",
                    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"})


def _pi(place: Place, url: str) -> Started:
    folder = place.home / ".pi" / "agent"
    folder.mkdir(parents=True)
    (folder / "models.json").write_text(json.dumps({"providers": {"gw": {
        "baseUrl": f"{url}/v1", "apiKey": "k", "api": "openai-completions",
        "models": [{"id": MODEL, "name": MODEL, "reasoning": False,
                    "input": ["text"], "contextWindow": 128000,
                    "maxTokens": 8192, "cost": {
                        "input": 0, "output": 0, "cacheRead": 0,
                        "cacheWrite": 0}}]}}}))
    return Started(["pi", "--provider", "gw", "--model", MODEL, "-p", PROMPT],
                   {"PI_OFFLINE": "1", "PI_SKIP_VERSION_CHECK": "1"})


def agents(binary: str, version: str) -> List[Agent]:
    """Ours first. The names are those of the tools as each agent sends them."""
    file_path = {"path": "file_path", "content": "content",
                 "old": "old_string", "new": "new_string"}
    camel = {"path": "filePath", "content": "content", "old": "oldString",
             "new": "newString"}
    plain = {"path": "path", "content": "content", "old": "old", "new": "new"}
    return [
        Agent("cofferdam", version, "chat", _cofferdam(binary),
              Tool("bash", {"command": "command"}), Tool("read", plain),
              Tool("edit", plain), Tool("write", plain)),
        Agent("opencode", "1.18.33", "chat", _opencode,
              Tool("bash", {"command": "command"}, {"description": "Work"}),
              Tool("read", camel), Tool("edit", camel), Tool("write", camel)),
        Agent("Qwen Code", "0.24.4", "chat", _qwen,
              Tool("run_shell_command", {"command": "command"},
                   {"is_background": False}),
              Tool("read_file", file_path), Tool("edit", file_path),
              Tool("write_file", file_path)),
        Agent("Codex", "0.169.0", "responses", _codex,
              Tool("exec_command", {"command": "cmd"})),
        Agent("Claude Code", "2.1.329", "messages", _claude,
              Tool("Bash", {"command": "command"}), Tool("Read", file_path),
              Tool("Edit", file_path), Tool("Write", file_path)),
        Agent("pi", "0.73.1", "chat", _pi,
              Tool("bash", {"command": "command"}), Tool("read", plain),
              Tool("edit", {**plain, "old": "oldText", "new": "newText"},
                   listed=("oldText", "newText")),
              Tool("write", plain)),
    ]
