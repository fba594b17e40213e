"""Work of real coding agents: started by `cofferdam run`, through a real gate,
before a provider double that says what the model is to write."""

import contextlib
import dataclasses
import difflib
import pathlib
import random
import sys
from typing import Dict, List, Sequence

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

import agents  # noqa: E402
import clients  # noqa: E402
import house  # noqa: E402
import scenario  # noqa: E402
from double import Double, Script, Step, custom_tool, text, tool  # noqa: E402

from . import lines as ls  # noqa: E402
from . import twin as twins  # noqa: E402

RUN_S = 180
PATCH_CONTEXT = 3
DONE = "The work is done."
TEAM = "applied-ai"


class AgentFailed(Exception):
    """An agent did not leave what its model said."""


@dataclasses.dataclass(frozen=True)
class Agent:
    """One tool with one model behind it; `key` is the kind of its script."""
    tool: str
    model: str
    dialect: str
    key: str
    weight: int

    def command(self, prompt: str) -> List[str]:
        if self.tool == "claude-code":
            words = agents.claude_words(prompt)
            words[words.index("--model") + 1] = self.model
            return words
        if self.tool == "codex":
            return agents.codex_words(prompt, self.model)
        if self.tool == "gemini-cli":
            words = agents.gemini_words(prompt)
            words[words.index("-m") + 1] = self.model
            return words
        provider = "cofferdam" if self.dialect == "chat" else "anthropic"
        return agents.opencode_words(prompt, f"{provider}/{self.model}")


AGENTS = [
    Agent("claude-code", "claude-sonnet-4-5", "anthropic", "claude", 26),
    Agent("claude-code", "claude-opus-4-5", "anthropic", "claude", 10),
    Agent("codex", "gpt-5.1-codex", "openai", "codex", 16),
    Agent("codex", "gpt-5.5", "openai", "codex-known", 20),
    Agent("gemini-cli", "gemini-2.5-flash", "gemini", "gemini", 16),
    Agent("opencode", "m1", "chat", "opencode", 9),
    Agent("opencode", "claude-sonnet-4-5", "anthropic", "opencode", 8),
]


@dataclasses.dataclass
class Edit:
    """Lines `begin` to `end` of a file (from 0, end not included) are
    replaced by `new`."""
    begin: int
    end: int
    new: List[str]


@dataclasses.dataclass
class Task:
    """What a model is to do in one run: files that are new, files that it
    reads and writes again, files that it reads and edits."""
    prompt: str
    created: Dict[str, str] = dataclasses.field(default_factory=dict)
    rewritten: Dict[str, str] = dataclasses.field(default_factory=dict)
    edited: Dict[str, "Edited"] = dataclasses.field(default_factory=dict)

    def read(self) -> List[str]:
        return [*self.rewritten, *self.edited]

    def results(self) -> Dict[str, str]:
        return {**self.created, **self.rewritten,
                **{path: one.after() for path, one in self.edited.items()}}


@dataclasses.dataclass
class Edited:
    """A file's lines before, and edits from top to bottom."""
    before: List[str]
    edits: List[Edit]

    def __post_init__(self):
        """Edits that would show the same lines around them become one."""
        made: List[Edit] = []
        for edit in self.edits:
            while made and self._around(made[-1])[1] + PATCH_CONTEXT > \
                    self._around(edit)[0] - PATCH_CONTEXT:
                last = made.pop()
                edit = Edit(last.begin, edit.end, last.new + self.before[
                    last.end:edit.begin] + edit.new)
            made.append(edit)
        self.edits = made

    def after(self) -> str:
        rows = list(self.before)
        for edit in reversed(self.edits):
            rows[edit.begin:edit.end] = edit.new
        return "".join(row + "\n" for row in rows)

    def _around(self, edit: Edit):
        """The fewest lines around an edit that stand once in the file."""
        text = "\n" + "\n".join(self.before) + "\n"
        for more in range(1, len(self.before)):
            begin = max(0, edit.begin - more)
            end = min(len(self.before), edit.end + more)
            old = "\n".join(self.before[begin:end])
            if old.strip() and text.count("\n" + old + "\n") == 1 and \
                    text.count(old) == 1:
                return begin, end
        return 0, len(self.before)

    def replacements(self):
        """Old and new text of each edit, as an edit tool takes them."""
        for edit in self.edits:
            begin, end = self._around(edit)
            new = (self.before[begin:edit.begin] + edit.new
                   + self.before[edit.end:end])
            yield ("\n".join(self.before[begin:end]), "\n".join(new))

    def hunks(self) -> str:
        """The same as an apply_patch body."""
        rows: List[str] = []
        for edit in self.edits:
            begin = min(self._around(edit)[0],
                        max(0, edit.begin - PATCH_CONTEXT))
            end = max(self._around(edit)[1],
                      min(len(self.before), edit.end + PATCH_CONTEXT))
            rows.append("@@")
            rows += [" " + row for row in self.before[begin:edit.begin]]
            rows += ["-" + row for row in self.before[edit.begin:edit.end]]
            rows += ["+" + row for row in edit.new]
            rows += [" " + row for row in self.before[edit.end:end]]
        return "\n".join(rows) + "\n"


def _patch(task: Task) -> str:
    return "*** Begin Patch\n" + "".join(
        f"*** Update File: {path}\n{one.hunks()}"
        for path, one in task.edited.items()) + "*** End Patch\n"


def _codex(task: Task, known: bool):
    first, second = [], []
    if known and task.created:
        rows = "".join(
            f"*** Add File: {path}\n" + "".join(
                f"+{row}\n" for row in words.splitlines())
            for path, words in task.created.items())
        first.append(custom_tool(
            "apply_patch", f"*** Begin Patch\n{rows}*** End Patch\n"))
    elif task.created:
        first += [tool("exec_command", {"cmd": scenario.heredoc(path, words)})
                  for path, words in task.created.items()]
    first += [tool("exec_command", {"cmd": f"cat {path}"})
              for path in task.read()]
    second += [tool("exec_command", {"cmd": scenario.heredoc(path, words)})
               for path, words in task.rewritten.items()]
    if task.edited and known:
        second.append(custom_tool("apply_patch", _patch(task)))
    elif task.edited:
        second.append(tool("exec_command", {
            "cmd": f"apply_patch <<'EOF'\n{_patch(task)}EOF"}))
    return first, second


# Per kind of tool: the names of its calls and of their arguments.
_CALLS = {
    "claude": ("Write", "Read", "Edit", "file_path", "old_string",
               "new_string", {}),
    "gemini": ("write_file", "read_file", "replace", "file_path",
               "old_string", "new_string", {"instruction": "As was asked."}),
    "opencode": ("write", "read", "edit", "filePath", "oldString",
                 "newString", {}),
}


def _calls(kind: str, task: Task, repo: pathlib.Path):
    write, read, edit, path_word, old_word, new_word, more = _CALLS[kind]
    first = [tool(write, {path_word: str(repo / path), "content": words})
             for path, words in task.created.items()]
    first += [tool(read, {path_word: str(repo / path)})
              for path in task.read()]
    second = [tool(write, {path_word: str(repo / path), "content": words})
              for path, words in task.rewritten.items()]
    for path, one in task.edited.items():
        for old, new in one.replacements():
            second.append(tool(edit, {path_word: str(repo / path),
                                      old_word: old, new_word: new, **more}))
    return first, second


def _quoted(task: Task) -> str:
    """Models repeat what they have read before they change it."""
    rows = [row for one in task.edited.values() for row in one.before[4:34]]
    return ("This is what stands there now:\n\n```\n" + "\n".join(rows)
            + "\n```\n\nI change it." if rows else "I go on.")


def script_of(agent: Agent, task: Task, repo: pathlib.Path) -> Script:
    if agent.tool == "codex":
        first, second = _codex(task, agent.key == "codex-known")
    else:
        first, second = _calls(agent.key, task, repo)
    done = Step([text(DONE)], label="done")
    turns = [Step([text("I begin."), *first], label="first")]
    if second:
        turns += [Step([text(_quoted(task)), *second],
                       label="second")] * len(first)
    return Script([*turns, *[done] * (1 if second else len(first) + 1)],
                  side=Step([text("Some work")], label="side"),
                  credential=house.UPSTREAM_KEY)


class Place(agents.AgentHome):
    """An engineer's home; the repository is one that all share."""

    def __init__(self, root: pathlib.Path, repo: pathlib.Path):
        self.root, self.remote, self._repo = root, "", repo
        for folder in (self.home, self.tmp):
            folder.mkdir(parents=True)
        self.gemini_settings()

    @property
    def repo(self) -> pathlib.Path:
        return self._repo


@dataclasses.dataclass
class Run:
    """One run of an agent, as the truth knows it."""
    number: int
    tool: str
    model: str
    provider: str
    person: str
    responses: List[str]


class Desk:
    """A gate with doubles behind it, and engineers with agents before it."""

    def __init__(self, root: pathlib.Path, repo: pathlib.Path,
                 people: Sequence[twins.Who]):
        agents.agents_bin()
        self.runs: List[Run] = []
        self.repo = repo
        self._open = contextlib.ExitStack()
        self.double = self._open.enter_context(Double(seed=1))
        self.site = house.Site(root / "site", config=house.config_text(
            root / "site" / "data", **{d: self.double.url for d in (
                "anthropic", "openai", "chat", "gemini")}))
        self.gate = self.site.serve()
        self._engineers = {}
        for n, who in enumerate(people):
            place = Place(root / f"engineer-{n}", repo)
            self._engineers[who] = house.Engineer(
                self.site, place, self.gate.url, who.email, TEAM)

    def work(self, agent: Agent, who: twins.Who, task: Task) -> Run:
        """Lets the agent do it; AgentFailed unless the files then say what
        they should."""
        before = len(self.double.main_exchanges())
        self.double.use_script(script_of(agent, task, self.repo))
        engineer = self._engineers[who]
        process = clients._start(
            [str(house.binary()), "run", "--purpose", "product", "--",
             *agent.command(task.prompt)], engineer.place,
            {**engineer.env(), "CLAUDE_CODE_MAX_RETRIES": "3"})
        done = clients.finish(process, RUN_S)
        for path, words in task.results().items():
            file = self.repo / path
            found = file.read_text() if file.exists() else ""
            if found != words:
                raise AgentFailed(
                    f"{agent.tool} {agent.model}: {path} is not as the model "
                    f"said\n{done}\n" + "\n".join(difflib.unified_diff(
                        words.split("\n"), found.split("\n"), "said",
                        "found", lineterm="", n=1)))
        heard = self.double.main_exchanges()[before:]
        run = Run(len(self.runs), agent.tool, agent.model,
                  house.PROVIDERS[agent.dialect].name, who.email,
                  [e.response_id for e in heard])
        self.runs.append(run)
        return run

    def exchanges(self) -> Dict[str, int]:
        """Exchange id in the ledger -> run."""
        of = {response: run.number for run in self.runs
              for response in run.responses}
        return {record["id"]: of[record["provider_response_id"]]
                for record in self.site.exchanges()
                if record.get("provider_response_id") in of}

    def close(self) -> None:
        """Ends the gate; what it knows is then in the index."""
        self.site.ok("index", "build", timeout_s=300)
        self.gate.stop()
        self._open.close()

    def abandon(self) -> None:
        if self.gate.process.poll() is None:
            self.gate.kill()
        self._open.close()


def chosen(dice: random.Random) -> Agent:
    return dice.choices(AGENTS, [agent.weight for agent in AGENTS])[0]
