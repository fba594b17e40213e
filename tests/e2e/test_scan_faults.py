"""`scan` where something is in the way: what cannot be read or written, a
narrow terminal, a report among the files, a kill of a copy in the middle."""

import io
import json
import os
import pathlib
import re
import stat
import subprocess
import tarfile
import time

import pytest

from house import OUTPUT, Site, binary
from terminal import Terminal

TABLES = pathlib.Path(__file__).resolve().parent / "tables"
NOBODY = 65534

needs_arrow = pytest.mark.skipif(
    not binary().with_name("libcofferdam_arrow.so").exists(),
    reason="built without Arrow; tools/arrow.sh")


@pytest.fixture
def filled(tmp_path) -> Site:
    """A site whose ledger holds one output."""
    site = Site(tmp_path / "site")
    site.record_output()
    site.ok("index", "build")
    return site


def as_nobody(site: Site, *words):
    """Runs a command as a user from whom files can be kept."""
    if os.geteuid() != 0:
        return site.cofferdam(*words)
    for path in [site.root, *site.root.rglob("*")]:
        os.chown(path, NOBODY, NOBODY)
    done = subprocess.run(
        [str(binary()), *map(str, words)], env=site.env(), cwd="/",
        capture_output=True, text=True, timeout=60,
        user=NOBODY, group=NOBODY, extra_groups=[])
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def open_path(tmp_path):
    """Other users may walk down to the test's folder."""
    changed = []
    for folder in tmp_path.parents:
        mode = stat.S_IMODE(folder.stat().st_mode)
        if mode & 0o001 == 0:
            changed.append((folder, mode))
            folder.chmod(mode | 0o011)
    tmp_path.chmod(0o755)
    yield
    for folder, mode in changed:
        folder.chmod(mode)


def test_a_named_file_that_is_broken_fails_the_scan(filled, tmp_path):
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "a.tar").write_bytes(b"no archive at all\n" * 100)
    (tree / "b.json").write_text('[{"text": "a"}, {')
    (tree / "c.bin").write_bytes(bytes(range(256)) * 100)
    (tree / "d.jsonl").write_text('{"text": "a"}\n{no\nno\n{"text": "b"}\n')
    for name, code in (("a.tar", 2), ("b.json", 2), ("c.bin", 0),
                       ("d.jsonl", 0)):
        done = filled.cofferdam("scan", tree / name)
        assert done.code == code, done
        assert ("not read to its end" in done.err) == (code == 2)
        assert str(tree / name) in (done.err if code == 2 else done.out)
    (tree / "e.jsonl").write_text("no\nline\nof JSON\n")
    done = filled.cofferdam("scan", tree / "e.jsonl")
    assert done.code == 2 and "e.jsonl records 1 to 3" in done.err, done
    (tree / "e.jsonl").unlink()
    # What a walk finds is told.
    scan = filled.scan(tree)
    assert scan.code == 0
    assert {pathlib.Path(p["path"]).name: p["reason"]
            for p in scan.said["passed_over"]} == {
        "a.tar": "broken", "b.json": "broken", "c.bin": "binary",
        "d.jsonl": "broken"}
    (lines,) = [p for p in scan.said["passed_over"] if "record" in p]
    assert (lines["record"], lines["records"]) == (2, 2)
    # Whatever else was found.
    (tree / "copy.py").write_text(OUTPUT.read_text())
    assert filled.scan(tree).code == 1
    done = filled.cofferdam("scan", tree / "copy.py", f"{tree}/a.tar")
    assert done.code == 2 and "forbidden" in done.out


def test_what_may_not_be_read(filled, tmp_path, open_path):
    tree = tmp_path / "tree"
    (tree / "closed").mkdir(parents=True)
    (tree / "secret.py").write_text(OUTPUT.read_text())
    (tree / "open.txt").write_text("some words\n")
    for path, mode in ((tree / "closed", 0), (tree / "secret.py", 0)):
        path.chmod(mode)
    code, out, err = as_nobody(filled, "scan", tree)
    assert code == 0 and out.count("unreadable") == 2, (out, err)
    for name in ("closed", "secret.py"):
        code, out, err = as_nobody(filled, "scan", f"{tree}/{name}/")
        if name == "secret.py":
            code, out, err = as_nobody(filled, "scan", tree / name)
        assert code == 2 and "Permission denied" in err, (out, err)
    # A statement needs no more of the data folder than its index.
    filled.scan(tree / "open.txt")
    for path in [filled.data, *filled.data.rglob("*")]:
        path.chmod(path.stat().st_mode & ~0o222)
    key = filled.root / "key"
    signed = filled.root / "statement.json"
    code, out, err = as_nobody(filled, "scan", tree / "open.txt", "--attest",
                               signed, "--sign-key", key)
    assert code == 0 and "without the ledger's checkpoint" in err, (out, err)
    code, out, err = as_nobody(filled, "verify", signed, "--key",
                               f"{key}.pub", "--corpus", tree / "open.txt")
    assert code == 0, (out, err)
    # A copy holds the rest, and says that something is missing.
    to = tmp_path / "site" / "copy"
    code, out, err = as_nobody(filled, "scan", tree, "--write", to)
    assert code == 0, (out, err)
    assert "2 files or folders that cannot be read are not in it" in err
    assert [path.name for path in to.iterdir()] == ["open.txt"]


def test_where_nothing_can_be_written_is_said_before_the_scan(
        filled, tmp_path):
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "copy.py").write_text(OUTPUT.read_text())
    file = tmp_path / "file"
    file.write_text("in the way\n")
    for flag in ("--jsonl", "--sarif", "--html", "--attest", "--resume",
                 "--write"):
        done = filled.cofferdam("scan", corpus, flag, file / "x")
        assert done.code == 2 and str(file) in done.err, (flag, done)
        assert done.out == "", flag
    done = filled.cofferdam("scan", corpus, "--attest", tmp_path / "a",
                            "--sign-key", file / "key")
    assert done.code == 2 and str(file) in done.err and done.out == "", done
    assert not (tmp_path / "a").exists()
    (tmp_path / "empty").mkdir()
    done = filled.cofferdam("scan", corpus / "copy.py", "--write",
                            tmp_path / "empty")
    assert done.code == 2 and done.out == "" and "exists already" in done.err


def test_a_copy_is_whole_or_not_there(filled, tmp_path):
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for number in range(40):
        (corpus / f"{number}.txt").write_bytes(b"words of a person\n" * 100000)
    done = subprocess.run(
        ["bash", "-c", 'ulimit -f 1000; exec "$@"', "-", str(binary()), "scan",
         str(corpus), "--write", str(tmp_path / "copy")],
        env=filled.env(), capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "--write" in done.stderr, done
    assert ".part" not in done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "corpus", "site"]
    process = subprocess.Popen(
        [str(binary()), "scan", str(corpus), "--write",
         str(tmp_path / "copy")], env=filled.env(),
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    while process.poll() is None and not list(tmp_path.glob("copy.*.part/1*")):
        time.sleep(0.001)
    process.terminate()
    _, err = process.communicate(timeout=30)
    if process.returncode != 0:
        assert "stopped" in err
        assert not list(tmp_path.glob("copy*"))


@needs_arrow
@pytest.mark.parametrize("action", ["drop", "excise", "mask"])
def test_tables_in_archives_are_written(filled, tmp_path, action):
    site = filled
    line = {"provider": "anthropic", "model": "claude-sample",
            "contract": "claude-old", "path": "settle.py",
            "text": (TABLES / "output.txt").read_text()}
    (tmp_path / "more.jsonl").write_text(json.dumps(line) + "\n")
    site.ok("import", "jsonl", tmp_path / "more.jsonl", "--terms-class",
            "forbid_any")
    archive = tmp_path / "shard.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for name in ("rows.parquet", "rows.arrow"):
            tar.add(TABLES / name, name)
        member = tarfile.TarInfo("note.txt")
        member.size = 5
        tar.addfile(member, io.BytesIO(b"words"))
    to = tmp_path / "clean.tar.gz"
    scan = site.scan(archive, more=["--write", to, "--action", action])
    written = scan.said["written"]
    assert scan.code == 1 and written["dropped"] + written["cut"] == 4
    again = site.scan(to)
    assert again.findings == [] and again.said["passed_over"] == []
    assert again.said["records"] == (scan.said["records"]
                                     - written["dropped"])
    with tarfile.open(to) as tar:
        assert tar.getnames() == ["rows.parquet", "rows.arrow", "note.txt"]
    assert not [p for p in tmp_path.iterdir() if "spool" in p.name]


def test_what_begins_as_a_report_is_read_like_any_file(filled, tmp_path):
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "copy.py").write_text(OUTPUT.read_text())
    report = tmp_path / "r.jsonl"
    assert filled.cofferdam("scan", corpus, "--jsonl", report).code == 1
    # Else a line of ours would hide whatever stands behind it.
    (corpus / "copy.py").unlink()
    (corpus / "r.jsonl").write_text(
        report.read_text() + json.dumps({"text": OUTPUT.read_text()}) + "\n")
    scan = filled.scan(corpus)
    assert scan.said["passed_over"] == []
    assert [f["verdict"] for f in scan.findings] == ["forbidden"]


@pytest.mark.parametrize("mark", ["utf-16-le", "utf-16-be"])
def test_texts_in_utf16_are_read_and_cut(filled, tmp_path, mark):
    person = "# a person's \u00e9 \U0001f600\n"
    text = person + OUTPUT.read_text() + person
    file = tmp_path / "copy.py"
    file.write_bytes(("\ufeff" + text).encode(mark))
    scan = filled.scan(file)
    (finding,) = scan.findings
    assert (finding["line_begin"], finding["line_end"]) == (2, 65)
    to = tmp_path / "clean.py"
    filled.scan(file, more=["--write", to, "--action", "excise"])
    assert to.read_bytes() == ("\ufeff" + 2 * person).encode(mark)


@pytest.mark.parametrize("columns", [100, 40])
def test_progress_takes_one_line_of_any_terminal(filled, tmp_path, columns):
    corpus = tmp_path / "corpus.jsonl"
    line = json.dumps({"text": " ".join(f"w{i}" for i in range(500))}) + "\n"
    with corpus.open("w") as out:
        for _ in range(200):
            out.write(line * 500)
    program = [str(binary()), "scan", str(corpus), "--threads", "1"]
    shell = f"stty cols {columns}; exec {' '.join(program)}"
    with Terminal(tmp_path / "terminal", ["sh", "-c", shell], tmp_path,
                  filled.env()) as terminal:
        seen = set()
        end = time.monotonic() + 60
        while time.monotonic() < end:
            lines = terminal.lines()
            if any("[exit" in line for line in lines):
                break
            if any(" left" in line for line in lines):
                assert len([line for line in lines if line]) == 1, lines
                seen.update(line for line in lines if line)
            time.sleep(0.02)
        shown = terminal.shown()
    assert seen, shown
    for line in seen:
        assert len(line) < columns
        assert re.match(r" *\d+ % .*\d+ MB/s · \d+:\d\d left", line), line
    assert "left" not in shown and "[exit 0]" in shown


def test_verify_shows_nothing_that_steers_a_terminal(filled, tmp_path):
    (tmp_path / "a.txt").write_text("some words\n")
    signed = tmp_path / "statement.json"
    filled.scan(tmp_path / "a.txt", more=["--attest", signed])
    envelope = json.loads(signed.read_text())
    envelope["signatures"][0]["keyid"] = "\x1b[2Jholds\u202e"
    envelope["signatures"][0]["sig"] = "A" * 86 + "=="
    signed.write_text(json.dumps(envelope))
    done = filled.cofferdam("verify", signed)
    assert done.code == 1 and "holds" in done.out
    assert "\x1b" not in done.out and "\u202e" not in done.out


def test_a_full_disk_stops_a_scan_that_can_go_on(filled, tmp_path):
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for number in range(60):
        line = json.dumps({"text": OUTPUT.read_text()}) + "\n"
        (corpus / f"{number:02}.jsonl").write_text(line * 500)
    report, journal = tmp_path / "r.jsonl", tmp_path / "journal"
    words = ["scan", corpus, "--jsonl", report, "--threads", 1, "--resume"]
    # A report has no room, a journal has: limits on files would stop both.
    report.symlink_to("/dev/full")
    done = filled.cofferdam(*words, journal)
    assert done.code == 2 and f"{report}: No space left" in done.err, done
    assert "go on with --resume" in done.err
    assert "30000 records" not in done.out and journal.exists()
    report.unlink()
    done = filled.cofferdam(*words, journal)
    assert done.code == 1 and not journal.exists(), done
    again = tmp_path / "again.jsonl"
    filled.cofferdam("scan", corpus, "--jsonl", again)
    assert report.read_bytes() == again.read_bytes()
