"""What agents leave on their users' disks, imported: of sessions that passed
the gate nothing counts twice, of others the ledger learns what was written."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import stat
import subprocess
import time

import pytest

import agents
import clients
import house
import transform
from double import Double
from plain_http import ask

pytestmark = pytest.mark.agent

AGENT = {"claude-code": "claude-code", "codex": "codex",
         "gemini-cli": "gemini", "opencode": "opencode"}


def imported(engineer: house.Engineer, client: clients.Client, *words,
             code: int = 0):
    """What `import` said where the engineer works."""
    done = engineer.cofferdam("import", AGENT[client.tool], "--json", *words)
    assert done.code == code, done
    return json.loads(done.out)


def totals(site: house.Site):
    """Everything that counts, of all exchanges."""
    said = json.loads(site.ok("ledger", "stat", "--json"))
    return {name: said[name] for name in (
        "last_sequence", "exchanges", "outputs", "parts", "part_bytes",
        "models")}


class Worked:
    """One agent that has run once, and the gate it could have asked."""

    def __init__(self, client, root, through_gate):
        self.client = client
        self.place = agents.AgentHome(root / "agent")
        self.place.write(client.edit.name, client.edit.human)
        self.place.commit("Add what we do by hand today")
        self.double = Double(client.script(self.place.repo))
        self.double.__enter__()
        self.site = house.Site(root / "site",
                               **{client.dialect: self.double.url})
        self.gate = self.site.serve()
        self.engineer = house.Engineer(self.site, self.place, self.gate.url)
        if through_gate:
            process = client.start(self.engineer, "--purpose", "product")
        else:
            process = client.start_straight(self.place, self.double.url,
                                            house.UPSTREAM_KEY)
        self.done = clients.finish(process, timeout_s=110)
        assert self.done.code == 0, self.done

    def close(self):
        self.gate.stop()
        self.double.__exit__(None, None, None)


@pytest.fixture(scope="module", params=clients.ALL, ids=str)
def seen(request, tmp_path_factory):
    """The agent worked through the gate."""
    worked = Worked(request.param,
                    tmp_path_factory.mktemp(request.param.name), True)
    yield worked
    worked.close()


@pytest.fixture(scope="module", params=clients.FOUR, ids=str)
def unseen(request, tmp_path_factory):
    """The agent asked its provider straight."""
    worked = Worked(request.param,
                    tmp_path_factory.mktemp(request.param.name), False)
    yield worked
    worked.close()


# Through the gate, and imported


def test_what_the_gate_saw_does_not_count_twice(seen):
    before = totals(seen.site)
    usage = seen.site.ok("usage", "--json", "--by", "model")
    said = imported(seen.engineer, seen.client)
    assert (said["exchanges"], said["merged"]) == (3, 3), said
    assert (said["added"], said["already"], said["refused"]) == (0, 0, 0)
    assert said["to"] == f"the gate {seen.gate.url}"
    assert totals(seen.site) == before
    assert seen.site.ok("usage", "--json", "--by", "model") == usage
    routes = {r["route"] for r in seen.site.exchanges()}
    assert routes == {"gate"}


def test_what_was_read_is_not_read_again(seen):
    imported(seen.engineer, seen.client)
    said = imported(seen.engineer, seen.client)
    assert said["files"] == said["unchanged"] >= 1
    assert said["exchanges"] == 0
    said = imported(seen.engineer, seen.client, "--again")
    assert (said["merged"], said["added"]) == (3, 0)


# Past the gate, and imported


def contract_words(client):
    """Codex and opencode were told of a provider of our own."""
    if client.tool in ("codex", "opencode"):
        return ["--contract", client.provider.contract]
    return []


def test_what_passed_the_gate_by_is_learnt(unseen):
    client = unseen.client
    assert unseen.site.exchanges() == []
    words = contract_words(client)
    if words:
        said = imported(unseen.engineer, client, code=1)
        assert said["refused"] == 3 and "--contract" in said["told"][0]
    said = imported(unseen.engineer, client, *words)
    assert (said["added"], said["merged"], said["sessions"]) == (3, 0, 1)
    again = imported(unseen.engineer, client, *words, "--again")
    assert (again["added"], again["already"]) == (0, 3)
    records = unseen.site.exchanges()
    people = json.loads(unseen.site.ok("person", "list", "--json"))
    for record in records:
        origin = record["origin"]
        assert record["route"] == "import"
        assert record["identity"] == "agent"
        assert origin["provider"] == client.provider.name
        assert origin["contract"] == client.provider.contract
        assert origin["terms"]["class"] in ("forbid_any", "forbid_compete")
        assert origin["tool"] == client.tool
        assert origin["person"] in json.dumps(people)
        assert origin["team"] == house.TEAM
        assert origin["repo"] == "git.example.com/applied-ai/widgets"
        assert origin["model"] == unseen.double.main_exchanges()[0].model()
        assert record["usage"]["source"] == "reported"
        assert record["usage"]["output_tokens"] > 0
    assert [r.get("turn", 0) for r in records] == [0, 1, 2]


def test_imported_lines_are_found_by_a_scan(unseen):
    imported(unseen.engineer, unseen.client, *contract_words(unseen.client))
    scan = unseen.site.scan(unseen.place.repo)
    for name, words in unseen.client.files.items():
        code = sorted(transform.code_lines(name, words))
        missing = set(code) - scan.lines(name)
        assert missing <= set(code[:3] + code[-3:]), (name, sorted(missing))
    edit = unseen.client.edit
    first, last = edit.added_lines()
    lines = edit.edited().splitlines()
    found = scan.lines(edit.name)
    assert found
    assert [n for n in found if not first <= n <= last
            and lines[n - 1].strip()] == []
    (finding, *_) = scan.of(next(iter(unseen.client.files)))
    assert finding["origins"][0]["route"] == "import"
    assert finding["origins"][0]["tool"] == unseen.client.tool


# One agent is enough for what is the same of all


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """What Claude Code left of one run, past any gate."""
    worked = Worked(clients.CLAUDE, tmp_path_factory.mktemp("kept"), False)
    worked.close()
    return worked.place.home / ".claude"


class Laptop:
    """An engineer who has such a history, and a gate of her own."""

    def __init__(self, kept, root):
        self.place = agents.AgentHome(root / "agent")
        shutil.copytree(kept, self.place.home / ".claude")
        self.site = house.Site(root / "site", anthropic="http://127.0.0.1:9")
        self.gate = self.site.serve()
        self.engineer = house.Engineer(self.site, self.place, self.gate.url)


@pytest.fixture
def claude(kept, tmp_path):
    laptop = Laptop(kept, tmp_path)
    yield laptop
    laptop.gate.stop()


def history_of(worked) -> pathlib.Path:
    (path,) = (worked.place.home / ".claude" / "projects").rglob("*.jsonl")
    return path


def test_where_a_ledger_is_its_holder_takes_them(claude):
    path = history_of(claude)
    said = json.loads(claude.site.ok(
        "import", "claude-code", path, "--json", "--person", house.PERSON))
    assert (said["to"], said["added"]) == ("the ledger", 3)
    claude.gate.stop()
    out = claude.site.ok("import", "claude-code", "--again", path.parent)
    assert "0 added" in out and "3 there already" in out
    record = claude.site.exchanges()[0]
    assert record["origin"]["team"] == house.TEAM
    rows = claude.site.ok("audit", "list", "--json")
    assert rows.count("ledger.import") == 2
    refused = claude.site.cofferdam("import", "claude-code", path, "--again",
                                    "--person", "nobody@example.com")
    assert refused.code == 2 and "person add" in refused.err


def test_a_history_that_grew_or_is_half_written_is_told_of(claude):
    path = history_of(claude)
    rows = path.read_text().splitlines(keepends=True)
    last = max(i for i, row in enumerate(rows) if '"assistant"' in row)
    path.write_text("".join(rows[:last]) + rows[last][:200])
    said = imported(claude.engineer, clients.CLAUDE)
    assert (said["added"], said["held_back"]) == (2, 1)
    path.write_text("".join(rows[:last]) + "{oops\n\0\n"
                    + "".join(rows[last:]))
    said = imported(claude.engineer, clients.CLAUDE, code=1)
    assert (said["added"], said["problems"]) == (1, 2)
    assert said["told"][0].startswith(f"{path}:{last + 1}: ")
    assert said["rows"] <= len(rows) - last + 2
    assert totals(claude.site)["exchanges"] == 3


def spool_of(worked) -> pathlib.Path:
    (path,) = worked.place.home.glob(
        ".local/state/cofferdam/histories/*/spool")
    return path


def test_what_cannot_be_sent_waits_and_goes_with_the_next(claude):
    port = claude.gate.url.rpartition(":")[2]
    claude.gate.stop()
    said = imported(claude.engineer, clients.CLAUDE, code=1)
    assert (said["waiting"], said["added"]) == (3, 0)
    spool = spool_of(claude)
    assert stat.S_IMODE(spool.stat().st_mode) == 0o600
    assert stat.S_IMODE(spool.parent.stat().st_mode) == 0o700
    # Their source may go: they are kept.
    history_of(claude).unlink()
    claude.site.configure(re.sub(
        r'listen = "127.0.0.1:0"', f'listen = "127.0.0.1:{port}"',
        claude.site.config.read_text(), count=1))
    claude.gate = claude.site.serve()
    said = imported(claude.engineer, clients.CLAUDE)
    assert (said["files"], said["added"], said["waiting"]) == (0, 3, 0)
    assert spool.stat().st_size == 0
    assert len(claude.site.exchanges()) == 3


def test_a_key_that_does_not_count_keeps_them_waiting(claude):
    keys = json.loads(claude.site.ok("key", "list", "--json"))
    claude.site.ok("key", "revoke", house.field(keys, "id"))
    said = imported(claude.engineer, clients.CLAUDE, code=1)
    assert said["waiting"] == 3 and claude.gate.url in said["waiting_why"]
    assert claude.site.exchanges() == []


def test_killed_at_any_moment_nothing_is_lost_or_counted_twice(claude):
    path = history_of(claude)
    rows = path.read_text()
    # Many sessions, each with three answers of its own.
    for number in range(30):
        text = re.sub(r"(msg_\w{8})", rf"\g<1>n{number}", rows)
        path.with_name(f"s{number}.jsonl").write_text(text)
    words = [str(house.binary()), "import", "claude-code", "--json"]
    for wait_ms in (5, 15, 30, 60, 100, 150, 200, 300):
        process = subprocess.Popen(
            words, cwd=claude.place.repo, env=claude.engineer.env(),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        house.STARTED.append(process)
        time.sleep(wait_ms / 1000)
        process.send_signal(signal.SIGKILL)
        process.wait()
    said = imported(claude.engineer, clients.CLAUDE)
    assert said["waiting"] == 0
    records = claude.site.exchanges()
    ids = [r["provider_response_id"] for r in records]
    assert len(ids) == len(set(ids)) == 93
    assert totals(claude.site)["exchanges"] == 93


# The gate's door


def test_the_gates_door_asks_for_a_key_and_has_limits(claude):
    path = "/cofferdam/v1/history"
    bearer = {"authorization": f"Bearer {claude.engineer.key}"}

    def sent(body, headers=bearer, method="POST"):
        return ask(claude.gate.url, path, method=method, body=body,
                   headers=headers)

    assert sent(b"{}", headers={}).status == 401
    assert sent(b"{}", headers={"authorization": "Bearer cfk_x"}).status == 401
    assert sent(b"", method="GET").status == 404
    assert sent(b"oops").status == 400
    assert sent(b'{"exchanges":3}').status == 400
    many = b'{"exchanges":[' + b",".join([b"0"] * 1025) + b"]}"
    answer = sent(many)
    assert answer.status == 413
    # A call of ours, not a provider's error.
    assert set(answer.json()["error"]) >= {"code", "message"}
    assert "type" not in answer.json()
    assert sent(b'{"exchanges":[]}').json()["added"] == 0
    assert claude.site.exchanges() == []


def test_a_body_that_is_too_large_is_refused(claude):
    body = b'{"exchanges":[]' + b" " * (24 << 20) + b"}"
    answer = ask(claude.gate.url, "/cofferdam/v1/history", method="POST",
                 body=body,
                 headers={"authorization": f"Bearer {claude.engineer.key}"})
    assert answer.status == 413
    assert house.poll(lambda: claude.site.exchanges() == [], "still there")


def test_a_few_send_at_once_and_one_more_is_told_to_wait(claude):
    host, port = claude.gate.url.removeprefix("http://").split(":")
    head = (f"POST /cofferdam/v1/history HTTP/1.1\r\nHost: {host}\r\n"
            f"Authorization: Bearer {claude.engineer.key}\r\n"
            "Content-Length: 16\r\n\r\n")
    bearer = {"authorization": f"Bearer {claude.engineer.key}"}

    def status():
        return ask(claude.gate.url, "/cofferdam/v1/history", method="POST",
                   body=b'{"exchanges":[]}', headers=bearer).status

    with contextlib.ExitStack() as held:
        def hold():
            one = held.enter_context(
                socket.create_connection((host, int(port))))
            one.sendall(head.encode())

        def full():
            # A place is given back only after its answer is there, so that one
            # of those held may have been told to wait itself.
            if status() == 503:
                return True
            hold()
            return False

        for _ in range(3):
            hold()
        assert status() == 200
        house.poll(full, "the fifth was taken")
    house.poll(lambda: status() == 200, "the places were not given back")


def test_nothing_of_the_agents_is_changed(claude):
    path = history_of(claude)
    before = (path.read_bytes(), os.stat(path).st_mtime_ns)
    imported(claude.engineer, clients.CLAUDE)
    assert (path.read_bytes(), os.stat(path).st_mtime_ns) == before
