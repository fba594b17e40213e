"""data/terms.toml: every row complete, dated, of a known class, once."""

import datetime
import tomllib

import tree

FILE = "data/terms.toml"
CLASSES = {
    "forbid_any", "forbid_compete", "allow_limited", "allow_naming",
    "allow_viral", "allow", "inherit", "unknown",
}  # fmt: skip
STRINGS = {"document", "class", "note", "reviewed_by"}


def _check_row(row):
    """What is wrong with a row, and the keys under which it is found."""
    subject = {"weights"} if "weights" in row else {"provider", "product", "plan"}
    expected = subject | STRINGS | {"in_force_from"}
    if set(row) != expected:
        return f"has keys {sorted(row)}, not {sorted(expected)}", []
    if type(row["in_force_from"]) is not datetime.date:
        return "in_force_from is not a date", []
    if row["class"] not in CLASSES:
        return f"unknown class {row['class']}", []
    if any(not isinstance(row[key], str) for key in STRINGS):
        return "a text is not a string", []
    if "weights" not in row:
        return None, [(row["provider"], row["product"], row["plan"])]
    names = row["weights"]
    if not isinstance(names, list) or not names:
        return "weights is no list of names", []
    for name in names:
        if not isinstance(name, str) or name.count("/") != 1:
            return f"weights {name!r} is not publisher/model", []
    return None, [("weights", name) for name in names]


def check(root):
    try:
        terms = tomllib.loads(tree.read(root / FILE))
    except (OSError, tomllib.TOMLDecodeError) as error:
        return [f"{FILE}: {error}"]
    findings = []
    if set(terms.get("classes", {})) != CLASSES:
        findings.append(f"{FILE}: [classes] does not explain every class")
    seen = set()
    for number, row in enumerate(terms.get("row", []), 1):
        why, subjects = _check_row(row)
        if why:
            findings.append(f"{FILE}: row {number}: {why}")
        for subject in subjects:
            key = (subject, row["in_force_from"])
            if key in seen:
                findings.append(f"{FILE}: row {number}: again {subject}")
            seen.add(key)
    if not seen:
        findings.append(f"{FILE}: no rows")
    return findings


HEAD = "[classes]\n" + "".join(f'{name} = ""\n' for name in sorted(CLASSES))
ROW = """[[row]]
provider = "a"
product = "b"
plan = "c"
document = "d"
in_force_from = 2025-01-02
class = "allow"
note = ""
reviewed_by = ""
"""
WEIGHTS = ROW.replace(
    'provider = "a"\nproduct = "b"\nplan = "c"\n', 'weights = ["m/a", "m/b"]\n'
)

CASES = [
    tree.case("good rows", {FILE: HEAD + ROW + WEIGHTS}, []),
    tree.case("no file", {}, ["No such file"]),
    tree.case("not TOML", {FILE: "[[row"}, [FILE]),
    tree.case("no rows", {FILE: HEAD}, ["no rows"]),
    tree.case("no meanings", {FILE: ROW}, ["[classes] does not explain"]),
    tree.case("a row twice", {FILE: HEAD + ROW + ROW}, ["row 2: again"]),
    tree.case(
        "rows that are wrong",
        {
            FILE: HEAD
            + ROW
            + ROW.replace('"allow"', '"maybe"')
            + ROW.replace("2025-01-02", '"2025-01-02"')
            + ROW.replace("plan", "plam")
            + WEIGHTS.replace("m/b", "b")
        },
        [
            "row 2: unknown class maybe",
            "row 3: in_force_from is not a date",
            "row 4: has keys",
            "row 5: weights 'b' is not publisher/model",
        ],
    ),
]

if __name__ == "__main__":
    tree.main(check, CASES)
