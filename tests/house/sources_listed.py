"""Every source file is listed in the CMakeLists.txt (or files.cmake, in a part of
a room) of its folder, or of the nearest folder above that has one; no list is a
glob, none names a ghost."""

import re

import tree

UNDER = ("src", "benches", "fuzz")


LISTS = ("CMakeLists.txt", "files.cmake")


def _list_of(root, path):
    folder = path.parent
    while True:
        for name in LISTS:
            if (folder / name).is_file() or folder == root:
                return folder / name
        folder = folder.parent


def check(root):
    findings = []
    words = {}
    for path in tree.files(root, "CMakeLists.txt", ".cmake"):
        text = re.sub(r"#.*", "", tree.read(path))
        words[path] = set(re.split(r"[\s()\"]+", text))
        name = path.relative_to(root)
        # tests/house compiles every header alone, listed or not.
        if re.search(r"\bGLOB(_RECURSE)?\b", text) and not name.is_relative_to(
            "tests/house"
        ):
            findings.append(f"{name}: list the files, do not glob")
        for word in words[path] if path.name in LISTS else ():
            if re.fullmatch(r"[\w/]+\.(cc|h)", word):
                if not (path.parent / word).is_file():
                    findings.append(f"{name}: lists {word}, which is not there")
    for path in tree.files(root, ".cc", under=UNDER):
        listing = _list_of(root, path)
        word = str(path.relative_to(listing.parent))
        # benches/ and fuzz/ may name a target after its file.
        short = path.stem.removesuffix("_bench").removesuffix("_fuzz")
        named = {word} if root / "src" in path.parents else {word, short}
        if not named & words.get(listing, set()):
            findings.append(f"{path.relative_to(root)}: no CMakeLists.txt lists it")
    return findings


CASES = [
    tree.case(
        "a good tree",
        {
            "src/CMakeLists.txt": "add_subdirectory(base)\n",
            "src/base/CMakeLists.txt": "cofferdam_room(base SOURCES a.cc\n"
            "  TESTS a_test.cc)\n",
            "src/base/a.cc": "",
            "src/base/a_test.cc": "",
            "src/base/part/files.cmake": "base_files(part SOURCES e.cc)\n",
            "src/base/part/e.cc": "",
            "benches/CMakeLists.txt": "cofferdam_bench(scan)\n",
            "benches/scan_bench.cc": "",
        },
        [],
    ),
    tree.case(
        "forgotten, globbed, gone",
        {
            "CMakeLists.txt": "",
            "src/base/CMakeLists.txt": "cofferdam_room(base SOURCES\n"
            "  # b.cc\n  c.cc)\n",
            "src/base/b.cc": "",
            "src/seal/d.cc": "",
            "src/base/part/files.cmake": "base_files(part SOURCES f.cc)\n",
            "src/base/part/e.cc": "",
            "src/gate/CMakeLists.txt": "file(GLOB_RECURSE all *.cc)\n",
        },
        [
            "src/base/b.cc: no CMakeLists.txt lists it",
            "src/seal/d.cc: no CMakeLists.txt lists it",
            "src/base/part/e.cc: no CMakeLists.txt lists it",
            "lists c.cc, which is not there",
            "lists f.cc, which is not there",
            "src/gate/CMakeLists.txt: list the files",
        ],
    ),
]

if __name__ == "__main__":
    tree.main(check, CASES)
