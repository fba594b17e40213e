"""What the start of a command waits for and what it does not: large libraries
are loaded where they are used, and the first request of `cofferdam code`
leaves before anything slow is begun."""

import ctypes
import os
import pathlib
import re
import shutil
import subprocess

import pytest

import house
from coder import Coder
from double import Fault
from engine import Answer, Scenario

IN_OPEN = 0x20
LARGE = re.compile(r"lib(cofferdam_)?(rocksdb|arrow|parquet)")


@pytest.fixture
def coder(agent_home, engine):
    return Coder(agent_home, engine.url)


@pytest.fixture
def site(tmp_path, engine) -> house.Site:
    return house.Site(tmp_path / "site", config=house.config_text(
        tmp_path / "site/data", chat=engine.url))


def loaded(words, env, cwd):
    """Names of the libraries that a command loads while it runs."""
    done = subprocess.run(list(map(str, words)), cwd=cwd, timeout=60,
                          env={**env, "LD_DEBUG": "libs"}, text=True,
                          capture_output=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr[-2000:]
    names = {pathlib.Path(path).name for path in
             re.findall(r"calling init: (\S+)", done.stderr)}
    assert "libc.so.6" in names
    return names


class FolderWatch:
    """Whether anybody opens a folder, by inotify."""

    def __init__(self, folder: pathlib.Path):
        libc = ctypes.CDLL(None, use_errno=True)
        self.fd = libc.inotify_init1(os.O_NONBLOCK)
        assert self.fd >= 0
        assert libc.inotify_add_watch(self.fd, bytes(folder), IN_OPEN) >= 0

    def was_opened(self) -> bool:
        try:
            return bool(os.read(self.fd, 4096))
        except BlockingIOError:
            return False


def large(names):
    return sorted(name for name in names if LARGE.match(name))


def test_a_task_loads_no_store_and_no_tables(coder, engine):
    names = loaded(coder.words(task="Hi"), coder.env(), coder.place.repo)
    assert len(engine.requests) == 1
    assert large(names) == []


def test_the_program_itself_needs_no_store(site):
    assert large(loaded([house.binary(), "--version"], site.env(),
                        site.root)) == []
    # Else these tests could not fail.
    names = large(loaded([house.binary(), "ledger", "stat"], site.env(),
                         site.root))
    assert "libcofferdam_rocksdb.so" in names
    assert any(name.startswith("librocksdb.so") for name in names)


def test_a_store_without_its_library_says_what_is_missing(site, tmp_path):
    alone = shutil.copy(house.binary(), tmp_path)
    done = subprocess.run([alone, "ledger", "stat"], env=site.env(),
                          cwd=site.root, text=True, capture_output=True,
                          timeout=60)
    assert done.returncode == 2
    assert "a ledger needs RocksDB" in done.stderr
    assert "libcofferdam_rocksdb.so" in done.stderr


def test_the_first_request_leaves_before_what_is_slow(coder, engine, site):
    engine.use(Scenario([Answer(text="Done.", faults=[
        Fault("hold", at="start", name="answer")])]))
    site.ok("ledger", "stat")
    below = coder.place.repo / "below"
    below.mkdir()
    watch = FolderWatch(below)
    process = subprocess.Popen(
        coder.words(task="Hi"), cwd=coder.place.repo,
        env={**coder.env(), "COFFERDAM_CONFIG": str(site.config)},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    house.STARTED.append(process)
    engine.wait(lambda exchanges: exchanges)
    proc = pathlib.Path(f"/proc/{process.pid}")
    mapped = {pathlib.Path(line.split()[-1]).name
              for line in (proc / "maps").read_text().splitlines()}
    opened = {os.readlink(one) for one in (proc / "fd").iterdir()}
    children = [(task / "children").read_text().strip()
                for task in (proc / "task").iterdir()]
    # Neither git nor a sandbox, no store, nothing to take files back from.
    assert large(mapped) == [] and "".join(children) == ""
    assert not [one for one in opened if str(site.root) in one]
    assert not watch.was_opened(), "the tree was walked"
    os.listdir(below)
    assert watch.was_opened(), "else the line above says nothing"
    os.close(watch.fd)
    state = coder.place.root / "state/cofferdam/code"
    assert not (state / "files").exists()
    engine.release("answer")
    out, _ = process.communicate(timeout=30)
    assert out == b"Done.\n" and process.returncode == 0
    # The ledger that was not waited for has it.
    assert [r["route"] for r in site.exchanges()] == ["agent"]
