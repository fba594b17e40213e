"""pytest's: a running engine that must have been asked by the rules."""

import pytest

from .server import ScriptedEngine


@pytest.fixture
def engine(tmp_path):
    """Answers "Done." until it gets a scenario (engine.use). At the end every
    request must have kept the rules; a test in which one does not says so
    with engine.conversations.violations.clear()."""
    with ScriptedEngine(record=tmp_path / "engine") as running:
        yield running
        running.assert_clean()
