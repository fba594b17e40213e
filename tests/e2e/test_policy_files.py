"""A law that is broken, missing or changed under a running gate: the old one
stays in force, and whoever looks sees why."""

import json
import signal

import pytest

import house
from dialects import ANTHROPIC
from test_operations import bearer, log_lines, metric
from plain_http import ask

DENY = """\
ask = "Ask platform@example.com."

[[rule]]
name = "no-claude"
provider = "anthropic"
effect = "deny"
reason = "use the models of the house"
"""
ALLOW = """\
[[rule]]
name = "some-claude"
provider = "anthropic"
effect = "allow"
"""
# What is wrong, the file, and what the message must name: line, column, and
# the key or the name that is meant.
BROKEN = {
    "no-toml": (DENY + "[[rule]\n", (8, 8), "expected ']'"),
    "unknown-key": (
        DENY + 'efect = "deny"\n', (8, 1), 'did you mean "effect"?'),
    "unknown-effect": (DENY.replace('"deny"', '"forbid"'), (6, 1), "forbid"),
    "unknown-provider": (
        DENY.replace('"anthropic"', '"antropic"'), (5, 12), "antropic"),
    "unknown-contract": (
        DENY + 'contract = ["claude-api", "claud"]\n', (8, 27), "claud"),
    "no-reason": (DENY.replace("reason", "# reason"), (3, 1), "reason"),
    "no-ask": (DENY.partition("\n")[2], (2, 1), "`ask`"),
    "no-name": (
        DENY.replace('name = "no-claude"', ""), (3, 1), '"name" is missing'),
    "same-name": (DENY + DENY.partition("\n\n")[2], (9, 1), "no-claude"),
    "negative-limit": (
        ALLOW + "limits = { streams = -1 }\n", (5, 12), "streams: -1"),
    "limit-of-a-refusal": (
        DENY + "limits = { streams = 1 }\n", (8, 1), "limits"),
    "reroute-across-protocols": (
        DENY.replace('"deny"', '"reroute"') + 'to = "gpt-5.5"\n', (8, 1),
        "leaves its protocol"),
    "time-of-no-day": (DENY + 'time = "25:00-26:00"\n', (8, 8), "time"),
}


@pytest.fixture
def lawful(tmp_path, open_double):
    """A site that denies Anthropic by a rule, and lists its models, so that
    rules can be checked against them."""
    config = house.config_text(
        tmp_path / "site" / "data", anthropic=open_double.url,
        openai=open_double.url).replace(
            '[upstream.anthropic]\n',
            '[upstream.anthropic]\nmodels = ["claude-*"]\n').replace(
            '[upstream.openai]\n', '[upstream.openai]\nmodels = ["gpt-*"]\n')
    site = house.Site(tmp_path / "site", config=config)
    write_law(site, DENY)
    return site


def write_law(site: house.Site, words: str) -> None:
    (site.root / "policy.toml").write_text(words)


def law_of(gate: house.Gate):
    """What readiness says: whether files are in force as they are, and
    which edition of the law is."""
    answer = ask(gate.url, "/readyz")
    assert answer.status == 200, answer
    ready = answer.json()
    return ready["configuration"], ready["law"]


def named(words: str, place, about: str) -> bool:
    """Whether a message names the file, the place in it, and what is meant."""
    line, column = place
    return f"policy.toml:{line}:{column}:" in words and about in words


def test_a_rule_decides_and_says_so(lawful, open_double):
    gate = lawful.serve()
    key = lawful.key()
    refused = ANTHROPIC.ask(gate.url, headers=bearer(key))
    assert refused.status == 403
    message = ANTHROPIC.error_message(refused.json())
    assert "no-claude" in message
    assert "use the models of the house" in message
    assert open_double.exchanges == []
    write_law(lawful, ALLOW)
    house.poll(lambda: ANTHROPIC.ask(
        gate.url, headers=bearer(key)).status == 200,
        "the new law is not in force")
    gate.stop()


def test_a_broken_law_changes_nothing_and_is_seen(lawful):
    gate = lawful.serve()
    key = lawful.key()
    state, edition = law_of(gate)
    assert state == "current"
    write_law(lawful, ALLOW + 'efect = "deny"\n')
    gate.process.send_signal(signal.SIGHUP)
    house.poll(lambda: metric(gate, "cofferdam_config_current") == 0,
               "a broken law is not noticed")
    assert law_of(gate) == ("old", edition)
    house.poll(lambda: any(named(json.dumps(line), (5, 1), "efect")
                           for line in log_lines(gate)),
               "the log does not say why")
    refused = ANTHROPIC.ask(gate.url, headers=bearer(key))
    assert refused.status == 403, "the old law is not in force"
    write_law(lawful, ALLOW)
    house.poll(lambda: metric(gate, "cofferdam_config_current") == 1,
               "the mended law is not noticed")
    state, mended = law_of(gate)
    assert state == "current" and mended != edition
    assert ANTHROPIC.ask(gate.url, headers=bearer(key)).status == 200
    gate.stop()


def test_a_law_that_is_lost_is_not_repealed(lawful):
    gate = lawful.serve()
    key = lawful.key()
    (lawful.root / "policy.toml").unlink()
    house.poll(lambda: metric(gate, "cofferdam_config_current") == 0,
               "the loss is not noticed")
    assert ANTHROPIC.ask(gate.url, headers=bearer(key)).status == 403
    gate.stop()


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_law_keeps_the_gate_from_starting_and_says_where(
        lawful, case):
    words, place, about = BROKEN[case]
    write_law(lawful, words)
    done = lawful.serve_refuses()
    assert done.code == 2 and named(done.err, place, about), done
    checked = lawful.cofferdam("policy", "check")
    assert checked.code in (1, 2), checked
    assert named(checked.out + checked.err, place, about), checked


@pytest.mark.parametrize("words, about", [
    ("[budget]\nperson_month_dollars = -1\n", "person_month_dollars"),
    ('[contract.claude-api.rates]\ninput = -3\noutput = 15\n', "input"),
], ids=["negative-cap", "negative-price"])
def test_a_negative_amount_keeps_the_gate_from_starting(
        lawful, words, about):
    lawful.configure(lawful.config.read_text() + "\n" + words)
    done = lawful.serve_refuses()
    assert done.code == 2 and about in done.err, done
    assert "cofferdam.toml:" in done.err


def test_bad_caps_and_cyclic_teams_are_refused_and_change_nothing(lawful):
    lawful.ok("team", "add", "above")
    lawful.ok("team", "add", "below", "--parent", "above")
    gate = lawful.serve()
    for words in (["budget", "set", "--company", "--month", "-5"],
                  ["budget", "set", "--company", "--month", "many"],
                  ["budget", "set", "--company", "--month", "1e300"],
                  ["budget", "set", "--team", "nobodys", "--day", "5"],
                  ["team", "move", "above", "--parent", "below"],
                  ["team", "move", "above", "--parent", "above"]):
        before = (lawful.ok("budget", "list", "--json"),
                  lawful.ok("team", "list", "--json"))
        done = lawful.cofferdam(*words)
        assert done.code == 2 and done.err.startswith("cofferdam: "), (
            words, done)
        assert before == (lawful.ok("budget", "list", "--json"),
                          lawful.ok("team", "list", "--json")), words
    gate.stop()
