#!/usr/bin/env python3
# Scales a recipe, by hand since 2014.
import fractions
import re
import sys

UNIT = re.compile(r"^(?P<amount>[0-9/ ]+)\s*(?P<unit>g|kg|ml|l|cups?|tbsp)?\s+(?P<what>.*)$")

def parse(line):
    m = UNIT.match(line.strip())
    if not m:
        return line.strip()
    try:
        amount = sum(fractions.Fraction(x) for x in m["amount"].split())
    except ZeroDivisionError:
        sys.exit("bad fraction: " + line)
    return amount, m["unit"] or "", m["what"]

def show(amount):
    whole, rest = divmod(amount, 1)
    if rest == 0:
        return str(whole)
    return (str(whole) + " " if whole else "") + str(rest)

def main(argv):
    if len(argv) != 3:
        print("usage: scale FACTOR FILE", file=sys.stderr)
        return 2
    k = fractions.Fraction(argv[1])
    with open(argv[2]) as f:
        for item in map(parse, f):
            if isinstance(item, str):
                print(item)
                continue
            a, u, w = item
            print(show(a * k), u, w)
    return 0

if __name__ == "__main__":
    sys.exit(main(sys.argv))


"""Plans which hives a beekeeper opens on which day."""

import datetime
import heapq


class Hive:
    """One colony and what the last visits found."""

    def __init__(self, name, row, queen_year):
        self.name = name
        self.row = row
        self.queen_year = queen_year
        self.visits = []
        self.mites_per_day = 0.0

    def last_visit(self):
        if not self.visits:
            return None
        return max(visit.day for visit in self.visits)

    def urgency(self, today):
        # Swarming season counts double, weak colonies half.
        last = self.last_visit()
        waited = 30 if last is None else (today - last).days
        factor = 2.0 if today.month in (4, 5, 6) else 1.0
        if self.mites_per_day > 3:
            factor += 0.5 * self.mites_per_day
        if self.is_weak():
            factor /= 2
        return waited * factor

    def is_weak(self):
        counts = [visit.frames for visit in self.visits[-3:]]
        return bool(counts) and sum(counts) / len(counts) < 4


def plan_week(hives, first_day, per_day):
    """Returns a list of (day, [hives]) for seven days."""
    queue = []
    for number, hive in enumerate(hives):
        heapq.heappush(queue, (-hive.urgency(first_day), number, hive))
    plan = []
    for offset in range(7):
        day = first_day + datetime.timedelta(days=offset)
        if day.weekday() == 6:
            plan.append((day, []))
            continue
        opened = []
        while queue and len(opened) < per_day:
            _, number, hive = heapq.heappop(queue)
            opened.append(hive)
        opened.sort(key=lambda hive: (hive.row, hive.name))
        plan.append((day, opened))
    return plan


def print_plan(plan, out):
    for day, hives in plan:
        names = ", ".join(hive.name for hive in hives) or "rest"
        out.write("%s  %s\n" % (day.isoformat(), names))
    missing = sum(1 for _, hives in plan if not hives)
    if missing > 2:
        out.write("only %d days with work\n" % (len(plan) - missing))
