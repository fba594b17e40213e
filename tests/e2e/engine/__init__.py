"""A scripted engine: what a server of open models says, well or badly, and
what an agent asked it, held against the rules that keep an engine's cache.

    from engine import Answer, ScriptedEngine, Scenario, call

    with ScriptedEngine(Scenario([
            Answer(calls=[call("read", {"path": "a.txt"})]),
            Answer(text="It is empty.")])) as engine:
        ...                       # an agent with engine.url
        engine.requests[0].body   # the bytes that arrived
        engine.assert_clean()     # append-only, paired, valid
"""

from .invariants import Conversations
from .scenario import (Answer, Call, Facts, Scenario, ScenarioError, call,
                       load_scenario)
from .server import ScriptedEngine

__all__ = ["Answer", "Call", "Conversations", "Facts", "Scenario",
           "ScenarioError", "ScriptedEngine", "call", "load_scenario"]
