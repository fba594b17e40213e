"""`policy check|show|explain|test` on the law's file alone: no server, nothing
sent."""

import json
import pathlib
import re
import subprocess

import pytest

import house

PAGE = pathlib.Path(__file__).parents[2] / "docs/formats/policy.md"
CONFIG = """
[contract.anthropic]
class = "forbid_compete"
[contract.openai]
class = "forbid_compete"
[contract.inhouse]
class = "allow"
[upstream.anthropic]
protocol = "anthropic-messages"
url = "https://api.example.com"
contract = "anthropic"
models = ["claude-*"]
[upstream.openai]
protocol = "openai-responses"
url = "https://api.example.org"
contract = "openai"
"""


@pytest.fixture
def company(tmp_path):
    """A folder with the law and the cases of the format's page."""
    law, cases = re.findall(r"```toml\n(.*?)```\n", PAGE.read_text(), re.S)
    (tmp_path / "cofferdam.toml").write_text(CONFIG)
    (tmp_path / "policy.toml").write_text(law)
    (tmp_path / "policy.test.toml").write_text(cases)
    return tmp_path


def run(company, *words):
    done = subprocess.run([house.binary(), "policy", *words], cwd=company,
                          capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def test_a_good_law_is_checked_shown_and_tested(company):
    code, out, _ = run(company, "check")
    assert code == 0 and "ok (5 rules, 0 errors, 1 warning" in out
    assert "no index has the label" in out
    code, out, _ = run(company, "test")
    assert (code, out) == (0, "3 of 3 cases hold\n")
    code, out, _ = run(company, "show")
    assert code == 0
    assert "30 requests a minute, 4 streams at once, for each team" in out
    assert "eval-authoring is denied, whatever the model" in out
    shown = json.loads(run(company, "show", "--json")[1])
    assert [rule["name"] for rule in shown["rules"]][0] == "trade-secrets-stay"
    assert shown["contracts"]["openai"] == "forbid_compete"


def test_every_finding_has_its_line_and_column(company):
    law = company / "policy.toml"
    lines = law.read_text().splitlines()
    law.write_text("\n".join(lines) + """
[[rule]]
name = "late"
tool = "claude-code"
tool_version = "<1"
effect = "deny"
reason = "r"
[[rule]]
name = "typo"
contract = "antropic"
effect = "deny"
reason = "r"
""")
    code, out, err = run(company, "check")
    assert code == 1 and "2 errors" in err
    at = len(lines)
    assert f"policy.toml:{at + 1}:1: error: [rule.6]" in out
    assert '"old-agents"' in out
    assert f'policy.toml:{at + 9}:12: error: [rule.7] contract: unknown' in out
    found = json.loads(run(company, "check", "--json")[1])
    assert found["ok"] is False and len(found["findings"]) == 3


def test_a_reroute_across_protocols_is_refused(company):
    law = company / "policy.toml"
    law.write_text(law.read_text().replace('to = "claude-haiku-4-5"',
                                           'to = "gpt-5.5"'))
    code, out, _ = run(company, "check")
    assert code == 1 and "to: leaves its protocol" in out


def test_explain_names_the_rule_and_what_to_do(company):
    code, out, _ = run(company, "explain", "--tool", "claude-code/2.0",
                       "--model", "claude-opus-4-8", "--purpose", "product")
    assert code == 1
    assert 'deny, by rule "old-agents" (policy.toml:' in out
    assert "next  update Claude Code" in out
    assert "if the prompt contained compiler: deny" in out
    code, out, _ = run(company, "explain", "--model", "claude-opus-4-8",
                       "--purpose", "eval-authoring", "--json")
    said = json.loads(out)
    assert (code, said["effect"], said["name"]) == (
        1, "deny", "fixed.eval-authoring")
    code, out, _ = run(company, "explain", "--model", "claude-opus-4-8",
                       "--repo", "git@github.com:acme/evals.git",
                       "--purpose", "training-code")
    assert code == 1 and "no session key: purpose: github.com/acme/evals" in out
    code, out, _ = run(company, "explain", "--model", "claude-sonnet-4-6")
    assert code == 0 and out.startswith("allow, by no rule")


def test_a_case_that_does_not_hold_says_what_decides(company):
    cases = company / "policy.test.toml"
    cases.write_text(cases.read_text().replace('"pause"', '"deny"'))
    code, out, _ = run(company, "test")
    assert code == 1
    assert "expected deny, but it is pause, by rule \"freeze\"" in out
    assert out.endswith("2 of 3 cases hold\n")


def test_wrong_words_are_named(company):
    for words, named in [(["explain", "--grade", "good"], "--grade"),
                         (["explain", "--at", "noon"], "--at"),
                         (["explain", "--contract", "x"], "[contract.x]"),
                         (["explain", "--contains", "x"], "label"),
                         (["test", "--cases", "none.toml"], "none.toml"),
                         (["check", "none.toml"], "none.toml")]:
        code, out, err = run(company, *words)
        assert code == 2 and named in err and not out, (words, err)
