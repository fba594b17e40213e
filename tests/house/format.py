"""clang-format has nothing to change."""

import concurrent.futures
import os
import re
import shutil
import subprocess
import sys

import tree

TOOL = next(
    (t for t in ("clang-format-19", "clang-format-18") if shutil.which(t)), None
)
STYLE = "BasedOnStyle: Google\nColumnLimit: 80\n"


def _check_some(root, paths):
    done = subprocess.run(
        [TOOL, "--dry-run", "--ferror-limit=1", "-Werror", *paths],
        cwd=root, capture_output=True, text=True,
    )  # fmt: skip
    lines = re.findall(r"^(\S+?:\d+:\d+): error: ", done.stderr, re.M)
    if done.returncode != 0 and not lines:
        return [f"{TOOL}: {done.stderr.strip()}"]
    return [f"{line}: run {TOOL} -i" for line in lines]


def check(root):
    if TOOL is None:
        return ["clang-format is not installed: tools/setup.sh test"]
    paths = tree.files(root, ".h", ".cc", under=("src", "benches", "fuzz"))
    names = [str(path.relative_to(root)) for path in paths]
    parts = [names[i : i + 16] for i in range(0, len(names), 16)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(lambda part: _check_some(root, part), parts)
        return [finding for some in found for finding in some]


CASES = [
    tree.case(
        "formatted",
        {".clang-format": STYLE, "src/base/a.cc": "int a() { return 1; }\n"},
        [],
    ),
    tree.case(
        "two files that are not",
        {
            ".clang-format": STYLE,
            "src/base/a.h": "int  a();\n",
            "benches/b.cc": "int b()\n{ return 1; }\n",
        },
        ["src/base/a.h:1", "benches/b.cc:1"],
    ),
]

if __name__ == "__main__":
    sys.dont_write_bytecode = True
    tree.main(check, CASES)
