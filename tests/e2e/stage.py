"""One agent before a gate, and an operator beside it: the place where a test
or a captured screen shows what a person at the agent meets."""

import contextlib
import json
import pathlib
import re
import shutil
import time
from typing import Any, Callable, Dict, List, Optional, Sequence

import agents
import clients
import house
from double import Double, Script, Step, text
from relay import Relay, Seen
from terminal import Terminal

PROMPT = "Open the sluice."
DONE = "The sluice is open."
# A person's own settings, without which a first start asks questions that
# have nothing to do with a gate.
_CLAUDE_SETTINGS = ".claude.json"
_CODEX_SETTINGS = ".codex/config.toml"
_ANSWER_S = 60


def answering(words: str = DONE) -> Script:
    """Every turn is one text, every side request a title."""
    return Script([Step([text(words)])], side=Step([text("Sluices")]),
                  credential=house.UPSTREAM_KEY)


class Stage:
    """A site with a double behind every upstream, a relay that sees what
    the agent sees, and one engineer with one agent."""

    def __init__(self, root: pathlib.Path, client: clients.Client,
                 more: str = "", policy: str = "",
                 upstreams: Sequence[str] = ("anthropic", "openai", "chat",
                                             "gemini")):
        self.root, self.client = root, client
        self._open = contextlib.ExitStack()
        self.double = self._open.enter_context(Double(answering(), seed=1))
        self.site = house.Site(root / "site", config=house.config_text(
            root / "site" / "data", more=more,
            **{dialect: self.double.url for dialect in upstreams}))
        if policy:
            (self.site.root / "policy.toml").write_text(policy)
        self.gate = self.site.serve()
        self.relay = self._open.enter_context(Relay(self.gate.url))
        self.place = agents.AgentHome(root / "engineer")
        self.engineer = house.Engineer(self.site, self.place, self.relay.url)

    def __enter__(self) -> "Stage":
        return self

    def __exit__(self, failure, *_) -> None:
        self._open.close()
        if self.gate.process.poll() is None:
            if failure:
                self.gate.kill()
            else:
                self.gate.stop()

    def ok(self, *words) -> str:
        """An operator's command that must succeed."""
        return self.site.ok(*words)

    def json(self, *words) -> Any:
        """What an operator's command says as JSON: one document, or rows."""
        out = self.ok(*words, "--json")
        try:
            return json.loads(out)
        except ValueError:
            return [json.loads(line) for line in out.splitlines()]

    def answers(self) -> List[Seen]:
        """The gate's answers to requests for a model's turn, titles not
        counted."""
        return [seen for seen in self.relay.main_exchanges()
                if is_turn(seen)]

    def refusal(self) -> str:
        """The words of the last refusal."""
        return words_of(self.answers()[-1].response_body)


def is_turn(seen: Seen) -> bool:
    """False for a request for a title, which offers no tools."""
    try:
        return bool(json.loads(seen.body).get("tools"))
    except ValueError:
        return True


def words_of(body: bytes) -> str:
    """The message of an error, from whatever protocol's body or event."""
    if body[:1] != b"{":
        found = re.findall(rb"(?m)^data: (\{.*\"error\".*\})", body)
        if not found:
            return body.decode()
        body = found[-1]
    return house.field(json.loads(body), "message")


class Turn:
    """What came of one request of the person's. Without a title it only
    prepares what is to be seen."""

    def __init__(self, title: str, shown: str, seconds: float,
                 answers: List[Seen], code: Optional[int] = None):
        self.title, self.shown, self.seconds = title, shown, seconds
        self.answers, self.code = answers, code

    @property
    def kept(self) -> bool:
        return bool(self.title)


class Headless:
    """Runs the agent once for each turn, as a script would."""
    where = "headless"

    def __init__(self, stage: Stage):
        self._stage = stage
        self.turns: List[Turn] = []

    def __enter__(self) -> "Headless":
        return self

    def __exit__(self, *_) -> None:
        pass

    def turn(self, title: str, during: Callable[[], Any] = lambda: None,
             flags: Sequence[str] = ()) -> Turn:
        """`during` is called while the agent runs, in this thread."""
        stage = self._stage
        before = len(stage.answers())
        begun = time.monotonic()
        running = stage.client.start(stage.engineer, *flags,
                                     words=headless_words(stage.client))
        during()
        done = clients.finish(running, _ANSWER_S * 2)
        took = time.monotonic() - begun
        shown = f"{done.out}\n{done.err}" if done.out.strip() else done.err
        self.turns.append(Turn(title, shown, took,
                               stage.answers()[before:], done.code))
        return self.turns[-1]


def headless_words(client: clients.Client) -> List[str]:
    """The client's command with this stage's prompt."""
    words = list(client.words)
    old = {"claude-code": 2, "gemini-cli": len(words) - 1}.get(
        client.tool, len(words) - 1)
    words[old] = PROMPT
    return words


class Interactive:
    """The agent's own program in a terminal; it stays between turns."""
    where = "on the screen"

    def __init__(self, stage: Stage, *flags: str):
        self._stage = stage
        settle_in(stage.place)
        # A short path: the address of a socket holds about 100 bytes.
        self.terminal = Terminal(
            stage.root / "t", [house.binary(), "run", *flags, "--",
                               *_PROGRAM[stage.client.tool]],
            stage.place.repo, {**stage.engineer.env(),
                               **stage.client.few_retries})
        self.turns: List[Turn] = []

    def __enter__(self) -> "Interactive":
        try:
            self.terminal.wait(_READY[self._stage.client.tool], 60)
            self.terminal.settled(1.0, 10)
        except BaseException:
            self.terminal.close()
            raise
        return self

    def __exit__(self, *_) -> None:
        self.terminal.close()

    def turn(self, title: str, during: Callable[[], Any] = lambda: None,
             flags: Sequence[str] = ()) -> Turn:
        assert not flags, "they belong to the start"
        stage = self._stage
        before = len(stage.answers())
        begun = time.monotonic()
        self.terminal.type(PROMPT)
        # Keys that come too fast are taken for pasted text.
        time.sleep(0.5)
        self.terminal.press("Enter")
        house.poll(lambda: len(stage.answers()) > before,
                   f"no request\n{self.terminal.shown()}", _ANSWER_S)
        during()
        house.poll(lambda: stage.answers()[-1].ended,
                   f"no answer\n{self.terminal.shown()}", _ANSWER_S)
        shown = self.terminal.settled(2.0, 40)
        self.turns.append(Turn(title, shown, time.monotonic() - begun,
                               stage.answers()[before:]))
        return self.turns[-1]


_PROGRAM = {
    "claude-code": ["claude", "--model", "claude-sonnet-4-5"],
    "codex": ["codex", "-m", "gw-model",
              "-c", "check_for_update_on_startup=false",
              "-c", "analytics.enabled=false", "--disable", "plugins"],
    "gemini-cli": ["gemini", "-m", "gemini-2.5-flash"],
    "opencode": ["opencode", "-m", "cofferdam/m1"],
}
# What stands on the screen as soon as the program takes words.
_READY = {"claude-code": r"\? for shortcuts", "codex": r"Ask Codex",
          "gemini-cli": r"Type your message", "opencode": r"Ask anything"}


def settle_in(place: agents.AgentHome) -> None:
    """Answers in advance what the programs ask at a first start."""
    settings: Dict[str, str] = {
        _CLAUDE_SETTINGS: json.dumps({
            "hasCompletedOnboarding": True, "theme": "dark",
            "projects": {str(place.repo): {"hasTrustDialogAccepted": True}}}),
        _CODEX_SETTINGS: f'[projects."{place.repo}"]\n'
                         'trust_level = "trusted"\n'}
    for name, words in settings.items():
        file = place.home / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(words)
    place.gemini_settings(security={"folderTrust": {"enabled": False}})


def tmux_missing() -> str:
    """Why the programs cannot be shown, or nothing."""
    return "" if shutil.which("tmux") else "needs tmux (tools/setup.sh test)"
