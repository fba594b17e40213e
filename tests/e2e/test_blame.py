"""`blame` on the real binary and real git repositories: whose lines are whose,
beside what `git blame` says, and repositories that are broken."""

import json
import os
import pathlib
import pty
import random
import re
import subprocess

import pytest

import house
from house import ROOT, Site

REMOTE = "https://git.example.com/team/app.git"
WRITTEN = "2026-11-10T10:00:00Z"
COMMITTED = "2026-11-10T11:00:00Z"
BEFORE = "2026-11-09T10:00:00Z"
LATER = "2026-11-11T10:00:00Z"
AREA = ROOT / "docs/formats/blame.md"

MODEL = '''def parse_header(stream, limit):
    """Reads fields until a blank line."""
    fields = {}
    for line in stream.readlines(limit):
        if not line.strip():
            break
        # A name ends at the first colon.
        name, value = line.split(":", 1)
        fields[name.lower()] = value.strip()
    return fields
'''
HUMAN = "import os\n\n\ndef size_of(path):\n    return os.path.getsize(path)\n"


class Repository:
    """A work tree whose commits have the times that a test says."""

    def __init__(self, path: pathlib.Path):
        self.path = path
        path.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")
        self.git("remote", "add", "origin", REMOTE)

    def git(self, *words, when: str = COMMITTED) -> str:
        env = {"PATH": "/usr/bin:/bin", "HOME": str(self.path.parent),
               "GIT_AUTHOR_NAME": "Ann", "GIT_AUTHOR_EMAIL": "ann@example.com",
               "GIT_COMMITTER_NAME": "Ann", "GIT_CONFIG_NOSYSTEM": "1",
               "GIT_COMMITTER_EMAIL": "ann@example.com",
               "GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
        return subprocess.run(["git", *map(str, words)], cwd=self.path,
                              env=env, check=True, text=True,
                              capture_output=True).stdout

    def write(self, name: str, text: str) -> pathlib.Path:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def commit(self, message: str, when: str = COMMITTED, **files) -> str:
        for name, text in files.items():
            self.write(name.replace("_py", ".py"), text)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message, when=when)
        return self.git("rev-parse", "HEAD").strip()


@pytest.fixture
def site(tmp_path) -> Site:
    return Site(tmp_path / "site")


@pytest.fixture
def app(tmp_path) -> Repository:
    return Repository(tmp_path / "app")


def written(site, text: str, path: str, **more) -> None:
    output = {"text": text, "path": path, "provider": "anthropic",
              "model": "claude-sample", "contract": "claude-old",
              "repo": REMOTE, "tool": "claude-code", "time": WRITTEN, **more}
    site.ok("import", "jsonl", "-", "--terms-class", "forbid_any",
            stdin=json.dumps(output) + "\n")


def blame(site, *words) -> dict:
    return json.loads(site.ok("blame", "--json", *words))


def classes(said: dict, path: str) -> str:
    (file,) = [f for f in said["files"] if f["path"] == path]
    letters = {"model": "m", "mixed": "x", "human": "h", "unknown": "u"}
    return "".join(letters[run["class"]] * (run["end"] - run["begin"] + 1)
                   for run in file["blame"])


def test_lines_of_a_model_a_person_and_both_are_told_apart(site, app):
    app.commit("one", BEFORE, area_py=HUMAN)
    written(site, MODEL, "area.py")
    app.commit("two", area_py=HUMAN + "\n\n" + MODEL)
    text = (HUMAN + "\n\n" + MODEL).replace('":", 1', '":", 2')
    app.commit("three", LATER, area_py=text + "print(1)\n")
    said = blame(site, app.path / "area.py")
    assert classes(said, "area.py") == "hhhhh" + "uu" + "mmmmmmmxmm" + "u"
    origin = said["files"][0]["origins"][0]
    assert (origin["model"], origin["tool"]) == ("claude-sample", "claude-code")
    assert origin["context"] == "same_path"
    assert said["repository"] == "git.example.com/team/app"
    assert "author" not in said["commits"][0]


def test_lines_keep_their_model_through_what_git_and_formatters_do(site, app):
    app.commit("one", BEFORE, area_py=HUMAN)
    written(site, MODEL, "area.py")
    app.git("checkout", "-q", "-b", "work")
    app.commit("two", area_py=HUMAN + "\n\n" + MODEL)
    app.git("checkout", "-q", "main")
    app.commit("other", b_py="x = 1\n")
    app.git("merge", "-q", "--squash", "work")
    app.git("commit", "-q", "-m", "squashed", when=LATER)
    app.git("mv", "area.py", "lib.py")
    app.git("commit", "-q", "-m", "renamed", when=LATER)
    text = (app.path / "lib.py").read_text()
    text = text.replace("(stream, limit)", "(\n    stream,\n    limit,\n)")
    text = text.replace('":"', "':'")
    app.commit("formatted", LATER, lib_py=text)
    said = blame(site, app.path / "lib.py", "--rev", "HEAD")
    assert classes(said, "lib.py")[7:] == "m" * 13
    app.commit("amended", LATER, c_py="y = 1\n")
    app.git("checkout", "-q", "-b", "picked", "HEAD~4")
    app.git("cherry-pick", "work", when=LATER)
    assert classes(blame(site, app.path / "area.py"), "area.py")[7:] == "m" * 10


def test_claims_fill_in_and_contradictions_are_reported(site, app):
    written(site, MODEL, "area.py")
    app.commit("two\n\nAssisted-by: nobody", area_py=MODEL)
    commit = app.commit("three", b_py="a = 1\nb = 2\n")
    note = "b.py\n  s_1 1-1\n---\n" + json.dumps({
        "schema_version": "authorship/3.0.0", "base_commit_sha": commit,
        "prompts": {"s_1": {"agent_id": {
            "tool": "cursor", "id": "x", "model": "gpt-5"}}}})
    app.git("notes", "--ref", "ai", "add", "-m", note, commit)
    said = blame(site, app.path, "--lines")
    assert classes(said, "b.py") == "mu"
    file = [f for f in said["files"] if f["path"] == "b.py"][0]
    assert file["origins"][0]["route"] == "claim"
    assert file["origins"][0]["kind"] == "git-ai-note"
    without = blame(site, app.path, "--lines", "--no-claims")
    assert classes(without, "b.py") == "uu"


def test_a_terminal_gets_columns_sums_and_the_word_on_unknown(site, app):
    app.commit("one", BEFORE, area_py=HUMAN)
    written(site, MODEL, "area.py")
    app.commit("two", area_py=HUMAN + MODEL)
    done = site.cofferdam("blame", app.path / "area.py", "-L", "5,+2")
    assert done.code == 0
    lines = done.out.splitlines()
    assert re.fullmatch(r"human +time  [0-9a-f]{8} 2026-11-09 5\)     return "
                        r"os\.path\.getsize\(path\)", lines[0])
    assert re.fullmatch(r"model   claude-sample \[1\] +\d+ bits  [0-9a-f]{8} "
                        r"2026-11-10 6\) def parse_header\(.*", lines[1])
    assert lines[3].startswith("[1] claude-sample, claude-code, contract ")
    assert "\x1b" not in done.out
    app.write("area.py", "new\n" + HUMAN + MODEL)
    done = site.cofferdam("blame", app.path)
    assert done.out.startswith("16 lines in 1 file: 10 model (62.5 %), ")
    assert "Unknown is not human" in done.err
    assert "ann@example.com" not in done.out + done.err


def test_people_are_named_where_the_configuration_allows_it(site, app):
    app.commit("one", BEFORE, area_py=HUMAN)
    site.configure(site.config.read_text() + "\n[privacy]\nindividuals = true\n")
    assert "Ann <ann@example.com>" in site.ok("blame", app.path)
    assert blame(site, app.path / "area.py")["commits"][0]["author"] == "Ann"


def test_colours_and_the_pager_only_on_a_terminal(site, app):
    file = app.write("area.py", HUMAN)
    app.git("add", ".")

    def seen(**env) -> str:
        master, slave = pty.openpty()
        process = subprocess.Popen(
            [str(house.binary()), "blame", str(file)], stdin=slave,
            stdout=slave, stderr=subprocess.DEVNULL,
            env={**site.env(), "TERM": "xterm", **env})
        os.close(slave)
        told = b""
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:
                break
            if not piece:
                break
            told += piece
        os.close(master)
        assert process.wait(20) == 0
        return told.decode()

    assert "\x1b[2munknown" in seen(PAGER="cat")
    assert "\x1b[" not in seen(PAGER="cat", NO_COLOR="1")
    assert "\x1b[" not in seen(PAGER="", TERM="dumb")
    paged = seen(PAGER="sed 's/^/paged: /'")
    assert paged.count("paged: ") == len(HUMAN.splitlines())


def reference(repo: Repository, rev: str, path: str):
    told = []
    for line in repo.git("blame", "--porcelain", rev, "--", path).split("\n"):
        head = re.match(r"([0-9a-f]{40}) (\d+) (\d+)", line)
        if head:
            told.append((head[1], int(head[2])))
    return told


def ours(said: dict, path: str):
    (file,) = [f for f in said["files"] if f["path"] == path]
    return [(run["commit"], run["line"] + i - run["begin"])
            for run in file["blame"]
            for i in range(run["begin"], run["end"] + 1)]


@pytest.mark.seconds(120)
@pytest.mark.parametrize("seed", range(3))
def test_lines_come_from_the_commits_that_git_blame_names(site, app, seed):
    draw = random.Random(seed)
    texts = {f"d{i % 2}/f{i}.txt": [] for i in range(4)}
    word = iter(range(10**6))

    def edit(names):
        for name in names:
            lines = texts[name]
            for _ in range(draw.randint(1, 4)):
                at = draw.randint(0, len(lines))
                if lines and draw.random() < .4:
                    del lines[at - 1]
                else:
                    lines.insert(at, f"line {next(word)} of some words")
            app.write(name, "".join(line + "\n" for line in lines))

    for number in range(25):
        edit(draw.sample(list(texts), draw.randint(1, 3)))
        if number == 12:
            texts["d0/moved.txt"] = texts.pop("d0/f0.txt")
            app.git("mv", "d0/f0.txt", "d0/moved.txt")
        app.commit(f"c{number}")
        if number % 8 == 5:
            app.git("branch", f"side{number}", "HEAD~2")
            app.git("checkout", "-q", f"side{number}")
            name = next(iter(texts))
            path = app.path / name
            path.write_text(f"side {number}\n" + path.read_text())
            app.commit(f"side {number}")
            app.git("checkout", "-q", "main")
            try:
                app.git("merge", "-q", "-m", "merge", f"side{number}")
            except subprocess.CalledProcessError:
                app.git("checkout", "--theirs", ".")
                app.commit("merge with conflicts")
            for other in texts:
                texts[other] = (app.path / other).read_text().splitlines()
    said = blame(site, app.path, "--rev", "HEAD", "--lines")
    for name in texts:
        if texts[name]:
            assert ours(said, name) == reference(app, "HEAD", name), name


def test_what_is_broken_is_reported_and_never_fatal(site, app, tmp_path):
    first = app.commit("one", area_py=HUMAN)
    app.commit("two", area_py=HUMAN + "x = 1\n")
    app.commit("three", area_py=HUMAN + "x = 1\ny = 2\n")
    clone = tmp_path / "shallow"
    subprocess.run(["git", "clone", "-q", "--depth", "1",
                    f"file://{app.path}", str(clone)], check=True,
                   env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)})
    done = site.cofferdam("blame", clone, "--json", "--lines")
    said = json.loads(done.out)
    assert said["commits"][0]["boundary"] is True
    assert any("shallow" in notice for notice in said["notices"])
    assert "shallow" in site.cofferdam("blame", clone).err
    # A bare one, by a folder of its own.
    bare = tmp_path / "bare.git"
    app.git("clone", "-q", "--bare", ".", bare)
    assert blame(site, bare, "--lines")["lines"]["all"] == 7
    # An object that is not there.
    blob = app.git("rev-parse", first + ":area.py").strip()
    (app.path / ".git/objects" / blob[:2] / blob[2:]).unlink()
    done = site.cofferdam("blame", app.path, "--json", "--lines")
    assert done.code == 0
    assert any("area.py before commit" in notice
               for notice in json.loads(done.out)["notices"])
    # A tree that is no tree, a file that is no text, a link, a submodule.
    app.write("a.bin", "a\0b")
    (app.path / "link").symlink_to("/etc/passwd")
    app.git("add", "-A")
    app.git("update-index", "--add", "--cacheinfo", f"160000,{first},sub")
    app.git("commit", "-q", "-m", "odd")
    said = blame(site, app.path, "--rev", "HEAD")
    assert {p["path"]: p["reason"] for p in said["passed_over"]} == {
        "a.bin": "binary", "link": "symlink", "sub": "special"}


def test_wrong_words_are_told(site, app, tmp_path):
    app.commit("one", area_py=HUMAN)
    file = app.path / "area.py"
    for words, told in [
            (["nothing"], "nothing: no such file"),
            ([tmp_path], "not in a git repository"),
            ([app.path / "gone.py"], "no such file in the repository: gone.py"),
            ([file, "--rev", "v9"], 'no revision "v9"'),
            ([file, "-L", "0,3"], "-L 0,3: must be as 10,20"),
            ([file, "-L", "6"], "area.py: has only 5 lines"),
            ([app.path, "-L", "1"], "names lines of one file"),
            ([file, "--lines", "--summary"], "--lines or --summary")]:
        done = site.cofferdam("blame", *words)
        assert (done.code, done.out) == (2, ""), words
        assert told in done.err, done.err


def test_the_example_of_the_page_has_the_members_that_are_printed(site, app):
    written(site, "def area(w, h):  return w * h * scale_of(w)\n", "area.py")
    app.commit("Add areas", area_py="def area(w, h):  return w * h * "
               "scale_of(w)\n")
    app.write("area.py", (app.path / "area.py").read_text() + "x = 1\n")
    text = re.search(r"```json\n(.*?)\n```", AREA.read_text(), re.S)[1]

    def shape(value):
        if isinstance(value, dict):
            return {k: shape(v) for k, v in value.items()
                    if k not in ("tool", "session")}
        if isinstance(value, list):
            return [shape(v) for v in value]
        return type(value)(0) if isinstance(value, (int, float)) else ""

    example, said = json.loads(text), blame(site, app.path / "area.py")

    def number(value):
        return json.loads(json.dumps(value).replace("0.0", "0"))
    assert number(shape(said)) == number(shape(example))
