"""`cofferdam run` with the real agents: they speak to the gate whatever the
engineer's own settings say, and those stay as they were."""

import json
import os
import subprocess

import pytest

import agents
import clients
import house
from certificates import signed
from double import Double, Script, Step, text

pytestmark = pytest.mark.agent

FOUR = pytest.mark.parametrize("client", clients.FOUR, ids=str)
DONE = Script([Step([text("Nothing to do.")])],
              credential=house.UPSTREAM_KEY)


@pytest.fixture
def double():
    with Double(DONE) as running:
        yield running


@pytest.fixture
def site(tmp_path, double):
    return house.Site(tmp_path / "site", anthropic=double.url,
                      openai=double.url, chat=double.url, gemini=double.url)


@pytest.fixture
def engineer(site, gate, agent_home):
    return house.Engineer(site, agent_home, gate.url)


def went_through(engineer, client, double) -> None:
    """The agent ran once, and the gate's record says so."""
    done = clients.finish(client.start(engineer))
    assert done.code == 0 and "Nothing to do." in done.out, done
    assert len(double.main_exchanges()) == 1
    (record,) = engineer.site.exchanges()
    assert record["origin"]["tool"] == client.tool


@FOUR
def test_flags_and_exit_code_pass_through(engineer, client):
    program = client.words[0]
    version = engineer.cofferdam("run", "--", program, "--version")
    assert version.code == 0 and client.version in version.out
    words = [program, "--no-such-flag", "run"]
    wrong = engineer.cofferdam("run", "--", *words)
    assert wrong.code == engineer.place.run(words).code != 0


@FOUR
def test_the_engineers_folder_and_settings_stay_as_they_were(
        engineer, client, double, agent_home):
    before = (agent_home.home / ".gemini/settings.json").read_text()
    went_through(engineer, client, double)
    for name in (".claude/settings.json", ".codex/config.toml",
                 ".config/opencode/opencode.json"):
        assert not (agent_home.home / name).exists()
    after = (agent_home.home / ".gemini/settings.json").read_text()
    assert after == before
    assert agent_home.git("status", "--porcelain") == ""
    left = [*agent_home.home.glob(".cache/cofferdam/*"),
            *agent_home.tmp.glob("cofferdam*")]
    assert left == []


def write(home, name: str, words) -> None:
    file = home / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(words if isinstance(words, str) else json.dumps(words))


AROUND = {
    "claude-own-address": (clients.CLAUDE, ".claude/settings.json", {"env": {
        "ANTHROPIC_BASE_URL": "http://127.0.0.1:9",
        "ANTHROPIC_AUTH_TOKEN": "sk-own-key"}}),
    "claude-own-key": (clients.CLAUDE, ".claude/settings.json", {"env": {
        "ANTHROPIC_API_KEY": "sk-own-key"}}),
    "claude-key-helper": (clients.CLAUDE, ".claude/settings.json", {
        "apiKeyHelper": "echo sk-own-key"}),
    "claude-bedrock": (clients.CLAUDE, ".claude/settings.json", {"env": {
        "CLAUDE_CODE_USE_BEDROCK": "1", "AWS_REGION": "us-east-1",
        "AWS_BEARER_TOKEN_BEDROCK": "sk-own-key"}}),
    "codex-own-provider": (
        clients.CODEX, ".codex/config.toml",
        'model_provider = "own"\n[model_providers.own]\nname = "own"\n'
        'base_url = "http://127.0.0.1:9/v1"\nwire_api = "responses"\n'),
    "codex-same-name": (
        clients.CODEX, ".codex/config.toml",
        '[model_providers.cofferdam]\nname = "own"\n'
        'base_url = "http://127.0.0.1:9/v1"\nwire_api = "responses"\n'
        'experimental_bearer_token = "sk-own-key"\n'),
    "gemini-own-login": (clients.GEMINI, ".gemini/settings.json", {
        "security": {"auth": {"selectedType": "oauth-personal"}}}),
    "opencode-own-address": (
        clients.OPENCODE, ".config/opencode/opencode.json", {"provider": {
            "cofferdam": {"options": {"baseURL": "http://127.0.0.1:9",
                                      "apiKey": "sk-own-key"}}}}),
    "opencode-own-login": (
        clients.OPENCODE_OPENAI, ".local/share/opencode/auth.json", {
            "openai": {"type": "oauth", "refresh": "r",
                       "access": "sk-own-key", "expires": 99999999999999}}),
}


@pytest.mark.parametrize("case", AROUND)
def test_the_engineers_own_settings_do_not_lead_around_the_gate(
        engineer, double, agent_home, case):
    client, name, words = AROUND[case]
    write(agent_home.home, name, words)
    went_through(engineer, client, double)
    for exchange in double.exchanges:
        assert "sk-own-key" not in str(exchange.headers) + str(exchange.body)


@FOUR
def test_the_engineers_own_keys_stay_at_home(
        engineer, double, client, monkeypatch):
    env = engineer.env()
    own = {name: "sk-own-key" for name in (
        "ANTHROPIC_API_KEY", "OPENAI_API_KEY", "CODEX_API_KEY",
        "GEMINI_API_KEY", "GOOGLE_API_KEY")}
    monkeypatch.setattr(engineer, "env", lambda: {
        **env, **own, "ANTHROPIC_BASE_URL": "http://127.0.0.1:9",
        "GOOGLE_GEMINI_BASE_URL": "http://127.0.0.1:9",
        "GOOGLE_GENAI_USE_VERTEXAI": "true", "CLAUDE_CODE_USE_VERTEX": "1"})
    went_through(engineer, client, double)
    for exchange in double.exchanges:
        assert "sk-own-key" not in str(exchange.headers) + str(exchange.body)


def test_settings_of_a_project_that_lead_around_the_gate_are_named(
        engineer, double):
    engineer.place.write(".gemini/settings.json", json.dumps(
        {"security": {"auth": {"selectedType": "vertex-ai"}}}))
    done = clients.finish(clients.GEMINI.start(engineer))
    assert done.code == 2 and "vertex-ai" in done.err, done
    assert double.exchanges == []


def test_gemini_finds_its_history_again(engineer, double, agent_home):
    """It works in a home of ours; what it writes there is kept."""
    for _ in range(2):
        done = clients.finish(clients.GEMINI.start(engineer))
        assert done.code == 0, done
    chats = list(agent_home.home.glob(".gemini/tmp/*/chats/*.jsonl"))
    assert len(chats) == 2
    projects = json.loads(
        (agent_home.home / ".gemini/projects.json").read_text())
    assert list(projects["projects"]) == [str(agent_home.repo)]


@pytest.mark.skipif(os.geteuid() != 0, reason="others run every test so")
def test_gemini_works_for_engineers_who_are_not_root(
        engineer, double, agent_home):
    """It trusts system settings of root's alone, so we must not need any."""
    for folder in agent_home.root.parents:
        if not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o011)
    someone = ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups"]
    for program in (house.binary(), agents.BIN / "node"):
        if subprocess.run([*someone, "test", "-x", program]).returncode:
            pytest.skip(f"{program} lies where root alone may go")
    subprocess.run(["chown", "-R", "54321:54321", agent_home.root],
                   check=True)
    done = subprocess.run(
        [*someone, house.binary(), "run", "--", *clients.GEMINI.words],
        cwd=agent_home.repo, env=engineer.env(), capture_output=True,
        text=True, stdin=subprocess.DEVNULL, timeout=60)
    assert done.returncode == 0 and "Nothing to do." in done.stdout, done
    assert len(double.main_exchanges()) == 1


@FOUR
def test_agents_trust_the_authority_that_the_login_names(
        tmp_path, double, agent_home, client):
    authority, cert, key = signed(tmp_path, "127.0.0.1")
    site = house.Site(tmp_path / "tls-site", config=house.config_text(
        tmp_path / "tls-site" / "data",
        gate=f'tls = {{ certificate = "{cert}", key = "{key}" }}',
        **{client.dialect: double.url}))
    gate = site.serve()
    engineer = house.Engineer(site, agent_home, gate.url, ca=authority)
    went_through(engineer, client, double)
    gate.stop()


def test_run_works_outside_a_repository(engineer, site, agent_home):
    outside = agent_home.root / "outside"
    outside.mkdir()
    done = site.cofferdam(
        "run", "--", *clients.CLAUDE.words, cwd=outside,
        env={**engineer.env(), "COFFERDAM_CONFIG": "/nowhere"})
    assert done.code == 0, done
    assert site.exchanges()[-1]["origin"].get("repo", "") == ""
