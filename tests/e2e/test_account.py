"""What use cost: sums that agree with what the provider reported, budgets,
reports that name nobody, warnings."""

import csv
import http.server
import io
import json
import subprocess
import threading

import pytest

import house
from double import Double, Fault, Script, Step, text
from plain_http import Client, ask

ANTHROPIC = "/v1/messages"
MODEL = "claude-sonnet-4-5"


def body(stream=False, model=MODEL):
    return {"model": model, "max_tokens": 500, "stream": stream,
            "messages": [{"role": "user", "content": "Add these up."}]}


def usage(site, *words):
    return json.loads(site.ok("usage", "--json", *words))


def make_site(tmp_path, url, more=""):
    return house.Site(tmp_path / "site", config=house.config_text(
        tmp_path / "site" / "data", url, url, more=more))


INDIVIDUALS = "\n[privacy]\nindividuals = true\n"


@pytest.fixture
def people_site(tmp_path, double):
    """A place whose reports may tell people apart."""
    return make_site(tmp_path, double.url, INDIVIDUALS)


def counted(double):
    """What the double said that its answers used."""
    sums = {"input": 0, "cache_read": 0, "output": 0}
    for heard in double.main_exchanges():
        said = house.field(json.loads(heard.response_body), "usage")
        sums["input"] += said["input_tokens"]
        sums["cache_read"] += said.get("cache_read_input_tokens") or 0
        sums["output"] += said["output_tokens"]
    return sums


def agrees(total, double):
    sums = counted(double)
    return (total["exchanges"] == len(double.main_exchanges())
            and total["input_tokens"] == sums["input"]
            and total["cache_read_tokens"] == sums["cache_read"]
            and total["output_tokens"] == sums["output"])


def test_usage_adds_up_to_what_the_provider_reported(people_site, double):
    site = people_site
    keys = {name: site.key(f"{name}@example.com", f"team-{name}")
            for name in ("ann", "bob")}
    gate = site.serve()
    for number in range(12):
        name = ("ann", "bob")[number % 2]
        assert ask(gate.url, ANTHROPIC, body(),
                   headers={"x-api-key": keys[name]}).status == 200
    report = usage(site, "--by", "person")
    assert {row["person"]: row["exchanges"] for row in report["rows"]} == {
        "ann@example.com": 6, "bob@example.com": 6}
    assert agrees(report["total"], double)
    assert report["total"]["micro_dollars"] > 0
    # And with nobody serving.
    gate.stop()
    assert usage(site, "--by", "person") == report


def test_usage_counts_each_exchange_once_over_kills(people_site, double):
    site = people_site
    key = site.key()
    for round_number in range(4):
        gate = site.serve()
        for _ in range(5):
            assert ask(gate.url, ANTHROPIC, body(),
                       headers={"x-api-key": key}).status == 200
        if round_number % 2 == 0:
            gate.kill()
        else:
            gate.stop()
    report = usage(site)
    assert report["total"]["exchanges"] == 20
    assert agrees(report["total"], double)
    # All of it comes back from the ledger alone.
    for file in site.data.glob("account.sqlite*"):
        file.unlink()
    assert usage(site)["total"] == report["total"]
    assert json.loads(site.ok("usage", "--recompute", "--json"))[
        "total"] == report["total"]


def test_nobody_is_told_apart_unless_that_is_switched_on(site, gate):
    key = site.key()
    assert ask(gate.url, ANTHROPIC, body(),
               headers={"x-api-key": key}).status == 200
    done = site.cofferdam("usage", "--by", "person")
    assert done.code == 2 and "[privacy] individuals = true" in done.err
    report = usage(site, "--by", "team")
    assert report["rows"] == []
    assert report["folded"] == report["total"]
    assert report["total"]["exchanges"] == 1
    out = site.ok("usage", "--by", "team")
    assert "(groups under 5)" in out and house.TEAM not in out
    assert site.cofferdam("leaderboard", "--by", "person").code == 2


def test_a_group_of_five_is_shown(site, gate):
    for number in range(5):
        key = site.key(f"p{number}@example.com", "five")
        ask(gate.url, ANTHROPIC, body(), headers={"x-api-key": key})
    (row,) = usage(site, "--by", "team")["rows"]
    assert (row["team"], row["exchanges"]) == ("five", 5)
    table = site.ok("usage", "--by", "team").splitlines()
    assert table[0].split() == ["team", "exchanges", "errors", "input",
                                "cached", "output", "cost"]
    assert table[1].split()[:2] == ["five", "5"]
    assert table[-1].split()[:2] == ["total", "5"]
    rows = list(csv.DictReader(io.StringIO(
        site.ok("usage", "--by", "team", "--csv"))))
    assert rows[0]["team"] == "five" and rows[0]["exchanges"] == "5"
    assert float(rows[0]["dollars"]) == pytest.approx(
        int(rows[0]["micro_dollars"]) / 1e6)


def test_estimated_use_and_unknown_models_are_flagged(people_site, double):
    site = people_site
    key = site.key()
    gate = site.serve()
    double.use_script(Script([Step([text("x" * 900)],
                                   faults=[Fault("hold", name="never")])],
                             credential=house.UPSTREAM_KEY))
    with Client(gate.url) as client:
        client.send("POST", ANTHROPIC, {"x-api-key": key}, json.dumps(
            body(True, "model-that-no-table-has")).encode())
        _, pieces = client.receive_head()
        next(pieces)
    house.poll(lambda: usage(site)["total"]["estimated"] == 1, "the estimate")
    total = usage(site)["total"]
    assert total["unpriced"] == 1 and total["micro_dollars"] > 0
    done = site.cofferdam("usage")
    assert "~ 1 exchange" in done.err and "? 1 exchange" in done.err
    gate.stop()


def test_a_leaderboard_ranks_no_one_by_tokens_unasked(people_site, double):
    site = people_site
    key = site.key()
    gate = site.serve()
    ask(gate.url, ANTHROPIC, body(), headers={"x-api-key": key})
    board = json.loads(site.ok("leaderboard", "--json"))
    assert board["ranked_by"] == "lines_written"
    (rank,) = board["ranks"]
    assert rank["person"] == house.PERSON and rank["rank"] == 1
    assert rank["lines_committed"] is None
    assert json.loads(site.ok("leaderboard", "--rank", "tokens", "--json"))[
        "ranked_by"] == "tokens"
    assert " - " in site.ok("leaderboard")
    assert site.cofferdam("leaderboard", "--rank", "cost").code == 2
    gate.stop()


# Budgets


def test_budgets_are_set_listed_and_removed(people_site):
    site = people_site
    site.key()
    listed = json.loads(site.ok("budget", "list", "--json"))["caps"]
    assert [(c["id"], c["scope"], c["limit"]) for c in listed] == [
        ("default", "person", 1_500_000_000)]
    made = json.loads(site.ok("budget", "set", "--person", house.PERSON,
                              "--month", "20.50", "--json"))
    assert made["limit"] == 20_500_000 and made["name"] == house.PERSON
    again = site.ok("budget", "set", "--person", house.PERSON, "--month", "30")
    assert "$30.00 a month" in again and "(was $20.50)" in again
    assert made["id"] in again
    site.ok("budget", "set", "--company", "--day", "1000000", "--tokens")
    out = site.ok("budget", "list")
    assert "1,000,000 tokens a day" in out and "(configuration)" in out
    site.ok("budget", "remove", made["id"])
    ids = [c["id"] for c in json.loads(
        site.ok("budget", "list", "--json"))["caps"]]
    assert made["id"] not in ids and len(ids) == 2


@pytest.mark.parametrize("words,why", [
    (["--person", house.PERSON, "--month", "-5"], "-5"),
    (["--person", house.PERSON, "--month", "0"], "more than nothing"),
    (["--person", "nobody@example.com", "--month", "5"], "not known"),
    (["--team", "no-such-team", "--month", "5"], "not known"),
    (["--month", "5"], "--person"),
    (["--company"], "--month"),
    (["--company", "--month", "5", "--day", "5"], "not both"),
    (["--company", "--month", "many"], "many"),
    (["--company", "--month", "1.5", "--tokens"], "tokens"),
])
def test_a_budget_that_cannot_be_is_refused(site, words, why):
    site.key()
    done = site.cofferdam("budget", "set", *words)
    assert done.code == 2 and why in done.err
    assert len(json.loads(site.ok("budget", "list", "--json"))["caps"]) == 1


def settled(site, spent):
    """The state of the only cap once so much is spent."""
    (cap,) = json.loads(site.ok("budget", "list", "--json"))["caps"]
    (state,) = cap["states"]
    return state if state["spent"] == spent else None


def test_what_was_spent_stands_in_the_list_over_restarts(people_site, double):
    site = people_site
    key = site.key()
    for end in ("kill", "stop"):
        gate = site.serve()
        assert ask(gate.url, ANTHROPIC, body(),
                   headers={"x-api-key": key}).status == 200
        spent = usage(site)["total"]["micro_dollars"]
        assert spent > 0
        state = house.poll(lambda: settled(site, spent), "the settlement")
        assert state["name"] == house.PERSON
        assert state["reserved"] == 0
        assert state["left"] == 1_500_000_000 - spent
        getattr(gate, end)()
    (cap,) = json.loads(site.ok("budget", "list", "--json"))["caps"]
    assert cap["states"][0]["spent"] == usage(site)["total"]["micro_dollars"]


def test_what_one_person_spent_is_not_listed_unless_switched_on(site, gate):
    ask(gate.url, ANTHROPIC, body(), headers={"x-api-key": site.key()})
    (cap,) = json.loads(site.ok("budget", "list", "--json"))["caps"]
    assert cap["hidden"] is True and "states" not in cap
    assert cap["subjects"] == 1


# Warnings


class Receiver:
    """A webhook: keeps what is posted to it."""

    def __init__(self, refuse=0):
        self.posts, self.refuse = [], refuse
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                size = int(self.headers["content-length"])
                said = json.loads(self.rfile.read(size))
                headers = {name.lower(): value
                           for name, value in self.headers.items()}
                outer.posts.append((self.path, headers, said))
                late = len(outer.posts) <= outer.refuse
                self.send_response(503 if late else 204)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                                      Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}/hook?from=here"


def test_a_spent_cap_is_told_to_the_webhook(tmp_path, double):
    with Receiver(refuse=1) as receiver:
        site = make_site(tmp_path, double.url, f"""
[alerts]
webhook = "{receiver.url}"
credential = {{ env = "E2E_ALERTS_TOKEN" }}
""")
        key = site.key()
        site.ok("budget", "set", "--person", house.PERSON, "--month", "0.03")
        gate = site.serve(env={"E2E_ALERTS_TOKEN": "hush-1234"})
        small = {**body(), "max_tokens": 1}  # so that little is held
        house.poll(lambda: ask(gate.url, ANTHROPIC, small, headers={
            "x-api-key": key}).status != 200, "the budget to be spent")
        house.poll(lambda: any(
            said["percent"] == 100 for _, _, said in receiver.posts[1:]),
            "the warning")
        path, headers, said = receiver.posts[-1]
        assert path == "/hook?from=here"
        assert headers["authorization"] == "Bearer hush-1234"
        assert said["event"] == "cap" and said["cap"]["scope"] == "person"
        assert said["cap"]["limit"] == 30_000
        words = json.dumps(receiver.posts[-1][2])
        assert key not in words and house.PERSON not in words
        gate.stop()
        log = gate.log.read_text()
        assert "budget_spent" in log
        assert "hush-1234" not in log and "from=here" not in log


# Coverage


def git(repo, *words, env=None):
    subprocess.run(["git", "-C", str(repo), *words], check=True,
                   capture_output=True, env={
                       "PATH": "/usr/bin:/bin", "HOME": str(repo),
                       "GIT_AUTHOR_NAME": "Ann",
                       "GIT_AUTHOR_EMAIL": "ann@example.com",
                       "GIT_COMMITTER_NAME": "Ann",
                       "GIT_COMMITTER_EMAIL": "ann@example.com",
                       **(env or {})})


def test_commits_with_marks_are_compared_with_what_passed(
        people_site, double, tmp_path):
    site = people_site
    repo = tmp_path / "repo"
    repo.mkdir()
    git(repo, "init", "-q")
    git(repo, "remote", "add", "origin", "git@git.example.com:lab/app.git")
    for message in (
            "One\n\nCo-authored-by: Codex <noreply@openai.com>",
            "Two\n\nCo-Authored-By: Claude Code <noreply@anthropic.com>",
            "Three"):
        git(repo, "commit", "-q", "--allow-empty", "-m", message)
    key = site.key()
    gate = site.serve()
    session = json.loads(ask(
        gate.url, "/cofferdam/v1/token",
        {"repo": "git.example.com/lab/app", "purpose": "product",
         "tool": "codex"},
        headers={"authorization": f"Bearer {key}"}).body)["secret"]
    assert ask(gate.url, ANTHROPIC, body(),
               headers={"x-api-key": session}).status == 200
    report = json.loads(site.ok("report", "coverage", repo, "--json"))
    rows = {row["tool"]: row for row in report["rows"]}
    assert rows["codex"]["gate_exchanges"] == 1
    assert rows["codex"]["commits"] == rows["codex"]["covered_commits"] == 1
    assert rows["claude-code"]["commits"] == 1
    assert rows["claude-code"]["covered_commits"] == 0
    assert rows["claude-code"]["other_tool_commits"] == 1
    out = site.cofferdam("report", "coverage", repo)
    assert "git.example.com/lab/app" in out.out and "Not seen" in out.err
    assert site.cofferdam("report", "coverage", tmp_path).code == 2
    gate.stop()
