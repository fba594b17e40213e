"""Sequence editor of git rebase -i: takes over the commands of a plan, one a
line, in order (squash_plan.py PLAN LIST)."""

import pathlib
import sys


def main() -> None:
    plan, listed = map(pathlib.Path, sys.argv[1:])
    commands = plan.read_text().split()
    rows = []
    for row in listed.read_text().split("\n"):
        if row.startswith("pick ") and commands:
            row = commands.pop(0) + row[len("pick"):]
        rows.append(row)
    listed.write_text("\n".join(rows))


if __name__ == "__main__":
    main()
