"""Disguises a source file as a person might who wants it to look like their
own: every identifier renamed consistently, comments stripped, reformatted."""

import ast
import builtins
import itertools
import keyword
import re
from typing import Dict, Iterator, Set

_SYLLABLES = ("bo", "ra", "mi", "ke", "lu", "sa", "ti", "vo", "ne", "du")


def _names() -> Iterator[str]:
    for length in itertools.count(2):
        for parts in itertools.product(_SYLLABLES, repeat=length):
            yield "".join(parts)


class _Map:
    """Old name -> new name, the same for the same."""

    def __init__(self, keep: Set[str]):
        self._keep = keep
        self._fresh = _names()
        self.names: Dict[str, str] = {}

    def __call__(self, name: str) -> str:
        if name in self._keep:
            return name
        if name not in self.names:
            new = next(self._fresh)
            if name[:1].isupper():
                new = new.capitalize()
            if name.startswith("_"):
                new = "_" + new
            self.names[name] = new
        return self.names[name]


# Python


def _imported(tree: ast.AST) -> Set[str]:
    names: Set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names.update(a.asname or a.name.split(".")[0]
                         for a in node.names)
    return names


def _defined(tree: ast.AST) -> Set[str]:
    """Names that the file itself makes; others belong to libraries."""
    names: Set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.Attribute) and (
                isinstance(node.ctx, ast.Store)):
            names.add(node.attr)
    return names


class _Renamer(ast.NodeTransformer):
    def __init__(self, mine: Set[str], keep: Set[str]):
        self._mine = mine
        self._map = _Map(keep)

    def _new(self, name: str) -> str:
        return self._map(name) if name in self._mine else name

    def visit_Name(self, node):
        node.id = self._new(node.id)
        return node

    def visit_arg(self, node):
        node.arg = self._new(node.arg)
        self.generic_visit(node)
        return node

    def visit_keyword(self, node):
        if node.arg:
            node.arg = self._new(node.arg)
        self.generic_visit(node)
        return node

    def visit_Attribute(self, node):
        node.attr = self._new(node.attr)
        self.generic_visit(node)
        return node

    def _definition(self, node):
        node.name = self._new(node.name)
        first = node.body[0]
        if (isinstance(first, ast.Expr) and isinstance(
                first.value, ast.Constant) and len(node.body) > 1):
            node.body = node.body[1:]  # a docstring is a comment
        self.generic_visit(node)
        return node

    visit_FunctionDef = _definition
    visit_ClassDef = _definition


def python(source: str) -> str:
    """Renamed, without comments and docstrings, in ast.unparse's layout."""
    tree = ast.parse(source)
    if ast.get_docstring(tree) is not None:
        tree.body = tree.body[1:]
    dunder = {n for n in _defined(tree) if n.startswith("__")}
    keep = (_imported(tree) | set(dir(builtins)) | set(keyword.kwlist)
            | dunder | {"self", "cls"})
    renamed = _Renamer(_defined(tree) - keep, keep).visit(tree)
    return ast.unparse(ast.fix_missing_locations(renamed)) + "\n"


# Languages with C's comments and strings

_TOKEN = re.compile(r"""
    (?P<comment>//[^\n]*|/\*.*?\*/)
  | (?P<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)
  | (?P<name>[A-Za-z_$][\w$]*)
  | (?P<number>\d[\w.]*)
  | (?P<space>\s+)
  | (?P<other>.)
""", re.VERBOSE | re.DOTALL)

TYPESCRIPT_KEEP = set("""
    export interface type class private readonly constructor const let
    function return if else for of in new throw this undefined null true false
    string number boolean void Set Map RangeError length push splice sort
    filter some add delete findIndex indexOf kind
""".split())

GO_KEEP = set("""
    package import var type struct func return if else for range defer make
    map chan nil true false len append copy delete string int bool error
    const switch case default go select interface list errors fmt sync time
    New Errorf Mutex Lock Unlock Time Duration Now List Element Value
    PushFront MoveToFront Len Back Remove After Sub
""".split())


def _rewrite(source: str, keep: Set[str]) -> str:
    rename = _Map(keep)
    out = []
    for match in _TOKEN.finditer(source):
        kind, words = match.lastgroup, match.group()
        if kind == "name":
            words = rename(words)
        elif kind == "comment":
            words = "" if words.startswith("//") else " "
        out.append(words)
    return "".join(out)


def typescript(source: str) -> str:
    """Renamed, without comments; tabs, and a line after each brace."""
    lines = []
    for line in _rewrite(source, TYPESCRIPT_KEEP).splitlines():
        line = line.rstrip()
        if not line.strip():
            continue
        depth = (len(line) - len(line.lstrip())) // 2
        body = re.sub(r"\{ (?=\S)", "{\n" + "\t" * (depth + 1),
                      line.strip())
        body = re.sub(r", (?=[\w$]+:)", ",\n" + "\t" * (depth + 1), body)
        lines.append("\t" * depth + body)
    return "\n".join(lines) + "\n"


def go(source: str) -> str:
    """Renamed, without comments; eight spaces, long lines broken after
    commas, no blank lines."""
    lines = []
    for line in _rewrite(source, GO_KEEP).splitlines():
        if not line.strip():
            continue
        body = line.strip()
        indent = " " * 8 * (len(line) - len(line.lstrip("\t")))
        if len(body) > 60:
            body = re.sub(r", (?=[^\"]*$)", ",\n" + indent + " " * 12, body,
                          count=1)
        lines.append(indent + body)
    return "\n".join(lines) + "\n"


def disguise(name: str, source: str) -> str:
    return {"py": python, "ts": typescript, "go": go}[
        name.rpartition(".")[2]](source)


def code_lines(name: str, source: str) -> Set[int]:
    """Numbers of the lines that hold code: not blank, no comment, no
    docstring."""
    if name.endswith(".py"):
        tree, found = ast.parse(source), set()
        documented = set()
        for node in ast.walk(tree):
            if isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef)):
                if ast.get_docstring(node) is not None:
                    words = node.body[0]
                    documented.update(range(words.lineno,
                                            words.end_lineno + 1))
        for number, line in enumerate(source.splitlines(), 1):
            bare = line.strip()
            if bare and not bare.startswith("#") and (
                    number not in documented):
                found.add(number)
        return found
    bare = _TOKEN.sub(
        lambda m: "\n" * m.group().count("\n")
        if m.lastgroup == "comment" else m.group(), source)
    return {number for number, line in enumerate(bare.splitlines(), 1)
            if line.strip()}
