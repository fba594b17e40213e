"""Includes point downwards, never sideways, and third-party headers stay in
the room that fences them in. Our own headers show none of them."""

import re

import tree

ROWS = [
    ["cli"],
    "console gate agent scan blame review watch probe".split(),
    ["evidence", "account"],
    ["policy", "ledger", "corpus"],
    ["fingerprint", "wire", "http"],
    ["seal"],
    ["base"],
]
ROW = {room: row for row, rooms in enumerate(ROWS) for room in rooms}

# Prefix of an include -> the rooms whose .cc files may use it.
FENCES = {
    "boost/": ["http"],
    "openssl/": ["seal", "http"],
    "rocksdb/": ["ledger"],
    "git2": ["corpus"],
    "arrow/": ["corpus"],
    "parquet/": ["corpus"],
    "CLI/": ["cli"],
    "simdjson": ["base"],
    "xxhash": ["base"],
    "toml++/": ["base"],
    "zstd": ["base"],
    "zlib": ["base"],
    "bzlib": ["base"],
    "lzma": ["base"],
    "sqlite3": ["base"],
    "md4c": ["agent"],
    "seccomp": ["agent"],
    "fmt/": list(ROW),
    "gtest/": [],
    "gmock/": [],
}
# Names of theirs that a header of ours must not show, forward-declared or not.
FOREIGN = re.compile(
    r"\b(boost::|arrow::|parquet::|rocksdb::|simdjson::|toml::|fmt::|CLI::"
    r"|sqlite3\w*|MD_\w+|scmp_\w+"
    r"|git_\w+|SSL\w*|EVP_\w+|ZSTD_\w+|XXH\w+|BZ2_\w+|bz_stream|lzma_\w+)"
)
SYSTEM = re.compile(
    r"[a-z_0-9]+$|(sys|netinet|arpa|linux)/\w+\.h$|sanitizer/\w+\.h$"
    r"|(dirent|dlfcn|errno|fcntl|fnmatch|glob|grp|netdb|poll|pthread|pwd|"
    r"sched|signal|spawn|stdlib|string|strings|syslog|termios|time|ucontext|"
    r"unistd|immintrin|arm_neon|cxxabi|execinfo)\.h$"
)
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')


def _is_test(path):
    return path.stem.endswith(("_test", "_testing"))


def _own(room, path, target):
    """What is wrong with including our header `target`, or None."""
    if "/" not in target:
        return f'write "{room}/{target}": includes are relative to src/'
    other = target.split("/")[0]
    if other not in ROW:
        return f'"{target}" is in no room'
    if other != room and ROW[other] <= ROW[room]:
        way = "sideways" if ROW[other] == ROW[room] else "upwards"
        return f'{room} must not include "{target}": {way}'
    if target.endswith("_internal.h"):
        if other != room:
            return f'"{target}" is private to {other}'
        if path.suffix == ".h" and not path.stem.endswith("_internal"):
            return f'"{target}" is private; a public header must not include it'
    return None


def _foreign(room, path, target):
    """What is wrong with including <target>, or None."""
    fence = next((f for f in FENCES if target.startswith(f)), None)
    if fence is None:
        if SYSTEM.match(target):
            return None
        return f"<{target}> belongs to no room (tests/house/rooms.py lists them)"
    if fence in ("gtest/", "gmock/"):
        return None if _is_test(path) else f"<{target}> belongs in tests"
    if path.suffix == ".h" and not path.stem.endswith("_internal"):
        return f"a header must not include <{target}>"
    if room not in FENCES[fence]:
        return f"<{target}> is fenced into {' and '.join(FENCES[fence])}"
    return None


def _check_file(root, path):
    room = path.relative_to(root / "src").parts[0]
    text = tree.read(path)
    name = path.relative_to(root)
    findings = []
    for number, line in enumerate(text.splitlines(), 1):
        found = INCLUDE.match(line)
        if not found:
            continue
        judge = _own if found[1] == '"' else _foreign
        why = judge(room, path, found[2])
        if why:
            findings.append(f"{name}:{number}: {why}")
    if path.suffix == ".h" and not path.stem.endswith("_internal"):
        for number, line in enumerate(tree.code_only(text).splitlines(), 1):
            found = FOREIGN.search(line)
            if found and not line.lstrip().startswith("#"):
                findings.append(f"{name}:{number}: header shows {found[0]}")
    return findings


def _check_links(root, path):
    """DEPS of cofferdam_room(…) point downwards, too."""
    findings = []
    text = re.sub(r"#.*", "", tree.read(path))
    for call in re.finditer(r"cofferdam_room\(\s*(\w+)([^)]*)\)", text):
        room = call[1]
        deps = re.search(r"\bDEPS\b(.*?)(\b[A-Z]{4,}\b|$)", call[2], re.S)
        for dep in deps[1].split() if deps else []:
            if dep not in ROW or room not in ROW or ROW[dep] <= ROW[room]:
                findings.append(
                    f"{path.relative_to(root)}: {room} must not link {dep}"
                )
    return findings


def check(root):
    findings = []
    for path in tree.files(root, ".h", ".cc", under=("src",)):
        parts = path.relative_to(root / "src").parts
        if len(parts) < 2 or parts[0] not in ROW:
            findings.append(f"{path.relative_to(root)}: stands in no room")
        else:
            findings += _check_file(root, path)
    for path in tree.files(root, "CMakeLists.txt", under=("src",)):
        findings += _check_links(root, path)
    return findings


CASES = [
    tree.case(
        "a good tree",
        {
            "src/http/server.h": '#pragma once\n#include "base/result.h"\n'
            "// Hides boost::beast.\n#include <string_view>\n",
            "src/http/server.cc": "#include <boost/beast.hpp>\n"
            "#include <openssl/ssl.h>\n#include <sys/socket.h>\n"
            '#include "http/asio_internal.h"\n',
            "src/http/asio_internal.h": "#include <boost/asio.hpp>\n"
            "boost::asio::io_context* Context();\n",
            "src/gate/gate.cc": '#include "http/server.h"\n'
            "#include <fmt/format.h>\n#include <fcntl.h>\n",
            "src/gate/gate_test.cc": "#include <gtest/gtest.h>\n",
            "src/gate/CMakeLists.txt": "cofferdam_room(gate\n"
            "  DEPS http ledger\n  SOURCES gate.cc\n)\n",
        },
        [],
    ),
    tree.case(
        "upwards, sideways, nowhere",
        {
            "src/base/a.cc": '#include "seal/hash.h"\n',
            "src/gate/a.cc": '#include "scan/scan.h"\n#include "b.h"\n',
            "src/gate/b.cc": '#include "attic/b.h"\n',
            "src/attic/b.cc": "",
            "src/gate/CMakeLists.txt": "cofferdam_room(gate DEPS scan http)",
        },
        [
            'base must not include "seal/hash.h": upwards',
            'gate must not include "scan/scan.h": sideways',
            'write "gate/b.h"',
            '"attic/b.h" is in no room',
            "stands in no room",
            "gate must not link scan",
        ],
    ),
    tree.case(
        "third parties outside their fence",
        {
            "src/gate/a.cc": "#include <boost/asio.hpp>\n",
            "src/policy/a.cc": "#include <sqlite3.h>\n#include <gtest/gtest.h>",
            "src/base/a.cc": "#include <nlohmann/json.hpp>\n",
            "src/base/a.h": "#include <fmt/format.h>\n",
        },
        [
            "<boost/asio.hpp> is fenced into http",
            "<sqlite3.h> is fenced into base",
            "<gtest/gtest.h> belongs in tests",
            "<nlohmann/json.hpp> belongs to no room",
            "a header must not include <fmt/format.h>",
        ],
    ),
    tree.case(
        "headers that show what they hide",
        {
            "src/ledger/a.h": "struct A {\n  rocksdb::DB* db;\n};\n",
            "src/base/a.h": "struct sqlite3;\n",
            "src/http/a.h": '#include "http/asio_internal.h"\n',
            "src/gate/a.cc": '#include "http/asio_internal.h"\n',
        },
        [
            "src/ledger/a.h:2: header shows rocksdb::",
            "header shows sqlite3",
            "is private; a public header",
            "is private to http",
        ],
    ),
]

if __name__ == "__main__":
    tree.main(check, CASES)
