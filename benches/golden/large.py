"""A repository of 100,000 lines and 5,000 commits, for speed: people's code
with blocks of what the golden history's models wrote in its last fifth."""

import pathlib
import random
import subprocess
from typing import Dict, List

from . import material
from . import twin as twins

FILES = 200
COMMITS = 5000
LINES = 100_000
# Lines that one commit puts in, and of those before it takes out.
ADDED = (14, 46)
TAKEN_MAX = 18
# Only the last commits come after the models' exchanges.
MODEL_COMMITS = 1000
MODEL_RATE = 0.5
START_S = 1_577_836_800
STEP_S = 11 * 3600
# What a commit holds that a hook is to judge: files, lines of each.
STAGED_FILES = 20
STAGED_LINES = 60


class _Text:
    """Lines of one language in their order, again from the start at the
    end."""

    def __init__(self, lines: List[str]):
        self._lines, self._at = lines, 0

    def take(self, count: int) -> List[str]:
        if self._at + count > len(self._lines):
            self._at = 0
        self._at += count
        return self._lines[self._at - count:self._at]


def _texts(pile: material.Pile, languages: List[str],
           each: int) -> Dict[str, _Text]:
    found = {}
    for language in languages:
        lines: List[str] = []
        while len(lines) < each:
            try:
                lines += pile.file(language).lines + [""]
            except LookupError:
                break
        found[language] = _Text(lines)
    return found


def _blob(lines: List[str]) -> bytes:
    text = "\n".join(lines).encode() + b"\n"
    return b"data %d\n%s\n" % (len(text), text)


def make(folder: pathlib.Path, people: material.Pile, model_lines,
         made_at_s: int, dice: random.Random, shrink: int = 1) -> None:
    """Into `folder`, which is made. `model_lines`: lines of models by
    language. `shrink` divides its size."""
    files, commits, lines = (FILES // shrink, COMMITS // shrink,
                             LINES // shrink)
    languages = [name for name in people.languages() if name in model_lines]
    mine = _texts(people, languages, 4 * lines // len(languages))
    theirs = {name: _Text(model_lines[name]) for name in languages}
    names = [f"src/{n % 20}/part_{n}"
             f"{material.LANGUAGES[languages[n % len(languages)]]}"
             for n in range(files)]
    state: List[List[str]] = [[] for _ in names]
    total = 0
    folder.mkdir(parents=True)
    twins.git(folder, "init", "-q", "-b", "main")
    process = subprocess.Popen(["git", "fast-import", "--quiet"], cwd=folder,
                               stdin=subprocess.PIPE,
                               env=twins.environment())
    for n in range(commits):
        late = n - (commits - MODEL_COMMITS // shrink)
        at = made_at_s + late if late >= 0 else START_S + n * STEP_S
        which = dice.randrange(files)
        document = state[which]
        language = languages[which % len(languages)]
        wanted = (n + 1) * lines // commits - total
        source = (theirs if late >= 0 and dice.random() < MODEL_RATE
                  else mine)[language]
        new = source.take(dice.randint(*ADDED))
        taken = max(0, min(len(document), len(new) - wanted))
        begin = dice.randint(0, len(document) - taken)
        state[which] = document[:begin] + new + document[begin + taken:]
        total += len(new) - taken
        words = f"Change {n}"
        process.stdin.write(
            f"commit refs/heads/main\n"
            f"committer Ada Berg <ada@example.com> {at} +0000\n"
            f"data {len(words)}\n{words}\n"
            f"M 100644 inline {names[which]}\n".encode()
            + _blob(state[which]))
    process.stdin.close()
    if process.wait() != 0:
        raise twins.GitFailed("git fast-import")
    twins.git(folder, "reset", "-q", "--hard", "main")


def stage(folder: pathlib.Path, model_lines: Dict[str, List[str]]) -> None:
    """Puts new files with a model's lines into the index of a repository."""
    texts = {name: _Text(rows) for name, rows in model_lines.items()
             if len(rows) >= STAGED_LINES}
    names = sorted(texts)
    for n in range(STAGED_FILES):
        language = names[n % len(names)]
        file = (folder / "training" / f"part_{n}"
                ).with_suffix(material.LANGUAGES[language])
        file.parent.mkdir(exist_ok=True)
        file.write_text("\n".join(texts[language].take(STAGED_LINES)) + "\n")
    twins.git(folder, "add", "-A")
