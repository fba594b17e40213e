"""Words that no kept file may hold: markers of unfinished work, paths of the
machine it was written on, hosts of package registries."""

import re

import tree

# Written in two halves, so that this file does not find itself.
RULES = [
    (r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b", "a marker; finish it"),
    (r"(?<![\w.~-])/wo" r"rk/", "a path of one machine"),
    (r"(?<![\w.~-])/tm" r"p/w/", "a path of one machine"),
    (r"registry\.np" r"mjs\.org|files\.python" r"hosted\.org|\bpypi\." r"org\b"
     r"|proxy\.go" r"lang\.org|\bdeb\.de" r"bian\.org|archive\.ub" r"untu\.com"
     r"|deb\.node" r"source\.com", "a host of a registry; that is the user's"),
]
BINARY = (".png", ".gz", ".zst", ".zip", ".tar", ".parquet", ".bin", ".ico")
# Text of others, as they wrote it.
FOREIGN = re.compile(r"^(fuzz/corpus/|tests/golden/)")


def check(root):
    findings = []
    rules = [(re.compile(pattern), why) for pattern, why in RULES]
    for path in tree.kept_files(root):
        name = path.relative_to(root)
        if path.suffix in BINARY or FOREIGN.match(str(name)):
            continue
        text = tree.read(path)
        for pattern, why in rules:
            for found in pattern.finditer(text):
                number = text.count("\n", 0, found.start()) + 1
                findings.append(f"{name}:{number}: {found[0]}: {why}")
    return findings


CASES = [
    tree.case(
        "words that only look alike",
        {
            "a.cc": "// TO" "DOS is no marker, nor is network/wo" "rk/x\n",
            "package.json": '{"dependencies": {"a": "1.0.0"}}\n',
        },
        [],
    ),
    tree.case(
        "each rule",
        {
            "a.cc": "int a;\n// TO" "DO: more\n",
            "b.md": "see /wo" "rk/shared and (/tm" "p/w/b)\n",
            "c.json": '"resolved": "https://registry.np' 'mjs.org/a.tgz"\n',
        },
        [
            "a.cc:2: TO" "DO: a marker",
            "b.md:1: /wo" "rk/: a path",
            "b.md:1: /tm" "p/w/: a path",
            "c.json:1: registry",
        ],
    ),
]

if __name__ == "__main__":
    tree.main(check, CASES)
