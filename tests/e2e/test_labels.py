"""`index build --from PATH --label L`, with the real binary."""

import json
import pathlib

import pytest

import house

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
