"""The golden history itself: what people and agents do to a repository, commit
by commit, and whose each line is after it."""

import collections
import dataclasses
import keyword
import random
import re
import sys
import time
from typing import Callable, Dict, List, Optional, Tuple

from . import lines as ls
from . import marks
from . import material
from . import twin as twins
from . import work

ENGINEERS = [twins.Who("Ada Berg", "ada@example.com"),
             twins.Who("Ben Cole", "ben@example.com"),
             twins.Who("Eve Dunn", "eve@example.com")]
FOLDERS = ("core", "net", "store", "view", "jobs")
# The people's own start, before any model: one commit a week from 2020 on.
START_S = 1_577_836_800
WEEK_S = 7 * 86_400
HUMAN = ls.Maker(ls.HUMAN)
# The language of the answers that models are known to have written.
LANGUAGE_WEIGHTS = {"python": 3}
TRIES_MAX = 40
# Runs whose agent left something else than its model said: nothing of them is
# committed, though the ledger knows them.
FAILED_MAX = 5
# Share of a model's files that a person works on before the first commit.
TOUCHED_BEFORE_COMMIT_RATE = 0.25

Changes = Dict[str, Optional[ls.Document]]


class NoPlace(Exception):
    """The tree has nothing that such a commit could be about."""


@dataclasses.dataclass(frozen=True)
class Size:
    """How many commits of each kind; a branch is two commits and a merge."""
    start: int
    counts: Dict[str, int]

    def plan(self, dice: random.Random) -> List[str]:
        kinds = [kind for kind, count in self.counts.items()
                 for _ in range(count)]
        dice.shuffle(kinds)
        # Files of models must be there before somebody works on them.
        first = [kind for kind in ("model_new", "model_new", "model_edit",
                                   "model_new") if kind in kinds]
        for kind in first:
            kinds.remove(kind)
        return first + kinds


FULL = Size(14, {
    "model_new": 32, "model_edit": 24, "model_rewrite": 10,
    "model_changes_person": 6, "model_on_model": 8, "person_new": 20,
    "person_edit": 24, "person_tweaks_model": 22, "person_adds_to_model": 12,
    "person_renames_in_model": 6, "person_moves_model": 6,
    "person_deletes": 6, "branch": 3})
QUICK = Size(4, {
    "model_new": 4, "model_edit": 3, "model_rewrite": 1,
    "model_changes_person": 1, "model_on_model": 1, "person_new": 1,
    "person_edit": 2, "person_tweaks_model": 2, "person_adds_to_model": 1,
    "person_renames_in_model": 1, "person_moves_model": 1, "branch": 1})


_WORD = re.compile(r"[A-Za-z_]\w{2,}")
_RESERVED = set(keyword.kwlist) | set("""abstract async auto bool boolean break
byte case catch char class const continue default defer delete double else enum
export extends extern final finally float fn for from func function goto if impl
implements import in include int interface let long loop match mod module move
mut namespace new nil null nullptr override package private protected pub public
range return self short signed sizeof static string struct super switch template
this throw throws trait true false try type typename undefined union unsafe
unsigned use using var virtual void volatile where while with yield None True
False and not str def pass""".split())


def words_in(text: str) -> List[str]:
    """Names in a line, but for what stands in a literal or a comment."""
    bare = re.sub(r'"(\\.|[^"\\])*"|\'(\\.|[^\'\\])*\'|`[^`]*`', "", text)
    bare = re.split(r"//|(?<!\S)#|/\*", bare)[0]
    return [w for w in _WORD.findall(bare) if w not in _RESERVED]


def renamed(text: str, old: str, new: str) -> str:
    return re.sub(rf"\b{re.escape(old)}\b", new, text)


def other_name(word: str, dice: random.Random) -> str:
    more = dice.choice(("Local", "Next", "Old", "Inner", "Given", "Final"))
    if "_" in word or word.islower():
        return f"{word}_{more.lower()}"
    return word + more


class Story:
    """Writes the history of `twin`, whose agents sit at `desk`."""

    def __init__(self, twin: twins.Twin, desk: work.Desk, people, models,
                 dice: random.Random):
        self.twin, self.desk, self.dice = twin, desk, dice
        self.people, self.models = people, models
        self.makers = ls.Makers()
        self.tree: ls.Tree = {}
        self.languages = [name for name in people.languages()
                          if name in models.languages()
                          for _ in range(LANGUAGE_WEIGHTS.get(name, 1))]
        self._names: set = set()
        self._commits = 0
        self._failed: List[work.AgentFailed] = []
        self.said = lambda text: print(text, file=sys.stderr, flush=True)

    # Telling

    def tell(self, size: Size) -> None:
        for week in range(size.start):
            changes: Changes = {}
            for _ in range(self.dice.randint(2, 3)):
                changes.update(self._new_file_of_a_person())
            self._commit("Add what we do by hand today", self._engineer(),
                         changes, at=START_S + week * WEEK_S)
        self.start = self.twin.head()
        for kind in size.plan(self.dice):
            for attempt in range(TRIES_MAX):
                try:
                    getattr(self, "_" + kind)()
                    break
                except (NoPlace, LookupError):
                    if attempt + 1 == TRIES_MAX:
                        self.said(f"golden: no place for {kind}; left out")

    def _commit(self, words: str, who: twins.Who, changes: Changes,
                run: Optional[work.Run] = None,
                at: Optional[int] = None) -> str:
        """`run`: whose work it is, if a model's."""
        base = self.twin.head() if self._commits else "0" * 40
        said = marks.trailers(run, self.dice) if at is None else []
        self.twin.write(changes)
        commit = self.twin.commit("\n".join([words, "", *said]), who,
                                  at or int(time.time()))
        if run is not None and self.dice.random() < marks.NOTE_RATE:
            marks.put_note(self.twin, commit, marks.note(
                run, base, who.email, self._written(changes, run),
                self.dice))
        elif run is None and at is None and self.desk.runs and \
                self.dice.random() < marks.STRAY_RATE:
            # As when a note is copied to the wrong commit.
            marks.put_note(self.twin, commit, marks.note(
                self.desk.runs[-1], base, who.email,
                {path: list(range(1, len(document) + 1))
                 for path, document in changes.items() if document},
                self.dice))
        for path, document in changes.items():
            self.tree.pop(path, None)
            if document is not None:
                self.tree[path] = document
        self._commits += 1
        self.said(f"golden: commit {self._commits}: {words}")
        return commit

    def _written(self, changes: Changes,
                 run: work.Run) -> Dict[str, List[int]]:
        """Numbers of the lines that this run alone made, by path."""
        return {path: [n for n, line in enumerate(document, 1)
                       if self.makers[line] == ls.Maker(ls.MODEL,
                                                        (run.number,))]
                for path, document in changes.items() if document}

    # Picking

    def _engineer(self) -> twins.Who:
        return self.dice.choice(ENGINEERS)

    def _path(self, language: str, name: str) -> str:
        name = re.sub(r"\W+", "_", name).strip("_").lower() or "part"
        for n in range(1000):
            path = (f"src/{self.dice.choice(FOLDERS)}/{name}"
                    f"{'_' + str(n) if n else ''}"
                    f"{material.LANGUAGES[language]}")
            if path not in self._names:
                self._names.add(path)
                return path
        raise NoPlace

    @staticmethod
    def language(path: str) -> str:
        return {suffix: name for name, suffix in
                material.LANGUAGES.items()}["." + path.rpartition(".")[2]]

    def _share(self, document: ls.Document) -> float:
        """Of lines with words, how many a model had a hand in."""
        full = [line for line in document if not line.is_blank()]
        return sum(self.makers[line].hand != ls.HUMAN
                   for line in full) / max(1, len(full))

    def _some_path(self, fits: Callable[[ls.Document], bool]) -> str:
        paths = [path for path, document in sorted(self.tree.items())
                 if fits(document)]
        if not paths:
            raise NoPlace
        return self.dice.choice(paths)

    def _of_people(self) -> str:
        return self._some_path(lambda d: self._share(d) < 0.5
                               and len(d) > 15)

    def _of_models(self) -> str:
        return self._some_path(lambda d: self._share(d) > 0.3
                               and len(d) > 15)

    def _gap(self, path: str) -> int:
        places = material.gaps(self.language(path),
                               [line.text for line in self.tree[path]])
        if not places:
            raise NoPlace
        return self.dice.choice(places)

    def _whole(self, path: str, document: ls.Document) -> ls.Document:
        if not material.parses(self.language(path),
                               [line.text for line in document]):
            raise NoPlace
        return document

    def _block(self, pile: material.Pile, path: str) -> List[str]:
        return pile.block(self.language(path))

    def _prompt(self) -> str:
        return self.dice.choice((
            "Please do what the ticket says.", "Add what is missing here.",
            "Write the part that we talked about.", "Go on with the work."))

    # People

    def _new_file_of_a_person(self) -> Changes:
        source = self.people.file(self.dice.choice(self.languages))
        return {self._path(source.language, source.name):
                self.makers.written(source.lines, HUMAN)}

    def _person_new(self) -> None:
        self._commit("Add a file", self._engineer(),
                     self._new_file_of_a_person())

    def _put_in(self, path: str, rows: List[str],
                maker: ls.Maker) -> Tuple[ls.Document, work.Edit]:
        """The document with a block put in, and the edit that does it."""
        at = self._gap(path)
        document = self.tree[path]
        new = [*rows, ""]
        return (self._whole(path, document[:at] + self.makers.written(
            new, maker) + document[at:]), work.Edit(at, at, new))

    def _person_edit(self) -> None:
        changes: Changes = {}
        for _ in range(self.dice.randint(1, 2)):
            path = self._of_people()
            if path not in changes:
                changes[path] = self._put_in(
                    path, self._block(self.people, path), HUMAN)[0]
        self._commit("Extend by hand", self._engineer(), changes)

    def _person_adds_to_model(self) -> None:
        path = self._of_models()
        self._commit("Add to it by hand", self._engineer(), {
            path: self._put_in(path, self._block(self.people, path),
                               HUMAN)[0]})

    def _person_deletes(self) -> None:
        path = self._of_models()
        document = self.tree[path]
        found = material.blocks(self.language(path),
                                [line.text for line in document])
        if not found or len(document) < 40:
            raise NoPlace
        rows = self.dice.choice(found)
        texts = [line.text for line in document]
        at = next(n for n in range(len(texts))
                  if texts[n:n + len(rows)] == rows)
        self._commit("Take out what nobody calls", self._engineer(), {
            path: self._whole(path, document[:at]
                              + document[at + len(rows):])})

    def _tweaked(self, path: str, document: ls.Document, count: int,
                 hand: str, by: ls.Maker) -> ls.Document:
        """With a word or number changed in some lines of that hand."""
        new = list(document)
        places = [n for n, line in enumerate(document)
                  if self.makers[line].hand == hand
                  and len(re.findall(r"\w+|[^\w\s]", line.text)) >= 5
                  and words_in(line.text)]
        self.dice.shuffle(places)
        done = 0
        for at in places:
            if done == count:
                break
            text, word = self._changed(new[at].text)
            candidate = new[:at] + [self.makers.changed(
                new[at], text, by, word)] + new[at + 1:]
            if text != new[at].text and material.parses(
                    self.language(path), [line.text for line in candidate]):
                new = candidate
                done += 1
        if done == 0:
            raise NoPlace
        return new

    def _changed(self, text: str) -> Tuple[str, str]:
        """The line with a number or name changed, and the new word."""
        number = re.search(r"\b\d+\b", text)
        if number and self.dice.random() < 0.4:
            new = str(int(number[0]) + self.dice.randint(1, 9))
            return text[:number.start()] + new + text[number.end():], new
        word = self.dice.choice(words_in(text))
        new = other_name(word, self.dice)
        return renamed(text, word, new), new

    def _person_tweaks_model(self) -> None:
        path = self._of_models()
        self._commit("Correct some lines", self._engineer(), {
            path: self._tweaked(path, self.tree[path],
                                self.dice.randint(1, 6), ls.MODEL, HUMAN)})

    def _person_renames_in_model(self) -> None:
        """One name, wherever it stands in the file."""
        path = self._of_models()
        document = self.tree[path]
        counts = collections.Counter(
            word for line in document for word in set(words_in(line.text)))
        names = [w for w, n in sorted(counts.items()) if 3 <= n <= 12]
        if not names:
            raise NoPlace
        old = self.dice.choice(names)
        new = other_name(old, self.dice)
        changed = [line if renamed(line.text, old, new) == line.text
                   else self.makers.changed(
                       line, renamed(line.text, old, new), HUMAN, new)
                   for line in document]
        self._commit(f"Call it {new}", self._engineer(),
                     {path: self._whole(path, changed)})

    def _person_moves_model(self) -> None:
        """A block goes to another file of its language."""
        source = self._of_models()
        document = self.tree[source]
        texts = [line.text for line in document]
        found = material.blocks(self.language(source), texts)
        if len(found) < 2:
            raise NoPlace
        rows = self.dice.choice(found)
        at = next(n for n in range(len(texts))
                  if texts[n:n + len(rows)] == rows)
        target = self._some_path(
            lambda d: d is not document and len(d) > 15)
        if self.language(target) != self.language(source):
            raise NoPlace
        gap = self._gap(target)
        blank = self.makers.written([""], HUMAN)
        there = self.tree[target]
        self._commit("Move it to where it belongs", self._engineer(), {
            source: self._whole(source, document[:at]
                                + document[at + len(rows):]),
            target: self._whole(target, there[:gap]
                                + document[at:at + len(rows)] + blank
                                + there[gap:])})

    # Models. The agent writes the real files; what it left is compared.

    def _let(self, task: work.Task) -> Tuple[work.Run, twins.Who, ls.Maker]:
        who = self._engineer()
        try:
            run = self.desk.work(work.chosen(self.dice), who, task)
        except work.AgentFailed as error:
            self._failed.append(error)
            if len(self._failed) > FAILED_MAX:
                raise
            self.said(f"golden: one run counts for nothing: {error}")
            twins.git(self.twin.real, "checkout", "-q", "-f")
            twins.git(self.twin.real, "clean", "-q", "-f", "-d")
            raise NoPlace from error
        return run, who, ls.Maker(ls.MODEL, (run.number,))

    def _next_maker(self) -> ls.Maker:
        """Of the run that comes next; its number is known before it is."""
        return ls.Maker(ls.MODEL, (len(self.desk.runs),))

    def _model_new(self) -> None:
        created = {}
        for _ in range(self.dice.choice((1, 2, 2, 3))):
            source = self.models.file(self.dice.choice(self.languages))
            created[self._path(source.language, source.name)] = source.lines
        run, who, maker = self._let(work.Task(self._prompt(), created={
            path: "\n".join(rows) + "\n" for path, rows in created.items()}))
        changes: Changes = {path: self.makers.written(rows, maker)
                            for path, rows in created.items()}
        for path in changes:
            if self.dice.random() < TOUCHED_BEFORE_COMMIT_RATE:
                try:
                    changes[path] = self._tweaked(
                        path, changes[path], self.dice.randint(1, 4),
                        ls.MODEL, HUMAN)
                except NoPlace:
                    pass
        self._commit("Add what the agent wrote", who, changes, run)

    def _model_edit_of(self, path: str, words: str) -> None:
        rows = self._block(self.models, path)
        document, edit = self._put_in(path, rows, self._next_maker())
        before = [line.text for line in self.tree[path]]
        run, who, _ = self._let(work.Task(self._prompt(), edited={
            path: work.Edited(before, [edit])}))
        self._commit(words, who, {path: document}, run)

    def _model_edit(self) -> None:
        self._model_edit_of(self._of_people(), "Extend with an agent")

    def _model_on_model(self) -> None:
        self._model_edit_of(self._of_models(), "Let an agent go on")

    def _model_changes_person(self) -> None:
        """It changes some words of a person's lines."""
        path = self._of_people()
        before = self.tree[path]
        document = self._tweaked(path, before, self.dice.randint(2, 5),
                                 ls.HUMAN, self._next_maker())
        edits = [work.Edit(n, n + 1, [new.text])
                 for n, (old, new) in enumerate(zip(before, document))
                 if old is not new]
        run, who, _ = self._let(work.Task(self._prompt(), edited={
            path: work.Edited([line.text for line in before], edits)}))
        self._commit("Let an agent correct it", who, {path: document}, run)

    def _model_rewrite(self) -> None:
        """The whole file again: people's lines quoted, in part in another
        order, and blocks of its own between them."""
        path = self._of_people()
        document = list(self.tree[path])
        maker = self._next_maker()
        if self.language(path) != "python" and self.dice.random() < 0.5:
            document = self._turned(path, document)
        for _ in range(self.dice.randint(1, 3)):
            kept, self.tree[path] = self.tree[path], document
            try:
                document = self._put_in(
                    path, self._block(self.models, path), maker)[0]
            finally:
                self.tree[path] = kept
        run, who, _ = self._let(work.Task(self._prompt(), rewritten={
            path: ls.text_of(document)}))
        self._commit("Let an agent write it anew", who, {path: document}, run)

    def _turned(self, path: str, document: ls.Document) -> ls.Document:
        """With one block of it at another place."""
        texts = [line.text for line in document]
        found = material.blocks(self.language(path), texts)
        if len(found) < 3:
            return document
        rows = self.dice.choice(found)
        at = next(n for n in range(len(texts))
                  if texts[n:n + len(rows)] == rows)
        block = document[at:at + len(rows)]
        rest = document[:at] + document[at + len(rows):]
        ends = [n for n, line in enumerate(rest) if line.is_blank()]
        if not ends:
            return document
        to = self.dice.choice(ends)
        return rest[:to] + self.makers.written([""], HUMAN) + block + rest[to:]

    # Branches

    def _branch(self) -> None:
        """Two commits beside the line, one of a person's and one of a
        model's, merged without a conflict."""
        name = f"topic-{self._commits}"
        before = dict(self.tree)
        self.twin.both("checkout", "-q", "-b", name)
        self._model_new()
        beside = {path: document for path, document in self.tree.items()
                  if before.get(path) is not document}
        self.tree = before
        self.twin.both("checkout", "-q", "main")
        self._person_new()
        self.twin.both("merge", "-q", "--no-ff", "-m", f"Merge {name}", name,
                       env=twins.dated(self._engineer(), int(time.time())))
        self.tree.update(beside)
        if {p: ls.text_of(d) for p, d in self.twin.tree().items()} != {
                p: ls.text_of(d) for p, d in self.tree.items()}:
            raise twins.TwinsDiffer("the merge is not as expected")
        self._commits += 1

    # What the stage of merges starts from

    def part_ways(self, files: int) -> ls.Tree:
        """Branch `mainline`, where people extend some files, and `feature`,
        where agents put other lines at the same places. How a person then
        resolves it: both, with a word of the model's changed here and there,
        and a line or block of either left out now and then."""
        trunk = dict(self.tree)
        resolved: ls.Tree = {}
        ours: List[Tuple[str, ls.Document]] = []
        self.twin.both("checkout", "-q", "-b", "feature")
        for _ in range(TRIES_MAX):
            if len(resolved) == files:
                break
            path = self._of_people()
            if path in resolved:
                continue
            try:
                at = self._gap(path)
                mine = self._block(self.people, path)
                before = self.tree[path]
                theirs = self._merge_work(path, at)
            except (NoPlace, LookupError):
                continue
            mine = self.makers.written([*mine, ""], HUMAN)
            ours.append((path, before[:at] + mine + before[at:]))
            block = theirs[at:at + len(theirs) - len(before)]
            if self.dice.random() < 0.5:
                try:
                    block = self._tweaked(path, block, 1, ls.MODEL, HUMAN)
                except NoPlace:
                    pass
            both = mine + block if self.dice.random() < 0.5 else block + mine
            resolved[path] = before[:at] + both + before[at:]
        self.twin.both("checkout", "-q", "main")
        self.tree = dict(trunk)
        self.twin.both("checkout", "-q", "-b", "mainline")
        for path, document in ours:
            self._commit("Extend by hand", self._engineer(), {path: document})
        self.twin.both("checkout", "-q", "main")
        self.tree = trunk
        return resolved

    def _merge_work(self, path: str, at: int) -> ls.Document:
        """A block of a model's at that place, committed."""
        before = self.tree[path]
        new = [*self._block(self.models, path), ""]
        document = self._whole(path, before[:at] + self.makers.written(
            new, self._next_maker()) + before[at:])
        run, who, _ = self._let(work.Task(self._prompt(), edited={
            path: work.Edited([line.text for line in before],
                              [work.Edit(at, at, new)])}))
        self._commit("Extend with an agent", who, {path: document}, run)
        return document
