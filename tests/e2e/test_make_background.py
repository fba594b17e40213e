"""tools/make_background.py, on tarballs of our own."""

import calendar
import hashlib
import io
import subprocess
import sys
import tarfile
import time

import pytest

import house

TOOL = house.ROOT / "tools" / "make_background.py"
CODE = "".join(f"def f{i}(a, b):\n    return a[{i}] + g(b, {i}) * h(a)\n"
               for i in range(20))


class Work:
    def __init__(self, folder):
        self.folder = folder
        self.downloads = folder / "downloads"
        self.downloads.mkdir()
        self.list = folder / "sources.txt"
        self.list.write_text("# pinned\n")
        self.out = folder / "layer.bin"

    def add(self, package, day="2019-05-01", name="src/f.py", text=CODE):
        moment = calendar.timegm(time.strptime(day, "%Y-%m-%d"))
        path = self.downloads / f"{package}_1.0.orig.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            member = tarfile.TarInfo(name)
            member.size = len(text)
            member.mtime = moment
            archive.addfile(member, io.BytesIO(text.encode()))
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        with open(self.list, "a") as listed:
            listed.write(f"{package} 1.0 {path.name} {digest}\n")
        return path

    def run(self, *words):
        return subprocess.run(
            [sys.executable, TOOL, "--work", self.folder / "work",
             "--downloads", self.downloads, "--list", self.list, "--out",
             self.out, "--cofferdam", house.binary(), *words],
            capture_output=True, text=True, timeout=100)


@pytest.fixture
def work(tmp_path):
    return Work(tmp_path)


def test_the_same_list_gives_the_same_bytes(work):
    for package in ("b", "a", "c"):
        work.add(package)
    results = []
    for _ in range(2):
        done = work.run()
        assert done.returncode == 0, done.stderr
        results.append(work.out.read_bytes())
    assert results[0] == results[1]
    assert b"c 1.0 c_1.0.orig.tar.gz" in results[0]


def test_a_tarball_that_was_changed_is_refused(work):
    path = work.add("a")
    path.write_bytes(path.read_bytes() + b"x")
    done = work.run()
    assert done.returncode != 0 and "SHA-256" in done.stderr
    assert not work.out.exists()


@pytest.mark.parametrize("day, word", [
    ("2021-01-01", "holds a file of 2021-01-01"),
    ("2006-07-24", "no true date"),
    ("1985-10-26", "no true date"),
])
def test_text_that_may_be_younger_is_refused(work, day, word):
    work.add("old")
    work.add("young", day)
    done = work.run()
    assert done.returncode != 0 and word in done.stderr


def test_nothing_is_unpacked_outside(work):
    work.add("good")
    work.add("evil", name="../../outside.py")
    done = work.run("--keep")
    assert done.returncode != 0 and "evil" in done.stderr
    assert not list(work.folder.rglob("outside.py"))


def test_pin_prints_the_lines_of_the_list(work):
    work.add("a")
    work.add("young", "2022-02-02")
    done = work.run("pin", "--offline", "a", "young")
    assert done.returncode == 0
    assert done.stdout == work.list.read_text().splitlines(True)[1]
    assert "young_1.0.orig.tar.gz: holds a file of 2022-02-02" in done.stderr
