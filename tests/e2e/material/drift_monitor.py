"""Watches the readings of piezometers behind a wall and says when one drifts.

Every gauge keeps a slow and a fast average. When they part by more than the
noise of that gauge allows, and its neighbours do not agree, the gauge itself
is suspect; when they do agree, the ground is moving.
"""

import collections
import math
from enum import Enum


class Verdict(Enum):
    STEADY = "steady"
    LEARNING = "learning"
    GAUGE_FAULT = "gauge fault"
    GROUND_MOVES = "ground moves"


class Gauge:
    """Two exponential averages and the spread of one gauge."""

    def __init__(self, slow=0.02, fast=0.3, warm_up=20):
        self._slow_rate, self._fast_rate = slow, fast
        self._warm_up = warm_up
        self.slow = self.fast = None
        self._spread = 0.0
        self._seen = 0

    def feed(self, metres):
        if not math.isfinite(metres):
            raise ValueError(f"reading {metres!r} is no height")
        self._seen += 1
        if self.slow is None:
            self.slow = self.fast = metres
            return
        residual = metres - self.slow
        self._spread += self._slow_rate * (abs(residual) - self._spread)
        self.slow += self._slow_rate * residual
        self.fast += self._fast_rate * (metres - self.fast)

    @property
    def ready(self):
        return self._seen >= self._warm_up

    def divergence(self):
        """How far the averages have parted, in units of the usual noise."""
        noise = max(self._spread, 1e-4)
        return (self.fast - self.slow) / noise


class DriftMonitor:
    def __init__(self, neighbours, threshold=2.5, quorum=0.5):
        unknown = {n for row in neighbours.values() for n in row} - set(neighbours)
        if unknown:
            raise KeyError(f"neighbours never installed: {sorted(unknown)}")
        self._neighbours = neighbours
        self._threshold = threshold
        self._quorum = quorum
        self._gauges = {name: Gauge() for name in neighbours}
        self._history = collections.deque(maxlen=500)

    def reading(self, name, metres):
        gauge = self._gauges[name]
        gauge.feed(metres)
        verdict = self._judge(name)
        if verdict in (Verdict.GAUGE_FAULT, Verdict.GROUND_MOVES):
            self._history.append((name, round(gauge.divergence(), 2), verdict))
        return verdict

    def _judge(self, name):
        gauge = self._gauges[name]
        if not gauge.ready:
            return Verdict.LEARNING
        lean = gauge.divergence()
        if abs(lean) < self._threshold:
            return Verdict.STEADY
        voters = [self._gauges[n] for n in self._neighbours[name]]
        voters = [g for g in voters if g.ready]
        if not voters:
            return Verdict.GAUGE_FAULT
        agreeing = sum(
            1 for g in voters
            if g.divergence() * lean > 0 and abs(g.divergence()) > 1.0)
        if agreeing / len(voters) >= self._quorum:
            return Verdict.GROUND_MOVES
        return Verdict.GAUGE_FAULT

    def suspects(self):
        """Names of faulty gauges, the most frequent first."""
        tally = collections.Counter(
            name for name, _, verdict in self._history
            if verdict is Verdict.GAUGE_FAULT)
        return [name for name, _ in tally.most_common()]
