"""`scan` and `verify` on the real binary: reports, copies, statements, and a
kill in the middle."""

import base64
import hashlib
import json
import pathlib
import resource
import shutil
import subprocess

import pytest

from house import OUTPUT, Site, binary, poll


def write_corpus(path: pathlib.Path, records: int, every: int) -> int:
    """JSONL in which every so many-th record is an output's; how many."""
    text = OUTPUT.read_text()
    found = 0
    with path.open("w") as out:
        for number in range(records):
            if number % every == every - 1:
                found += 1
                body = text
            else:
                body = f"record {number}: " + " ".join(
                    f"w{number * 7 + i}" for i in range(40))
            out.write(json.dumps({"id": number, "text": body}) + "\n")
    return found


@pytest.fixture
def filled(tmp_path) -> Site:
    """A site whose ledger holds one output."""
    site = Site(tmp_path / "site")
    site.record_output()
    return site


def test_several_reports_of_one_scan_agree(filled, tmp_path):
    corpus = tmp_path / "corpus.jsonl"
    found = write_corpus(corpus, 400, 40)
    names = [tmp_path / name for name in ("r.jsonl", "r.sarif", "r.html")]
    scan = filled.scan(corpus, more=[
        "--jsonl", names[0], "--sarif", names[1], "--html", names[2]])
    assert scan.code == 1
    assert scan.said["records"] == 400
    assert len({f["record"] for f in scan.findings}) == found
    lines = [json.loads(line) for line in names[0].read_text().splitlines()]
    assert [l["kind"] for l in lines[:-1]] == ["match"] * len(scan.findings)
    assert lines[-1]["kind"] == "summary"
    assert lines[-1]["verdicts"] == scan.said["verdicts"]
    run = json.loads(names[1].read_text())["runs"][0]
    assert len(run["results"]) == len(scan.findings)
    page = names[2].read_text()
    assert page.count("<article ") == len(scan.findings)
    assert "http:" not in page and "https:" not in page
    for name in names:
        assert name.stat().st_mode & 0o777 == 0o600


def test_any_number_of_threads_gives_the_same_bytes(filled, tmp_path):
    tree = tmp_path / "tree"
    tree.mkdir()
    for number in range(6):
        write_corpus(tree / f"{number}.jsonl", 300, 25)
        (tree / f"{number}.py").write_text(OUTPUT.read_text())
    said = [filled.cofferdam("scan", tree, "--json", "--threads", n).out
            for n in (1, 2, 7)]
    assert said[0] == said[1] == said[2]


def test_a_copy_of_the_index_finds_the_same_without_the_ledger(
        filled, tmp_path):
    corpus = tmp_path / "corpus.jsonl"
    write_corpus(corpus, 100, 10)
    said = filled.cofferdam("scan", corpus, "--json")
    assert said.code == 1
    index = json.loads(filled.ok("index", "build", "--json"))["folder"]
    copy = shutil.copytree(index, tmp_path / "copy")
    other = Site(tmp_path / "other")
    alone = other.cofferdam("scan", corpus, "--json", "--index", copy)
    assert alone.code == 1
    assert json.loads(alone.out)["findings"] == json.loads(
        said.out)["findings"]
    assert not (other.data / "ledger").exists()


@pytest.mark.seconds(240)
def test_a_killed_scan_goes_on_and_gives_the_same(filled, tmp_path):
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for number in range(40):
        write_corpus(corpus / f"{number:02}.jsonl", 4000, 200)
    whole = filled.scan(corpus)
    journal = tmp_path / "journal"
    again = ["scan", corpus, "--json", "--resume", journal, "--threads", 1]
    kills = 0
    for _ in range(3):
        process = subprocess.Popen(
            [str(binary()), *map(str, again)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=filled.env())
        size = journal.stat().st_size if journal.exists() else 0

        def grown():
            return process.poll() is not None or (
                journal.exists() and journal.stat().st_size > max(size, 200))

        poll(grown, "the journal grows", 60)
        if process.poll() is not None:
            break
        process.kill()
        process.wait()
        kills += 1
    done = filled.cofferdam(*again, timeout_s=120)
    assert done.code == 1, done
    assert json.loads(done.out) == whole.said
    assert not journal.exists()
    assert kills > 0


def test_written_copies_add_up_and_are_clean(filled, tmp_path):
    corpus = tmp_path / "corpus.jsonl"
    found = write_corpus(corpus, 200, 20)
    lines = corpus.read_text().splitlines()
    for action in ("drop", "excise", "mask"):
        out = tmp_path / f"{action}.jsonl"
        scan = filled.scan(corpus, more=["--write", out, "--action", action])
        written = scan.said["written"]
        assert written["kept"] + written["dropped"] + written["cut"] == 200
        changed = written["dropped"] if action == "drop" else written["cut"]
        assert changed == found
        rows = out.read_text().splitlines()
        assert len(rows) == 200 - written["dropped"]
        assert [r for r in lines if r in set(rows)] == [
            r for r in rows if r in set(lines)]
        assert filled.scan(out).code == 0


def test_a_statement_holds_until_a_byte_changes(filled, tmp_path):
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    write_corpus(corpus / "a.jsonl", 50, 1000)
    (corpus / "b.txt").write_text("some words\n")
    signed = tmp_path / "statement.json"
    assert filled.scan(corpus, more=["--attest", signed]).code == 0
    done = filled.cofferdam("verify", signed, "--corpus", corpus)
    assert done.code == 0, done
    assert "COFFERDAM_NO_FORBIDDEN_OUTPUT" in done.out

    # By hand: the digest, and the signature's message.
    envelope = json.loads(signed.read_text())
    payload = base64.b64decode(envelope["payload"])
    subject = json.loads(payload)["subject"][0]
    rows = "".join(
        hashlib.sha256((corpus / name).read_bytes()).hexdigest()
        + f"  {name}\n" for name in ("a.jsonl", "b.txt"))
    assert subject["digest"]["dirHash"] == hashlib.sha256(
        rows.encode()).hexdigest()
    key = next(filled.data.glob("scan.pub")).read_text().strip()
    der = bytes.fromhex("302a300506032b6570032100") + base64.b64decode(
        key.split("+", 2)[2])[1:]
    kind = envelope["payloadType"].encode()
    (tmp_path / "key.der").write_bytes(der)
    (tmp_path / "message").write_bytes(
        b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload))
    (tmp_path / "signature").write_bytes(
        base64.b64decode(envelope["signatures"][0]["sig"]))
    subprocess.run(
        ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey",
         tmp_path / "key.der", "-rawin", "-in", tmp_path / "message",
         "-sigfile", tmp_path / "signature"], check=True, capture_output=True)

    changed = dict(envelope, payload=base64.b64encode(
        payload.replace(b"_NO_FORBIDDEN_", b"_NO_FORBIDDEM_")).decode())
    other = tmp_path / "changed.json"
    other.write_text(json.dumps(changed))
    done = filled.cofferdam("verify", other)
    assert done.code == 1 and "DOES NOT HOLD" in done.out
    (corpus / "b.txt").write_text("some wordz\n")
    done = filled.cofferdam("verify", signed, "--corpus", corpus)
    assert done.code == 1 and "DIFFERS" in done.out
    assert filled.cofferdam("verify", signed).code == 0
    assert filled.cofferdam("verify", corpus / "b.txt").code == 2


def test_a_statement_of_a_revision_names_its_tree(filled, tmp_path):
    repository = tmp_path / "repository"
    (repository / "docs").mkdir(parents=True)

    def git(*words):
        return subprocess.run(
            ["git", "-c", "user.name=A", "-c", "user.email=a@example.com",
             "-C", repository, *words], check=True, capture_output=True,
            text=True).stdout.strip()

    git("init", "-q", "-b", "main")
    for words in ("some words\n", "other words\n"):
        (repository / "docs" / "b.txt").write_text(words)
        git("add", ".")
        git("commit", "-qm", "words")
    for corpus, tree in ((repository, "main^{tree}"),
                         (repository / "docs", "main:docs")):
        signed = tmp_path / "statement.json"
        assert filled.scan(corpus, more=["--rev", "main", "--attest",
                                         signed]).code == 0
        payload = base64.b64decode(json.loads(signed.read_text())["payload"])
        assert json.loads(payload)["subject"] == [
            {"name": f"{corpus}@main",
             "digest": {"gitTree": git("rev-parse", tree)}}]
        # Whatever the commit is called.
        done = filled.cofferdam("verify", signed, "--corpus", corpus,
                                "--rev", git("rev-parse", "main"))
        assert done.code == 0, done
        done = filled.cofferdam("verify", signed, "--corpus", corpus,
                                "--rev", "main~1")
        assert done.code == 1 and "DIFFERS" in done.out
        history = tmp_path / "history.json"
        assert filled.scan(corpus, more=["--rev", "main", "--history",
                                         "--attest", history]).code == 0
        for rev, code in (("main", 0), ("main~1", 1)):
            done = filled.cofferdam("verify", history, "--corpus", corpus,
                                    "--rev", rev)
            assert done.code == code and "gitCommit" in done.out, done
        done = filled.cofferdam("scan", repository / "docs" / "b.txt",
                                "--rev", "main")
        assert done.code == 2 and "no such folder" in done.err, done
        done = filled.cofferdam("verify", signed, "--rev", "main")
        assert done.code == 2 and "--corpus" in done.err


def test_wrong_flags_are_said_before_anything_is_read(filled, tmp_path):
    corpus = tmp_path / "a.txt"
    corpus.write_text("words\n")
    for words, says in (
            (["--history"], "--rev"),
            (["--action", "drop"], "--write"),
            (["--write", tmp_path / "o", "--action", "burn"], "burn"),
            (["--threads", "-1"], "--threads"),
            (["--memory", "0"], "--memory"),
            (["--index", tmp_path], "manifest.json"),
            (["--index", tmp_path, "--show"], "--show"),
            (["--sarif", tmp_path / "no" / "s"], "no/s"),
            (["--json", "--jsonl", "-"], "only one report"),
            (["--write", ""], "--write"),
            (["--write", tmp_path], "exists already"),
            (["--jsonl", corpus], "is a file of the corpus"),
            (["--sarif", tmp_path / "x", "--html", tmp_path / "x"], "both"),
            ([tmp_path, "--attest", tmp_path / "x"], "lies within"),
            (["--rev", "HEAD", "--attest", tmp_path / "x"], "a.txt")):
        done = filled.cofferdam("scan", corpus, *words)
        assert done.code == 2 and says in done.err, (words, done)
    assert corpus.read_text() == "words\n"
    done = filled.cofferdam("scan", "-", "--resume", tmp_path / "j")
    assert done.code == 2 and "stdin" in done.err


WRITTEN = """def settle(book, day):
    total = 0
    for entry in book.entries(day):
        if entry.valid and entry.amount > total:
            total = entry.amount + book.fee(day)
    if total > book.limit and not book.frozen:
        book.freeze(day, total)
    return total, book.close(day)
"""
RENAMED = WRITTEN
for _name, _other in (("settle", "haul"), ("book", "ship"), ("day", "tide"),
                    ("total", "load"), ("entry", "cask"), ("entries", "stow"),
                    ("valid", "wet"), ("amount", "weight"), ("fee", "tare"),
                    ("limit", "draught"), ("frozen", "moored"),
                    ("freeze", "moor"), ("close", "sail")):
    RENAMED = RENAMED.replace(_name, _other)


def test_a_short_text_counts_later_in_the_repository_of_its_output(tmp_path):
    site = Site(tmp_path / "site")
    outputs = tmp_path / "outputs.jsonl"
    outputs.write_text(json.dumps({
        "text": WRITTEN, "path": "src/settle.py", "provider": "anthropic",
        "model": "claude-sample", "contract": "claude-old",
        "repo": "git.example.com/team/quay",
        "time": "2026-11-02T10:00:00Z"}) + "\n")
    site.ok("import", "jsonl", outputs, "--terms-class", "forbid_any")
    corpus = tmp_path / "corpus.jsonl"
    corpus.write_text("".join(json.dumps({
        "text": RENAMED, "path": "src/haul.py",
        "repo": f"git.example.com/team/{name}", "timestamp": time}) + "\n"
        for name, time in (("quay", "2026-11-03T10:00:00Z"),
                           ("quay", "2026-11-01T10:00:00Z"),
                           ("dock", "2026-11-03T10:00:00Z"))))
    findings = site.scan(corpus).findings
    forbidden = [one for one in findings if one["verdict"] == "forbidden"]
    assert [one["record"] for one in forbidden] == [1], findings
    assert forbidden[0]["origins"][0]["match"]["context"] == "later"
    assert "later in the same repository" in forbidden[0]["why"]


def test_a_limit_on_files_is_an_error_that_names_the_file(filled, tmp_path):
    corpus = tmp_path / "corpus.jsonl"
    write_corpus(corpus, 4000, 4)
    for flag in ("--jsonl", "--sarif"):
        report = tmp_path / flag
        done = subprocess.run(
            [str(binary()), "scan", corpus, flag, report],
            env=filled.env(), capture_output=True, text=True,
            preexec_fn=lambda: resource.setrlimit(
                resource.RLIMIT_FSIZE, (1 << 16, 1 << 16)))
        assert done.returncode == 2, done
        assert f"{flag}: File too large" in done.stderr
