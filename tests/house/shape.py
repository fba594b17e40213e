"""Shape of a source file: lengths, names, guards, order of includes."""

import re

import tree

# A finding at one line more. Functions are clang-tidy's (.clang-tidy).
LINES_MAX = {".cc": 800, ".h": 250}
BANNED = {"util", "utils", "helper", "helpers", "common", "manager", "misc"}
UNDER = ("src", "benches", "fuzz")


def _own_header(root, path):
    """The header that a .cc file implements or tests, as it is included."""
    stem = path.stem.removesuffix("_test")
    header = path.with_name(stem + ".h")
    if not header.is_file() or root / "src" not in path.parents:
        return None
    return str(header.relative_to(root / "src"))


def _check_header(name, code):
    first = next((l.strip() for l in code.splitlines() if l.strip()), "")
    if first != "#pragma once":
        return [f"{name}:1: begins with #pragma once, after its comment"]
    return []


def _check_source(root, path, name, text):
    own = _own_header(root, path)
    includes = re.findall(r'^\s*#\s*include\s+["<]([^">]+)[">]', text, re.M)
    if own and (not includes or includes[0] != own):
        return [f'{name}: its first include is its own header, "{own}"']
    return []


def check(root):
    findings = []
    for path in tree.files(root, ".h", ".cc", under=UNDER):
        text = tree.read(path)
        code = tree.code_only(text)
        name = path.relative_to(root)
        lines = len(text.splitlines())
        if lines > LINES_MAX[path.suffix]:
            findings.append(
                f"{name}: {lines} lines, at most {LINES_MAX[path.suffix]}:"
                " split it by noun"
            )
        if not re.fullmatch(r"[a-z0-9_]+", path.stem):
            findings.append(f"{name}: file names are lower_case")
        banned = BANNED & set(path.stem.split("_"))
        if banned:
            findings.append(f"{name}: no file is a {banned.pop()}; name a noun")
        for number, line in enumerate(code.splitlines(), 1):
            if re.match(r"\s*using\s+namespace\b", line):
                findings.append(f"{name}:{number}: using namespace")
        if path.suffix == ".h":
            findings += _check_header(name, code)
        else:
            findings += _check_source(root, path, name, text)
    return findings


GOOD_HEADER = "// A contract.\n#pragma once\n"

CASES = [
    tree.case(
        "a good tree, at the limits",
        {
            "src/base/a.h": GOOD_HEADER + "\n" * 248,
            "src/base/a.cc": '// Why.\n#include "base/a.h"\n' + "\n" * 798,
            "src/base/a_test.cc": '#include "base/a.h"\n'
            '// using namespace std;\nconst char* t = "using namespace";\n',
            "src/base/main.cc": "#include <vector>\n",
            "benches/scan_bench.cc": "int main() {}\n",
        },
        [],
    ),
    tree.case(
        "one line over",
        {
            "src/base/a.h": GOOD_HEADER + "\n" * 249,
            "src/base/b.cc": "\n" * 801,
        },
        ["src/base/a.h: 251 lines, at most 250", "801 lines, at most 800"],
    ),
    tree.case(
        "guards and order",
        {
            "src/base/a.h": "#ifndef A\n#define A\n#endif\n",
            "src/base/a.cc": '#include <string>\n#include "base/a.h"\n',
            "src/base/a_test.cc": "",
            "src/base/b.h": '#include "base/a.h"\n#pragma once\n',
        },
        [
            "a.h:1: begins with #pragma once",
            "a.cc: its first include",
            "a_test.cc: its first include",
            "b.h:1: begins with #pragma once",
        ],
    ),
    tree.case(
        "names",
        {
            "src/base/string_utils.cc": "",
            "src/base/Clock.cc": "  using namespace std;\n",
        },
        ["no file is a utils", "lower_case", "Clock.cc:1: using namespace"],
    ),
]

if __name__ == "__main__":
    tree.main(check, CASES)
