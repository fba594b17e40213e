"""Documents that a newcomer is promised: present, short, with their words."""

import re

import tree

LINES_MAX = {"docs/ARCHITECTURE.md": 120, "README.md": 250}
DECISION_LINES_MAX = 60
REQUIRED = [
    "LICENSE", "README.md", "cofferdam.toml", "docs/ARCHITECTURE.md",
    "docs/glossary.md",
]  # fmt: skip
DECISIONS = ["http", "ledger", "policy", "json", "compiler"]
GLOSSARY = """exchange output part origin contract terms token k-gram minimizer
window fingerprint posting ledger index corpus document span finding verdict
containment purpose reservation quoted echoed novel""".split() + [
    "engineer key", "session key", "evidence stream",
]  # fmt: skip


def _check_links(root, path):
    """Links to files of this tree point at files."""
    findings = []
    for number, line in enumerate(tree.read(path).splitlines(), 1):
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", line):
            if re.match(r"[a-z]+:", target):
                continue
            if not (path.parent / target).exists():
                findings.append(
                    f"{path.relative_to(root)}:{number}: no {target} to link to"
                )
    return findings


def check(root):
    findings = [
        f"{name}: missing" for name in REQUIRED if not (root / name).is_file()
    ]
    limits = dict(LINES_MAX)
    decisions = tree.files(root, ".md", under=("docs/decisions",))
    for path in decisions:
        limits[str(path.relative_to(root))] = DECISION_LINES_MAX
    for name, lines_max in limits.items():
        if (root / name).is_file():
            lines = len(tree.read(root / name).splitlines())
            if lines > lines_max:
                findings.append(f"{name}: {lines} lines, at most {lines_max}")
    for topic in DECISIONS:
        if not any(topic in path.stem.lower() for path in decisions):
            findings.append(f"docs/decisions: no page on {topic}")
    if (root / "docs/glossary.md").is_file():
        text = tree.read(root / "docs/glossary.md").lower()
        for word in GLOSSARY:
            if not re.search(rf"\*\*{word}s?\b", text):
                findings.append(f"docs/glossary.md: no entry **{word}**")
    for path in tree.files(root, ".md"):
        findings += _check_links(root, path)
    return findings


GOOD = {
    "LICENSE": "",
    "README.md": "[the rooms](docs/ARCHITECTURE.md#rooms) [x](https://a.b/c)\n",
    "cofferdam.toml": "",
    "docs/ARCHITECTURE.md": "x\n" * 120,
    "docs/glossary.md": "".join(f"**{word}** is\n" for word in GLOSSARY),
} | {f"docs/decisions/{topic}_choice.md": "x\n" * 60 for topic in DECISIONS}

CASES = [
    tree.case("a good tree, at the limits", GOOD, []),
    tree.case(
        "one line over, a word and a page missing, a link to nothing",
        (GOOD | {
            "docs/ARCHITECTURE.md": "x\n" * 121,
            "docs/glossary.md": GOOD["docs/glossary.md"].replace("ledger", ""),
            "README.md": "[a](docs/attic.md)\n",
            "docs/decisions/json_choice.md": "x\n" * 61,
            "docs/decisions/http_choice.md": "",
        }),
        [
            "ARCHITECTURE.md: 121 lines, at most 120",
            "no entry **ledger**",
            "README.md:1: no docs/attic.md",
            "json_choice.md: 61 lines",
        ],
    ),
    tree.case(
        "an empty tree",
        {},
        [f"{name}: missing" for name in REQUIRED]
        + [f"no page on {topic}" for topic in DECISIONS],
    ),
]

if __name__ == "__main__":
    tree.main(check, CASES)
