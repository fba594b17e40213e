"""What a file uses of the headers that cmake/precompiled.cmake lists it includes,
itself or by way of our own headers. A compiler that was given them already does
not miss them; the next one would."""

import re

import tree

# Header -> names of std that it must be included for.
NAMES = {
    "algorithm": "sort stable_sort find_if any_of all_of none_of transform copy_if"
    " lower_bound upper_bound remove_if max_element min_element clamp equal_range"
    " partial_sort nth_element is_sorted reverse unique count_if replace_if",
    "array": "array",
    "atomic": "atomic atomic_bool memory_order_relaxed memory_order_acquire",
    "chrono": "chrono::\\w+",
    "condition_variable": "condition_variable",
    "deque": "deque",
    "filesystem": "filesystem::\\w+",
    "fstream": "ifstream ofstream fstream",
    "functional": "function less hash",
    "future": "future promise async packaged_task",
    "map": "map multimap",
    "memory": "unique_ptr shared_ptr weak_ptr make_unique make_shared",
    "mutex": "mutex lock_guard unique_lock scoped_lock once_flag call_once",
    "optional": "optional nullopt make_optional",
    "random": "mt19937 mt19937_64 uniform_int_distribution",
    "set": "set multiset",
    "span": "span",
    "sstream": "ostringstream istringstream stringstream",
    "string": "string to_string stoi getline",
    "string_view": "string_view",
    "thread": "thread this_thread::\\w+ jthread",
    "tuple": "tuple tie make_tuple apply",
    "unordered_map": "unordered_map",
    "utility": "move pair forward exchange swap",
    "variant": "variant visit holds_alternative get_if monostate",
    "vector": "vector",
}
USES = {
    header: re.compile(r"\bstd::(?:" + "|".join(names.split()) + r")\b")
    for header, names in NAMES.items()
}
USES["cstdint"] = re.compile(r"\bu?int(?:8|16|32|64)_t\b")
USES["cstring"] = re.compile(
    r"\bstd::(?:mem(?:cpy|cmp|set|move|chr)|str(?:len|n?cmp|r?chr|str|error))\("
)
USES["fmt/format.h"] = re.compile(r"\bfmt::\w+")
# What each of these brings, by the standard or in every libstdc++.
BRINGS = {
    "array": "utility",
    "algorithm": "utility",
    "cinttypes": "cstdint",
    "condition_variable": "mutex",
    "deque": "utility",
    "filesystem": "string chrono",
    "fmt/format.h": "string cstdint",
    "fstream": "string",
    "functional": "utility",
    "future": "mutex",
    "gmock/gmock.h": "algorithm functional map memory set string utility vector",
    "gtest/gtest.h": "functional map memory set string utility vector",
    "map": "utility",
    "memory": "utility",
    "mutex": "utility",
    "optional": "utility",
    "random": "string vector",
    "set": "utility",
    "span": "array",
    "sstream": "string",
    "string": "string_view utility",
    "thread": "utility",
    "tuple": "utility",
    "unordered_map": "utility",
    "variant": "utility",
    "vector": "utility",
}
INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', re.M)


def _reach(root, path, seen):
    """Standard headers that `path` includes, also by way of ours."""
    if path in seen:
        return seen[path]
    seen[path] = found = set()
    if path.is_file():
        for own, other in INCLUDE.findall(tree.read(path)):
            if own:
                found |= _reach(root, root / "src" / own, seen)
            else:
                found |= {other, *BRINGS.get(other, "").split()}
    return found


def check(root):
    findings = []
    seen = {}
    for path in tree.files(root, ".h", ".cc", under=("src",)):
        reach = _reach(root, path, seen)
        code = tree.code_only(tree.read(path))
        for header, uses in USES.items():
            found = uses.search(code)
            if found and header not in reach:
                line = code.count("\n", 0, found.start()) + 1
                name = path.relative_to(root)
                findings.append(f"{name}:{line}: {found[0]} wants <{header}>")
    return findings


CASES = [
    tree.case(
        "included, or brought by a header of ours",
        {
            "src/base/a.h": "#include <string>\nstd::string A();\n",
            "src/base/a.cc": '#include "base/a.h"\n#include <map>\n'
            "std::map<std::string_view, std::string> b;\n",
        },
        [],
    ),
    tree.case(
        "missing",
        {
            "src/base/a.h": "#include <map>\n",
            "src/base/a.cc": '#include "base/a.h"\nint b;\nstd::vector<int> c;\n',
        },
        ["src/base/a.cc:3: std::vector wants <vector>"],
    ),
]

if __name__ == "__main__":
    tree.main(check, CASES)
