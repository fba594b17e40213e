"""`index build --from PATH --label L`, with the real binary."""

import json
import pathlib

import pytest

import house
from double import Double, Script, Step, text
from plain_http import ask

SOURCE = house.ROOT / "src" / "http"


@pytest.fixture
def site(tmp_path):
    return house.Site(tmp_path / "site", config=house.config_text(
        tmp_path / "data"))


def test_a_label_is_built_replaced_and_added_to(site):
    first = json.loads(site.ok(
        "index", "build", "--from", SOURCE, "--label", "transport",
        "--json"))
    files = [path for path in SOURCE.iterdir() if path.is_file()]
    assert first["files"] + first["passed_over"]["too_short"] == len(files)
    assert first["from"] == [str(SOURCE)]
    added = json.loads(site.ok(
        "index", "build", "--from", house.ROOT / "src" / "seal", "--label",
        "transport", "--add", "--json"))
    assert added["files"] > first["files"]
    assert added["edition"] == 2 and len(added["from"]) == 2
    assert "label transport  edition 2" in site.ok("index", "inspect")
    site.ok("index", "build", "--from", SOURCE, "--label", "transport")
    (label,) = json.loads(site.ok("index", "inspect", "--json"))["labels"]
    assert label["edition"] == 3 and label["files"] == first["files"]


def test_what_git_ignores_and_what_is_no_text_stays_out(site, agent_home):
    agent_home.write("kept.py", "a = b(c, d) + e[f] - g.h(i)\n" * 20)
    agent_home.write("out/made.py", "a = b(c, d) + e[f] - g.h(i)\n" * 20)
    agent_home.write(".gitignore", "out/\n")
    (agent_home.repo / "image.png").write_bytes(b"\x89PNG\0\0" * 100)
    said = json.loads(site.ok("index", "build", "--from", agent_home.repo,
                              "--label", "own", "--json"))
    assert said["files"] == 1
    assert said["passed_over"]["not_text"] == 1


@pytest.mark.parametrize("words, told", [
    (["--label", "a"], "--from PATH and --label LABEL go together"),
    (["--from", "."], "--from PATH and --label LABEL go together"),
    (["--add"], "--add adds to a --label"),
    (["--from", ".", "--label", "A/b"], "must be 1 to 64 of a-z"),
    (["--from", "nowhere", "--label", "a"], "nowhere: No such file"),
    (["--from", "empty", "--label", "a"], "would hold nothing"),
])
def test_wrong_words_are_told(site, words, told):
    (site.root / "empty").mkdir()
    done = site.cofferdam("index", "build", *words)
    assert done.code == 2 and told in done.err, done
    assert json.loads(site.ok("index", "inspect", "--json"))["labels"] == []


def test_a_label_may_be_built_while_the_gate_runs(site):
    gate = site.serve()
    said = site.ok("index", "build", "--from", SOURCE, "--label", "transport")
    assert "label transport  edition 1" in said
    gate.stop()
    kept = b"".join(path.read_bytes() for path in pathlib.Path(
        site.root.parent / "data" / "labels").rglob("*") if path.is_file())
    assert b"#include" not in kept, "no text is kept"


GUARD = """
[[rule]]
name = "keep-the-transport"
prompt_contains = "transport"
effect = "deny"
reason = "our transport does not leave the house"
ask = "the platform team"
"""


def piece() -> str:
    """Forty lines of the labelled code, as somebody would paste them."""
    lines = (SOURCE / "client.cc").read_text().splitlines()
    return "\n".join(lines[100:140])


def test_a_rule_keeps_labelled_material_in_the_house(tmp_path):
    script = Script([Step([text("It looks fine.")])],
                    credential=house.UPSTREAM_KEY)
    with Double(script) as double:
        site = house.Site(tmp_path / "site", anthropic=double.url)
        (site.root / "policy.toml").write_text(GUARD)
        key = site.key()
        gate = site.serve()

        def ask_about(words):
            return ask(gate.url, "/v1/messages", {
                "model": "some-model", "max_tokens": 10,
                "messages": [{"role": "user", "content": words}]},
                headers={"x-api-key": key})

        unknown = ask_about("Hello.")
        assert unknown.status == 451 or unknown.status == 403, unknown
        assert "no index yet" in unknown.json()["error"]["message"]

        site.ok("index", "build", "--from", SOURCE, "--label", "transport")
        house.poll(lambda: ask_about("Hello.").status == 200, "the label")
        sent = len(double.exchanges)
        refused = ask_about("What does this do?\n```cpp\n" + piece() + "\n```")
        told = refused.json()["error"]["message"]
        assert refused.status != 200
        assert "keep-the-transport" in told
        assert "our transport does not leave the house" in told
        assert "the platform team" in told
        assert len(double.exchanges) == sent
        assert ask_about("What is a transport layer?").status == 200

        log = house.poll(lambda: [line for line in map(
            json.loads, gate.log.read_text().splitlines())
            if line["event"] == "prompt_contains"], "a line of the log")
        assert log[0]["path"] == str(SOURCE / "client.cc")
        assert "std::" not in gate.log.read_text()

        site.ok("index", "build", "--from", house.ROOT / "src" / "seal",
                "--label", "transport")
        house.poll(lambda: ask_about(piece()).status == 200, "the new edition")
        gate.stop()
