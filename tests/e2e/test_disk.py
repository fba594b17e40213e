"""A disk that is full, a ledger that cannot be opened: defined answers, no
request that is not metered, no 401 for a fault of the store."""

import pathlib
import shutil
import subprocess

import pytest

import house
from dialects import ANTHROPIC
from plain_http import ask

SOURCE = pathlib.Path(__file__).parent / "full_disk.c"


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    """The library that makes a disk seem full."""
    compiler = next(filter(None, map(shutil.which, (
        "clang-19", "clang-18", "clang", "cc"))))
    library = tmp_path_factory.mktemp("disk") / "full_disk.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(library),
                    str(SOURCE), "-ldl"], check=True)
    return library


def status_of(gate, key) -> int:
    """0 when the answer is cut short, or ends without its last event."""
    answer = ANTHROPIC.ask(gate.url, headers={"x-api-key": key})
    last = b'{"type":"message_stop"}' in answer.body.replace(b" ", b"")
    whole = answer.ended and (answer.status != 200 or last)
    return answer.status if whole else 0


@pytest.mark.parametrize("sync", ["group", "each"])
def test_a_full_disk_refuses_for_a_while_and_forgets_nothing(
        tmp_path, open_double, shim, sync):
    root = tmp_path / "site"
    site = house.Site(root, config=house.config_text(
        root / "data", anthropic=open_double.url, ledger=f'sync = "{sync}"'))
    flag = tmp_path / "full"
    gate = site.serve(env={"LD_PRELOAD": str(shim), "FULL_DISK": str(flag)})
    key = site.key()
    assert status_of(gate, key) == 200

    flag.touch()
    seen = [status_of(gate, key) for _ in range(6)]
    # The first may find out, its answer cut or replaced; nobody is told that
    # their key is wrong, and nothing is acknowledged.
    assert set(seen) <= {0, 503}, seen
    assert seen[-1] == 503, seen
    refusal = ANTHROPIC.ask(gate.url, headers={"x-api-key": key})
    assert refusal.status == 503 and refusal.header("retry-after")
    assert b"ledger" in refusal.body
    asked = len(open_double.exchanges)
    status_of(gate, key)
    assert len(open_double.exchanges) == asked  # refused before it is sent
    assert ask(gate.url, "/readyz").status == 503
    assert ask(gate.url, "/healthz").status == 200
    unknown = ANTHROPIC.ask(gate.url, headers={"x-api-key": "cfe_nobody"})
    assert unknown.status == 401

    flag.unlink()
    house.poll(lambda: status_of(gate, key) == 200,
               "the gate did not recover when there was room again")
    assert ask(gate.url, "/readyz").status == 200
    gate.stop()

    # Every answer that ended is there; so may be one that was cut.
    complete = [r for r in site.exchanges() if r["outcome"] == "complete"]
    whole = [e for e in open_double.exchanges if e.complete]
    assert 2 <= len(complete) <= len(whole)
    again = site.serve()
    assert status_of(again, key) == 200
    again.stop()


def test_a_ledger_that_cannot_be_opened_is_named_before_anything_is_served(
        tmp_path, open_double):
    site = house.Site(tmp_path / "site", upstream=open_double.url)
    site.key()
    ledger = site.data / "ledger"
    current = ledger / "CURRENT"
    current.write_text("MANIFEST-999999\n")
    done = site.serve_refuses()
    assert done.code == 2
    assert str(site.data) in done.err and "ledger" in done.err
    assert done.out == ""
