"""How fast and how small `cofferdam code` is, beside other agents in the same
run, each before the same scripted engine (tests/e2e/engine). Prints one JSON
object {"baseline", "text", "figures": [{"name","value","unit","better",
"target"}]}; progress goes to stderr. Needs $COFFERDAM_BIN; ./bench agent
starts it, rivals as benches/agent/install_rivals.sh leaves them.

    python3 agent_speed.py [--quick]
"""

import argparse
import dataclasses
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
from typing import Callable, Dict, Iterator, List, Optional, Union

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "e2e"))
sys.path.insert(0, str(HERE / "agent"))

from double.script import Fault  # noqa: E402
from engine import Answer, Facts, Scenario, ScriptedEngine  # noqa: E402
from in_terminal import TICKS, WORDS, Terminal  # noqa: E402
from reliability import agents as known  # noqa: E402

ALONE = "COFFERDAM_BENCH_ALONE"
LIMIT_S = 60
LONG_MESSAGES = 10_000
LARGE_FILES = 100_000
CONTEXT = 4_000_000
# A stream as a quick model gives it: a token at a time, a hundred a second.
MARKDOWN_CHARS = 5_000
TOKEN_CHARS = 4
FRAME_BYTES = 200
FRAME_MS = 10
# What a terminal shows says it is ready, to a person who watches.
PROMPT_SIGN = "›".encode()
# Whoever has said nothing for so long is done.
QUIET_S = 1.0
TASK_LIMIT_S = 30  # for a terminal to send the task that it was started with


def say(words: str) -> None:
    print(f"agent_speed: {words}", file=sys.stderr, flush=True)


def go_alone() -> None:
    """Goes on in a network of its own, where the kernel lets us: agents that
    reach for others must not wait for them."""
    if os.environ.get(ALONE):
        return
    os.environ[ALONE] = "1"
    unshare = ["unshare", *([] if os.geteuid() == 0 else ["-r"]), "-n"]
    test = subprocess.run([*unshare, "ip", "link", "set", "lo", "up"],
                          capture_output=True)
    if test.returncode != 0:
        say("no network of its own here; agents could reach others")
        return
    os.execvp(unshare[0], [
        *unshare, "sh", "-c", 'ip link set lo up && exec "$@"', "sh",
        sys.executable, *sys.argv])


@dataclasses.dataclass
class Run:
    """What one run cost."""
    request_ms: float   # from its start to its first request for an answer
    cpu_s: float
    peak_mb: float


@dataclasses.dataclass
class Streamed:
    """What an answer cost, from its request to the terminal's rest."""
    cpu_s: float
    bytes: int


class LeftOut(Exception):
    """An agent cannot do what a row measures; why."""


class Starter:
    """Starts programs from a process that is smaller than any of them."""

    def __init__(self, folder: pathlib.Path):
        self.out = folder / "out.txt"
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(HERE / "agent" / "starter.py")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, words: List[str], cwd: pathlib.Path,
            env: Dict[str, str]) -> Dict:
        self.process.stdin.write(json.dumps(
            {"words": words, "cwd": str(cwd), "env": env,
             "out": str(self.out), "limit_s": LIMIT_S}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def end(self) -> None:
        self.process.communicate()


class Seat:
    """An agent in a place of its own before an engine."""

    def __init__(self, agent: known.Agent, folder: pathlib.Path,
                 engine: ScriptedEngine, starter: Starter):
        self.agent = agent
        self.engine = engine
        self.starter = starter
        self.place = known.Place(folder)
        self.started = agent.start(self.place, engine.url)
        self.env = self.place.env(self.started.env)

    def run(self, *more: str) -> Run:
        before = len(self.engine.requests)
        ended = self.starter.run([*self.started.words, *more],
                                 self.place.work, self.env)
        if ended["code"] != 0 or len(self.engine.requests) == before:
            out = self.starter.out.read_text(errors="replace")[-500:].strip()
            raise LeftOut(f"it ended with {ended['code']}: {out}")
        return Run((self.engine.requests[before].time - ended["begin"]) * 1e3,
                   ended["cpu_s"], ended["peak_mb"])

    def terminal(self) -> Terminal:
        return Terminal(WORDS[self.agent.name](self.started, self.place),
                        self.place.work, self.env)


def git(folder: pathlib.Path, *words: str) -> None:
    subprocess.run(["git", "-c", "user.name=A", "-c", "user.email=a@b.example",
                    *words], cwd=folder, check=True, capture_output=True)


def markdown() -> str:
    words = []
    for number in range(1, 100):
        words.append(f"## Part {number}\nThe *tide* of `part_{number}` rises, "
                     f"**slowly**:\n\n- one\n- two [link](a.md)\n\n"
                     f"```python\nrise({number})\n```\n\n")
        if sum(map(len, words)) > MARKDOWN_CHARS:
            break
    return "".join(words)[:MARKDOWN_CHARS]


def hello() -> Scenario:
    return Scenario([Answer(text="Hello.")], repeat=True,
                    side=Answer(text="Widgets"),
                    facts=Facts("llama.cpp", known.MODEL, CONTEXT))


def stream(paced: bool) -> Scenario:
    faults = [Fault("dribble", at="start", bytes=FRAME_BYTES, ms=FRAME_MS)]
    return Scenario([Answer(text=markdown(), delta_chars=(TOKEN_CHARS,),
                            faults=faults if paced else [])], repeat=True,
                    side=Answer(text="Widgets"),
                    facts=Facts("llama.cpp", known.MODEL, CONTEXT))


def lengthen(session: pathlib.Path, messages: int) -> None:
    """Adds turns to a session (docs/formats/code-session.md) until it has so
    many messages."""
    lines = session.read_text().splitlines()
    count = max(json.loads(line)["m"] for line in lines)
    turn = sum(json.loads(line)["t"] == "prompt" for line in lines)
    at = json.loads(lines[-1])["at"]
    added = []
    while count < messages:
        turn += 1
        entries = [("prompt", {"turn": turn, "text": f"Step {turn}."})]
        calls = [{"id": f"c{turn}", "name": "read",
                  "arguments": f'{{"path":"src/part_{turn}.py"}}'}]
        entries.append(("message", {"role": "assistant", "text": "I look.",
                                    "calls": calls}))
        entries.append(("message", {
            "role": "tool", "call_id": f"c{turn}",
            "text": f"def part_{turn}(rows):\n    return rows[{turn}]\n" * 4}))
        entries.append(("message", {"role": "assistant",
                                    "text": f"Part {turn} is well. " * 5}))
        for kind, fields in entries:
            count += 1
            at += 1
            head = {"t": kind, "m": count}
            if "turn" in fields:
                head["turn"] = fields.pop("turn")
            added.append(json.dumps({**head, "at": at, **fields},
                                    separators=(",", ":")))
        at += 1
        added.append(json.dumps({"t": "end", "m": count, "at": at,
                                 "turn": turn, "how": "done"},
                                separators=(",", ":")))
    with session.open("a") as out:
        out.write("\n".join(added) + "\n")


def large_repository(folder: pathlib.Path, files: int) -> None:
    """As one pack: git would gather loose objects while we measure."""

    def commands() -> Iterator[str]:
        yield ("commit refs/heads/main\n"
               "committer A <a@b.example> 1767225600 +0000\ndata 4\nGrow\n")
        for number in range(files):
            text = f"x = {number}\n"
            path = f"p{number % 100}/q{number // 100 % 10}/f{number}.py"
            yield (f"M 100644 inline {path}\n"
                   f"data {len(text)}\n{text}\n")

    git(folder, "init", "-q", "-b", "main")
    subprocess.run(["git", "fast-import", "--quiet"], cwd=folder, check=True,
                   input="".join(commands()).encode())
    git(folder, "config", "gc.auto", "0")
    git(folder, "reset", "-q", "--hard")


def stream_in(terminal: Terminal, seat: Seat, typed: bool) -> Streamed:
    """A task and its streamed answer: what the answer cost."""
    if typed:
        terminal.until(lambda: PROMPT_SIGN in terminal.said, TASK_LIMIT_S)
        terminal.until(lambda: terminal.quiet(QUIET_S), TASK_LIMIT_S)
        os.write(terminal.fd, known.PROMPT.encode() + b"\r")
    if not terminal.until(lambda: len(seat.engine.requests) > 0, TASK_LIMIT_S):
        raise LeftOut("its terminal sent no task within "
                      f"{TASK_LIMIT_S} s of its start")
    begun = terminal.told()
    # Short answers are to questions of its own, as for a title.
    if not terminal.until(lambda: any(
            one.complete and len(one.response_body) > MARKDOWN_CHARS
            for one in seat.engine.requests), LIMIT_S):
        raise LeftOut(f"it had not taken its answer after {LIMIT_S} s")
    terminal.until(lambda: terminal.quiet(QUIET_S), QUIET_S * 3)
    ended = terminal.told()
    # The clock's step is the least that can be told.
    return Streamed(max(ended.cpu_s - begun.cpu_s, 1 / TICKS),
                    ended.bytes - begun.bytes)


Measured = Union[float, LeftOut]


class Bench:
    def __init__(self, folder: pathlib.Path, quick: bool):
        self.folder = folder
        self.quick = quick
        self.starter = Starter(folder)
        self.figures: List[Dict] = []
        self.rows: List[str] = []
        self.notes: List[str] = []
        binary = os.environ["COFFERDAM_BIN"]
        ours, *others = known.agents(binary, "this build")
        path = f"{known.RIVALS_BIN}:{known.AGENTS_BIN}"
        self.ours = ours
        # Quick runs see to it that the bench works; rivals take their time.
        self.rivals = [] if quick else [
            one for one in others
            if shutil.which(one.start(known.Place(folder / "look" / one.name),
                                      "http://127.0.0.1:9").words[0],
                            path=path)]

    def seat(self, agent: known.Agent, name: str,
             engine: ScriptedEngine) -> Seat:
        return Seat(agent, self.folder / name / agent.name, engine,
                    self.starter)

    def add(self, name: str, value: float, unit: str,
            target: Optional[float] = None, better: str = "lower") -> None:
        self.figures.append({"name": name, "value": value, "unit": unit,
                             "target": target, "better": better})

    def row(self, name: str, value: float, unit: str, target: float,
            theirs: Dict[str, Measured]) -> None:
        """A figure of ours, those of the rivals, and how many times ours the
        best of them is; "-" and a note for who has none."""
        self.add(name, value, unit, target)
        cells = [f"{value:.4g}"]
        known_values = []
        for rival in self.rivals:
            other = theirs.get(rival.name, LeftOut(
                "the bench knows no way to give it such a session"))
            if isinstance(other, LeftOut):
                cells.append("-")
                self.notes.append(f"{name}, {rival.name}: {other}")
                continue
            cells.append(f"{other:.4g}")
            known_values.append(other)
            self.add(f"{name}_{rival.name.split()[0].lower()}", other, unit)
        if known_values:
            self.add(f"{name}_best_rival", min(known_values) / value, "x",
                     None, "higher")
        self.rows.append(f"  {name + ', ' + unit:<26}{target:>8}"
                         + "".join(f"{cell:>13}" for cell in cells))

    def text(self) -> str:
        heads = ["cofferdam", *(rival.name for rival in self.rivals)]
        head = f"  {'':<26}{'target':>8}" + "".join(
            f"{name:>13}" for name in heads)
        notes = [f"  - {note}" for note in self.notes]
        return "\n".join(["Start, memory and streaming, medians", head,
                          *self.rows, *notes, ""]) + "\n"

    def of_rivals(self, name: str,
                  measure: Callable[[known.Agent], List]) -> Dict[str, object]:
        """What each comes to; LeftOut for who cannot do it."""
        found = {}
        for rival in self.rivals:
            say(f"{name}: {rival.name}")
            try:
                found[rival.name] = measure(rival)
            except LeftOut as why:
                say(f"{rival.name} is left out: {why}")
                found[rival.name] = why
        return found

    def runs(self, seat: Seat, count: int) -> List[Run]:
        """The first one, which makes what later ones find, does not count."""
        seat.run()
        return [seat.run() for _ in range(count)]

    def one_shot(self) -> None:
        with ScriptedEngine(hello()) as engine:
            say("one-shot: cofferdam")
            mine = self.runs(self.seat(self.ours, "one-shot", engine),
                             3 if self.quick else 21)
            theirs = self.of_rivals("one-shot", lambda rival: self.runs(
                self.seat(rival, "one-shot", engine), 5))
        self.row("first_request", median(mine, "request_ms"), "ms", 40,
                 medians(theirs, "request_ms"))
        self.row("peak_memory", median(mine, "peak_mb"), "MB", 25,
                 medians(theirs, "peak_mb"))

    def start_of_terminal(self) -> None:
        """Our own: from its start to the sign that it is ready."""
        found = []
        with ScriptedEngine(hello()) as engine:
            seat = self.seat(self.ours, "prompt", engine)
            for _ in range(3 if self.quick else 11):
                with seat.terminal() as terminal:
                    if not terminal.until(
                            lambda: PROMPT_SIGN in terminal.said, LIMIT_S):
                        raise RuntimeError(f"no prompt: {terminal.said!r}")
                    found.append((terminal.last - terminal.begin) * 1e3)
        self.add("prompt", statistics.median(found), "ms", 40)

    def streamed(self, agent: known.Agent) -> List[Streamed]:
        paced = not self.quick
        with ScriptedEngine(stream(paced)) as engine:
            seat = self.seat(agent, "stream", engine)
            ours = agent is self.ours
            with seat.terminal() as terminal:
                return [stream_in(terminal, seat, typed=ours)]

    def stream(self) -> None:
        say("stream in a terminal: cofferdam")
        mine = self.streamed(self.ours)
        theirs = self.of_rivals("stream in a terminal", self.streamed)
        self.row("stream_cpu", median(mine, "cpu_s"), "s", 0.25,
                 medians(theirs, "cpu_s"))
        times = {name: one if isinstance(one, LeftOut)
                 else one / MARKDOWN_CHARS
                 for name, one in medians(theirs, "bytes").items()}
        self.row("stream_bytes", median(mine, "bytes") / MARKDOWN_CHARS, "x",
                 3, times)

    def long_session(self) -> None:
        messages = LONG_MESSAGES // 10 if self.quick else LONG_MESSAGES
        say(f"a session of {messages} messages, resumed")
        with ScriptedEngine(hello()) as engine:
            seat = self.seat(self.ours, "long", engine)
            seat.run()
            [session] = seat.place.home.rglob("sessions/*/*.jsonl")
            lengthen(session, messages)
            done = [seat.run("--resume", session.stem)
                    for _ in range(2 if self.quick else 7)]
            sent = len(json.loads(engine.requests[-1].body)["messages"])
        if sent < messages:
            raise RuntimeError(f"only {sent} messages were sent")
        self.row("resume", median(done, "request_ms"), "ms", 150, {})
        self.add("long_session_memory", median(done, "peak_mb"), "MB", 60)

    def large(self) -> None:
        files = LARGE_FILES // 100 if self.quick else LARGE_FILES
        say(f"a repository of {files} files")
        whole = self.folder / "large-repository"
        whole.mkdir()
        large_repository(whole, files)
        with ScriptedEngine(hello()) as engine:
            def seat(agent: known.Agent) -> Seat:
                one = self.seat(agent, "large", engine)
                one.place.work.rmdir()
                one.place.work.symlink_to(whole)
                return one

            mine = self.runs(seat(self.ours), 3 if self.quick else 11)
            theirs = self.of_rivals("large", lambda rival: self.runs(
                seat(rival), 3))
        self.row("large_repository", median(mine, "request_ms"), "ms", 60,
                 medians(theirs, "request_ms"))


def median(runs: List, field: str) -> float:
    return statistics.median(getattr(one, field) for one in runs)


def medians(theirs: Dict[str, object], field: str) -> Dict[str, Measured]:
    return {name: runs if isinstance(runs, LeftOut) else median(runs, field)
            for name, runs in theirs.items()}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    go_alone()
    with tempfile.TemporaryDirectory(prefix="agent-speed-") as folder:
        bench = Bench(pathlib.Path(folder), options.quick)
        bench.one_shot()
        bench.start_of_terminal()
        bench.stream()
        bench.long_session()
        bench.large()
        bench.starter.end()
    names = [f"{one.name} {one.version}" for one in bench.rivals]
    json.dump({"baseline": ", ".join(names) or "none", "text": bench.text(),
               "figures": bench.figures}, sys.stdout)
    print()


if __name__ == "__main__":
    main()
