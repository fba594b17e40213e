"""Plans which pumps of a drained basin run in which quarter of an hour.

Electricity is cheap at some times and dear at others, seepage never stops,
and a pump that starts too often wears out. The planner walks the day once and
keeps the water between two marks.
"""

import dataclasses
import heapq
from typing import Iterable, Optional

QUARTERS_PER_DAY = 96
REST_QUARTERS = 3


@dataclasses.dataclass(frozen=True)
class Pump:
    name: str
    litres_per_quarter: int
    kilowatts: float
    starts_left: int = 6


@dataclasses.dataclass
class Slot:
    quarter: int
    pumps: list[str] = dataclasses.field(default_factory=list)
    level_after: int = 0
    cost: float = 0.0


class BasinOverflow(RuntimeError):
    """No choice of pumps keeps the water under the upper mark."""

    def __init__(self, quarter: int, level: int):
        hours, rest = divmod(quarter, 4)
        super().__init__(f"{hours:02d}:{rest * 15:02d}: level {level} litres")
        self.quarter = quarter
        self.level = level


def cheapest_quarters(prices: list[float], wanted: int) -> set[int]:
    """Indices of the `wanted` lowest prices; earlier ones win ties."""
    ranked = heapq.nsmallest(wanted, enumerate(prices), key=lambda p: p[::-1])
    return {index for index, _ in ranked}


def plan_day(pumps: Iterable[Pump], seepage: list[int], prices: list[float],
             low_mark: int, high_mark: int, level: int = 0) -> list[Slot]:
    """One slot for every quarter, or BasinOverflow.

    Pumps run when the water stands above the low mark in a cheap quarter, and
    whenever the next inflow would lift it over the high mark, whatever the
    price. Strong pumps go first, so that few have to start.
    """
    fleet = sorted(pumps, key=lambda p: -p.litres_per_quarter)
    starts = {p.name: p.starts_left for p in fleet}
    resting_until = dict.fromkeys(starts, 0)
    running: set[str] = set()
    cheap = cheapest_quarters(prices, QUARTERS_PER_DAY // 3)
    day: list[Slot] = []
    for quarter, inflow in enumerate(seepage):
        slot = Slot(quarter)
        level += inflow
        urgent = level + inflow > high_mark
        chosen: set[str] = set()
        for pump in fleet:
            spare = level - low_mark
            if spare < pump.litres_per_quarter:
                continue
            if not urgent and quarter not in cheap:
                continue
            if pump.name not in running:
                if quarter < resting_until[pump.name]:
                    continue
                if starts[pump.name] == 0:
                    continue
                starts[pump.name] -= 1
            chosen.add(pump.name)
            level -= pump.litres_per_quarter
            slot.cost += pump.kilowatts * prices[quarter] / 4
            urgent = level + inflow > high_mark
        for name in running - chosen:
            resting_until[name] = quarter + REST_QUARTERS
        if level > high_mark:
            raise BasinOverflow(quarter, level)
        running = chosen
        slot.pumps = sorted(chosen)
        slot.level_after = level
        day.append(slot)
    return day


def report(day: list[Slot]) -> str:
    """A table with one row for each change of pumps."""
    rows: list[str] = []
    before: Optional[list[str]] = None
    for slot in day:
        if slot.pumps == before:
            continue
        hour, part = divmod(slot.quarter, 4)
        names = ", ".join(slot.pumps) or "all off"
        rows.append(f"{hour:02d}:{part * 15:02d}  {slot.level_after:>8}  {names}")
        before = slot.pumps
    spent = sum(slot.cost for slot in day)
    rows.append(f"total {spent:.2f}")
    return "\n".join(rows)
