"""`import jsonl`: a ledger is filled without the gate, with the real binary."""

import json

import pytest

import house

CODE = "".join(
    f"    total = combine(total, rows[{i}], weight * {i} + offset)\n"
    for i in range(12))


def code(name: str) -> str:
    return f"def {name}(rows, weight, offset):\n    total = 0\n{CODE}" \
        f"    return {name}_of(total)\n"


@pytest.fixture
def site(tmp_path):
    return house.Site(tmp_path / "site", config=house.config_text(
        tmp_path / "data", anthropic="http://127.0.0.1:9"))


def lines(*outputs) -> str:
    return "".join(json.dumps(output) + "\n" for output in outputs)


def output(text: str, **more):
    return {"model": "claude-sample", "contract": "claude-api", "text": text,
            **more}


def imported(site, *words, stdin=""):
    return json.loads(site.ok("import", "jsonl", "--json", *words,
                              stdin=stdin))


def test_what_was_imported_is_found_by_a_scan(site, tmp_path):
    file = tmp_path / "outputs.jsonl"
    file.write_text(lines(output(code("mean"), path="src/mean.py"),
                          output("A wall in a river.", id="msg_1")))
    said = imported(site, file)
    assert (said["lines"], said["added"], said["bad"]) == (2, 2, 0)
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "copied.py").write_text(code("mean"))
    done = site.cofferdam("scan", "--json", corpus)
    assert done.code == 1, done
    (finding,) = json.loads(done.out)["findings"]
    origin = finding["origins"][0]
    assert origin["model"] == "claude-sample"
    assert origin["route"] == "import"
    assert origin["provider"] == "anthropic"


def test_importing_again_adds_nothing(site, tmp_path):
    file = tmp_path / "outputs.jsonl"
    file.write_text(lines(*(output(code(f"f{i}")) for i in range(20)),
                          output("x", id="msg_1"), output("y", session="s")))
    first = imported(site, file)
    again = imported(site, file, file)
    assert first["added"] == 22
    assert (again["added"], again["already"]) == (0, 44)
    stat = json.loads(site.ok("ledger", "stat", "--json"))
    assert stat["exchanges"] == 22
    assert "22 were there already" in site.ok("import", "jsonl", file)


def test_bad_lines_are_named_and_the_others_taken(site, tmp_path):
    file = tmp_path / "outputs.jsonl"
    file.write_text(lines(output("one")) + "{oops\n\n" + lines(
        {"text": "no model"}, output("two", kind="poem"), [1],
        output("three")))
    done = site.cofferdam("import", "jsonl", file)
    assert done.code == 1, done
    assert "2 outputs added" in done.out and "4 bad" in done.out
    told = [line.split(": ")[1] for line in done.err.splitlines()]
    assert told == [f"{file}:{number}" for number in (2, 4, 5, 6)]
    assert "contract: is missing" in done.err
    assert "kind: must be text, thinking" in done.err


def test_strict_stops_at_the_first_bad_line(site, tmp_path):
    file = tmp_path / "outputs.jsonl"
    for bad in ("{oops\n", lines({"text": "no model"})):
        file.write_text(lines(output("one")) + bad + lines(output("two")))
        done = site.cofferdam("import", "jsonl", "--strict", "--json", file)
        assert done.code == 2, done
        assert "stopped at the line above" in done.err
        said = json.loads(done.out)
        assert said["stopped"] and said["bad_lines"][0]["line"] == 2
        assert said["added"] + said["already"] == 1


def test_flags_say_what_lines_do_not(site):
    text = lines({"text": code("mean"), "task": 7}, {"text": "b"})
    said = imported(site, "-", "--model", "m", "--contract", "claude-api",
                    "--language", "python", "--tool", "aider",
                    "--time", "2026-02-03", stdin=text)
    assert said["added"] == 2
    shown = json.loads(
        site.ok("ledger", "show", "--json").splitlines()[0])
    assert shown["origin"]["tool"] == "aider"
    assert shown["times"]["received"] == 1770076800000000
    assert shown["parts"][0]["path"] == "untitled.py"


def test_contracts_need_terms_from_somewhere(site):
    text = lines({"text": "a", "model": "llama", "provider": "meta",
                  "contract": "old"})
    done = site.cofferdam("import", "jsonl", "-", stdin=text)
    assert done.code == 1, done
    assert 'no contract "old", only: claude-api' in done.err
    assert imported(site, "-", "--terms-weights", "meta/llama-3.1",
                    stdin=text)["added"] == 1
    shown = json.loads(site.ok("ledger", "show", "--json"))
    assert shown["origin"]["terms"]["weights"] == "meta/llama-3.1"
    done = site.cofferdam("import", "jsonl", "-", "--terms-class", "maybe",
                          stdin=text)
    assert done.code == 2 and '"maybe" is none' in done.err, done


def test_a_running_server_takes_imports_from_here_and_from_elsewhere(
        site, tmp_path):
    key = json.loads(site.ok("person", "add", "ada@example.com",
                             "--team", "red", "--json"))
    assert key["id"]
    secret = json.loads(site.ok(
        "key", "create", "--person", "ada@example.com", "--role", "operator",
        "--json"))["secret"]
    file = tmp_path / "outputs.jsonl"
    # More than a call of any other kind may hold.
    file.write_text(lines(*(output(code(f"f{i}") + "#" * 100_000)
                            for i in range(60))))
    gate = site.serve()
    assert imported(site, file)["added"] == 60
    said = json.loads(site.ok(
        "import", "jsonl", "--json", "--admin", gate.ready["admin"], file,
        env={"COFFERDAM_ADMIN_KEY": secret}))
    assert (said["added"], said["already"]) == (0, 60)
    gate.stop()


def test_what_cannot_be_read_is_told(site, tmp_path):
    done = site.cofferdam("import", "jsonl", tmp_path / "none.jsonl")
    assert done.code == 2 and "none.jsonl: No such file" in done.err, done
    done = site.cofferdam("import", "jsonl", tmp_path)
    assert done.code == 2 and "is a folder" in done.err, done
    done = site.cofferdam("import", "jsonl")
    assert done.code == 2, done
