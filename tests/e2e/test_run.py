"""Keys and sessions on the engineer's side: login, token, run."""

import json
import stat

import pytest

import house
from plain_http import ask


@pytest.fixture
def engineer(site, gate, agent_home):
    return house.Engineer(site, agent_home, gate.url)


MESSAGE = {"model": "claude-sonnet-4-5", "max_tokens": 10,
           "messages": [{"role": "user", "content": "Hi"}]}


def mode(path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_login_keeps_the_key_for_its_owner_alone(engineer, agent_home):
    file = agent_home.home / ".config" / "cofferdam" / "login.json"
    assert mode(file) == 0o600
    assert engineer.key in file.read_text()
    said = engineer.login.out + engineer.login.err
    assert engineer.key not in said


def test_login_respects_xdg_config_home(site, gate, agent_home):
    key = site.key()
    done = site.cofferdam(
        "login", gate.url, stdin=key + "\n", cwd=agent_home.repo,
        env={"XDG_CONFIG_HOME": str(agent_home.root / "xdg")})
    assert done.code == 0, done
    assert mode(agent_home.root / "xdg" / "cofferdam" / "login.json") == 0o600


def test_login_refuses_a_key_that_the_gate_does_not_know(gate, site,
                                                         agent_home):
    key = site.key()
    wrong = key[:10] + ("A" if key[10] != "A" else "B") + key[11:]
    done = site.cofferdam("login", gate.url, stdin=wrong + "\n",
                          env={"HOME": str(agent_home.home)})
    assert done.code == 2 and "key" in done.err
    assert not (agent_home.home / ".config/cofferdam/login.json").exists()


def test_login_names_a_gate_that_is_not_there(site, agent_home):
    done = site.cofferdam("login", "http://127.0.0.1:9", stdin="cfe_x\n",
                          env={"HOME": str(agent_home.home)})
    assert done.code == 2
    assert "127.0.0.1:9" in done.err or "key" in done.err


def test_a_key_is_shown_once_and_stored_hashed(site, gate):
    key = site.key()
    assert key.startswith("cfe_") and len(key) == 4 + 43 + 6
    assert key not in site.ok("key", "list", "--json")
    assert key[:8] in site.ok("key", "list", "--json")
    for file in site.data.rglob("*"):
        if file.is_file():
            assert key.encode() not in file.read_bytes(), file


def test_a_token_binds_person_repository_purpose_and_tool(
        engineer, site, gate, double):
    secret = engineer.cofferdam(
        "token", "--purpose", "research", "--tool", "my-editor")
    assert secret.code == 0, secret
    secret = secret.out.strip()
    assert secret.startswith("cfs_")
    answer = ask(gate.url, "/v1/messages", MESSAGE,
                 headers={"x-api-key": secret,
                          "x-cofferdam-repo": "git.example.com/other/repo",
                          "x-cofferdam-purpose": "product"})
    assert answer.status == 200
    origin = site.exchanges()[-1]["origin"]
    assert "applied-ai/widgets" in origin["repo"]
    assert (origin["purpose"], origin["tool"]) == ("research", "my-editor")
    assert origin["team"] == house.TEAM


def test_token_speaks_json(engineer):
    done = engineer.cofferdam("token", "--json", "--purpose", "product")
    said = json.loads(done.out)
    assert said["secret"].startswith("cfs_") and said["expires_at"]
    assert said["purpose"] == "product"


def test_revoking_the_engineers_key_stops_its_tokens(engineer, site, gate):
    secret = engineer.cofferdam("token").out.strip()
    headers = {"authorization": f"Bearer {secret}"}
    assert ask(gate.url, "/v1/messages", MESSAGE,
               headers=headers).status == 200
    site.ok("key", "revoke", engineer.key[:12])
    answer = ask(gate.url, "/v1/messages", MESSAGE, headers=headers)
    assert answer.status == 401


def test_run_without_a_login_says_what_to_do(site, agent_home):
    done = site.cofferdam("run", "--", "claude", "--version",
                          cwd=agent_home.repo,
                          env={"HOME": str(agent_home.home)})
    assert done.code == 2 and "login" in done.err


def test_run_names_an_agent_that_it_cannot_start(engineer):
    done = engineer.cofferdam("run", "--", "no-such-agent")
    assert done.code == 2 and "no-such-agent" in done.err
