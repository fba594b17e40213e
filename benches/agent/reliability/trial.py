"""One run of one agent: the scripted engine says the form, and once more the
right thing if the agent asks again; then what came of it is judged."""

import dataclasses
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
from typing import Any, Dict, List, Optional

from engine.scenario import Answer, Call, Facts, Scenario
from engine.server import ScriptedEngine

from .agents import Agent, Place, Started
from .calls import COMMAND, LOOP_REQUESTS, RAN, Form
from .edits import Edit

SECONDS_MAX = 120
REQUESTS_MAX = 30
TOKEN_BYTES = 4
KEPT = "kept\n"
# Words of a program that has fallen over, not of one that refuses.
FALLEN = re.compile(r"TypeError|ReferenceError|is not a function|panicked at|"
                    r"Traceback \(most|Unhandled|SIGSEGV|CHECK failed|"
                    r"Cannot read propert|AI_[A-Za-z]+Error")


@dataclasses.dataclass
class Outcome:
    """`what`: at_once, corrected, safe, silent, crashed, damaged, left, ran_on
    (in a loop), none (cannot be sent to this agent)."""
    agent: str
    form: str
    group: str
    what: str
    exit: Optional[int] = None
    requests: int = 0
    seconds: float = 0
    invalid: int = 0  # requests with a history that engines refuse
    words: str = ""


class TrialEngine(ScriptedEngine):
    """Answers the first request with the form; then by what has been done."""

    def __init__(self, answers: List[Answer], right: Optional[Answer],
                 is_done, growth_max: int = 0):
        super().__init__(Scenario(side=Answer(text="Widgets"),
                                  facts=Facts("", "m1", 128000)))
        self._answers = list(answers)
        self._right = right
        self._is_done = is_done
        self._growth_max = growth_max
        self._first_size = 0
        self.main = 0
        self.done_at = None  # the request before which it was done

    def _choose_answer(self, exchange, asked) -> Answer:
        size = len(exchange.body)
        self._first_size = self._first_size or size
        size_max = self._first_size + self._growth_max
        if self._growth_max and size > size_max:
            self.main += 1
            return _too_long(asked.protocol, size // TOKEN_BYTES,
                             size_max // TOKEN_BYTES)
        if not asked.body.get("tools"):
            return self._scenario.side
        self.conversations.check(exchange.number, exchange.path(),
                                 exchange.body)
        self.main += 1
        if self.done_at is None and self._is_done():
            self.done_at = self.main
        if self._answers:
            return self._answers.pop(0)
        if (self.done_at is None and self._right is not None
                and self.main <= REQUESTS_MAX):
            right, self._right = self._right, None
            return right
        return Answer(text="Done.")


def _too_long(protocol: str, tokens: int, context: int) -> Answer:
    """Messages' own words where the protocol is that, else llama.cpp's."""
    if protocol == "anthropic":
        return Answer(status=400, message=f"prompt is too long: {tokens} "
                      f"tokens > {context} maximum")
    return Answer(status=400, body=json.dumps({"error": {
        "code": 400, "type": "exceed_context_size_error",
        "message": f"request ({tokens} tokens) exceeds the available context "
                   f"size ({context} tokens), try increasing it",
        "n_prompt_tokens": tokens, "n_ctx": context}}))


def _run(started: Started, place: Place) -> Dict[str, Any]:
    begin = os.times().elapsed
    with open(place.root / "out", "wb") as out, \
            open(place.root / "err", "wb") as err:
        process = subprocess.Popen(
            started.words, cwd=place.work, env=place.env(started.env),
            stdin=subprocess.DEVNULL, stdout=out, stderr=err,
            process_group=0)
        try:
            code: Optional[int] = process.wait(SECONDS_MAX)
        except subprocess.TimeoutExpired:
            code = None
        # Whatever it left running goes with its process group.
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()
    words = "".join((place.root / name).read_text("utf-8", "replace")
                    for name in ("out", "err"))
    return {"exit": code, "words": words[-600:], "all": words,
            "seconds": os.times().elapsed - begin}


def _missing(agent: Agent, name: str, group: str) -> Outcome:
    return Outcome(agent.name, name, group, "none")


def _is_fallen(done: Dict[str, Any]) -> bool:
    code = done["exit"]
    return code is None or code < 0 or code >= 128 or bool(
        code != 0 and FALLEN.search(done["all"]))


def _ended(done: Dict[str, Any]) -> str:
    """How a run ended in which what was meant was not done."""
    if _is_fallen(done):
        return "crashed"
    return "silent" if done["exit"] == 0 else "safe"


def _history_faults(engine: TrialEngine) -> int:
    return len([words for words in engine.violations
                if "arguments" in words or "answer" in words
                or "pair" in words])


def _outcome(agent: Agent, name: str, group: str, what: str,
             done: Dict[str, Any], engine: TrialEngine) -> Outcome:
    return Outcome(agent.name, name, group, what, done["exit"], engine.main,
                   round(done["seconds"], 2), _history_faults(engine),
                   done["words"])


def call_trial(agent: Agent, form: Form, folder: pathlib.Path) -> Outcome:
    answers = form.make(agent)
    if answers is None:
        return _missing(agent, form.name, form.kind)
    place = Place(folder)
    ran = place.work / "ran.txt"
    kept = place.work / "kept.txt"
    kept.write_text(KEPT)
    right = None if form.kind in ("example", "loop") else Answer(calls=[Call(
        agent.shell.name, json.dumps(agent.shell.call(command=COMMAND)))])
    with TrialEngine(answers, right, ran.exists, form.growth_max) as engine:
        done = _run(agent.start(place, engine.url), place)
        engine_done_at = engine.done_at
        if engine_done_at is None and ran.exists():
            engine_done_at = engine.main + 1
        damaged = (kept.read_text("utf-8", "replace") != KEPT
                   or (place.work / "wrong.txt").exists()
                   or (ran.exists() and ran.read_text() != RAN))
        first = place.work / "first.txt"
        if form.name == "an id twice" and ran.exists():
            damaged = damaged or not first.exists()
        at_once = engine_done_at == 2 and right is not None
        if damaged:
            what = "damaged"
        elif form.kind == "example":
            what = ("damaged" if ran.exists() else
                    "crashed" if _is_fallen(done) else "left")
        elif form.kind == "loop" and engine.main > LOOP_REQUESTS:
            what = "ran_on"
        elif engine_done_at is None:
            what = _ended(done)
        elif at_once and form.kind == "uncertain":
            what = "damaged"  # it ran what nobody can be sure of
        elif at_once:
            what = "at_once"
        else:
            what = "corrected"
        return _outcome(agent, form.name, form.kind, what, done, engine)


def edit_trial(agent: Agent, edit: Edit, folder: pathlib.Path) -> Outcome:
    group = "edit" if edit.after is not None else "edit to refuse"
    if agent.edit is None or agent.read is None:
        return _missing(agent, edit.name, group)
    place = Place(folder)
    file = place.work / edit.file
    mark = b"\xef\xbb\xbf" if edit.bom else b""
    before = mark + edit.before.encode()
    after = None if edit.after is None else mark + edit.after.encode()
    file.write_bytes(before)
    read = Call(agent.read.name,
                json.dumps(agent.read.call(path=str(file))))
    words = Call(agent.edit.name, json.dumps(agent.edit_arguments(
        str(file), edit.old, edit.new)))
    # Whoever is told gets to do it by another way: the whole file anew.
    right = None
    if after is not None and agent.shell is not None:
        right = Answer(calls=[Call(agent.shell.name, json.dumps(
            agent.shell.call(command=_rewrite(edit.file, after))))])
    with TrialEngine([Answer(calls=[read]), Answer(calls=[words])], right,
                     lambda: file.read_bytes() != before) as engine:
        done = _run(agent.start(place, engine.url), place)
        now = file.read_bytes() if file.exists() else b""
        done_at = engine.done_at
        if done_at is None and now != before:
            done_at = engine.main + 1
        if (edit.or_after is not None and now == edit.or_after.encode()):
            now = after
        if now != before and now != after:
            what = "damaged"
        elif after is None:
            # Left alone, and the model was told: there was a next request.
            what = ("crashed" if _is_fallen(done) else
                    "safe" if engine.main >= 3 or done["exit"] != 0 else
                    "silent")
        elif now == before:
            what = _ended(done)
        else:
            what = "at_once" if done_at == 3 else "corrected"
        return _outcome(agent, edit.name, group, what, done, engine)


def _rewrite(name: str, words: bytes) -> str:
    import base64
    return (f"echo {base64.b64encode(words).decode()} | base64 -d > '{name}'")


class Folders:
    """Fresh folders that go when they are no longer needed."""

    def __init__(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="reliability-"))
        self._next = 0

    def fresh(self) -> pathlib.Path:
        self._next += 1
        return self.root / str(self._next)

    def close(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)
