"""Records of `cofferdam code`, handed over: an engine that was asked straight
is known by contract and model to scan and blame, what a command made belongs
to the exchange that the gate saw, and nothing counts twice."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import time

import pytest

import house
from test_blame import Repository, classes

MODEL = '''def read_tides(lines):
    tides = {}
    for line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        station, height = line.split("=", 1)
        tides[station.strip().lower()] = float(height)
    return tides
'''
MADE = '''def highest_tide(tides, station_prefix):
    best = None
    for station, height in tides.items():
        if not station.startswith(station_prefix):
            continue
        if best is None or height > best[1]:
            best = (station, height)
    return best
'''
REMOTE = "git.example.com/team/app"
WHEN = 1_767_916_800_000_000  # 2026-01-09


def answer(**more) -> dict:
    return {"v": 1, "agent": "cofferdam-code", "id": "a-0",
            "session": "01K4000000000G000000000009", "turn": 0, "time": WHEN,
            "provider": "inhouse", "model": "tide-coder-7b",
            "tool_version": "0.1.0", "repo": f"https://{REMOTE}.git",
            "outcome": "complete", "parts": [], **more}


def part(kind: str, text: str, **more) -> dict:
    return {"kind": kind, "text": text, "tool": "write", "call_id": "c1",
            "path": "tide.py", **more}


class Records:
    """The state folder of one user of the site."""

    def __init__(self, site: house.Site, state: pathlib.Path):
        self.site = site
        self.env = {"XDG_STATE_HOME": str(state)}
        self.file = state / "cofferdam/code/records/01S.jsonl"
        self.file.parent.mkdir(parents=True)

    def add(self, *lines: dict) -> None:
        with open(self.file, "a", encoding="utf-8") as file:
            for line in lines:
                file.write(json.dumps(line) + "\n")

    def hand_over(self, *words, code: int = 0) -> dict:
        done = self.site.cofferdam("import", "cofferdam-code", "--json",
                                   *words, env=self.env)
        assert done.code == code, done
        return json.loads(done.out)


@pytest.fixture
def site(tmp_path) -> house.Site:
    return house.Site(tmp_path / "site")


@pytest.fixture
def records(site, tmp_path) -> Records:
    return Records(site, tmp_path / "state")


@pytest.fixture
def app(tmp_path) -> Repository:
    return Repository(tmp_path / "app")


def test_what_an_engine_wrote_is_known_to_blame_and_scan(site, records, app):
    records.add({"v": 1, "given_texts": ["Write a reader of tides."]},
                answer(response_id="chatcmpl-1",
                       parts=[part("file", MODEL)]),
                answer(response_id="chatcmpl-1", later=True,
                       parts=[part("file", MADE, tool="bash", call_id="c2",
                                   path="made.py")]))
    said = records.hand_over()
    assert (said["added"], said["already"], said["refused"]) == (1, 1, 0), said
    (record, more) = sorted(site.exchanges(), key=lambda r: r["sequence"])
    assert record["route"] == "agent"
    assert record["origin"]["tool"] == "cofferdam-code"
    assert record["origin"]["model"] == "tide-coder-7b"
    # Nobody named a contract for that engine.
    assert record["origin"]["terms"]["class"] == "unknown"
    assert more["continues"] == record["id"]
    assert json.loads(site.ok("ledger", "stat", "--json"))["exchanges"] == 1

    app.commit("two", when="2026-01-10T12:00:00", tide_py=MODEL, made_py=MADE)
    for path, lines in (("tide.py", MODEL), ("made.py", MADE)):
        said = json.loads(site.ok("blame", "--json", app.path / path))
        assert set(classes(said, path)) == {"m"}, said
        origin = said["files"][0]["origins"][0]
        assert origin["tool"] == "cofferdam-code"
        assert origin["model"] == "tide-coder-7b"
        assert len(classes(said, path)) == lines.count("\n")
    seen = site.scan(app.path)
    assert seen.code == 1
    assert {f["verdict"] for f in seen.findings} == {"forbidden"}
    assert len(seen.lines("tide.py")) >= 7

    again = records.hand_over("--again")
    assert (again["added"], again["already"]) == (0, 2)
    assert len(site.exchanges()) == 2


def test_only_what_is_new_is_handed_over(records):
    records.add(answer(response_id="chatcmpl-1", parts=[part("file", MODEL)]))
    assert records.hand_over()["added"] == 1
    assert records.hand_over()["exchanges"] == 0
    records.add(answer(id="a-1", response_id="chatcmpl-2",
                       parts=[part("file", MADE)]))
    said = records.hand_over()
    assert (said["exchanges"], said["added"]) == (1, 1)


def test_an_answer_that_was_cut_while_it_was_written_waits(records):
    records.add(answer(response_id="chatcmpl-1", parts=[part("file", MODEL)]))
    with open(records.file, "a", encoding="utf-8") as file:
        file.write(json.dumps(answer())[:40])
    said = records.hand_over()
    assert (said["added"], said["problems"]) == (1, 0)


def test_what_a_command_made_joins_the_exchange_that_is_named(site, records):
    records.add(answer(response_id="chatcmpl-1", parts=[part("file", MODEL)]))
    records.hand_over()
    (record,) = site.exchanges()
    records.add(answer(id="b-1", exchange=record["id"], session="another",
                       later=True, provider="cofferdam",
                       parts=[part("file", MADE, path="made.py")]))
    said = records.hand_over()
    assert (said["added"], said["refused"]) == (0, 0), said
    more = [r for r in site.exchanges() if r.get("continues")]
    assert [r["continues"] for r in more] == [record["id"]]
    assert json.loads(site.ok("ledger", "stat", "--json"))["exchanges"] == 1


DAY_S = 24 * 3600


@pytest.fixture(scope="module")
def killer(tmp_path_factory):
    """The library that ends a process at a change of a file."""
    compiler = next(filter(None, map(shutil.which, (
        "clang-19", "clang-18", "clang", "cc"))))
    library = tmp_path_factory.mktemp("kill") / "kill_at.so"
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-O1", "-o", str(library),
         str(pathlib.Path(__file__).parent / "kill_at.c"), "-ldl"], check=True)
    return library


def make_old(records) -> None:
    then = time.time() - DAY_S - 60
    os.utime(records.file, (then, then))


def test_records_that_the_ledger_has_are_deleted_when_they_are_old(
        site, records):
    records.add(answer(response_id="chatcmpl-1", parts=[part("file", MODEL)]))
    assert records.hand_over("--delete-taken")["deleted"] == 0
    make_old(records)
    assert records.hand_over()["deleted"] == 0  # nobody asked for it
    assert records.hand_over("--delete-taken")["deleted"] == 1
    assert not records.file.exists()
    # The session goes on in a new file of the same name.
    records.add(answer(id="a-1", response_id="chatcmpl-2",
                       parts=[part("file", MADE)]))
    said = records.hand_over("--delete-taken")
    assert (said["exchanges"], said["added"], said["deleted"]) == (1, 1, 0)
    assert len(site.exchanges()) == 2


def test_what_the_ledger_would_not_have_is_not_deleted(records):
    records.add(answer(response_id="chatcmpl-1", parts=[part("file", MODEL)]),
                {"v": 1, "agent": "cofferdam-code", "parts": 3})
    make_old(records)
    assert records.hand_over("--delete-taken", code=1)["deleted"] == 0
    assert records.hand_over("--delete-taken")["deleted"] == 0
    assert records.file.exists()


def killed_everywhere(run, killer, below: str):
    """Runs until the end, killed before one change after the other."""
    for at in range(1, 100):
        done = run({"LD_PRELOAD": str(killer), "KILL_AT": str(at),
                    "KILL_BELOW": below})
        if done.code != -signal.SIGKILL:
            return at - 1, done
    raise AssertionError("it changes files for ever")


def test_killed_at_any_step_nothing_is_lost_and_nothing_comes_twice(
        site, records, killer):
    """The ledger is on this machine."""
    records.add(answer(response_id="chatcmpl-1", parts=[part("file", MODEL)]),
                answer(response_id="chatcmpl-1", later=True,
                       parts=[part("file", MADE, tool="bash", call_id="c2",
                                   path="made.py")]))
    make_old(records)
    site.ok("ledger", "stat")

    def run(env):
        done = site.cofferdam("import", "cofferdam-code", "--json",
                              "--delete-taken", env={**records.env, **env})
        # Whatever is not in the ledger is still here.
        assert records.file.exists() or len(site.exchanges()) == 2, done
        return done

    steps = 0
    for below in ("/data/histories/", "/cofferdam/code/records/"):
        killed, done = killed_everywhere(run, killer, below)
        steps += killed
        assert done.code == 0, done
    assert steps >= 4
    assert not records.file.exists()
    assert len(site.exchanges()) == 2
    assert json.loads(site.ok("ledger", "stat", "--json"))["exchanges"] == 1


def test_killed_on_the_way_to_a_gate_nothing_is_lost_or_comes_twice(
        site, records, killer, tmp_path):
    records.add(answer(response_id="chatcmpl-1", parts=[part("file", MODEL)]),
                answer(id="a-1", response_id="chatcmpl-2",
                       parts=[part("file", MADE)]))
    make_old(records)
    env = {**records.env, "HOME": str(tmp_path / "home"),
           "PATH": "/usr/bin:/bin"}

    def laptop(*words, stdin="", more=None):
        done = subprocess.run(
            [str(house.binary()), *words], input=stdin, text=True,
            capture_output=True, timeout=60, cwd=tmp_path,
            env={**env, **(more or {})})
        return house.Done(done.returncode, done.stdout, done.stderr)

    gate = site.serve()
    try:
        done = laptop("login", gate.url, stdin=site.key() + "\n")
        assert done.code == 0, done

        def run(more):
            return laptop("import", "cofferdam-code", "--json",
                          "--delete-taken",
                          more=more)

        killed, done = killed_everywhere(run, killer, "/state/cofferdam/")
        assert done.code == 0, done
        assert killed >= 8
        assert not records.file.exists()
        assert len(site.exchanges()) == 2
    finally:
        gate.stop()
