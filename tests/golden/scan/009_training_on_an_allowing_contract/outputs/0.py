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
