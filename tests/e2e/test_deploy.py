"""What deploy/ ships: every file can be read, and the real agents obey the
settings that a machine's administrator puts into /etc, whatever the engineer's
own say. /etc is a copy that one process alone sees."""

import configparser
import json
import os
import re
import shutil
import subprocess

import pytest
import tomllib

import clients
import house
from double import Double, Script, Step, text

DEPLOY = house.ROOT / "deploy"
AGENTS = DEPLOY / "agents"
GATE = "https://gate.example.com"
# Where each file belongs.
PLACES = {
    "claude-code/managed-settings.json": "claude-code/managed-settings.json",
    "codex/managed_config.toml": "codex/managed_config.toml",
    "gemini-cli/settings.json": "gemini-cli/settings.json",
    "opencode/opencode.json": "opencode/opencode.json",
    "profile.d/cofferdam.sh": "profile.d/cofferdam.sh",
}


def shipped():
    return sorted(path for path in DEPLOY.rglob("*") if path.is_file())


def test_the_readme_names_every_file():
    words = (DEPLOY / "README.md").read_text()
    for path in shipped():
        if path.name != "README.md":
            assert str(path.relative_to(DEPLOY)) in words, path


@pytest.mark.parametrize("name", [str(p.relative_to(DEPLOY))
                                  for p in shipped()])
def test_every_file_can_be_read(name):
    path = DEPLOY / name
    words = path.read_text()
    if path.suffix == ".json":
        json.loads(words)
    elif path.suffix == ".toml":
        tomllib.loads(words)
    elif path.suffix == ".yaml":
        check_policies(words)
    elif path.suffix == ".service":
        check_unit(words)
    elif path.suffix == ".yml":
        check_flow(words)
    elif path.suffix == ".sh" or path.parent.name == "hooks":
        subprocess.run(["sh", "-n", path], check=True)
    elif path.name == "provider-hosts.txt":
        check_hosts(words)
    elif path.name == "nftables.conf":
        check_nftables(words)
    elif path.name == "squid.conf":
        check_squid(words)
    else:
        assert path.suffix == ".md", f"no check reads {name}"


def check_flow(words):
    """Files for CI: they run the check on a range, with all of its history."""
    yaml = pytest.importorskip("yaml")
    jobs = yaml.safe_load(words)
    assert len(jobs) > 0
    assert 'run: cofferdam check "$FROM..' in words or (
        "- cofferdam check" in words)
    assert "fetch-depth: 0" in words or 'GIT_DEPTH: "0"' in words


def check_policies(words):
    yaml = pytest.importorskip("yaml")
    kinds = [document["kind"] for document in yaml.safe_load_all(words)]
    assert kinds == ["NetworkPolicy"] * 2
    for document in yaml.safe_load_all(words):
        assert document["apiVersion"] == "networking.k8s.io/v1"
        assert "Egress" in document["spec"]["policyTypes"]


def check_unit(words):
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str
    unit.read_string(words)
    assert unit["Service"]["ExecStart"].startswith("/usr/bin/cofferdam serve")
    assert unit["Service"]["NoNewPrivileges"] == "yes"
    if shutil.which("systemd-analyze"):
        done = subprocess.run(
            ["systemd-analyze", "verify", "--man=no",
             DEPLOY / "systemd/cofferdam.service"],
            capture_output=True, text=True)
        assert "Unknown key" not in done.stderr, done.stderr


def check_hosts(words):
    rows = [row for row in words.splitlines()
            if row and not row.startswith("#")]
    assert len(rows) == len(set(rows))
    for row in rows:
        assert re.fullmatch(r"\.?[a-z0-9-]+(\.[a-z0-9-]+)+", row), row
    # What the agents try by themselves (seen in running them).
    for host in ("api.anthropic.com", "chatgpt.com", "play.googleapis.com",
                 "generativelanguage.googleapis.com", "api.openai.com"):
        assert host in rows


def check_nftables(words):
    assert words.count("{") == words.count("}")
    assert "policy drop" in words
    if shutil.which("nft") and os.geteuid() == 0:
        done = subprocess.run(
            ["unshare", "-n", "nft", "-c", "-f",
             DEPLOY / "egress/nftables.conf"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def check_squid(words):
    rows = [row.split() for row in words.splitlines()
            if row and not row.startswith("#")]
    assert {row[0] for row in rows} <= {"acl", "http_access", "deny_info"}
    known = {row[1] for row in rows if row[0] == "acl"}
    for row in rows:
        if row[0] == "http_access":
            assert set(row[2:]) <= known


@pytest.fixture
def double():
    script = Script([Step([text("Nothing to do.")])],
                    credential=house.UPSTREAM_KEY)
    with Double(script) as running:
        yield running


@pytest.fixture
def site(tmp_path, double):
    return house.Site(tmp_path / "site", anthropic=double.url,
                      openai=double.url, chat=double.url, gemini=double.url)


@pytest.fixture
def engineer(site, gate, agent_home):
    return house.Engineer(site, agent_home, gate.url)


class Machine:
    """A machine on which an administrator has put deploy/ into /etc."""

    def __init__(self, root, engineer, url):
        self.engineer = engineer
        self.etc = root / "etc"
        subprocess.run(["cp", "-a", "/etc", self.etc], check=False,
                       capture_output=True)
        for name, place in PLACES.items():
            words = (AGENTS / name).read_text()
            target = self.etc / place
            target.parent.mkdir(exist_ok=True)
            target.write_text(words.replace(GATE, url))

    def start(self, words):
        """The command, in a mount namespace of its own."""
        return clients._start(
            ["unshare", "-rm", "sh", "-c",
             'mount --bind "$0" /etc && exec "$@"', self.etc, *words],
            self.engineer.place, self.engineer.env())


@pytest.fixture
def machine(tmp_path, engineer, gate):
    probe = subprocess.run(["unshare", "-rm", "true"], capture_output=True)
    if probe.returncode != 0:
        pytest.skip("needs a mount namespace of its own")
    return Machine(tmp_path, engineer, gate.url)


def obeyed(machine, words, tool, double):
    """The agent ran, through the gate and nowhere else."""
    done = clients.finish(machine.start(words))
    assert done.code == 0 and "Nothing to do." in done.out, done
    records = machine.engineer.site.exchanges()
    assert records, done
    for record in records:
        assert record["origin"]["tool"] == tool
        assert record["identity"] == "session"
    for exchange in double.exchanges:
        assert "sk-own-key" not in str(exchange.headers) + str(exchange.body)


def own(place, name, words):
    file = place.home / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(words if isinstance(words, str) else json.dumps(words))


@pytest.mark.agent
@pytest.mark.parametrize("settings", [
    {},
    {"env": {"ANTHROPIC_BASE_URL": "http://127.0.0.1:9",
             "ANTHROPIC_AUTH_TOKEN": "sk-own-key"}},
    {"env": {"ANTHROPIC_API_KEY": "sk-own-key"}},
    {"apiKeyHelper": "echo sk-own-key"},
    {"env": {"CLAUDE_CODE_USE_BEDROCK": "1", "AWS_REGION": "us-east-1",
             "AWS_BEARER_TOKEN_BEDROCK": "sk-own-key"}},
], ids=["none", "own-address", "own-key", "own-helper", "bedrock"])
def test_claude_code_obeys_the_managed_settings(machine, double, settings):
    own(machine.engineer.place, ".claude/settings.json", settings)
    obeyed(machine, clients.CLAUDE.words, "claude-code", double)


@pytest.mark.agent
@pytest.mark.parametrize("config", [
    "",
    'model_provider = "own"\n[model_providers.own]\nname = "own"\n'
    'base_url = "http://127.0.0.1:9/v1"\nwire_api = "responses"\n',
], ids=["none", "own-provider"])
def test_codex_obeys_the_managed_config(machine, double, config):
    own(machine.engineer.place, ".codex/config.toml", config)
    obeyed(machine, clients.CODEX.words, "codex", double)


@pytest.mark.agent
def test_codex_obeys_it_against_its_command_line(machine, double):
    words = list(clients.CODEX.words)
    words[1:1] = ["-c", 'model_provider="own"', "-c",
                  'model_providers.own={name="own",'
                  'base_url="http://127.0.0.1:9/v1",wire_api="responses"}']
    obeyed(machine, words, "codex", double)


@pytest.mark.agent
@pytest.mark.parametrize("client", [clients.GEMINI, clients.OPENCODE], ids=str)
def test_those_without_a_key_helper_go_through_run(machine, double, client):
    profile = machine.etc / "profile.d/cofferdam.sh"
    words = ["bash", "-c", '. "$0"; "$@"', profile, *client.words]
    obeyed(machine, words, client.tool, double)


@pytest.mark.agent
def test_gemini_may_not_log_in_otherwise(machine, double):
    machine.engineer.place.gemini_settings(
        security={"auth": {"selectedType": "oauth-personal"}})
    done = clients.finish(machine.start(clients.GEMINI.words))
    assert done.code != 0, done
    assert double.exchanges == []


@pytest.mark.agent
def test_opencode_without_run_asks_the_gate_and_is_refused(machine, double):
    place = machine.engineer.place
    own(place, ".config/opencode/opencode.json", {"provider": {
        "cofferdam": {"npm": "@ai-sdk/openai-compatible", "options": {
            "baseURL": double.url + "/v1", "apiKey": house.UPSTREAM_KEY},
            "models": {"m1": {}}}}})
    done = clients.finish(machine.start(clients.OPENCODE.words))
    assert done.code != 0, done
    assert double.exchanges == []
    assert "key" in done.out + done.err
