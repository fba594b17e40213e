"""What tools and people say in git of who wrote what: trailers of commit
messages and git-ai notes (authorship/3.0.0), as often missing and as often
wrong as elsewhere; and what whoever believes them alone would conclude.

The rates are those counted in git-ai's own repository, whose makers use their
own tool: of 2,258 commits that a note or a trailer gives to a model, notes
cover 70 % and trailers 62 %, and of commits with both, 13 % of the trailers
name another model than the note."""

import collections
import dataclasses
import hashlib
import json
import random
import re
from typing import Dict, List, Optional, Sequence, Tuple

from . import lines as ls
from . import twin as twins
from .work import Run

NOTE_RATE = 0.70
TRAILER_RATE = 0.62
TRAILER_OTHER_RATE = 0.13
# Commits of people that carry a trailer or a note of a model's all the same.
STRAY_RATE = 0.02
NOTE_DIRTY_RATE = 0.10
DIRTY_MODELS = ("unknown", "default", "<synthetic>")

_TRAILERS = {
    "claude-code": "Co-Authored-By: Claude Sonnet 4.5 <noreply@anthropic.com>",
    "codex": "Co-authored-by: Codex <noreply@openai.com>",
    "gemini-cli": "Assisted-by: Gemini:gemini-2.5-flash",
    "opencode": "Assisted-by: opencode:m1",
}
_IS_TRAILER = re.compile(
    r"(?im)^(co-authored-by|assisted-by|generated-by):.*(claude|codex|gemini|"
    r"opencode|openai|anthropic)")


def trailers(run: Optional[Run], dice: random.Random) -> List[str]:
    """Of a commit with a model's work, or of a person's."""
    if run is None:
        return ([dice.choice(list(_TRAILERS.values()))]
                if dice.random() < STRAY_RATE else [])
    if dice.random() >= TRAILER_RATE:
        return []
    others = [tool for tool in _TRAILERS if tool != run.tool]
    tool = (dice.choice(others) if dice.random() < TRAILER_OTHER_RATE
            else run.tool)
    return [_TRAILERS[tool]]


def _ranges(numbers: Sequence[int]) -> str:
    parts: List[List[int]] = []
    for number in numbers:
        if parts and parts[-1][1] == number - 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in parts)


def _digest(*words: str) -> str:
    return hashlib.sha256(":".join(words).encode()).hexdigest()


def note(run: Run, base: str, person: str,
         written: Dict[str, List[int]], dice: random.Random) -> str:
    """As git-ai writes it for the commit on top of `base`; `written`: line
    numbers that the model wrote, by path."""
    session = "s_" + _digest(run.tool, run.responses[0])[:14]
    trace = "t_" + _digest(run.responses[-1], "trace")[:14]
    model = (dice.choice(DIRTY_MODELS) if dice.random() < NOTE_DIRTY_RATE
             else run.model)
    rows = [f"{path}\n  {session}::{trace} {_ranges(numbers)}"
            for path, numbers in written.items() if numbers]
    return "\n".join(rows) + "\n---\n" + json.dumps({
        "schema_version": "authorship/3.0.0", "git_ai_version": "1.6.9",
        "base_commit_sha": base, "prompts": {}, "humans": {},
        "sessions": {session: {
            "agent_id": {"tool": run.tool.split("-")[0],
                         "id": run.responses[0], "model": model},
            "human_author": person, "custom_attributes": {}}}}, indent=2)


def put_note(twin: twins.Twin, commit: str, words: str) -> None:
    twins.git(twin.real, "notes", f"--ref={twins.NOTES}", "add", "-F", "-",
              commit, stdin=words)


# What they alone would say

_ROW = re.compile(r"^  (\S+) ([\d,\-]+)$")


def _noted(words: str) -> Dict[str, set]:
    """Model's lines by path; of several notes in one, all of them."""
    found = collections.defaultdict(set)
    path = ""
    for row in words.split("\n"):
        line = _ROW.match(row)
        if line and path and not line[1].startswith("h_"):
            for part in line[2].split(","):
                first, _, last = part.partition("-")
                found[path].update(range(int(first), int(last or first) + 1))
        elif row and row[0] not in ' {}"' and row != "---":
            path = row
    return found


@dataclasses.dataclass
class Claims:
    """Whether the commit that a line is from claims it for a model."""
    by_trailer: bool
    by_note: bool


class Believer:
    """Looks up, for each line of HEAD, the commit that git blame names, and
    believes its trailers, or its note."""

    def __init__(self, twin: twins.Twin):
        self._twin = twin
        self._trailers: Dict[str, bool] = {}
        self._notes: Dict[str, Dict[str, set]] = {}
        for row in self._notes_there():
            self._notes[row] = _noted(twins.git(
                twin.real, "notes", f"--ref={twins.NOTES}", "show", row))

    def _notes_there(self) -> List[str]:
        """Commits that have a note and are there."""
        try:
            listed = twins.git(self._twin.real, "notes",
                               f"--ref={twins.NOTES}", "list").split()
        except twins.GitFailed:
            return []
        there = set(self._twin.ids("HEAD"))
        return [commit for commit in listed[1::2] if commit in there]

    def _has_trailer(self, commit: str) -> bool:
        if commit not in self._trailers:
            words = twins.git(self._twin.real, "show", "-s", "--format=%B",
                              commit)
            self._trailers[commit] = bool(_IS_TRAILER.search(words))
        return self._trailers[commit]

    def claims(self, path: str) -> List[Claims]:
        """Of each line of a file. Follows moved and copied lines and looks
        past white space, as git blame at its best does."""
        out = twins.git(self._twin.real, "blame", "-w", "-M", "-C",
                        "--porcelain", "HEAD", "--", path)
        found: List[Claims] = []
        names: Dict[str, str] = {}
        at: Tuple[str, int] = ("", 0)
        for row in out.split("\n"):
            head = re.match(r"^([0-9a-f]{40}) (\d+) \d+", row)
            if head:
                at = (head[1], int(head[2]))
            elif row.startswith("filename "):
                names[at[0]] = row[len("filename "):]
            elif row.startswith("\t"):
                noted = self._notes.get(at[0], {}).get(names[at[0]], ())
                found.append(Claims(self._has_trailer(at[0]),
                                    at[1] in noted))
        return found
