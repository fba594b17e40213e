"""What the runs add up to: tables for people, figures for machines."""

from typing import Any, Dict, List, Sequence

MARKS = {"at_once": "+", "corrected": "c", "safe": "s", "silent": "-",
         "crashed": "!", "damaged": "X", "left": "+", "ran_on": "o",
         "none": "."}
LEGEND = ("+ right at once, c right after one correction, s failed and said "
          "so, - silent end,\n! crashed or hung, X did another thing or "
          "damaged a file, o ran on, . cannot be sent to it")
# Title, groups, and the columns: heading and what counts in it.
TABLES = [
    ("Calls whose meaning is certain", ("certain",),
     (("at once", "at_once"), ("corrected", "corrected"), ("said so", "safe"),
      ("silent", "silent"), ("crashed", "crashed"), ("damage", "damaged"))),
    ("Calls that must not run as they came", ("uncertain",),
     (("corrected", "corrected"), ("said so", "safe"), ("silent", "silent"),
      ("crashed", "crashed"), ("ran it", "damaged"))),
    ("Examples of calls in the text", ("example",),
     (("left alone", "left"), ("crashed", "crashed"), ("ran it", "damaged"))),
    ("Faults of engines", ("engine",),
     (("recovered", "corrected"), ("said so", "safe"), ("silent", "silent"),
      ("crashed", "crashed"), ("damage", "damaged"))),
    ("Loops of the model", ("loop",),
     (("said so", "safe"), ("silent", "silent"), ("crashed", "crashed"),
      ("damage", "damaged"), ("ran on", "ran_on"))),
    ("Edits whose place and text are certain", ("edit",),
     (("at once", "at_once"), ("by a way", "corrected"), ("said so", "safe"),
      ("silent", "silent"), ("crashed", "crashed"), ("damage", "damaged"))),
    ("Edits that must be refused", ("edit to refuse",),
     (("refused", "safe"), ("silent", "silent"), ("crashed", "crashed"),
      ("damage", "damaged"))),
]

Runs = List[Dict[str, Any]]


def _of(runs: Runs, agent: str, groups: Sequence[str]) -> Runs:
    return [run for run in runs
            if run["agent"] == agent and run["group"] in groups]


def _count(runs: Runs, what: str) -> int:
    return sum(run["what"] == what for run in runs)


def _table(title: str, groups: Sequence[str], columns, agents,
           runs: Runs) -> List[str]:
    forms = len({run["form"] for run in runs if run["group"] in groups})
    if forms == 0:
        return []
    lines = [f"{title}: {forms}",
             f"  {'':<14}{'sent':>6}" + "".join(
                 f"{heading:>11}" for heading, _ in columns)]
    for agent in agents:
        mine = [run for run in _of(runs, agent["name"], groups)
                if run["what"] != "none"]
        # An agent without such a tool has no row to be judged by.
        numbers = "".join(f"{_count(mine, what):>11}" if mine else f"{'':>11}"
                          for _, what in columns)
        lines.append(f"  {agent['name']:<14}{len(mine):>6}{numbers}")
    return lines + [""]


def _matrix(agents, runs: Runs) -> List[str]:
    names = [agent["name"] for agent in agents]
    lines = ["Each form", *LEGEND.split("\n"),
             f"  {'':<40}" + "".join(f"{name:>12}" for name in names)]
    for group in ("certain", "uncertain", "example", "engine", "loop",
                  "edit", "edit to refuse"):
        forms = list(dict.fromkeys(run["form"] for run in runs
                                   if run["group"] == group))
        if forms:
            lines.append(f"  {group}")
        for form in forms:
            marks = []
            for name in names:
                found = [run["what"] for run in _of(runs, name, (group,))
                         if run["form"] == form]
                mark = MARKS[found[0]] if found else " "
                if group in ("edit to refuse", "loop") and mark == "s":
                    mark = "+"
                marks.append(f"{mark:>12}")
            lines.append(f"    {form:<38}" + "".join(marks))
    return lines + [""]


def text(agents, runs: Runs) -> str:
    lines: List[str] = []
    for title, groups, columns in TABLES:
        lines += _table(title, groups, columns, agents, runs)
    if any(run["invalid"] for run in runs):
        lines.append("Runs in which a history was sent that engines refuse "
                     "(arguments that are no JSON, calls without results)")
        for agent in agents:
            count = sum(run["invalid"] > 0 for run in runs
                        if run["agent"] == agent["name"])
            lines.append(f"  {agent['name']:<14}{count:>6}")
        lines.append("")
    lines += _matrix(agents, runs)
    return "\n".join(lines)


def _figure(name: str, value: float, better: str,
            target=None) -> Dict[str, Any]:
    return {"name": name, "value": value, "unit": "forms", "better": better,
            "target": target}


def figures(agents, runs: Runs) -> List[Dict[str, Any]]:
    """Ours, judged; of rivals the best, and how far ahead we are."""
    rows: List[Dict[str, Any]] = []
    for title, groups, columns in TABLES:
        good = columns[0][1]
        name = groups[0].replace(" ", "_")
        ours = [run for run in _of(runs, agents[0]["name"], groups)
                if run["what"] != "none"]
        if not ours:
            continue
        best = [_count(_of(runs, agent["name"], groups), good)
                for agent in agents[1:]]
        right = _count(ours, good)
        if name == "uncertain" or name == "engine":
            right += _count(ours, "safe")  # a refusal that is said will do
        rows.append(_figure(f"{name}.right", right, "higher", len(ours)))
        if best:
            rows.append(_figure(f"{name}.best_rival", max(best), "higher"))
        for what in ("silent", "crashed", "damaged"):
            rows.append(_figure(f"{name}.{what}", _count(ours, what), "lower",
                                0))
    rows.append(_figure(
        "invalid_histories", sum(run["invalid"] for run in runs
                                 if run["agent"] == agents[0]["name"]),
        "lower", 0))
    return rows
