"""People, teams, roles, pauses and approvals by command and admin API."""

import json
import sqlite3
import time

import pytest

import dialects
import house
from double import Fault, Script, Step, text
from plain_http import Client, ask

ROLES = ["engineer", "reader", "viewer", "approver", "operator", "owner"]
ADMIN = "/cofferdam/v1/admin/"


def open_approval(site: house.Site, email: str, tool: str = "codex",
                  four_eyes: bool = False) -> str:
    """Writes the row that the gate writes; nobody may hold the folder."""
    now = int(time.time() * 1e6)
    number = f"01APPR0VA1{now:016d}"
    with sqlite3.connect(site.data / "policy.sqlite") as file:
        person, team = file.execute(
            "SELECT id, team FROM person WHERE email = ?", (email,)).fetchone()
        file.execute(
            "INSERT INTO approval VALUES (?, ?, ?, ?, 'anthropic',"
            " 'claude-sonnet-4-5', 'claude-api', 'github.com/acme/engine',"
            " 'training-code', 'ask-first', ?, ?, ?, 'open', NULL, '', '',"
            " NULL)",
            (number, person, team, tool, int(four_eyes), now,
             now + 3_600_000_000))
    file.close()
    return number


def admin_env(gate: house.Gate, key: str):
    return {"COFFERDAM_ADMIN": gate.ready["admin"],
            "COFFERDAM_ADMIN_KEY": key}


def audit(site: house.Site):
    """Rows of the audit: actor, action, subject, detail."""
    file = sqlite3.connect(f"file:{site.data}/policy.sqlite?mode=ro", uri=True)
    rows = file.execute("SELECT actor, action, subject, detail FROM audit"
                        " ORDER BY sequence").fetchall()
    file.close()
    return rows


LAW = """\
[[rule]]
name = "ask-first"
model = "claude-*"
effect = "approve"
reason = "models of this provider are asked for"
expires_h = 2
ask = "your lead grants it"
"""
HELD = Script([Step([text("A slow river. " * 40)],
                    faults=[Fault("hold", name="gone on")])],
              credential=house.UPSTREAM_KEY)


@pytest.fixture
def served(site):
    """A site with somebody in it, and no server that holds it."""
    site.ok("person", "add", "ada@example.com", "--team", "red")
    return site


# Teams and people


@pytest.mark.parametrize("running", [False, True], ids=["alone", "served"])
def test_teams_and_people_are_the_same_beside_a_server(site, running):
    gate = site.serve() if running else None
    site.ok("team", "add", "lab")
    site.ok("team", "add", "research", "--parent", "lab")
    site.ok("person", "add", "ada@example.com", "--team", "red")
    site.ok("team", "move", "red", "--parent", "research")
    assert site.ok("team", "list") == "lab\n  research\n    red\n"
    refused = site.cofferdam("team", "move", "lab", "--parent", "red")
    assert refused.code == 2 and refused.out == ""
    assert "lab < red < research < lab" in refused.err
    moved = json.loads(site.ok("person", "move", "ada@example.com", "--team",
                               "blue", "--json"))
    assert moved["team"] == "blue"
    key = site.ok("key", "create", "--person", "ada@example.com").strip()
    erased = site.ok("person", "erase", "ada@example.com")
    assert moved["id"] in erased and "ada@" not in erased
    listed = site.ok("person", "list")
    assert moved["id"] in listed and "ada@" not in listed
    if gate:
        assert ask(gate.url, "/cofferdam/v1/whoami", headers={
            "authorization": f"Bearer {key}"}).status == 401
        gate.stop()
    assert not any("@" in "".join(row) for row in audit(site))


# Roles


def test_the_old_role_admin_is_named_owner(served):
    refused = served.cofferdam("key", "create", "--person", "ada@example.com",
                               "--role", "admin")
    assert refused.code == 2 and "owner" in refused.err


def test_over_tcp_each_role_may_what_the_page_says(served):
    gate = served.serve()
    may = {"view": set(ROLES) - {"engineer"}, "text": {"reader"},
           "approve": {"approver", "operator", "owner"},
           "operate": {"operator", "owner"}, "own": {"owner"}}
    calls = [("GET", "person", "view"), ("GET", "key", "view"),
             ("GET", "team", "view"), ("GET", "measure", "view"),
             ("GET", "approval", "view"), ("GET", "ledger/stat", "view"),
             ("POST", "ledger/text", "text"),
             ("POST", "approval/grant", "approve"),
             ("POST", "approval/deny", "approve"),
             ("POST", "person", "operate"), ("POST", "team", "operate"),
             ("POST", "key", "operate"), ("POST", "pause", "operate"),
             ("POST", "kill", "operate"), ("POST", "resume", "operate"),
             ("POST", "person/erase", "own")]
    for role in ROLES:
        key = served.key("ada@example.com", "red", "--role", role)
        for method, path, asks in calls:
            answer = ask(gate.ready["admin"], ADMIN + path,
                         "{" if method == "POST" else None, method=method,
                         headers={"authorization": f"Bearer {key}"})
            denied = answer.status == 403
            assert denied == (role not in may[asks]), (role, path, answer)
            if denied:
                assert "role " + role in answer.json()["error"]["message"]
    gate.stop()


def test_an_operator_makes_and_ends_no_key_for_administration(served):
    owner = json.loads(served.ok("key", "create", "--person",
                                 "ada@example.com", "--role", "owner",
                                 "--json"))
    key = served.key("ada@example.com", "red", "--role", "operator")
    gate = served.serve()
    env = admin_env(gate, key)
    made = served.ok("key", "create", "--person", "ada@example.com", env=env)
    assert made.startswith("cfe_")
    for words in (["key", "create", "--person", "ada@example.com", "--role",
                   "viewer"], ["key", "revoke", owner["id"]],
                  ["person", "erase", "ada@example.com"]):
        refused = served.cofferdam(*words, env=env)
        assert refused.code == 2 and "owner" in refused.err, words
    assert served.ok("key", "revoke", made.strip()[:12], env=env)
    gate.stop()


def test_commands_administer_from_elsewhere_with_a_key(served):
    key = served.key("ada@example.com", "red", "--role", "viewer")
    gate = served.serve()
    assert served.ok("person", "list", "--json", env=admin_env(gate, key)) \
        == served.ok("person", "list", "--json")
    refused = served.cofferdam("pause", "--team", "red", "--reason", "r",
                               env=admin_env(gate, key))
    assert refused.code == 2
    assert "role viewer may not" in refused.err
    assert key not in refused.err
    nobody = served.cofferdam("--admin", gate.ready["admin"], "person", "list")
    assert nobody.code == 2 and "COFFERDAM_ADMIN_KEY" in nobody.err
    gate.stop()
    gone = served.cofferdam("person", "list", env=admin_env(gate, key))
    assert gone.code == 2 and gate.ready["admin"] in gone.err


def test_the_audit_says_who_did_what_to_whom(served):
    key = json.loads(served.ok("key", "create", "--person", "ada@example.com",
                               "--role", "operator", "--json"))
    gate = served.serve()
    served.ok("pause", "--team", "red", "--reason", "ticket 12",
              env=admin_env(gate, key["secret"]))
    served.ok("person", "move", "ada@example.com", "--team", "blue")
    rows = json.loads(served.ok("audit", "list", "--limit", 3, "--json"))[
        "audit"]
    assert [row["action"] for row in rows] == [
        "measure.pause", "team.add", "person.move"]
    assert rows[0]["by"] == "ada@example.com" and rows[0]["actor"] == key["id"]
    assert rows[0]["detail"] == {"team": "red", "reason": "ticket 12"}
    assert rows[2]["by"] == "local"
    assert rows[2]["person"] == "ada@example.com"
    words = served.ok("audit", "list")
    assert "ticket 12" in words and key["secret"] not in words
    refused = served.cofferdam("audit", "list", "--limit", 10001)
    assert refused.code == 2 and "limit" in refused.err
    gate.stop()


# Measures


@pytest.mark.parametrize("running", [False, True], ids=["alone", "served"])
def test_a_pause_is_listed_until_it_is_resumed(served, running):
    gate = served.serve() if running else None
    paused = json.loads(served.ok(
        "pause", "--team", "red", "--tool", "codex", "--reason", "ticket 12",
        "--for", "2h", "--json"))
    assert paused["scope"] == {"team": "red", "tool": "codex"}
    assert paused["by"] == "local"
    line = served.ok("pause", "--list")
    for word in (paused["id"], "pause", "team red, tool codex", "ticket 12",
                 "UTC"):
        assert word in line
    killed = json.loads(served.ok("kill", "--repo", "github.com/acme/*",
                                  "--reason", "leak", "--json"))
    assert killed["kind"] == "kill"
    resumed = served.cofferdam("resume", "--team", "red")
    assert resumed.code == 2 and "pause --list" in resumed.err
    served.ok("resume", "--team", "red", "--tool", "codex")
    served.ok("resume", killed["id"])
    assert served.ok("pause", "--list") == ""
    assert len(served.ok("pause", "--list", "--all").splitlines()) == 2
    actions = [row[1] for row in audit(served)]
    assert actions[-4:] == ["measure.pause", "measure.kill",
                            "measure.resume", "measure.resume"]
    if gate:
        gate.stop()


@pytest.mark.parametrize("words, says", [
    (["pause", "--team", "red"], "--reason"),
    (["pause", "--reason", "r"], "everything"),
    (["kill", "--team", "", "--reason", "r"], "--team: must not be empty"),
    (["pause", "--team", "rde", "--reason", "r"], "team rde: not known"),
    (["pause", "--person", "x@example.com", "--reason", "r"],
     "x@example.com"),
    (["pause", "--repo", "acme", "--reason", "r"], "repository"),
    (["pause", "--team", "red", "--reason", "r", "--for", "2x"], "--for"),
    (["pause", "--team", "red", "--reason", "x" * 501], "500"),
    (["pause", "--everything", "--team", "red", "--reason", "r"],
     "everything"),
    (["resume"], "ID"),
    (["resume", "01J", "--team", "red"], "ID"),
], ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "")
def test_a_slip_of_the_pen_stops_nothing_and_says_why(served, words, says):
    refused = served.cofferdam(*words)
    assert refused.code == 2 and refused.out == "" and says in refused.err
    assert served.ok("pause", "--list") == ""


# Approvals


def test_a_person_who_reads_the_list_knows_what_to_do(served):
    number = open_approval(served, "ada@example.com")
    listed = served.ok("approval", "list")
    for word in (number, "ada@example.com", "team red", "codex", "anthropic",
                 "claude-sonnet-4-5", "github.com/acme/engine",
                 "training-code", "ask-first", "UTC",
                 f"cofferdam approval grant {number} --reason"):
        assert word in listed
    granted = served.ok("approval", "grant", number, "--reason", "looked at",
                        "--any-tool", "--repo", "github.com/acme/*",
                        "--for", "2h")
    for word in (number, "granted until", "ada@example.com", "any tool",
                 "github.com/acme/*", "anthropic"):
        assert word in granted
    assert served.ok("approval", "list") == ""
    shown = served.ok("approval", "show", number)
    assert "looked at" in shown and "by local" in shown
    again = served.cofferdam("approval", "grant", number, "--reason", "r")
    assert again.code == 2 and "is granted already" in again.err
    served.ok("approval", "deny", number, "--reason", "on second thought")
    assert json.loads(served.ok("approval", "show", number, "--json"))[
        "state"] == "denied"


def test_four_eyes_take_two_people_and_not_the_one_who_asked(served):
    number = open_approval(served, "ada@example.com", four_eyes=True)
    keys = {}
    for name in ("ada", "bob", "eve"):
        keys[name] = served.key(f"{name}@example.com", "red", "--role",
                                "approver")
    second = served.key("bob@example.com", "red", "--role", "owner")
    gate = served.serve()

    def grant(key=None):
        return served.cofferdam("approval", "grant", number, "--reason", "r",
                                env=admin_env(gate, key) if key else None)

    local = grant()
    assert local.code == 2 and "takes two people" in local.err
    own = grant(keys["ada"])
    assert own.code == 2 and "nobody grants his own" in own.err
    half = grant(keys["bob"])
    assert half.code == 0 and "bob@example.com said yes" in half.out
    for key in (keys["bob"], second):
        twice = grant(key)
        assert twice.code == 2 and "somebody else" in twice.err
    assert "takes two people" in served.ok("approval", "list")
    whole = grant(keys["eve"])
    assert whole.code == 0 and "granted until" in whole.out
    gate.stop()
    votes = [row for row in audit(served) if row[1] == "approval.grant"]
    assert len(votes) == 2 and votes[0][0] != votes[1][0]


def test_refusing_an_approval_needs_a_reason_and_one_that_is_there(served):
    number = open_approval(served, "ada@example.com")
    for words, says in (
            (["approval", "deny", number], "--reason"),
            (["approval", "grant", number, "--reason", " "], "reason"),
            (["approval", "grant", number, "--reason", "r", "--repo",
              "github.com/other/*"], "does not cover"),
            (["approval", "grant", number, "--reason", "r", "--for", "367d"],
             "--for"),
            (["approval", "grant", "01J", "--reason", "r"], "not known"),
            (["approval", "show", "01J"], "not known")):
        refused = served.cofferdam(*words)
        assert refused.code == 2 and says in refused.err, words
    assert number in served.ok("approval", "list")
    denied = served.ok("approval", "deny", number, "--reason", "no")
    assert "denied until" in denied


# At the gate


def test_a_refused_request_waits_for_a_yes_and_passes_on_the_next_try(served):
    (served.root / "policy.toml").write_text(LAW)
    key = served.key("ada@example.com")
    gate = served.serve()

    def answer():
        return dialects.ANTHROPIC.ask(gate.url, headers={
            "authorization": f"Bearer {key}"})

    refused = [answer() for _ in range(3)]
    waiting = json.loads(served.ok("approval", "list", "--json"))["approvals"]
    assert len(waiting) == 1
    asked = waiting[0]
    for one in refused:
        assert one.status == 403
        assert asked["id"] in one.json()["error"]["message"]
    assert asked["person"] == "ada@example.com"
    assert asked["rule"] == "ask-first"
    assert asked["model"] == dialects.ANTHROPIC.model
    served.ok("approval", "grant", asked["id"], "--reason", "fine")
    assert answer().status == 200
    served.ok("approval", "deny", asked["id"], "--reason", "enough of it")
    denied = answer()
    assert denied.status == 403
    assert "enough of it" in denied.json()["error"]["message"]
    gate.stop()


@pytest.mark.parametrize("scope", [
    ["--team", "lab"], ["--person", "ada@example.com"],
    ["--provider", "anthropic"], ["--model", "claude-*"],
    ["--contract", "claude-api"], ["--everything"]],
    ids=lambda words: words[0])
def test_a_pause_refuses_with_its_reason_until_it_is_resumed(served, scope):
    served.ok("team", "add", "lab")
    served.ok("team", "move", "red", "--parent", "lab")
    key = served.key("ada@example.com")
    gate = served.serve()

    def answer():
        return dialects.ANTHROPIC.ask(gate.url, headers={
            "authorization": f"Bearer {key}"})

    assert answer().status == 200
    served.ok("pause", *scope, "--reason", "see ticket 12")
    refused = answer()
    assert refused.status == 403
    assert "see ticket 12" in refused.json()["error"]["message"]
    served.ok("resume", *scope)
    assert answer().status == 200
    served.ok("pause", "--tool", "another", "--reason", "r")
    assert answer().status == 200
    gate.stop()
    gate = served.serve()
    served.ok("pause", *scope, "--reason", "see ticket 13")
    gate.stop()
    gate = served.serve()
    assert "see ticket 13" in answer().json()["error"]["message"]
    gate.stop()


def test_a_kill_ends_what_runs_within_a_second_and_nothing_else(
        served, double):
    double.use_script(HELD)
    served.ok("person", "add", "eve@example.com", "--team", "blue")
    gate = served.serve()
    keys = [served.key("ada@example.com"), served.key("eve@example.com")]
    with Client(gate.url) as doomed, Client(gate.url) as spared:
        pieces = []
        for client, key in ((doomed, keys[0]), (spared, keys[1])):
            dialects.ANTHROPIC.send(client, {"authorization": f"Bearer {key}"})
            answer, more = client.receive_head()
            assert answer.status == 200
            pieces.append(more)
        begun = time.monotonic()
        served.ok("kill", "--team", "red", "--reason", "a leak")
        ended = b"".join(pieces[0])
        # The command's own start is in it.
        assert time.monotonic() - begun < 5
        assert b"event: error" in ended and b"a leak" in ended
        double.release("gone on")
        whole = b"".join(pieces[1])
        assert b"message_stop" in whole and b"event: error" not in whole
    gate.stop()
