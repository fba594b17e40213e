"""What the house tests share: reading a tree, and running one check.

A house test is a script with a function check(root) that returns findings as
strings, "path:line: what", and a list of cases that show that it can fail:

    case("name", {"src/base/a.h": "text"}, ["a part of each finding"])

`script.py ROOT` runs the check on a tree; `script.py --self-test` runs every
case on a tree of its own. Each exits 0 or 1.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

SKIPPED = {".git", "build", "var", "node_modules", "__pycache__"}


class Case:
    def __init__(self, name, files, findings):
        self.name = name
        self.files = files
        self.findings = findings


def case(name, files, findings):
    return Case(name, files, findings)


def files(root, *suffixes, under=("",)):
    """Paths of the tree's files with one of the suffixes, sorted."""
    found = []
    for top in under:
        for folder, folders, names in os.walk(root / top):
            folders[:] = sorted(f for f in folders if f not in SKIPPED)
            found += [
                pathlib.Path(folder) / n for n in names if n.endswith(suffixes)
            ]
    return sorted(found)


def kept_files(root):
    """Paths of what a clone holds, or will hold once it is added."""
    listed = subprocess.run(
        ["git", "-C", root, "ls-files", "-z", "-co", "--exclude-standard"],
        capture_output=True,
    )
    if listed.returncode != 0:  # An unpacked archive.
        return files(root, "")
    names = {n for n in listed.stdout.decode().split("\0") if n}
    return [p for p in (root / n for n in sorted(names)) if p.is_file()]


def read(path):
    return path.read_text(encoding="utf-8", errors="replace")


def _end_of_string(text, i):
    """Position after the string or character literal that begins at i."""
    quote = text[i]
    i += 1
    while i < len(text) and text[i] != quote and text[i] != "\n":
        i += 2 if text[i] == "\\" else 1
    return i + 1


def code_only(text):
    """C++ text with comments and literals blanked, line numbers kept."""
    out = []
    i = 0
    while i < len(text):
        if text.startswith("//", i):
            end = text.find("\n", i)
            end = len(text) if end < 0 else end
        elif text.startswith("/*", i):
            end = text.find("*/", i + 2)
            end = len(text) if end < 0 else end + 2
        elif text.startswith('R"', i):
            mark = ")" + text[i + 2 : text.find("(", i)] + '"'
            end = text.find(mark, i)
            end = len(text) if end < 0 else end + len(mark)
        elif text[i] == '"' or (
            # Not the separator of 1'000.
            text[i] == "'"
            and not (i and text[i - 1].isalnum())
        ):
            end = _end_of_string(text, i)
        else:
            out.append(text[i])
            i += 1
            continue
        out.append("".join(c if c == "\n" else " " for c in text[i:end]))
        i = end
    return "".join(out)


def _run_case(check, one):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, text in one.files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        found = check(root)
    unmet = list(one.findings)
    for finding in found:
        match = next((part for part in unmet if part in finding), None)
        if match is None:
            return f"unexpected finding: {finding}"
        unmet.remove(match)
    return f"not found: {unmet}" if unmet else None


def main(check, cases):
    if sys.argv[1:] == ["--self-test"]:
        if not any(one.findings for one in cases):
            sys.exit("no case shows that this check can fail")
        wrong = [(one.name, _run_case(check, one)) for one in cases]
        for name, why in wrong:
            print(f"{'ok' if why is None else 'FAILED'}: {name}", why or "")
        sys.exit(any(why for _, why in wrong))
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} ROOT | --self-test")
    findings = check(pathlib.Path(sys.argv[1]).resolve())
    for finding in findings:
        print(finding)
    sys.exit(1 if findings else 0)
