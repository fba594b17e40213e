"""A type at the level of a named namespace has one definition in src/. Two types
of one name are no error to a compiler or a linker, which keeps the functions of
one of them for both."""

import re

import tree

NAMESPACE = re.compile(r"^(?:inline )?namespace(?: ([\w:]+))? \{$")
TYPE = re.compile(
    r"^(?:class|struct|union|enum(?: class| struct)?)\s+"
    r"(?:\[\[\w+\]\]\s*)?(?:alignas\([^)]*\)\s*)?"
    r"(\w+)(?: final)?(?: :[^;(]*)?\s*\{"
)


def _types(text):
    """(line, namespace::Name) of each definition outside anonymous namespaces
    and templates' specialisations."""
    spaces = []  # Of each open brace the namespace; "" if it is another's.
    for number, line in enumerate(tree.code_only(text).splitlines(), 1):
        line = line.rstrip()
        found = TYPE.match(line)
        if found and "" not in spaces and None not in spaces:
            yield number, "::".join([*spaces, found[1]])
        namespace = NAMESPACE.match(line)
        for brace in re.findall(r"[{}]", line):
            if brace == "{":
                spaces.append(namespace[1] if namespace else "")
            elif spaces:
                spaces.pop()


def check(root):
    seen = {}
    findings = []
    for path in tree.files(root, ".h", ".cc", under=("src",)):
        where = path.relative_to(root)
        for number, name in _types(tree.read(path)):
            # Tests of two rooms are never in one program.
            key = (where.parts[1], name) if "_test" in path.stem else name
            if name in seen or key in seen:
                other = seen.get(name) or seen[key]
                findings.append(f"{where}:{number}: {name} stands in {other}, too")
            seen[key] = f"{where}:{number}"
    return findings


CASES = [
    tree.case(
        "types of their own",
        {
            "src/base/a.h": "namespace n {\nstruct A {\n};\nclass B;\n}  // namespace n\n",
            "src/base/b.h": "namespace m {\nstruct A {\n};\n}  // namespace m\n",
            "src/base/c.cc": "namespace n {\nnamespace {\nstruct A {\n};\n"
            "}  // namespace\nclass B;\nenum class C { kD };\n}  // namespace n\n",
        },
        [],
    ),
    tree.case(
        "one name for two",
        {
            "src/base/a.h": "namespace n {\nstruct A {\n};\n}  // namespace n\n",
            "src/base/b_internal.h": "namespace n {\nstruct A final : B {\n};\n"
            "}  // namespace n\n",
        },
        ["src/base/b_internal.h:2: n::A stands in src/base/a.h:2, too"],
    ),
    tree.case(
        "one name for two, one in a source behind an anonymous namespace",
        {
            "src/base/a.h": "namespace n {\nenum class A { kB };\n}  // namespace n\n",
            "src/base/b.cc": "namespace n {\nnamespace {\nvoid F() {\n}\n"
            "}  // namespace\nclass A {\n};\n}  // namespace n\n",
        },
        ["src/base/b.cc:6: n::A stands in src/base/a.h:2, too"],
    ),
]

if __name__ == "__main__":
    tree.main(check, CASES)
