"""`cofferdam code` tells the ledger who wrote what: asked straight, blame and
scan name exchange, model, tool and lines; through the gate an exchange is one
and counts once; the law's paths are kept before a tool writes, and what a
command wrote there is put back; a turn can be taken back."""

import json
import subprocess

import pytest

import house
from coder import Coder, messages
from engine import Answer, Facts, Scenario, call
from test_blame import classes
from test_code_records import MADE, MODEL

AUTO = ("--mode", "auto")


@pytest.fixture
def coder(agent_home, engine):
    return Coder(agent_home, engine.url)


@pytest.fixture
def site(tmp_path, engine) -> house.Site:
    return house.Site(tmp_path / "site", config=house.config_text(
        tmp_path / "site/data", chat=engine.url))


def write(path: str, content: str):
    return call("write", {"path": path, "content": content})


def bash(command: str):
    return call("bash", {"command": command})


def commits_of(coder, count: int) -> list:
    """The whole messages of the newest commits, the newest first."""
    text = coder.place.git("log", f"-{count}", "--first-parent",
                           "--format=%B%x00")
    return [body.strip() for body in text.split("\0")][:count]


def who_commits(coder) -> None:
    coder.place.git("config", "user.name", "Engineer")
    coder.place.git("config", "user.email", "engineer@example.com")


def admin_key(site) -> str:
    return site.key(house.PERSON, house.TEAM, "--role", "operator")


def ledger_of(site) -> dict:
    return {"COFFERDAM_CONFIG": str(site.config)}


def test_what_was_written_straight_is_known_to_blame(coder, engine, site):
    engine.use(Scenario([Answer(calls=[write("tide.py", MODEL)]),
                         Answer(text="Done.")], facts=Facts(model="tide-coder-7b")))
    site.ok("ledger", "stat")
    done = coder.run("Write it", *AUTO, env=ledger_of(site))
    assert done.code == 0, done
    records = site.exchanges()
    assert [r["route"] for r in records] == ["agent", "agent"]
    assert {r["origin"]["tool"] for r in records} == {"cofferdam-code"}
    assert {r["origin"]["model"] for r in records} == {"tide-coder-7b"}
    # The engine's address is an upstream's of the configuration.
    assert {r["origin"]["contract"] for r in records} == {"openai-chat-api"}
    coder.place.commit("tide")
    said = json.loads(site.ok("blame", "--json",
                              coder.place.repo / "tide.py"))
    assert set(classes(said, "tide.py")) == {"m"}
    origin = said["files"][0]["origins"][0]
    assert origin["tool"] == "cofferdam-code"
    assert origin["exchange"] in {r["id"] for r in records}


def test_files_of_a_command_belong_to_its_exchange(coder, engine, site):
    script = f"cat > make.sh <<'X'\nprintf '%s' '{MADE}' > made.py\nX\nsh make.sh"
    engine.use(Scenario([Answer(calls=[bash(script)]), Answer(text="Done.")]))
    site.ok("ledger", "stat")
    assert coder.run("Make it", *AUTO, env=ledger_of(site)).code == 0
    more = [r for r in site.exchanges() if r.get("continues")]
    assert "made.py" in {p["path"] for r in more for p in r["parts"]}


def test_a_ledger_that_is_away_loses_nothing(coder, engine, site):
    engine.use(Scenario([Answer(text="One.")]))
    done = coder.run("Say one")
    assert (done.code, done.err) == (0, "")
    site.ok("ledger", "stat")
    said = json.loads(site.ok("import", "cofferdam-code", "--json",
                              env={"XDG_STATE_HOME":
                                   coder.env()["XDG_STATE_HOME"]}))
    assert said["added"] == 1, said


def test_through_the_gate_an_exchange_is_one(coder, engine, site):
    gate = site.serve()
    try:
        engine.use(Scenario([Answer(calls=[bash("echo 'a = 1' > a.py")]),
                             Answer(text="Done.")]))
        coder.engine_url = ""
        coder.log_in(site, gate.url)
        done = coder.run("Do it", *AUTO, "--model", "tide-coder-7b")
        assert done.code == 0, done
        stat = json.loads(site.ok("ledger", "stat", "--json"))
        assert stat["exchanges"] == 2
        assert {r["route"] for r in site.exchanges()
                if not r.get("continues")} == {"gate"}
    finally:
        gate.stop()


def test_a_path_of_the_law_is_not_written(coder, engine, site):
    (site.root / "policy.toml").write_text(
        '[[protect]]\npaths = ["evals/"]\npurpose = "evaluation"\n'
        'ask = "write the item yourself"\n')
    site.ok("ledger", "stat")
    (coder.place.repo / "evals").mkdir()
    (coder.place.repo / "evals/b.txt").write_text("a person's\n")
    engine.use(Scenario([
        Answer(calls=[write("evals/a.txt", "a model's\n")]),
        Answer(calls=[bash("echo x > evals/b.txt; echo y > fine.txt")]),
        Answer(text="Done.")]))
    coder.run("Write evals", *AUTO, env=ledger_of(site))
    assert not (coder.place.repo / "evals/a.txt").exists()
    assert (coder.place.repo / "evals/b.txt").read_text() == "a person's\n"
    assert (coder.place.repo / "fine.txt").read_text() == "y\n"
    results = [m["content"] for m in messages(engine.requests[-1])
               if m["role"] == "tool"]
    assert "write the item yourself" in results[0]
    assert "taken back" in results[1]


def test_commits_carry_the_trailer_of_the_law(coder, engine, site):
    """However a commit is made, once, and before the user's own; a model's
    name adds no line."""
    (site.root / "policy.toml").write_text(
        'commit_trailer = "Assisted-by: {tool} ({model})"\n')
    settings = coder.place.root / "config/cofferdam"
    settings.mkdir(parents=True)
    (settings / "code.toml").write_text(
        '[code]\ncommit_trailer = "Written-with: {tool}"\n')
    site.ok("ledger", "stat")
    who_commits(coder)
    coder.place.write("message", "From a file\n\nIt has a line\n---\nin it.\n")
    engine.use(Scenario([
        Answer(calls=[bash(words)]) for words in (
            "git add -A && git commit -q -m 'Add it' -m 'In two parts.'",
            "git commit -q --no-verify --amend --no-edit",
            "git commit -q --allow-empty -F message",
            "git checkout -q -b side && git commit -q --allow-empty -m 'Aside'",
            "git checkout -q main && git merge -q --no-ff side")
    ] + [Answer(text="Done.")]))
    done = coder.run("Commit it", *AUTO, "--model",
                     "tide:7b\nSigned-off-by: Eve <eve@example.com>",
                     env=ledger_of(site))
    assert done.code == 0, done
    assert "code.toml is not used" in done.err
    line = ("Assisted-by: cofferdam-code (tide:7b Signed-off-by: "
            "Eve <eve@example.com>)")
    bodies = commits_of(coder, 3)
    assert [body.split("\n")[0] for body in bodies] == [
        "Merge branch 'side'", "From a file", "Add it"]
    for body in [*bodies, coder.place.git("log", "-1", "--format=%B", "side")]:
        assert body.endswith("\n\n" + line), body
        assert body.count("Assisted-by") == 1, body
    assert "In two parts." in bodies[2] and "in it." in bodies[1]
    # A person's own commits are a person's.
    coder.place.write("b", "b")
    coder.place.commit("By hand")
    assert commits_of(coder, 1) == ["By hand"]


def test_the_gate_says_which_trailer_commits_carry(coder, engine, site):
    (site.root / "policy.toml").write_text(
        'commit_trailer = "Assisted-by: {tool} ({model})"\n')
    who_commits(coder)
    gate = site.serve()
    try:
        engine.use(Scenario([
            Answer(calls=[write("a.py", "a = 1\n")]),
            Answer(calls=[bash("git add -A && git commit -q -m 'Add a'")]),
            Answer(text="Done.")]))
        coder.engine_url = ""
        coder.log_in(site, gate.url)
        done = coder.run("Do it", *AUTO, "--model", "tide-coder-7b")
        assert (done.code, done.err) == (0, ""), done
        assert commits_of(coder, 1) == [
            "Add a\n\nAssisted-by: cofferdam-code (tide-coder-7b)"]
    finally:
        gate.stop()


def test_a_data_folder_that_is_named_gets_the_records(coder, engine, tmp_path):
    engine.use(Scenario([Answer(calls=[write("tide.py", MODEL)]),
                         Answer(text="Done.")]))
    data = tmp_path / "ledger"
    done = coder.run("Write it", *AUTO, "--data", str(data))
    assert (done.code, done.err) == (0, ""), done
    said = subprocess.run(
        [str(house.binary()), "ledger", "stat", "--json", "--data", str(data)],
        capture_output=True, text=True, check=True, env=coder.env())
    assert json.loads(said.stdout)["exchanges"] == 2


def test_an_administration_that_is_named_gets_the_records(
        coder, engine, site):
    engine.use(Scenario([Answer(calls=[write("tide.py", MODEL)]),
                         Answer(text="Done.")]))
    gate = site.serve()
    try:
        done = coder.run("Write it", *AUTO, "--admin", gate.ready["admin"],
                         env={"COFFERDAM_ADMIN_KEY": admin_key(site)})
        assert (done.code, done.err) == (0, ""), done
        assert [r["route"] for r in site.exchanges()] == ["agent", "agent"]
    finally:
        gate.stop()


@pytest.mark.parametrize("words,env,why", [
    (["--config", "none.toml"], {}, "none.toml"),
    (["--config", "bad.toml"], {}, "bad.toml:1:1"),
    (["--data", ""], {}, "--data"),
    (["--admin", "http://127.0.0.1:9"], {}, "COFFERDAM_ADMIN_KEY"),
    (["--admin", "nowhere"], {"COFFERDAM_ADMIN_KEY": "x"}, "nowhere"),
    (["--export", "git-ai"], {}, "--data"),
    (["--export", "agent-trace", "--admin", "http://127.0.0.1:9"],
     {"COFFERDAM_ADMIN_KEY": "x"}, "--export"),
    (["--export", "spdx"], {}, "neither git-ai nor agent-trace"),
])
def test_a_ledger_that_cannot_be_is_told_of_before_the_work(
        coder, engine, words, env, why):
    coder.place.write("bad.toml", "nonsense = 1\n")
    before = sorted(p.name for p in coder.place.repo.iterdir())
    done = coder.run("Write it", *AUTO, *words, env=env)
    assert done.code == 2 and why in done.err, done
    assert not engine.requests
    assert sorted(p.name for p in coder.place.repo.iterdir()) == before


def model_lines(said: dict) -> dict:
    """By path, the lines that a model wrote."""
    return {file["path"]: {line for run in file["blame"]
                           if run["class"] == "model"
                           for line in range(run["begin"], run["end"] + 1)}
            for file in said["files"]}


@pytest.mark.parametrize("form,kind", [("git-ai", "git-ai-note"),
                                       ("agent-trace", "agent-trace")])
def test_what_is_exported_says_the_same_as_the_ledger(
        coder, engine, site, tmp_path, form, kind):
    """Line by line, a tool's file and a command's; and a person's lines stay
    a person's."""
    who_commits(coder)
    coder.place.write("tide.py", "import os\n\nHARBOUR = os.environ['HARBOUR']\n")
    coder.place.commit("By hand")
    site.ok("ledger", "stat")
    engine.use(Scenario([
        Answer(calls=[write("read.py", MODEL)]),
        Answer(calls=[bash(f"cat >> tide.py <<'X'\n{MADE}X\n")]),
        Answer(calls=[bash("git add -A && git commit -q -m 'Read tides'")]),
        Answer(text="Done.")], facts=Facts(model="tide-coder-7b")))
    done = coder.run("Read tides", *AUTO, "--export", form,
                     env=ledger_of(site))
    assert done.code == 0, done
    repo = coder.place.repo
    by_content = json.loads(site.ok("blame", repo, "--lines", "--json",
                                    "--no-claims", "--rev", "HEAD"))
    lines = model_lines(by_content)
    assert lines["read.py"] == set(range(1, MODEL.count("\n") + 1))
    assert lines["tide.py"] == set(range(4, 4 + MADE.count("\n")))
    # Somebody else, who has the repository and no ledger.
    other = house.Site(tmp_path / "other")
    by_claims = json.loads(other.ok("blame", repo, "--lines", "--json"))
    said = model_lines(by_claims)
    assert {p: said[p] for p in lines} == lines
    origins = [o for f in by_claims["files"] if f["path"] in lines
               for o in f["origins"]]
    assert {o["kind"] for o in origins} == {kind}
    assert all("tide-coder-7b" in o["model"] for o in origins)
    # A trace names who wrote the record.
    assert {o["tool"] for o in origins} == {
        "cofferdam-code" if form == "git-ai" else "cofferdam"}


def test_instructions_and_what_they_import_leave_the_prefix_as_it_was(
        coder, engine):
    place = coder.place
    place.write("CLAUDE.md", "Be brief. @docs/style.md\n")
    place.write("docs/style.md", "Two spaces.\n")
    place.write("sub/AGENTS.md", "Of sub only.\n")
    place.write("sub/deep/CLAUDE.md", "@more.md\n")
    place.write("sub/deep/more.md", "Of deep, imported.\n")
    place.write("sub/deep/a.txt", "a\n")
    engine.use(Scenario([
        Answer(calls=[call("read", {"path": "sub/deep/a.txt"})]),
        Answer(calls=[call("read", {"path": "sub/deep/a.txt"})]),
        Answer(text="Done.")]))
    done = coder.run("Look", *AUTO)
    assert done.code == 0, done
    first, second, third = [json.dumps(messages(r)) for r in engine.requests]
    assert "Two spaces." in first and "Of sub only." not in first
    for words in ("Of sub only.", "Of deep, imported."):
        assert second.count(words) == 1 and third.count(words) == 1
    engine.assert_clean()
