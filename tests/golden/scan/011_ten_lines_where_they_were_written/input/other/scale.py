#!/usr/bin/env python3
# Scales a meal, by hand since 2014.
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

class Keeper:
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
