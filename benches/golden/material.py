"""What people and models write in the golden history.

Models: answers of named models to short Python tasks (--outputs, a JSONL file
with `model`, `language`, `text`) and build/data/standins.jsonl, source files
first published after 2024 (tools/bench_data.py); where a machine has neither,
this tree's own sources and the small sample of the end-to-end tests. People:
build/data/human, source packages from before 2021; else Python's standard
library and the machine's headers.
"""

import ast
import collections
import dataclasses
import json
import pathlib
import random
import re
import sysconfig
from typing import Dict, Iterator, List, Optional, Sequence

ROOT = pathlib.Path(__file__).resolve().parents[2]
LANGUAGES = {"python": ".py", "typescript": ".ts", "javascript": ".js",
             "go": ".go", "cpp": ".cc", "java": ".java", "rust": ".rs"}
# Folders of people's code that are read for candidates, and files of each.
FOLDERS_MAX = 120
FILES_OF_FOLDER_MAX = 6
# Few old projects are in these languages, and those are large.
FILES_OF_RARE_FOLDER_MAX = 80
RARE = ("rust", "typescript")
OTHER_SUFFIXES = {"cpp": ".cpp"}
LINES_OF_FILE = (25, 160)
LINE_CHARS_MAX = 110
BLOCK_LINES = (4, 34)
BLOCK_CODE_LINES_MIN = 4
_COMMENT = re.compile(r"^\s*(//|/\*|\*|#(?!include|define|if|endif|pragma|\[)"
                      r"|<!--)")
_IMPORT = re.compile(r"\s*(import|package|use|using|from|#include)\b")
_GENERATED = re.compile(r"(?i)generated|do not edit")


@dataclasses.dataclass
class Source:
    """A file's lines; `by` names a model of the data or a project."""
    language: str
    name: str
    by: str
    lines: List[str]


def readable(text: str) -> Optional[List[str]]:
    """Its lines, or none where no agent or git would leave them as they are."""
    if "\r" in text or "\f" in text or "\x1f" in text or "\0" in text:
        return None
    lines = [line.rstrip() for line in text.strip("\n").split("\n")]
    if any(len(line) > LINE_CHARS_MAX or not line.isprintable()
           and not line.replace("\t", "").isprintable() for line in lines):
        return None
    if "EOF" in lines or _GENERATED.search(text[:600]):
        return None
    return lines


def parses(language: str, lines: Sequence[str]) -> bool:
    """Python only: a formatter refuses what is none."""
    if language != "python":
        return True
    try:
        ast.parse("\n".join(lines) + "\n")
        return True
    except (SyntaxError, ValueError):
        return False


def in_comment(lines: Sequence[str]) -> List[bool]:
    """Of each line, whether it begins inside of /* … */, and of the end."""
    found, inside = [], False
    for line in lines:
        found.append(inside)
        last = max(line.rfind("/*"), line.rfind("*/"))
        if last >= 0:
            inside = line.startswith("/*", last)
    return found + [inside]


def without_licence(lines: List[str]) -> List[str]:
    """Without the comment that a file opens with: nobody writes it anew."""
    inside, at = in_comment(lines), 0
    while at < len(lines) and (not lines[at].strip() or inside[at]
                               or _COMMENT.match(lines[at])):
        at += 1
    return lines[at:]


def depths(lines: Sequence[str]) -> List[int]:
    """How deep in brackets each line begins, and the end; literals are
    looked at only roughly."""
    found, depth = [], 0
    for line in lines:
        found.append(depth)
        bare = re.sub(r'"(\\.|[^"\\])*"|\'(\\.|[^\'\\])*\'|//.*', "", line)
        depth += sum(bare.count(c) for c in "({[")
        depth -= sum(bare.count(c) for c in ")}]")
    return found + [depth]


def _python_blocks(lines: List[str]) -> Iterator[List[str]]:
    try:
        tree = ast.parse("\n".join(lines) + "\n")
    except (SyntaxError, ValueError):
        return
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            begin = min([node.lineno] + [d.lineno
                                         for d in node.decorator_list])
            yield lines[begin - 1:node.end_lineno]


def _bracket_blocks(lines: List[str]) -> Iterator[List[str]]:
    """Whole groups of lines between blank ones, closed in themselves."""
    depth, inside = depths(lines), in_comment(lines)
    edges = [-1] + [n for n, line in enumerate(lines)
                    if not line.strip() and not inside[n]]
    edges.append(len(lines))
    at = 0
    while at + 1 < len(edges):
        begin = edges[at] + 1
        for to in range(at + 1, len(edges)):
            within = depth[begin:edges[to] + 1]
            if edges[to] - begin > BLOCK_LINES[1]:
                break
            if within and within[-1] == within[0] and \
                    min(within) >= within[0] and \
                    edges[to] - begin >= BLOCK_LINES[0]:
                yield lines[begin:edges[to]]
                at = to - 1
                break
        at += 1


def gaps(language: str, lines: List[str]) -> List[int]:
    """Lines (from 0) before which a block may be put in: they follow a blank
    one, and in Python they open a statement of the outermost level."""
    if language == "python":
        try:
            tops = {node.lineno - 1 for node in ast.parse(
                "\n".join(lines) + "\n").body
                if not getattr(node, "decorator_list", None)}
        except (SyntaxError, ValueError):
            return []
    else:
        depth, inside = depths(lines), in_comment(lines)
        tops = {n for n in range(len(lines))
                if depth[n] <= 2 and not inside[n]}
    return [n for n in range(2, len(lines)) if n in tops
            and lines[n].strip() and not lines[n - 1].strip()]


def blocks(language: str, lines: List[str]) -> List[List[str]]:
    """Pieces of a file that may stand in another: functions, groups."""
    make = _python_blocks if language == "python" else _bracket_blocks
    return [block for block in make(lines)
            if BLOCK_LINES[0] <= len(block) <= BLOCK_LINES[1]
            and sum(1 for line in block
                    if re.search(r"\w{2}", line)
                    and not _COMMENT.match(line)
                    and not _IMPORT.match(line)) >= BLOCK_CODE_LINES_MIN]


class Pile:
    """Files and blocks of one kind of author, each handed out once."""

    def __init__(self, sources: Dict[str, List[Source]]):
        self._files = {name: list(found) for name, found in sources.items()}
        self._blocks: Dict[str, List[List[str]]] = collections.defaultdict(
            list)

    def languages(self) -> List[str]:
        return [name for name, found in self._files.items() if found]

    def file(self, language: str) -> Source:
        found = self._files.get(language)
        if not found:
            raise LookupError(f"no material in {language} is left")
        return found.pop()

    def block(self, language: str) -> List[str]:
        """A block of a file that is handed out to nobody else."""
        kept = self._blocks[language]
        while not kept:
            source = self.file(language)
            kept += [block for block in blocks(language, source.lines)
                     if parses(language, block)]
        return kept.pop(0)


def _shuffled(paths, dice: random.Random) -> list:
    paths = sorted(paths)
    dice.shuffle(paths)
    return paths


def _fits(language: str, lines: Optional[List[str]]) -> bool:
    return lines is not None and parses(language, lines) and \
        LINES_OF_FILE[0] <= len(lines) <= LINES_OF_FILE[1]


def _of_files(paths, language: str, by: str) -> Iterator[Source]:
    for path in paths:
        try:
            lines = readable(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            continue
        if lines is not None and _fits(language, without_licence(lines)):
            yield Source(language, path.stem, by, without_licence(lines))


def people(folder: Optional[pathlib.Path], dice: random.Random) -> Pile:
    found: Dict[str, List[Source]] = collections.defaultdict(list)
    if folder and folder.is_dir():
        projects = _shuffled((p for p in folder.iterdir() if p.is_dir()),
                             dice)
        for language, suffix in LANGUAGES.items():
            taken = 0
            for project in projects:
                most = (FILES_OF_RARE_FOLDER_MAX if language in RARE
                        else FILES_OF_FOLDER_MAX)
                files = [p for s in {suffix, OTHER_SUFFIXES.get(
                    language, suffix)} for p in project.rglob("*" + s)]
                sources = list(_of_files(_shuffled(files, dice)[:7 * most],
                                         language, project.name))
                found[language] += sources[:most]
                taken += bool(sources)
                if taken == FOLDERS_MAX:
                    break
    else:
        library = pathlib.Path(sysconfig.get_path("stdlib"))
        found["python"] = list(_of_files(
            _shuffled(library.glob("**/*.py"), dice)[:600], "python",
            "python"))
        found["cpp"] = list(_of_files(
            _shuffled(pathlib.Path("/usr/include").glob("**/*.h"),
                      dice)[:900], "cpp", "include"))
    for sources in found.values():
        dice.shuffle(sources)
    return Pile(found)


def _answers(path: pathlib.Path, dice: random.Random) -> List[Source]:
    """Files of several answers of one model to different tasks."""
    by_model = collections.defaultdict(lambda: collections.defaultdict(list))
    with path.open(encoding="utf-8") as rows:
        for row in map(json.loads, rows):
            if row.get("language") == "python":
                by_model[row["model"]][row["task"]].append(row["text"])
    made = []
    for model in sorted(by_model):
        tasks = _shuffled(by_model[model], dice)
        while len(tasks) >= 6:
            taken, tasks = tasks[:6], tasks[6:]
            texts = [dice.choice(by_model[model][task]) for task in taken]
            heads, bodies = [], []
            for text in texts[:dice.randint(3, 6)]:
                for line in text.strip("\n").split("\n"):
                    top = re.match(r"(import|from) ", line)
                    (heads if top else bodies).append(line.rstrip())
                bodies += ["", ""]
            lines = readable("\n".join(
                list(dict.fromkeys(heads)) + ["", ""] + bodies))
            if _fits("python", lines):
                made.append(Source("python", taken[0].rpartition("/")[0].lower()
                                   + "_" + taken[0].rpartition("/")[2],
                                   model, lines))
    return made


def models(outputs: Optional[pathlib.Path], standins: pathlib.Path,
           dice: random.Random) -> Pile:
    found: Dict[str, List[Source]] = collections.defaultdict(list)
    if outputs and outputs.is_file():
        found["python"] += _answers(outputs, dice)
    if standins.is_file():
        with standins.open(encoding="utf-8") as rows:
            for row in map(json.loads, rows):
                lines = readable(row["text"])
                if row["language"] in LANGUAGES and lines is not None and \
                        _fits(row["language"], without_licence(lines)):
                    found[row["language"]].append(Source(
                        row["language"], pathlib.PurePath(row["path"]).stem,
                        row["package"], without_licence(lines)))
    if not found:
        sample = ROOT / "tests" / "e2e" / "material"
        for language, suffix in LANGUAGES.items():
            folders = [sample] + [ROOT / f for f in ("src", "tests", "tools",
                                                     "benches")]
            paths = [p for f in folders for p in f.rglob("*" + suffix)
                     if "node_modules" not in p.parts
                     and not p.name.startswith("human_")]
            found[language] = _cut(_of_lengths(paths, language), language)
    for sources in found.values():
        dice.shuffle(sources)
    return Pile(found)


def _of_lengths(paths, language: str) -> Iterator[Source]:
    for path in sorted(paths):
        lines = readable(path.read_text(encoding="utf-8"))
        if lines is not None:
            yield Source(language, path.stem, "own", without_licence(lines))


def _cut(sources, language: str) -> List[Source]:
    """Files of a few blocks each, out of files of any length."""
    made = []
    for source in sources:
        pieces = [b for b in blocks(language, source.lines)
                  if parses(language, b)]
        for n, at in enumerate(range(0, len(pieces) - 2, 3)):
            lines = "\n\n".join("\n".join(p) for p in pieces[at:at + 3])
            if _fits(language, lines.split("\n")):
                made.append(Source(language, f"{source.name}_{n}", "own",
                                   lines.split("\n")))
    return made
