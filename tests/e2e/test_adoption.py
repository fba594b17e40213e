"""`report adoption`: real git repositories, a ledger that was imported."""

import json
import os
import subprocess
import time

import pytest

import house

DAY = 86_400
# Long enough ago that all of it has had its thirty days.
BEGIN = int(time.time()) // DAY * DAY - 80 * DAY + 3600
REPO = "git.example.com/lab/app"


def day(number: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(BEGIN + number * DAY))


def model_code(name: str) -> str:
    body = "".join(
        f"    {name}_total = combine({name}_total, rows[{i}], "
        f"weight_{i} * {i * 7 + 3} + offset_{i % 5})\n" for i in range(16))
    return f"def {name}(rows, offset_0):\n    {name}_total = start()\n" \
        f"{body}    return finish({name}_total)\n"


def human_code(name: str) -> str:
    body = "".join(
        f"  if (basin[{i}].{name}Level() > tide({i}, moon)) open(sluice{i});\n"
        for i in range(9))
    return f"void {name}(Moon moon) {{\n{body}}}\n"


class Repository:
    """A clone whose commits have the author and the day that a test says."""

    def __init__(self, path, remote=REPO):
        self.path = path
        path.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")
        self.git("remote", "add", "origin", f"https://{remote}.git")

    def git(self, *words, author="Ann <ann@example.com>", at=0):
        name, mail = author.rstrip(">").split(" <")
        when = f"{BEGIN + int(at * DAY)} +0000"
        env = {**os.environ, "GIT_AUTHOR_NAME": name,
               "GIT_AUTHOR_EMAIL": mail, "GIT_COMMITTER_NAME": name,
               "GIT_COMMITTER_EMAIL": mail, "GIT_AUTHOR_DATE": when,
               "GIT_COMMITTER_DATE": when, "GIT_CONFIG_GLOBAL": "/dev/null",
               "GIT_CONFIG_SYSTEM": "/dev/null"}
        done = subprocess.run(["git", *words], cwd=self.path, env=env,
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def commit(self, files, at, author="Ann <ann@example.com>",
               message="A change"):
        for name, text in files.items():
            file = self.path / name
            if text is None:
                file.unlink()
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message, author=author, at=at)
        return self.git("rev-parse", "HEAD")


def make_site(tmp_path, individuals):
    more = "[privacy]\nindividuals = true\n" if individuals else ""
    site = house.Site(tmp_path / "site", config=house.config_text(
        tmp_path / "data", anthropic="http://127.0.0.1:9", more=more))
    for name, team in (("ann", "red"), ("bob", "blue"), ("cleo", "blue")):
        site.ok("person", "add", f"{name}@example.com", "--team", team)
    return site


def imported(site, *outputs):
    lines = "".join(json.dumps({
        "model": "claude-sample", "contract": "claude-api", "repo": REPO,
        "tool": "claude-code", "person": "ann@example.com",
        "time": f"{day(0)}T00:00:01Z", **output}) + "\n"
        for output in outputs)
    site.ok("import", "jsonl", "-", stdin=lines)


@pytest.fixture
def site(tmp_path):
    return make_site(tmp_path, individuals=True)


@pytest.fixture
def repo(tmp_path):
    return Repository(tmp_path / "app")


def adoption(site, *words):
    return json.loads(site.ok("report", "adoption", "--json", "--since",
                              day(-1), *words))


def by_engineer(site, *repos):
    report = adoption(site, *repos, "--by", "engineer")
    return {row["person"].split("@")[0]: row for row in report["rows"]}


def count(lines):
    return sum(lines.values())


def test_lines_are_told_by_who_wrote_them_and_what_became_of_them(site, repo):
    mean = model_code("mean")
    imported(site, {"text": mean, "path": "src/mean.py"})
    repo.commit({"src/mean.py": mean}, at=1)
    repo.commit({"sluice.cc": human_code("lower"), "yarn.lock": "a\n" * 50,
                 ".gitattributes": "gen/* linguist-generated\n",
                 "gen/a.py": "x = 1\n" * 30}, at=2,
                author="Bob <bob@example.com>")
    # Half of the model's lines go before their thirty days are over.
    half = "".join(mean.splitlines(keepends=True)[:9])
    repo.commit({"src/mean.py": half}, at=20, author="Bob <bob@example.com>")
    rows = by_engineer(site, repo.path)
    assert rows["ann"]["lines"]["model"] == 19
    assert rows["ann"]["with_models"] == {"least": 1, "most": 1}
    assert rows["ann"]["engineers_above"] == {"least": 1, "most": 1}
    assert rows["ann"]["alive"]["model"] == 9
    assert count(rows["bob"]["lines"]) == 12
    assert rows["bob"]["lines"]["model"] == 0
    assert rows["bob"]["left_out"] == 80
    report = adoption(site, repo.path)
    assert report["repos"][0]["repo"] == REPO
    assert report["total"]["engineers"] == 2
    assert report["imported_exchanges"] == 1
    done = site.cofferdam("report", "adoption", repo.path, "--since",
                          day(-1), "--by", "team,month")
    assert done.code == 0, done
    assert "red" in done.out and "blue" in done.out
    assert "80 lines of generated and vendored files" in done.err


def test_nothing_counts_twice_when_history_is_rewritten(site, repo):
    mean, mode = model_code("mean"), model_code("mode")
    imported(site, {"text": mean, "path": "mean.py"},
             {"text": mode, "path": "mode.py"})
    base = repo.commit({"a.txt": "one\n"}, at=1)
    repo.commit({"mean.py": mean}, at=2)
    repo.commit({"mode.py": mode}, at=3, author="Bob <bob@example.com>")
    first = adoption(site, repo.path)["total"]
    assert first["lines"]["model"] == 38
    assert adoption(site, repo.path)["total"] == first
    # Rebased onto another commit, with new committers' times.
    tip = repo.git("rev-parse", "HEAD")
    repo.git("reset", "-q", "--hard", base)
    repo.commit({"b.txt": "two\n"}, at=4)
    repo.git("-c", "user.name=x", "rebase", "-q", "--onto", "HEAD", base, tip,
             at=5)
    repo.git("branch", "-f", "main", "HEAD")
    repo.git("checkout", "-q", "main")
    rebased = adoption(site, repo.path)["total"]
    assert rebased["lines"]["model"] == 38
    assert rebased["commits"] == first["commits"] + 1
    # Squashed into one, whose message names the other author.
    repo.git("reset", "-q", "--soft", base)
    repo.git("commit", "-q", "-m", "Squash\n\n"
             "Co-authored-by: Bob <bob@example.com>\n"
             "Co-authored-by: Claude <noreply@anthropic.com>\n", at=6)
    rows = by_engineer(site, repo.path)
    assert rows["ann"]["lines"]["model"] == 19
    assert rows["bob"]["lines"]["model"] == 19
    total = adoption(site, repo.path)["total"]
    assert total["lines"]["model"] == 38 and total["commits"] == 2
    # Without a repository: what was recorded.
    assert adoption(site)["total"] == total


def test_what_is_reverted_and_applied_again_is_one_line(site, repo):
    mean = model_code("mean")
    imported(site, {"text": mean, "path": "mean.py"})
    repo.commit({"a.txt": "one\n"}, at=1)
    repo.commit({"mean.py": mean}, at=2)
    repo.commit({"mean.py": None}, at=10)
    indented = "".join("  " + line for line in mean.splitlines(keepends=True))
    repo.commit({"stats.py": "if True:\n" + indented}, at=20,
                author="Bob <bob@example.com>")
    rows = by_engineer(site, repo.path)
    assert rows["ann"]["lines"]["model"] == 19
    assert rows["ann"]["alive"]["model"] == 19
    assert rows["bob"]["again"] == 19


def test_a_report_of_a_later_time_counts_nothing_anew(site, repo):
    mean = model_code("mean")
    imported(site, {"text": mean, "path": "mean.py"})
    repo.commit({"mean.py": mean}, at=1)
    repo.commit({"copy/mean.py": mean}, at=10)
    assert adoption(site, repo.path)["total"]["lines"]["model"] == 19
    late = json.loads(site.ok("report", "adoption", repo.path, "--json",
                              "--since", day(9)))
    assert late["total"]["again"] == 19
    assert count(late["total"]["lines"]) == 0
    assert adoption(site)["total"]["lines"]["model"] == 19


def test_what_is_older_than_the_ledger_is_not_known_to_be_human(site, repo):
    imported(site, {"text": model_code("mean"), "path": "mean.py",
                    "time": f"{day(30)}T00:00:01Z"})
    repo.commit({"a.cc": human_code("lower")}, at=1)
    lines = adoption(site, repo.path)["total"]["lines"]
    assert lines == {"model": 0, "mixed": 0, "human": 0, "unknown": 11}


def test_merges_bring_nothing_and_branches_their_commits(site, repo):
    mean = model_code("mean")
    imported(site, {"text": mean, "path": "mean.py"})
    repo.commit({"a.txt": "one\n"}, at=1)
    repo.git("checkout", "-q", "-b", "topic")
    repo.commit({"mean.py": mean}, at=2, author="Bob <bob@example.com>")
    repo.git("checkout", "-q", "main")
    repo.commit({"b.txt": "two\n"}, at=3)
    rows = by_engineer(site, repo.path)
    assert "bob" not in rows
    repo.git("merge", "-q", "--no-ff", "topic", "-m", "Merge", at=40)
    rows = by_engineer(site, repo.path)
    assert rows["bob"]["lines"]["model"] == 19
    assert count(rows["ann"]["lines"]) == 2


def test_a_clone_that_lags_behind_changes_nothing(site, repo, tmp_path):
    repo.commit({"a.txt": "one\ntwo\n"}, at=1)
    subprocess.run(["git", "clone", "-q", repo.path, tmp_path / "old"],
                   check=True, timeout=60)
    subprocess.run(["git", "-C", tmp_path / "old", "remote", "set-url",
                    "origin", f"https://{REPO}.git"], check=True, timeout=60)
    repo.commit({"a.txt": "one\ntwo\nthree\n"}, at=2)
    assert count(adoption(site, repo.path)["total"]["lines"]) == 3
    done = site.cofferdam("report", "adoption", tmp_path / "old", "--json",
                          "--since", day(-1))
    assert done.code == 0 and "nothing was recorded" in done.err
    assert count(json.loads(done.out)["total"]["lines"]) == 3


def test_authors_are_known_by_mailmap_and_bots_are_nobody(site, repo):
    repo.commit({".mailmap": "Ann <ann@example.com> <ann@home.example>\n",
                 "a.txt": "one\n"}, at=1, author="Ann <ann@home.example>")
    repo.commit({"b.txt": "two\n"}, at=2,
                author="dependabot[bot] <1+dependabot[bot]@users.noreply."
                "github.com>")
    repo.commit({"c.txt": "three\n"}, at=3, author="Guest <g@else.where>")
    report = adoption(site, repo.path, "--by", "engineer")
    people = [row["person"] for row in report["rows"]]
    assert people[0] == "" and "ann@example.com" in people
    assert sum(name.startswith("author:") for name in people) == 1
    assert "else.where" not in json.dumps(report)
    assert report["unknown_authors"] == 1
    assert report["total"]["engineers"] == 2


def test_people_are_not_told_apart_unasked(tmp_path, repo):
    site = make_site(tmp_path, individuals=False)
    repo.commit({"a.txt": "one\n"}, at=1)
    since = time.strftime("%Y-%m-01", time.gmtime(BEGIN))
    done = site.cofferdam("report", "adoption", repo.path, "--by", "engineer",
                          "--since", since)
    assert done.code == 2 and "individuals" in done.err
    done = site.cofferdam("report", "adoption", repo.path, "--since", day(1),
                          "--until", day(2))
    assert done.code == 2 and "whole months" in done.err
    few = json.loads(site.ok("report", "adoption", repo.path, "--json",
                             "--since", since))
    assert count(few["total"]["lines"]) == 0 and few["withheld"]
    for name in "bcdef":
        repo.commit({f"{name}.txt": "x\ny\n"}, at=1,
                    author=f"{name} <{name}@example.com>")
    six = json.loads(site.ok("report", "adoption", repo.path, "--json",
                             "--since", since, "--by", "team"))
    assert count(six["total"]["lines"]) == 11
    assert six["total"]["engineers"] == 6
    assert "@" not in json.dumps(six)


def test_the_page_opens_alone_and_runs_nothing(site, repo, tmp_path):
    mean = model_code("mean")
    imported(site, {"text": mean, "path": "mean.py"})
    repo.commit({"mean.py": mean, "x.txt": "<b>&\n"}, at=1)
    page = tmp_path / "adoption.html"
    site.ok("report", "adoption", repo.path, "--since", day(-1), "--html",
            page)
    text = page.read_text()
    assert text.count("<svg") >= 3 and "By engineer" in text
    assert "<script" not in text and "http://" not in text
    assert "https://" not in text and "default-src 'none'" in text
    assert page.stat().st_mode & 0o777 == 0o600
    done = site.cofferdam("report", "adoption", "--html", page, "--json")
    assert done.code == 2


def test_a_running_gate_records_and_reports_too(site, repo):
    mean = model_code("mean")
    imported(site, {"text": mean, "path": "mean.py"})
    repo.commit({"mean.py": mean}, at=1)
    gate = site.serve()
    with_gate = adoption(site, repo.path, "--by", "repo,month")
    gate.stop()
    assert with_gate["total"]["lines"]["model"] == 19
    assert adoption(site, repo.path, "--by", "repo,month") == with_gate


def test_the_leaderboard_knows_what_came_of_outputs(site, repo):
    mean = model_code("mean")
    imported(site, {"text": mean, "path": "mean.py"})
    words = ("leaderboard", "--by", "route", "--json", "--from", day(-1))
    (rank,) = json.loads(site.ok(*words))["ranks"]
    assert rank["lines_committed"] is None
    repo.commit({"mean.py": mean}, at=1)
    repo.commit({"mean.py": "".join(mean.splitlines(True)[:5])}, at=5)
    adoption(site, repo.path)
    board = json.loads(site.ok(*words))
    assert board["ranked_by"] == "lines_alive_30_days"
    (rank,) = board["ranks"]
    assert (rank["lines_written"], rank["lines_committed"],
            rank["lines_alive_30_days"]) == (19, 19, 5)


def test_a_purge_takes_what_came_of_an_exchange(site, repo):
    mean = model_code("mean")
    imported(site, {"text": mean, "path": "mean.py"})
    repo.commit({"mean.py": mean}, at=1)
    before = adoption(site, repo.path)
    site.ok("ledger", "purge", "--person", "ann@example.com", "--records",
            "--reason", "she asked")
    after = adoption(site, "--by", "engineer")
    assert after["total"]["lines"] == before["total"]["lines"]
    assert [row["person"] for row in after["rows"]] == [""]
    site.ok("ledger", "verify")


def test_what_cannot_be_read_is_said(site, tmp_path):
    for words in ([tmp_path], ["--since", "yesterday"], ["--by", "tool"],
                  ["--threshold", "0"], ["--threads", "9"],
                  [tmp_path / "none"]):
        done = site.cofferdam("report", "adoption", *words)
        assert done.code == 2, words
        assert done.err.startswith("cofferdam: "), done.err
