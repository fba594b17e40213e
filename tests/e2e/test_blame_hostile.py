"""`blame` on repositories that are broken, huge or ill-meant: it says what it
could not read, reads the rest, and stays within bounds."""

import hashlib
import json
import os
import pathlib
import subprocess
import tempfile
import time
import zlib
from typing import Any, Dict, List, Optional

import pytest

import house

OUTPUT = house.OUTPUT
HUMAN = """\
import sys


def main(arguments):
    for name in arguments:
        with open(name) as file:
            print(sum(1 for line in file if line.strip()), name)


main(sys.argv[1:])
"""
# Of a blame, whatever it is asked to read.
SECONDS_MAX = 60
RESIDENT_BYTES_MAX = 700 << 20
BLOB_BYTES = 1 << 30


class Repository:
    """A repository with a file of a person's and one of a model's."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        folder.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")
        self.git("remote", "add", "origin",
                 "https://git.example.com/applied-ai/apiary.git")
        self.write("count.py", HUMAN)
        self.commit("Count lines")
        self.write("apiary/plan.py", OUTPUT.read_text())
        self.commit("Plan")

    def git(self, *words, stdin: Optional[bytes] = None,
            at: Optional[pathlib.Path] = None) -> str:
        done = subprocess.run(
            ["git", "-c", "protocol.file.allow=always",
             "-c", "safe.directory=*", "-c", "user.name=Ada",
             "-c", "user.email=ada@example.com", *map(str, words)],
            cwd=at or self.folder, input=stdin, capture_output=True,
            check=True, env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent",
                             "GIT_CONFIG_NOSYSTEM": "1"})
        return done.stdout.decode(errors="replace").strip()

    def write(self, name: str, text: str) -> None:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def commit(self, words: str) -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", words)

    def loose(self, name: str) -> pathlib.Path:
        """The file of a loose object."""
        of = self.git("rev-parse", name)
        return self.folder / ".git" / "objects" / of[:2] / of[2:]


@pytest.fixture
def repository(tmp_path) -> Repository:
    return Repository(tmp_path / "repository")


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> house.Site:
    """Its ledger holds the one output."""
    root = tmp_path_factory.mktemp("blame")
    made = house.Site(root / "site")
    made.record_output()
    return made


class Blamed:
    """What `blame --json` said, and what it took."""

    def __init__(self, site: house.Site, *words,
                 cwd: Optional[pathlib.Path] = None):
        with tempfile.TemporaryFile() as out, \
                tempfile.TemporaryFile() as errors:
            begun = time.monotonic()
            process = subprocess.Popen(
                [str(house.binary()), "blame", "--json", "--lines",
                 *map(str, words)],
                cwd=cwd or site.root, env=site.env(),
                stdin=subprocess.DEVNULL, stdout=out, stderr=errors)
            house.STARTED.append(process)
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            self.code = process.returncode
            self.seconds = time.monotonic() - begun
            self.resident_bytes = used.ru_maxrss << 10
            out.seek(0)
            errors.seek(0)
            self.out = out.read().decode()
            self.err = errors.read().decode(errors="replace")
        assert self.seconds < SECONDS_MAX, self
        assert self.resident_bytes < RESIDENT_BYTES_MAX, self
        assert self.code in (0, 2), self

    def __str__(self) -> str:
        return (f"exit {self.code} after {self.seconds:.1f} s and "
                f"{self.resident_bytes >> 20} MiB\n{self.out[-3000:]}\n"
                f"--- stderr\n{self.err[-3000:]}")

    def said(self) -> Dict[str, Any]:
        assert self.code == 0, self
        return json.loads(self.out)

    def classes(self) -> Dict[str, List[str]]:
        """Of each file, what is said of each of its lines."""
        return {file["path"]: [
            run["class"] for run in file["blame"]
            for _ in range(run["begin"], run["end"] + 1)]
            for file in self.said()["files"]}

    def notices(self) -> str:
        """All that it says of what it could not read."""
        said = self.said()
        return json.dumps([said["notices"], said["passed_over"]])

    def refused(self, *words: str) -> None:
        """It read nothing and says why in one line."""
        assert self.code == 2, self
        assert len(self.err.splitlines()) == 1, self
        for word in words:
            assert word in self.err, self


def test_whole(site, repository):
    """What every other test here is compared with."""
    blamed = Blamed(site, repository.folder)
    assert_told(blamed)
    assert (blamed.notices(), blamed.err) == ("[[], []]", "")


def assert_told(blamed: Blamed) -> None:
    """The model's file is the model's, the person's is not."""
    classes = blamed.classes()
    model = classes["apiary/plan.py"]
    assert model.count("model") >= 0.9 * len(model), blamed
    assert not {"model", "mixed"} & set(classes["count.py"]), blamed


def assert_noticed(blamed: Blamed, *words: str) -> None:
    assert all(word in blamed.notices() for word in words), blamed


# Objects that are not there


def test_a_shallow_clone_is_blamed_and_said_to_be_shallow(
        site, repository, tmp_path):
    repository.write("more.py", HUMAN.replace("main", "more"))
    repository.commit("More")
    clone = tmp_path / "shallow"
    repository.git("clone", "-q", "--depth", "1",
                   repository.folder.as_uri(), clone)
    blamed = Blamed(site, clone)
    assert_told(blamed)
    assert_noticed(blamed, "shallow")


@pytest.mark.parametrize("name", ["HEAD~1^{tree}", "HEAD~2:count.py",
                                  "HEAD~1"])
def test_an_object_missing_in_the_past_ends_what_it_was_of(
        site, repository, name):
    repository.write("count.py", HUMAN + "\n\nmain(['more'])\n")
    repository.commit("Once more")
    repository.write("apiary/plan.py", OUTPUT.read_text() + "\n")
    repository.commit("And again")
    object_id = repository.git("rev-parse", name)
    repository.loose(name).unlink()
    blamed = Blamed(site, repository.folder)
    assert_told(blamed)
    assert_noticed(blamed, object_id[:7])


def test_a_file_whose_text_is_missing_is_named_and_others_are_read(
        site, repository):
    repository.write("other.py", HUMAN.replace("main", "other"))
    repository.commit("Other")
    repository.loose("HEAD:other.py").unlink()
    blamed = Blamed(site, repository.folder, "--rev", "HEAD")
    assert_told(blamed)
    assert_noticed(blamed, "other.py")


@pytest.mark.parametrize("name", ["HEAD", "HEAD^{tree}"])
def test_a_revision_whose_tree_is_missing_is_refused(site, repository, name):
    repository.loose(name).unlink()
    Blamed(site, repository.folder, "--rev", "HEAD").refused()


@pytest.mark.parametrize("name", ["HEAD:count.py", "HEAD~1:count.py",
                                  "HEAD~1^{tree}", "HEAD~1"])
@pytest.mark.parametrize("harm", [b"", b"x\x9c", b"\x00" * 64],
                         ids=["emptied", "cut", "zeros"])
def test_a_damaged_object_is_as_a_missing_one(site, repository, name, harm):
    repository.write("count.py", HUMAN + "\n\nmain(['more'])\n")
    repository.commit("Once more")
    object_id = repository.git("rev-parse", name)
    loose = repository.loose(name)
    loose.chmod(0o644)
    loose.write_bytes(harm)
    blamed = Blamed(site, repository.folder, "--rev", "HEAD")
    assert "count.py" in blamed.notices() or \
        object_id[:7] in blamed.notices(), blamed
    model = blamed.classes()["apiary/plan.py"]
    assert model.count("model") >= 0.9 * len(model), blamed


# Repositories that hold others, or far too much


def test_a_submodule_is_passed_over_by_name(site, repository, tmp_path):
    inner = Repository(tmp_path / "inner")
    repository.git("submodule", "add", "-q", inner.folder.as_uri(),
                   "vendored")
    repository.commit("Vendor")
    blamed = Blamed(site, repository.folder)
    assert_told(blamed)
    assert_noticed(blamed, "vendored")
    assert not [path for path in blamed.classes()
                if path.startswith("vendored/")]


def zeros(repository: Repository, count: int) -> None:
    """Commits a file of so many zero bytes, without writing them out."""
    digest = hashlib.sha1(b"blob %d\0" % count)
    packer = zlib.compressobj(1)
    packed = packer.compress(b"blob %d\0" % count)
    piece = bytes(1 << 24)
    for _ in range(count // len(piece)):
        digest.update(piece)
        packed += packer.compress(piece)
    packed += packer.flush()
    name = digest.hexdigest()
    folder = repository.folder / ".git" / "objects" / name[:2]
    folder.mkdir(exist_ok=True)
    (folder / name[2:]).write_bytes(packed)
    repository.git("update-index", "--add", "--cacheinfo",
                   f"100644,{name},zeros.py")
    repository.git("commit", "-q", "-m", "Zeros")


def test_a_file_of_a_gibibyte_is_passed_over_by_name(site, repository):
    zeros(repository, BLOB_BYTES)
    repository.git("update-index", "--assume-unchanged", "zeros.py")
    blamed = Blamed(site, repository.folder, "--rev", "HEAD")
    assert_told(blamed)
    assert_noticed(blamed, "zeros.py")


def test_a_gibibyte_in_the_past_costs_neither_time_nor_memory(
        site, repository):
    zeros(repository, BLOB_BYTES)
    repository.git("rm", "-q", "--cached", "zeros.py")
    repository.write("zeros.py", HUMAN)
    repository.commit("A small one")
    blamed = Blamed(site, repository.folder)
    assert_told(blamed)


def test_a_line_of_many_megabytes_is_bounded(site, repository):
    repository.write("one_line.py", "x = [" + "1, " * 5_000_000 + "]\n")
    repository.commit("One line")
    assert_told(Blamed(site, repository.folder))


# Repositories that mean harm


def test_a_repository_of_another_owner_is_read(site, repository):
    if os.geteuid() != 0:
        pytest.skip("only root gives files away")
    for path in [repository.folder, *repository.folder.rglob("*")]:
        os.chown(path, 12345, 12345)
    assert_told(Blamed(site, repository.folder))


def test_nothing_that_a_repository_configures_is_run(site, repository,
                                                     tmp_path):
    trap = tmp_path / "sprung"
    script = tmp_path / "trap.sh"
    script.write_text(f"#!/bin/sh\ntouch {trap}\ncat\n")
    script.chmod(0o755)
    for name in ("core.fsmonitor", "core.pager", "core.sshCommand",
                 "diff.external", "diff.trap.command", "diff.trap.textconv",
                 "filter.trap.smudge", "filter.trap.clean",
                 "filter.trap.process", "credential.helper",
                 "core.editor", "gpg.program", "uploadpack.packObjectsHook"):
        repository.git("config", name, script)
    (repository.folder / ".git/hooks/post-index-change").write_bytes(
        script.read_bytes())
    (repository.folder / ".git/hooks/post-index-change").chmod(0o755)
    repository.write(".gitattributes", "*.py diff=trap filter=trap\n")
    (repository.folder / "count.py").write_text(HUMAN + "\n\nmain([])\n")
    assert_told(Blamed(site, repository.folder))
    assert_told(Blamed(site, ".", cwd=repository.folder))
    assert not trap.exists()


def test_links_are_not_followed(site, repository, tmp_path):
    secret = tmp_path / "secret.py"
    secret.write_text("the_word_of_the_day = 'heron'\n")
    (repository.folder / "inside.py").symlink_to(secret)
    (repository.folder / "loop").symlink_to(repository.folder)
    repository.commit("Links")
    blamed = Blamed(site, repository.folder)
    assert_told(blamed)
    assert "heron" not in blamed.out and "inside.py" not in blamed.classes()


def test_names_are_printed_as_names(site, repository):
    name = "a\x1b[31m\nb\".py"
    repository.write(name, HUMAN)
    repository.commit("A name")
    assert name in Blamed(site, repository.folder).classes()
    shown = site.cofferdam("blame", repository.folder)
    assert shown.code == 0 and "\x1b[31m" not in shown.out + shown.err


# What says who wrote what

NOTES = {
    "empty": b"",
    "binary": bytes(range(256)) * 64,
    "no_end": b"apiary/plan.py\n  s_0123456789abcd::t_0123456789abcd 1-",
    "no_json": b"apiary/plan.py\n  s_0123456789abcd::t_01 1-4\n---\n{",
    "deep": b"a\n  h_1 1\n---\n" + b'{"a":' * 20_000 + b"}" * 20_000,
    "huge_range": b"apiary/plan.py\n  s_0123456789abcd::t_0123456789abcd "
                  b"1-18446744073709551616,4-2,0-0\n---\n"
                  b'{"schema_version":"authorship/3.0.0"}',
    "many_ranges": b"apiary/plan.py\n  s_0123456789abcd::t_0123456789abcd "
                   + b",".join(b"%d" % n for n in range(1, 400_000, 2))
                   + b"\n---\n{}",
}


@pytest.mark.parametrize("note", NOTES)
def test_a_corrupt_note_changes_nothing_that_content_tells(
        site, repository, note):
    repository.git("notes", "--ref=ai", "add", "--allow-empty", "-F", "-",
                   "HEAD", stdin=NOTES[note])
    assert_told(Blamed(site, repository.folder))


def test_a_notes_ref_that_is_none_is_noticed(site, repository):
    blob = repository.git("hash-object", "-w", "--stdin", stdin=b"no notes")
    (repository.folder / ".git/refs/notes").mkdir(exist_ok=True)
    (repository.folder / ".git/refs/notes/ai").write_text(blob + "\n")
    blamed = Blamed(site, repository.folder)
    assert_told(blamed)
    assert_noticed(blamed, "refs/notes/ai")


def test_notes_of_commits_that_are_gone_are_nobodys(site, repository):
    tree = repository.git("hash-object", "-w", "--stdin",
                          stdin=b"apiary/plan.py\n  h_1 1-9\n---\n{}")
    rows = "".join(f"100644 blob {tree}\t{n:040x}\n" for n in range(2000))
    tree = repository.git("mktree", stdin=rows.encode())
    commit = repository.git("commit-tree", tree, "-m", "notes")
    repository.git("update-ref", "refs/notes/ai", commit)
    assert_told(Blamed(site, repository.folder))


# Repositories that are hardly any


def test_a_repository_without_a_commit_has_no_lines(site, tmp_path):
    folder = tmp_path / "fresh"
    folder.mkdir()
    subprocess.run(["git", "init", "-q", folder], check=True)
    assert Blamed(site, folder).classes() == {}


def test_before_the_first_commit_nothing_is_committed_yet(site, repository):
    (repository.folder / ".git/HEAD").write_text("ref: refs/heads/unborn\n")
    assert_told(Blamed(site, repository.folder))
    Blamed(site, repository.folder, "--rev", "HEAD").refused()


def test_a_folder_that_is_no_repository_is_refused_in_a_sentence(
        site, tmp_path):
    (tmp_path / "plain").mkdir()
    Blamed(site, tmp_path / "plain").refused("plain")


@pytest.mark.parametrize("name, text", [
    ("HEAD", ""), ("HEAD", "\x00\xff"), ("refs/heads/main", "ref: refs/heads/main\n"),
    ("config", "[core\n"), ("config", "[core]\n\trepositoryformatversion = 9"
                                      "\n")])
def test_a_repository_whose_beginnings_are_damaged_is_refused(
        site, repository, name, text):
    (repository.folder / ".git" / name).write_text(text)
    Blamed(site, repository.folder).refused()


def test_a_damaged_index_keeps_nobody_from_reading_what_is_committed(
        site, repository):
    index = repository.folder / ".git/index"
    index.write_bytes(index.read_bytes()[:40] + b"\xff" * 40)
    assert_told(Blamed(site, repository.folder))
    assert_told(Blamed(site, repository.folder, "--rev", "HEAD"))


def test_a_history_that_is_its_own_past_ends(site, repository):
    """Replacements make a commit its own ancestor's child."""
    repository.write("more.py", HUMAN)
    repository.commit("More")
    first = repository.git("rev-parse", "HEAD~2")
    tree = repository.git("rev-parse", "HEAD~2^{tree}")
    head = repository.git("rev-parse", "HEAD")
    looped = repository.git("commit-tree", tree, "-p", head, "-m", "Again")
    repository.git("update-ref", f"refs/replace/{first}", looped)
    assert_told(Blamed(site, repository.folder))
