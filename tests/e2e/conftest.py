"""Fixtures: the provider double, the real binary, a clean place to work."""

import contextlib
import gc
import os
import pathlib
import signal
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import agents  # noqa: E402
import house  # noqa: E402
from double import Double, Script  # noqa: E402
from engine.fixtures import engine  # noqa: E402, F401
from llama.fixtures import start_llama  # noqa: E402, F401

# More than any test leaves open; less than a process may have.
DESCRIPTORS = 400
FULL = os.environ.get("COFFERDAM_FULL") == "1"


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "full: long; runs with COFFERDAM_FULL=1 only")
    config.addinivalue_line(
        "markers", "agent: drives a real coding agent from npm")
    config.addinivalue_line(
        "markers", "crash: kills the server again and again")
    config.addinivalue_line(
        "markers", "seconds(n): how long the test may take (default 120)")


def pytest_collection_modifyitems(items):
    if FULL:
        return
    skip = pytest.mark.skip(reason="long; set COFFERDAM_FULL=1")
    for item in items:
        if "full" in item.keywords:
            item.add_marker(skip)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    """No test hangs: after its seconds it fails where it stands."""
    marker = item.get_closest_marker("seconds")
    limit = marker.args[0] if marker else 120

    def late(*_):
        raise TimeoutError(f"the test took more than {limit} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(limit)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(autouse=True)
def no_process_left():
    """Ends what a failed test left running; by pid, its own only. Closes the
    pipes to all that it started: a whole run is one process, whose
    descriptors would not last."""
    before = len(house.STARTED)
    yield
    for process in house.STARTED[before:]:
        if process.poll() is None:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
    del house.STARTED[before:]
    if len(os.listdir("/proc/self/fd")) > DESCRIPTORS:
        gc.collect()
        open_now = len(os.listdir("/proc/self/fd"))
        assert open_now <= DESCRIPTORS, f"{open_now} descriptors are open"


@pytest.fixture
def double(tmp_path):
    """A running double that answers "Done." until it gets a script."""
    with Double(Script(credential=house.UPSTREAM_KEY),
                record=tmp_path / "double") as running:
        yield running


@pytest.fixture
def open_double():
    """A running double that asks for no credential."""
    with Double() as running:
        yield running


@pytest.fixture
def site(tmp_path, double):
    """A place for one gate: config, data folder, the binary's path."""
    return house.Site(tmp_path / "site", double.url)


@pytest.fixture
def gate(site):
    """A running `cofferdam serve`; it must end with exit code 0."""
    running = site.serve()
    yield running
    running.stop()


@pytest.fixture
def agent_home(tmp_path):
    return agents.AgentHome(tmp_path / "agent")


@pytest.fixture
def second_home(tmp_path):
    return agents.AgentHome(tmp_path / "second")
