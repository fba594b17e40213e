"""`check` on the real binary, before real commits and pushes: the hooks of
deploy/, ranges, SARIF, and repositories in all states."""

import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import time
import uuid

import pytest

from house import OUTPUT, ROOT, Site, binary

HOOKS = ROOT / "deploy/hooks"
LAW = """
ask = "ask the platform team"
[[protect]]
paths = ["training/"]
purpose = "training"
[[protect]]
paths = ["evals/"]
purpose = "evaluation"
ask = "write the item yourself"
"""


class Clone:
    """A repository, and git in it as an engineer runs it."""

    def __init__(self, site: Site, path: pathlib.Path, *init: str):
        self.site = site
        self.path = path
        self.env = {**site.env(), "COFFERDAM": str(binary()),
                    "GIT_CONFIG_GLOBAL": "/dev/null",
                    "GIT_AUTHOR_NAME": "Ann", "GIT_COMMITTER_NAME": "Ann",
                    "GIT_AUTHOR_EMAIL": "ann@example.com",
                    "GIT_COMMITTER_EMAIL": "ann@example.com"}
        # The hooks find the configuration in git's own.
        config = self.env.pop("COFFERDAM_CONFIG")
        path.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main", *init)
        self.git("config", "cofferdam.config", config)

    def run(self, *words, **more):
        return subprocess.run(
            ["git", *map(str, words)], cwd=self.path, env=self.env, text=True,
            capture_output=True, timeout=60, **more)

    def git(self, *words) -> str:
        done = self.run(*words)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout.strip()

    def write(self, name: str, text: str) -> None:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        self.git("add", "--", name)

    def commit(self, message: str = "Change") -> str:
        self.git("commit", "-q", "--no-verify", "-m", message)
        return self.git("rev-parse", "HEAD")

    def check(self, *words, **more):
        return self.site.cofferdam("check", *words, cwd=self.path, **more)


@pytest.fixture
def site(tmp_path) -> Site:
    """A site whose ledger holds one output that may train nothing."""
    site = Site(tmp_path / "site")
    (site.root / "policy.toml").write_text(LAW)
    site.record_output(tool="claude-code")
    return site


@pytest.fixture
def clone(site, tmp_path) -> Clone:
    clone = Clone(site, tmp_path / "clone")
    clone.write("README", "A repository.\n")
    clone.commit("Begin")
    return clone


def test_a_commit_is_refused_with_lines_origin_and_what_to_do(clone):
    shutil.copy(HOOKS / "pre-commit", clone.path / ".git/hooks/pre-commit")
    clone.write("src/plan.py", OUTPUT.read_text())
    assert clone.run("commit", "-qm", "Elsewhere").returncode == 0
    clone.write("training/plan.py", OUTPUT.read_text())
    done = clone.run("commit", "-qm", "In training")
    assert done.returncode == 1
    said = done.stdout + done.stderr
    lines = len(OUTPUT.read_text().splitlines())
    assert "training/plan.py:" in said and f"-{lines}: forbidden" in said
    for words in ("claude-sample (anthropic, contract claude-old",
                  "claude-code", "exchange ", "ask the platform team"):
        assert words in said, said
    assert clone.git("log", "--format=%s", "-1") == "Elsewhere"
    # A person's own lines may enter.
    clone.git("rm", "-qf", "--cached", "training/plan.py")
    clone.write("training/own.py", "bees = 3\nprint(bees)\n")
    done = clone.run("commit", "-qm", "Own")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_git_will_commit_counts_not_what_lies_there(clone):
    """`git commit FILE` and `-a` show the hook an index of their own."""
    shutil.copy(HOOKS / "pre-commit", clone.path / ".git/hooks/pre-commit")
    clone.write("training/a.py", "a = 1\n")
    clone.commit()
    (clone.path / "training/a.py").write_text(OUTPUT.read_text())
    assert clone.check("--staged").code == 0
    assert clone.run("commit", "-qam", "All").returncode == 1
    assert clone.run("commit", "-qm", "One", "training/a.py").returncode == 1


def test_old_lines_stay_and_a_rename_within_is_nothing_new(clone):
    clone.write("training/plan.py", OUTPUT.read_text())
    clone.write("src/plan.py", OUTPUT.read_text())
    clone.commit()
    clone.write("training/plan.py", OUTPUT.read_text() + "\nmore = 1\n")
    assert clone.check().code == 0
    clone.git("mv", "training/plan.py", "training/other.py")
    assert clone.check().code == 0
    # Into the path is something else.
    clone.git("mv", "src/plan.py", "training/plan.py")
    assert clone.check().code == 1


def test_evaluation_takes_no_output_of_any_contract(site, tmp_path):
    outputs = tmp_path / "allowed.jsonl"
    outputs.write_text(json.dumps({
        "text": OUTPUT.read_text(), "provider": "own", "model": "own-1",
        "contract": "inhouse-old", "path": "plan.py"}) + "\n")
    other = Site(tmp_path / "other")
    (other.root / "policy.toml").write_text(LAW)
    other.ok("import", "jsonl", outputs, "--terms-class", "allow")
    clone = Clone(other, tmp_path / "clone")
    clone.write("training/plan.py", OUTPUT.read_text())
    assert clone.check().code == 0
    clone.write("evals/plan.py", OUTPUT.read_text())
    done = clone.check()
    assert done.code == 1
    assert "write the item yourself" in done.err
    assert "training/plan.py" not in done.out


def test_a_push_is_refused_while_it_is_in_quarantine(site, clone, tmp_path):
    server = Clone(site, tmp_path / "server.git", "--bare")
    shutil.copy(HOOKS / "pre-receive", server.path / "hooks/pre-receive")
    clone.git("remote", "add", "server", server.path)
    clone.git("push", "-q", "server", "main")
    clone.write("src/plan.py", OUTPUT.read_text())
    clone.commit()
    clone.git("push", "-q", "server", "main")
    before = server.git("rev-parse", "main")
    clone.write("training/plan.py", OUTPUT.read_text())
    clone.commit()
    for branch in ("main", "main:new"):
        done = clone.run("push", "server", branch)
        assert done.returncode == 1, done
        assert "training/plan.py:" in done.stderr
        assert "ask the platform team" in done.stderr
    assert server.git("rev-parse", "main") == before
    assert server.git("branch", "--format=%(refname:short)") == "main"
    clone.git("push", "-q", "server", "main~1:refs/heads/older")
    clone.git("push", "-q", "server", ":older")
    clone.git("rm", "-q", "training/plan.py")
    clone.commit("Take it out")
    clone.git("push", "-q", "server", "main")


def test_ranges_and_reports(clone, tmp_path):
    first = clone.git("rev-parse", "HEAD")
    clone.write("training/own.py", "x = 1\n")
    clone.commit()
    clone.write("training/plan.py", OUTPUT.read_text())
    last = clone.commit()
    assert clone.check(f"{first}..{last}~1").code == 0
    assert clone.check(last).code == 1
    sarif = tmp_path / "r.sarif"
    done = clone.check(f"{first}..", "--json", "--sarif", sarif)
    assert done.code == 1
    said = json.loads(done.out)
    assert {f["path"] for f in said["findings"]} == {"training/plan.py"}
    origin = said["findings"][0]["origins"][0]
    assert origin["model"] == "claude-sample"
    results = json.loads(sarif.read_text())["runs"][0]["results"]
    places = {r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
              for r in results}
    assert places == {"training/plan.py"}
    clean = clone.check(f"{first}..{first}", "--json")
    assert clean.code == 0
    assert json.loads(clean.out)["findings"] == []


def test_wrong_words_and_places_are_said(clone, tmp_path):
    for words, said in (
            (("--staged", "HEAD"), "at a time"),
            (("none..HEAD", "--staged"), "at a time"),
            (("a..b..c",), "is no range"),
            (("HEAD..none",), 'no revision "none"'),
            (("--repository", tmp_path), "not in a git repository")):
        done = clone.check(*words)
        assert done.code == 2, (words, done)
        assert said in done.err, (words, done)
    done = clone.check("--pre-receive", stdin="nonsense\n")
    assert done.code == 2 and "line 1" in done.err
    (clone.site.root / "policy.toml").write_text("")
    clone.write("training/plan.py", OUTPUT.read_text())
    done = clone.check()
    assert done.code == 0 and "protects no path" in done.err


def test_strange_repositories_are_reported_and_bounded(clone, tmp_path):
    clone.write("training/plan.py", OUTPUT.read_text())
    clone.commit()
    shallow = tmp_path / "shallow"
    subprocess.run(["git", "clone", "-q", "--depth", "1",
                    f"file://{clone.path}", str(shallow)], check=True,
                   env=clone.env)
    done = clone.site.cofferdam("check", "HEAD~1..HEAD", cwd=shallow)
    assert done.code == 1 and "shallow" in done.err
    # A submodule, a link, a gigabyte without a single byte on the disk.
    head = clone.git("rev-parse", "HEAD")
    clone.git("update-index", "--add", "--cacheinfo",
              f"160000,{head},training/sub")
    os.symlink("plan.py", clone.path / "training/link")
    clone.git("add", "training/link")
    with (clone.path / "training/big").open("wb") as out:
        out.truncate(1 << 30)
    clone.git("config", "core.bigFileThreshold", "1m")
    clone.git("-c", "core.compression=1", "add", "training/big")
    begin = time.monotonic()
    done = clone.check("--json")
    assert time.monotonic() - begin < 20
    assert done.code == 0
    reasons = {p["path"]: p["reason"]
               for p in json.loads(done.out)["passed_over"]}
    assert reasons == {"training/sub": "special", "training/link": "symlink",
                       "training/big": "too_large"}
    assert clone.check("--strict").code == 1


def test_missing_objects_are_reported(clone):
    clone.write("training/gone.py", "gone = 1\n")
    clone.write("training/plan.py", OUTPUT.read_text())
    gone = clone.git("rev-parse", ":training/gone.py")
    (clone.path / ".git/objects" / gone[:2] / gone[2:]).unlink()
    done = clone.check()
    assert done.code == 1
    assert "training/plan.py:" in done.out
    assert "passed over training/gone.py: unreadable" in done.out


def test_what_was_just_written_is_known_with_and_without_a_server(
        site, clone, tmp_path):
    more = tmp_path / "more.jsonl"
    more.write_text(json.dumps({
        "text": "\n".join(f"def f{i}(x):\n    return x * {i} + {i * i} - {i**3}"
                          for i in range(40)),
        "path": "f.py", "provider": "anthropic", "model": "claude-sample",
        "contract": "claude-old"}) + "\n")
    clone.write("training/f.py", json.loads(more.read_text())["text"])
    clone.write("training/own.py", "x = 1\n")
    assert clone.check().code == 0
    site.ok("import", "jsonl", more, "--terms-class", "forbid_any")
    assert clone.check().code == 1
    gate = site.serve()
    assert clone.check().code == 1
    gate.stop()
    assert clone.check().code == 1


def test_people_are_named_only_where_reports_may_tell(site, tmp_path):
    site.ok("person", "add", "ann@example.com", "--team", "bees")
    site.record_output(person="ann@example.com", session="s")
    clone = Clone(site, tmp_path / "clone")
    clone.write("training/plan.py", OUTPUT.read_text())
    done = clone.check("--json")
    assert done.code == 1 and "ann@example.com" not in done.out
    assert all(not o.get("person") for f in json.loads(done.out)["findings"]
               for o in f["origins"])
    site.configure(site.config.read_text()
                   + "\n[privacy]\nindividuals = true\n")
    assert "ann@example.com" in clone.check().out


# What a blame found, for other programs

@pytest.fixture
def blamed(clone) -> Clone:
    """A commit with the output beside lines of which nothing is known."""
    clone.write("lib/my plan.py",
                "# Notes of ours.\n" + OUTPUT.read_text() + "bees = 3\n")
    clone.commit("Plan")
    return clone


def export(clone, *words):
    done = clone.site.cofferdam("blame", clone.path, "--export", *words)
    assert done.code == 0, done
    return done


def test_a_mask_takes_lines_out_of_a_copy(blamed, tmp_path):
    mask = tmp_path / "lines.jsonl"
    export(blamed, "mask", "--out", mask)
    rows = [json.loads(line) for line in mask.read_text().splitlines()]
    row = next(r for r in rows if r["verdict"] == "forbidden")
    assert row["path"] == "lib/my plan.py"
    assert row["blob"] == blamed.git("rev-parse", "HEAD:lib/my plan.py")
    assert row["origin"]["model"] == "claude-sample"
    # Elsewhere, under another name, by a site that knows nothing of it.
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    shutil.copy(blamed.path / "lib/my plan.py", corpus / "x.py")
    (corpus / "own.py").write_text("bees = 3\n")
    empty = Site(tmp_path / "empty")
    done = empty.cofferdam("scan", corpus, "--no-marks", "--write",
                           tmp_path / "out", "--action", "excise", "--mask",
                           mask)
    assert done.code == 0, done
    left = (tmp_path / "out/x.py").read_text()
    taken = sum(b - a + 1 for a, b in row["ranges"])
    assert taken > 0.9 * len(OUTPUT.read_text().splitlines())
    assert len(left.splitlines()) + taken == len(
        (corpus / "x.py").read_text().splitlines())
    assert "bees = 3\n" in left
    assert (tmp_path / "out/own.py").read_text() == "bees = 3\n"
    done = empty.cofferdam("scan", corpus, "--mask", mask)
    assert done.code == 2 and "--write" in done.err


def test_notes_of_git_ai_go_into_git_and_are_read_back(blamed, tmp_path):
    notes = tmp_path / "notes"
    export(blamed, "git-ai", "--out", notes)
    commit = blamed.git("rev-parse", "HEAD")
    text = (notes / commit).read_text()
    assert text.startswith('"lib/my plan.py"\n  s_')
    metadata = json.loads(text.split("\n---\n")[1])
    assert metadata["schema_version"] == "authorship/3.0.0"
    # A note that is there stays.
    (notes / commit).write_text("mine")
    assert "1 were there already" in export(
        blamed, "git-ai", "--out", notes).err
    assert (notes / commit).read_text() == "mine"
    assert "1 notes added" in export(blamed, "git-ai", "--add-notes").err
    assert blamed.git("notes", "--ref=ai", "show", commit) == text.strip()
    assert "0 notes added" in export(blamed, "git-ai", "--add-notes").err
    empty = Site(tmp_path / "empty")
    said = json.loads(empty.ok("blame", blamed.path / "lib/my plan.py",
                               "--json"))
    assert any(o.get("model") == "claude-sample" or "claude-sample" in str(o)
               for o in said["files"][0]["origins"])


def check_trace(record):
    """What the schema of Agent Trace 0.1.0 asks of a record."""
    assert {"version", "id", "timestamp", "files"} <= set(record)
    assert re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", record["version"])
    uuid.UUID(record["id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
                        record["timestamp"])
    assert record["vcs"]["type"] in ("git", "jj", "hg", "svn")
    assert isinstance(record["vcs"]["revision"], str)
    for file in record["files"]:
        assert isinstance(file["path"], str)
        for talk in file["conversations"]:
            assert talk["contributor"]["type"] in (
                "human", "ai", "mixed", "unknown")
            assert len(talk["contributor"].get("model_id", "")) <= 250
            for span in talk["ranges"]:
                assert 1 <= span["start_line"] <= span["end_line"]
            for other in talk.get("related", []):
                assert other["type"] and ":" in other["url"]


def test_records_and_snippets_keep_to_their_formats(blamed):
    record = json.loads(export(blamed, "agent-trace").out)
    check_trace(record)
    assert record["vcs"]["revision"] == blamed.git("rev-parse", "HEAD")
    talks = record["files"][0]["conversations"]
    assert any(t["contributor"].get("model_id") == "anthropic/claude-sample"
               for t in talks)
    document = json.loads(export(blamed, "spdx").out)
    assert document["spdxVersion"] == "SPDX-2.3"
    ids = {f["SPDXID"] for f in document["files"]}
    blob = (blamed.path / "lib/my plan.py").read_bytes()
    assert document["files"][-1]["checksums"][0]["checksumValue"] == (
        hashlib.sha1(blob).hexdigest())
    for snippet in document["snippets"]:
        assert snippet["snippetFromFile"] in ids
        assert snippet["annotations"][0]["annotationType"] == "OTHER"
    for words in (("none",), ("git-ai",), ("spdx", "--json")):
        done = blamed.site.cofferdam("blame", blamed.path, "--export", *words)
        assert done.code == 2, done
