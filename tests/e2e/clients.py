"""The real agents as the tests drive them: each with the protocol that it
speaks, what it is told to do, and how to start it with and without a gate."""

import dataclasses
import pathlib
import subprocess
from typing import Callable, Dict, List, Optional

import agents
import house
import material
import scenario
from double import Script


@dataclasses.dataclass(frozen=True)
class Client:
    """One agent and one model; `dialect` is the protocol between them.
    `thinking` says how its reasoning is sealed and where it must come back;
    none where the agent does not send it back."""
    name: str
    tool: str
    version: str
    dialect: str
    words: List[str]
    files: Dict[str, str]
    edit: material.Edit
    straight: Callable
    # Settings that end an agent's retries within seconds.
    few_retries: Dict[str, str] = dataclasses.field(default_factory=dict)

    def __str__(self) -> str:
        return self.name

    @property
    def provider(self) -> house.Provider:
        return house.PROVIDERS[self.dialect]

    def script(self, repo: pathlib.Path) -> Script:
        """Two files written, one edited, over three turns."""
        if self.tool == "codex":
            make = (scenario.codex_patch if "known" in self.name
                    else scenario.codex)
            script = make(self.files, self.edit)
        else:
            make = {"claude-code": scenario.claude,
                    "gemini-cli": scenario.gemini,
                    "opencode": scenario.opencode}[self.tool]
            script = make(repo, self.files, self.edit)
        script.credential = house.UPSTREAM_KEY
        return script

    def start_straight(self, place: agents.AgentHome, url: str, key: str,
                       words: Optional[List[str]] = None
                       ) -> subprocess.Popen:
        """The agent at `url`, with no gate's launcher."""
        command, env = self.straight(list(words or self.words), url, key,
                                     place)
        return _start(command, place, place.env(
            {**self.few_retries, **env}))

    def start(self, engineer: house.Engineer, *flags: str,
              words: Optional[List[str]] = None) -> subprocess.Popen:
        """The agent through the gate, by `cofferdam run`."""
        place = engineer.place
        return _start([str(house.binary()), "run", *flags, "--",
                       *(words or self.words)], place,
                      {**engineer.env(), **self.few_retries})


def _start(command: List[str], place: agents.AgentHome,
           env: Dict[str, str]) -> subprocess.Popen:
    """In a session of its own, so that a signal reaches all of it."""
    process = subprocess.Popen(
        [str(word) for word in command], cwd=place.repo, env=env,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, start_new_session=True)
    house.STARTED.append(process)
    return process


def finish(process: subprocess.Popen, timeout_s: float = 60) -> agents.Done:
    """Waits for its end; an agent that goes on for longer is ended and what
    it said stands in the failure."""
    try:
        out, err = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError(f"the agent went on for {timeout_s} s\n"
                             f"{agents.Done(-9, out, err)}") from None
    return agents.Done(process.returncode, out, err)


def _codex(name: str, model: str) -> Client:
    return Client(
        name, "codex", agents.CODEX_VERSION, "openai",
        agents.codex_words("Write the monitor and the cache.", model),
        material.CODEX_FILES, material.PARCEL, agents.codex_straight)


def _opencode(dialect: str, model: str) -> Client:
    return Client(
        f"opencode-{dialect}", "opencode", agents.OPENCODE_VERSION, dialect,
        agents.opencode_words("Write the schedule and the queue.", model),
        material.CLAUDE_FILES, material.STOCK, agents.opencode_straight)


CLAUDE = Client(
    "claude", "claude-code", agents.CLAUDE_VERSION, "anthropic",
    agents.claude_words("Write the schedule and the queue."),
    material.CLAUDE_FILES, material.STOCK, agents.claude_straight,
    {"CLAUDE_CODE_MAX_RETRIES": "3"})
CODEX = _codex("codex", "gw-model")
CODEX_KNOWN = _codex("codex-known-model", "gpt-5.5")
GEMINI = Client(
    "gemini", "gemini-cli", agents.GEMINI_VERSION, "gemini",
    agents.gemini_words("Write the schedule and the queue."),
    material.CLAUDE_FILES, material.STOCK, agents.gemini_straight)
OPENCODE = _opencode("chat", "cofferdam/m1")
OPENCODE_ANTHROPIC = _opencode("anthropic", "anthropic/claude-sonnet-4-5")
OPENCODE_OPENAI = _opencode("openai", "openai/o3")

# One of each agent, and every way that we know of.
FOUR = [CLAUDE, CODEX, GEMINI, OPENCODE]
ALL = [*FOUR, CODEX_KNOWN, OPENCODE_ANTHROPIC, OPENCODE_OPENAI]
