# stock.py - what lies on which shelf of the yard store
# Started as a shell script in the spring; keep it boring.
import csv
import sys

REORDER = {"bolt": 400, "washer": 1000, "plank": 60, "rope": 12}
UNITS = {"bolt": "pc", "washer": "pc", "plank": "m", "rope": "coil"}


def read_shelves(path):
    # columns: shelf;article;amount -- the old export used commas, refuse it
    shelves = {}
    with open(path, newline="") as f:
        sniff = f.readline()
        if ";" not in sniff:
            sys.exit("%s: old export? separate with ;" % path)
        f.seek(0)
        for nr, row in enumerate(csv.reader(f, delimiter=";"), 1):
            if not row or row[0].startswith("#"):
                continue
            try:
                shelf, article, amount = row
                shelves.setdefault(shelf.strip().upper(), {})[article] = int(amount)
            except ValueError as e:
                print("%s:%d: skipped (%s)" % (path, nr, e), file=sys.stderr)
    return shelves


def totals(shelves):
    t = dict.fromkeys(REORDER, 0)
    for shelf in shelves.values():
        for article in shelf:
            if article not in t:
                t[article] = 0
            t[article] += shelf[article]
    return t


def move(shelves, src, dst, article, amount):
    if amount <= 0:
        raise ValueError("move something, please")
    have = shelves.get(src, {}).get(article, 0)
    if have < amount:
        raise LookupError("only %d %s on %s" % (have, article, src))
    shelves[src][article] = have - amount
    target = shelves.setdefault(dst, {})
    target[article] = target.get(article, 0) + amount
    if shelves[src][article] == 0:
        del shelves[src][article]


def low(shelves):
    t = totals(shelves)
    return sorted(a for a in REORDER if t[a] < REORDER[a])


def print_list(shelves, out=sys.stdout):
    w = max([len(a) for a in totals(shelves)] + [7])
    for article, n in sorted(totals(shelves).items()):
        unit = UNITS.get(article, "?")
        flag = " <- order!" if n < REORDER.get(article, 0) else ""
        out.write("%-*s %6d %s%s\n" % (w, article, n, unit, flag))


def main(argv):
    if len(argv) != 2:
        sys.exit("usage: stock.py FILE")
    s = read_shelves(argv[1])
    print_list(s)
    return 1 if low(s) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
