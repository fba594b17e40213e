"""What happens to a history after it was written. Each stage is a repository
of its own, made from the one as committed; git does its work in both twins,
and where the two then differ in their words the step is given up or there is
an error."""

import pathlib
import random
import re
import shlex
import sys
import time
from typing import Callable, Dict, List, Tuple

from . import formatters
from . import lines as ls
from . import marks
from . import story as stories
from . import twin as twins

# Of consecutive commits that a person makes one of.
SQUASHED = (2, 6)
SQUASH_MERGED = 12
PICKED_RATE = 0.8
RENAMED_RATE = 0.3


class Stages:
    """Makes stages of `base` in `root`. `start`: the real repository's last
    commit before any model's."""

    def __init__(self, base: twins.Twin, root: pathlib.Path,
                 makers: ls.Makers, start: str, resolved: ls.Tree,
                 people, dice: random.Random):
        self.base, self.root, self.makers = base, root, makers
        self.start, self.resolved = start, resolved
        self.people, self.dice = people, dice

    def all(self) -> Dict[str, Callable[[], twins.Twin]]:
        return {"committed": lambda: self.base,
                "squashed": self.squashed, "rebased": self.rebased,
                "cherry-picked": self.cherry_picked, "renamed": self.renamed,
                "reformatted": self.reformatted, "merged": self.merged,
                "filtered": self.filtered, "everything": self.everything}

    def _who(self) -> twins.Who:
        return self.dice.choice(stories.ENGINEERS)

    def _commit(self, twin: twins.Twin, words: str,
                changes: stories.Changes) -> None:
        twin.write(changes)
        twin.commit(words + "\n", self._who(), int(time.time()))

    def _start_in(self, twin: twins.Twin) -> Tuple[str, str]:
        """The last commit before any model's, in both."""
        count = len(twins.git(twin.real, "rev-list", self.start).split())
        shadow = twins.git(twin.shadow, "rev-list", "--reverse",
                           "--topo-order", "main").split()
        return self.start, shadow[count - 1]

    # The stages

    def squashed(self) -> twins.Twin:
        """rebase -i over all of it, runs of commits made one; then the last
        ones once more, as a forge's squash merge makes one of a branch."""
        twin = self.base.cloned(self.root / "squashed")
        self._squash(twin)
        return twin

    def _squash(self, twin: twins.Twin) -> None:
        count = len(twins.git(twin.real, "rev-list", "--no-merges",
                              f"{self.start}..main").split())
        plan: List[str] = []
        while len(plan) < count:
            length = (self.dice.randint(*SQUASHED)
                      if self.dice.random() < 0.6 else 1)
            plan += ["pick"] + ["squash"] * (length - 1)
        plan_file = twin.root / "plan"
        plan_file.write_text("\n".join(plan[:count]) + "\n")
        editor = shlex.join([sys.executable, str(
            pathlib.Path(__file__).with_name("squash_plan.py")),
            str(plan_file)])
        for folder, start in zip((twin.real, twin.shadow),
                                 self._start_in(twin)):
            twins.git(folder, "rebase", "-q", "-i", start, env={
                "GIT_SEQUENCE_EDITOR": editor})
        twin.tree()
        count = len(twin.ids(f"{self.start}..main"))
        back = min(SQUASH_MERGED, max(1, count // 3))
        twin.both("branch", "topic")
        twin.both("reset", "-q", "--hard", f"HEAD~{back}")
        twin.both("merge", "-q", "--squash", "topic")
        twin.commit("Bring the topic in (#214)\n", self._who(),
                    int(time.time()))
        twin.both("branch", "-D", "topic")

    def rebased(self) -> twins.Twin:
        """Onto a base to which people have added files, and lines at the top
        of files."""
        twin = self.base.cloned(self.root / "rebased")
        end = twin.tree()
        start, shadow_start = self._start_in(twin)
        for folder, commit in ((twin.real, start),
                               (twin.shadow, shadow_start)):
            twins.git(folder, "checkout", "-q", "-b", "other-base", commit)
        before = twin.tree()
        calm = [path for path, document in sorted(before.items())
                if path in end and len(document) > 10
                and end[path][:8] == document[:8]]
        for n, path in enumerate(calm[:6]):
            rows = [f"# {words}" if path.endswith(".py") else f"// {words}"
                    for words in (f"Part {n} of what came before.",
                                  "Reviewed by the owners of this folder.",
                                  "")]
            self._commit(twin, "Say what the file is", {
                path: self.makers.written(rows, stories.HUMAN)
                + before[path]})
        language = self.dice.choice(self.people.languages())
        source = self.people.file(language)
        self._commit(twin, "Add a file on the other base", {
            "src/core/other_base" + stories.material.LANGUAGES[language]:
            self.makers.written(source.lines, stories.HUMAN)})
        for folder, commit in ((twin.real, start),
                               (twin.shadow, shadow_start)):
            twins.git(folder, "rebase", "-q", "--onto", "other-base", commit,
                      "main")
        return twin

    def cherry_picked(self) -> twins.Twin:
        """Most commits, one by one, on a branch from the start; what meets a
        conflict is left out."""
        twin = self.base.cloned(self.root / "cherry-picked")
        start, shadow_start = self._start_in(twin)
        listed = [twins.git(folder, "rev-list", "--reverse", "--topo-order",
                            "--no-merges", f"{commit}..main").split()
                  for folder, commit in ((twin.real, start),
                                         (twin.shadow, shadow_start))]
        for folder, commit in ((twin.real, start),
                               (twin.shadow, shadow_start)):
            twins.git(folder, "checkout", "-q", "-b", "release", commit)
        for real, shadow in zip(*listed):
            if self.dice.random() < PICKED_RATE:
                self._pick(twin, real, shadow)
        return twin

    @staticmethod
    def _pick(twin: twins.Twin, real: str, shadow: str) -> bool:
        """Takes it over, or leaves both as they were."""
        heads = [twins.git(folder, "rev-parse", "HEAD").strip()
                 for folder in (twin.real, twin.shadow)]
        try:
            twins.git(twin.real, "cherry-pick", real)
            twins.git(twin.shadow, "cherry-pick", shadow)
            twin.tree()
            return True
        except (twins.GitFailed, twins.TwinsDiffer, ValueError):
            for folder, head in zip((twin.real, twin.shadow), heads):
                for words in (("cherry-pick", "--abort"),
                              ("reset", "-q", "--hard", head)):
                    try:
                        twins.git(folder, *words)
                    except twins.GitFailed:
                        pass
            return False

    def renamed(self) -> twins.Twin:
        """A folder moves, then single files, some with a word changed."""
        twin = self.base.cloned(self.root / "renamed")
        self._rename(twin)
        return twin

    def _rename(self, twin: twins.Twin) -> None:
        twin.both("mv", "src/core", "src/kernel")
        twin.commit("Move core\n", self._who(), int(time.time()))
        tree = twin.tree()
        writer = stories.Story(twin, None, self.people, self.people,
                               self.dice)
        writer.makers = self.makers
        changes: stories.Changes = {}
        for path, document in sorted(tree.items()):
            if self.dice.random() >= RENAMED_RATE:
                continue
            name = path.rpartition("/")[2]
            new = f"lib/{path.split('/')[1]}/moved_{name}"
            if self.dice.random() < 0.3:
                try:
                    document = writer._tweaked(path, document, 2, ls.MODEL,
                                               stories.HUMAN)
                except stories.NoPlace:
                    pass
            changes[path], changes[new] = None, document
        self._commit(twin, "Sort files by what they are for", changes)

    def reformatted(self) -> twins.Twin:
        twin = self.base.cloned(self.root / "reformatted")
        self._reformat(twin)
        return twin

    def _reformat(self, twin: twins.Twin) -> None:
        tree = twin.tree()
        for suffixes, words in ((formatters.CLANG_FORMATTED, "clang-format"),
                                ((".py",), "black")):
            changes: stories.Changes = {}
            for path, document in sorted(tree.items()):
                if path.endswith(suffixes):
                    changes[path] = formatters.formatted(path, document,
                                                         self.makers)
            self._commit(twin, f"Run {words} on everything", changes)

    def merged(self) -> twins.Twin:
        """`feature` into `mainline`; a person resolves what conflicts."""
        twin = self.base.cloned(self.root / "merged", "mainline")
        for folder in (twin.real, twin.shadow):
            try:
                twins.git(folder, "merge", "-q", "--no-ff", "feature")
                raise twins.TwinsDiffer("there was no conflict")
            except twins.GitFailed:
                pass
            left = set(twins.git(folder, "diff", "--name-only",
                                 "--diff-filter=U").split())
            if left != set(self.resolved):
                raise twins.TwinsDiffer(f"conflicts in {sorted(left)}")
        self._commit(twin, "Merge feature", dict(self.resolved))
        return twin

    def filtered(self) -> twins.Twin:
        twin = self.base.cloned(self.root / "filtered")
        self._filter(twin)
        return twin

    @staticmethod
    def _filter(twin: twins.Twin) -> None:
        """git-filter-repo: paths move in every commit, so every id changes."""
        for folder in (twin.real, twin.shadow):
            done = formatters.python(
                "git_filter_repo", "--force", "--path-rename",
                "src/:product/code/", cwd=folder)
            if done.returncode != 0:
                raise twins.GitFailed(done.stdout + done.stderr)
            # It takes the remote away; who goes on with it names it again.
            if "origin" not in twins.git(folder, "remote").split():
                twins.git(folder, "remote", "add", "origin", twin.remote)

    def everything(self) -> twins.Twin:
        """Squashed, then renamed, reformatted and filtered."""
        twin = self.base.cloned(self.root / "everything")
        self._squash(twin)
        self._rename(twin)
        self._reformat(twin)
        self._filter(twin)
        return twin


def truth(twin: twins.Twin, makers: ls.Makers) -> List[str]:
    """A row for each line of HEAD that is not blank: path, number, hand, its
    runs, and whether trailers and notes alone give it to a model."""
    believer = marks.Believer(twin)
    rows = []
    for path, document in sorted(twin.tree().items()):
        claims = believer.claims(path)
        for number, (line, claim) in enumerate(zip(document, claims), 1):
            if line.is_blank():
                continue
            maker = makers[line]
            rows.append("\t".join((
                path, str(number), maker.hand,
                ",".join(map(str, maker.runs)) or "-",
                "model" if claim.by_trailer else "-",
                "model" if claim.by_note else "-")))
    return rows
