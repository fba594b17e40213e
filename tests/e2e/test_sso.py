"""Single sign-on: the real command, the real gate, a real provider."""

import json
import os
import re
import subprocess
import time

import pytest

import house
from plain_http import ask
from provider import Browser, Provider

ADA = {"email": "ada@example.com", "email_verified": True,
       "groups": ["engineering", "ops"]}
SECRET = "client-secret-5d1f"


def sso_text(url, more=""):
    return f"""
[sso]
issuer = "{url}"
client_id = "cofferdam"
scopes = ["openid", "email", "groups"]
roles = {{ "engineering" = "engineer", "ops" = "operator" }}
teams = {{ "ops" = "platform" }}
team = "everyone"
key_lifetime_h = 12
{more}"""


@pytest.fixture
def provider(tmp_path):
    running = Provider(tmp_path / "provider")
    running.set_accounts({"ada": ADA})
    yield running
    running.stop()


@pytest.fixture
def sso_site(tmp_path, double, provider):
    data = tmp_path / "site" / "data"
    return house.Site(tmp_path / "site", config=house.config_text(
        data, anthropic=double.url, more=sso_text(provider.url)))


@pytest.fixture
def sso_gate(sso_site):
    running = sso_site.serve()
    yield running
    running.stop()


class SignIn:
    """A running `cofferdam login --sso`."""

    def __init__(self, site, home, *words):
        self.process = subprocess.Popen(
            [str(house.binary()), "login", "--sso", *words],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**site.env(), "HOME": str(home.home)})
        house.STARTED.append(self.process)
        self.said = b""

    def address(self, pattern=rb"\n  (http\S+)\n", timeout_s=30):
        """The address that it shows, as soon as it does."""
        end = time.monotonic() + timeout_s
        fd = self.process.stderr.fileno()
        while not re.search(rb"Waiting", self.said):
            assert time.monotonic() < end, self.said
            if house.readable(fd, 0.2):
                piece = os.read(fd, 4096)
                if not piece:
                    break
                self.said += piece
        found = re.findall(pattern, self.said)
        assert found, self.said.decode()
        return [one.decode() for one in found]

    def end(self, timeout_s=60):
        out, err = self.process.communicate(timeout=timeout_s)
        return self.process.returncode, out.decode(), (
            self.said + err).decode()


def sign_in(site, home, url, login="ada", *words):
    """At the gate, or with --admin at the administration's address."""
    where = [] if "--admin" in words else [url]
    running = SignIn(site, home, *where, *words)
    page = Browser().sign_in(running.address()[0], login)
    assert "Go back to your terminal" in page
    return running.end()


def stored(home):
    return json.loads(
        (home.home / ".config" / "cofferdam" / "login.json").read_text())


def whoami(url, key):
    answer = ask(url, "/cofferdam/v1/whoami", method="GET",
                 headers={"authorization": f"Bearer {key}"})
    return answer.status, json.loads(answer.body)


def logged(gate, reason):
    """Waits for the line that says so: logs are written behind."""
    def found():
        lines = gate.log.read_text().splitlines()
        return any("sso_refused" in line and reason in line for line in lines)
    house.poll(found, f"no refusal is logged with {reason}")


def test_an_engineer_signs_in_with_a_browser(sso_site, sso_gate, agent_home):
    code, out, err = sign_in(sso_site, agent_home, sso_gate.url)
    assert code == 0, err
    assert "ada@example.com (team platform)" in err
    login = stored(agent_home)
    assert login["url"] == sso_gate.url
    assert login["key"].startswith("cfe_")
    assert login["key"] not in out + err
    status, who = whoami(sso_gate.url, login["key"])
    assert status == 200 and who["role"] == "engineer"
    assert who["team"] == "platform" and who["expires_at"]
    # The key is as good as any other.
    token = sso_site.cofferdam("token", "--purpose", "research",
                               env={"HOME": str(agent_home.home)},
                               cwd=agent_home.repo)
    assert token.code == 0, token
    # Once more, without naming the gate.
    running = SignIn(sso_site, agent_home)
    Browser().sign_in(running.address()[0], "ada")
    assert running.end()[0] == 0
    assert stored(agent_home)["key"] != login["key"]
    people = json.loads(sso_site.ok("person", "list", "--json"))
    assert field_count(people, "email", "ada@example.com") == 1


def field_count(value, name, wanted):
    if isinstance(value, dict):
        return int(value.get(name) == wanted) + sum(
            field_count(one, name, wanted) for one in value.values())
    if isinstance(value, list):
        return sum(field_count(one, name, wanted) for one in value)
    return 0


def test_an_engineer_signs_in_on_another_device(sso_site, sso_gate,
                                                agent_home):
    running = SignIn(sso_site, agent_home, sso_gate.url, "--device")
    addresses = running.address()
    assert re.search(rb"code [A-Z0-9-]+:", running.said), running.said
    Browser().sign_in(addresses[-1], "ada")
    code, _, err = running.end()
    assert code == 0, err
    assert whoami(sso_gate.url, stored(agent_home)["key"])[0] == 200


def test_an_administrator_gets_the_role_of_a_group(sso_site, sso_gate,
                                                   provider, agent_home):
    admin = sso_gate.ready["admin"]
    as_admin = [admin, "ada", "--admin", admin]
    code, out, err = sign_in(sso_site, agent_home, *as_admin)
    assert code == 0, err
    key = out.strip()
    assert key.startswith("cfa_") and "role operator" in err
    people = "/cofferdam/v1/admin/person"
    bearer = {"authorization": f"Bearer {key}"}
    assert ask(admin, people, method="GET", headers=bearer).status == 200
    listed = sso_site.cofferdam("person", "list", "--admin", admin,
                                env={"COFFERDAM_ADMIN_KEY": key})
    assert listed.code == 0 and "ada@example.com" in listed.out
    # Asked for more than the groups give.
    code, _, err = sign_in(sso_site, agent_home, *as_admin, "--role", "owner")
    assert code == 2 and "platform team" in err
    # The group is gone: so is the key, at the next sign-in.
    provider.set_accounts({"ada": {**ADA, "groups": ["engineering"]}})
    code, _, err = sign_in(sso_site, agent_home, sso_gate.url)
    assert code == 0, err
    assert ask(admin, people, method="GET", headers=bearer).status == 401
    code, _, err = sign_in(sso_site, agent_home, *as_admin)
    assert code == 2 and "platform team" in err
    logged(sso_gate, "roles:")


def test_who_is_in_no_group_gets_nothing(sso_site, sso_gate, provider,
                                         agent_home):
    provider.set_accounts({"eve": {"email": "eve@example.com",
                                   "email_verified": True}})
    code, _, err = sign_in(sso_site, agent_home, sso_gate.url, "eve")
    assert code == 2 and "platform team" in err
    assert not (agent_home.home / ".config/cofferdam/login.json").exists()
    provider.set_accounts({"eve": {"email": "eve@example.com",
                                   "email_verified": False,
                                   "groups": ["engineering"]}})
    code, _, err = sign_in(sso_site, agent_home, sso_gate.url, "eve")
    assert code == 2
    logged(sso_gate, "email_verified:")
    # The reference leads from what eve reads to what the log says.
    reference = re.search(r"reference ([0-9A-Z]{26})", err).group(1)
    assert reference in sso_gate.log.read_text()


def test_an_address_given_to_somebody_else_takes_nothing_over(
        sso_site, sso_gate, provider, agent_home):
    assert sign_in(sso_site, agent_home, sso_gate.url)[0] == 0
    key = stored(agent_home)["key"]
    provider.set_accounts({"new": ADA})
    code, _, err = sign_in(sso_site, agent_home, sso_gate.url, "new")
    assert code == 2 and "another account" in err
    assert whoami(sso_gate.url, key)[0] == 200


def test_keys_that_the_provider_renewed_are_taken_up(sso_site, sso_gate,
                                                     provider, agent_home):
    assert sign_in(sso_site, agent_home, sso_gate.url)[0] == 0
    provider.restart(kid="k2")
    code, _, err = sign_in(sso_site, agent_home, sso_gate.url)
    assert code == 0, err


def test_a_token_for_another_client_is_refused(sso_site, sso_gate, provider,
                                               agent_home):
    provider.restart(audience="another-client")
    code, _, err = sign_in(sso_site, agent_home, sso_gate.url)
    assert code == 2 and "sign in again" in err
    logged(sso_gate, "aud:")


def test_a_provider_that_is_down_is_said_to_be(sso_site, sso_gate, provider,
                                               agent_home):
    assert sign_in(sso_site, agent_home, sso_gate.url)[0] == 0
    key = stored(agent_home)["key"]
    running = SignIn(sso_site, agent_home, sso_gate.url, "--device")
    running.address()
    provider.stop()
    done = sso_site.cofferdam("login", "--sso", "--device", sso_gate.url,
                              env={"HOME": str(agent_home.home)})
    assert done.code == 2 and "try again in a moment" in done.err
    running.process.kill()
    running.end()
    # Keys that were given work on.
    assert whoami(sso_gate.url, key)[0] == 200


def test_a_client_with_a_secret_and_claims_in_the_token(tmp_path, double,
                                                        agent_home):
    provider = Provider(tmp_path / "provider", secret=SECRET,
                        claimsInToken=True)
    provider.set_accounts({"ada": ADA})
    root = tmp_path / "site"
    site = house.Site(root, config=house.config_text(
        root / "data", anthropic=double.url, more=sso_text(
            provider.url, 'client_secret = { file = "sso.secret" }')))
    (root / "sso.secret").write_text(SECRET + "\n")
    gate = site.serve()
    try:
        assert sign_in(site, agent_home, gate.url)[0] == 0
        (root / "sso.secret").write_text("wrong\n")
        code, _, err = sign_in(site, agent_home, gate.url)
        assert code == 2 and "not set up right" in err
        logged(gate, "invalid_client")
        shown = site.ok("config", "show") + gate.log.read_text()
        assert SECRET not in shown and "eyJ" not in shown
    finally:
        gate.stop()
        provider.stop()


def test_without_single_sign_on_the_gate_says_so(site, gate, agent_home):
    done = site.cofferdam("login", "--sso", gate.url,
                          env={"HOME": str(agent_home.home)})
    assert done.code == 2 and "no single sign-on" in done.err


def test_wrong_settings_say_where(site):
    site.configure(house.config_text(site.data, more="""
[sso]
issuer = "http://login.example.com"
client_id = ""
scopes = ["email"]
roles = { "ops" = "admin" }
teams = { "ops" = "No Team" }
domains = ["Example.com"]
key_lifetime_h = 0
secret = "x"
"""))
    done = site.cofferdam("config", "check")
    assert done.code == 2
    for word in ("issuer", "client_id", "openid", "[sso.roles] ops",
                 "[sso.teams] ops", "domains", "key_lifetime_h", "secret"):
        assert word in done.err, (word, done.err)
