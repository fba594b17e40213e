"""clang-format, black and git-filter-repo, pinned; and whose the lines are
that a formatter made: it moves white space, and black a comma, a bracket or a
quote here and there, so each of its lines is put together from characters of
the lines before."""

import difflib
import os
import pathlib
import re
import shutil
import subprocess
import sys
from typing import Dict, List, Optional, Tuple

from . import lines as ls

HERE = pathlib.Path(__file__).resolve().parent
FOLDER = HERE.parents[1] / "build" / "formatters"
PINS = HERE / "formatters.txt"
PYTHON = "/usr/bin/python3"
# Another style than most of the material's, and nothing but white space.
STYLE = """{BasedOnStyle: Google, ColumnLimit: 88, IndentWidth: 3,
ContinuationIndentWidth: 6, SortIncludes: Never, SortUsingDeclarations: Never,
FixNamespaceComments: false, ReflowComments: false, BreakStringLiterals: false,
JavaScriptQuotes: Leave, JavaScriptWrapImports: false,
InsertTrailingCommas: None, QualifierAlignment: Leave}"""
CLANG_FORMATTED = (".cc", ".java", ".js", ".ts")
# Of the words and marks that black adds, moves or takes away.
_LOOSE = set(",()'\"")


class Unformatted(Exception):
    """The formatter refused, or left other words than it found."""


def fetch() -> None:
    """Installs what formatters.txt pins, in a folder of the build."""
    stamp = FOLDER / "formatters.txt"
    if stamp.is_file() and stamp.read_text() == PINS.read_text():
        return
    shutil.rmtree(FOLDER, ignore_errors=True)
    done = subprocess.run(
        [PYTHON, "-m", "pip", "install", "--quiet", "--no-deps",
         "--only-binary", ":all:", "--require-hashes", "--target", FOLDER,
         "--disable-pip-version-check", "-r", PINS],
        capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"golden: pip could not fetch what {PINS.name} pins:"
                         f"\n{done.stderr}")
    shutil.copy(PINS, stamp)


def python(module: str, *words: str, cwd: pathlib.Path,
           stdin: Optional[str] = None) -> subprocess.CompletedProcess:
    return subprocess.run(
        [PYTHON, "-m", module, *words], cwd=cwd, input=stdin, text=True,
        capture_output=True, check=False,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent",
             "PYTHONPATH": str(FOLDER), "LANG": "C.UTF-8",
             "GIT_CONFIG_NOSYSTEM": "1"})


def clang_format() -> str:
    for name in ("clang-format-19", "clang-format-18", "clang-format"):
        if shutil.which(name):
            return name
    raise SystemExit("golden: clang-format is not installed: "
                     "tools/setup.sh test")


def formatted(path: str, document: ls.Document,
              makers: ls.Makers) -> ls.Document:
    """The document as its language's formatter leaves it; lines that it left
    alone keep their numbers."""
    text = ls.text_of(document)
    if path.endswith(".py"):
        done = python("black", "-q", "--fast", "-l", "70", "-", cwd=HERE,
                      stdin=text)
    else:
        done = subprocess.run(
            [clang_format(), f"--style={STYLE}", f"--assume-filename={path}"],
            input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Unformatted(f"{path}: {done.stderr[:300]}")
    return _traced(path, document, done.stdout, makers)


def _characters(rows: List[str]) -> List[Tuple[str, int]]:
    """Each character that is no white space, with its line."""
    return [(c, n) for n, row in enumerate(rows) for c in row
            if not c.isspace()]


def _tokens(rows: List[str]) -> List[Tuple[str, int]]:
    return [(t, n) for n, row in enumerate(rows)
            for t in re.findall(r"\w+|[^\w\s]", row)]


def _traced(path: str, document: ls.Document, after: str,
            makers: ls.Makers) -> ls.Document:
    rows = after.split("\n")
    if rows and rows[-1] == "":
        rows.pop()
    old = _characters([line.text for line in document])
    new = _characters(rows)
    sources: Dict[int, List[int]] = {}
    if [c for c, _ in old] == [c for c, _ in new]:
        for (_, source), (_, row) in zip(old, new):
            sources.setdefault(row, []).append(source)
    else:
        old, new = (_tokens([line.text for line in document]), _tokens(rows))
        matcher = difflib.SequenceMatcher(
            None, [t for t, _ in old], [t for t, _ in new], autojunk=False)
        kept = 0
        for a, b, size in matcher.get_matching_blocks():
            kept += size
            for step in range(size):
                sources.setdefault(new[b + step][1], []).append(
                    old[a + step][1])
        loose = sum(t in _LOOSE for t, _ in old + new)
        if 2 * kept + loose < len(old) + len(new):
            raise Unformatted(f"{path}: the formatter left other words")
    made: ls.Document = []
    for n, row in enumerate(rows):
        # Marks that stand alone say little of whose a line is.
        from_lines = [document[s] for s in dict.fromkeys(
            sources.get(n, []))]
        if len(from_lines) == 1 and from_lines[0].text == row and (
                not made or made[-1] is not from_lines[0]):
            made.append(from_lines[0])
        elif from_lines:
            made.append(makers.joined(from_lines, row))
        else:
            # A bracket or comma of the formatter's: as the line before it.
            before = [line for line in made if not line.is_blank()][-1:]
            made.append(makers.joined(before, row) if before and row.strip()
                        else makers.written([row], ls.Maker(ls.HUMAN))[0])
    return made
