"""`cofferdam code -p` as its user has it: the real binary against the
scripted engine, which holds every request against the rules."""

import json
import signal
import subprocess

import pytest

import house
from coder import Coder, messages, stop
from double import Fault
from engine import Answer, Facts, Scenario, call

FIRST_REQUEST_BYTES_MAX = 6 * 1024
# From the first byte of the program to the engine; a test's bound, not the
# target, which ./bench agent measures.
START_MS_MAX = 2_000


@pytest.fixture
def coder(agent_home, engine):
    return Coder(agent_home, engine.url)


def read(path, **more):
    return call("read", {"path": path}, **more)


def last_result(request):
    return [m for m in messages(request) if m["role"] == "tool"][-1]["content"]


def test_a_task_is_answered_on_stdout_and_nothing_else(coder, engine):
    engine.use(Scenario([Answer(text="Widgets, as it says.")]))
    done = coder.run("What is this?")
    assert (done.code, done.out, done.err) == (0, "Widgets, as it says.\n", "")
    assert messages(engine.requests[0])[-1]["content"] == "What is this?"


def test_a_task_may_stand_on_stdin(coder, engine):
    assert coder.run("-", stdin="From a pipe\n").code == 0
    assert "From a pipe" in messages(engine.requests[0])[-1]["content"]


def test_the_first_request_is_small(coder, engine):
    coder.run("Hi")
    body = engine.requests[0].body
    assert len(body) <= FIRST_REQUEST_BYTES_MAX, len(body)
    assert json.loads(body)["tools"], "without tools it is easy"


def test_nothing_is_asked_before_the_first_request(coder, engine):
    coder.run("Hi", "--model", "m")
    assert [e.path() for e in engine.exchanges] == ["/v1/chat/completions"]


def test_responses_are_spoken_too(coder, engine):
    engine.use(Scenario([Answer(calls=[read("README.md")]),
                         Answer(text="Widgets.")]))
    said = coder.json("Read it", "--api", "responses", "--model", "m")
    assert said["result"] == "Widgets." and said["requests"] == 2
    assert "# Widgets" in engine.requests[1].body.decode()


def test_tools_run_and_their_results_go_back(coder, engine):
    engine.use(Scenario([
        Answer(text="I look.", calls=[read("README.md")]),
        Answer(calls=[call("write", {"path": "a.txt", "content": "one\n"})]),
        Answer(text="Written.")]))
    said = coder.json("Write a.txt", "--mode", "edit")
    assert "# Widgets" in last_result(engine.requests[1])
    assert (coder.place.repo / "a.txt").read_text() == "one\n"
    assert said["end"] == "done" and said["result"] == "Written."
    assert [(c["path"].split("/")[-1], c["change"])
            for c in said["changes"]] == [("a.txt", "created")]
    engine.assert_clean(conversations=1)


def test_what_would_ask_is_refused_and_said(coder, engine):
    engine.use(Scenario([
        Answer(calls=[call("write", {"path": "a.txt", "content": "x"})]),
        Answer(text="I may not.")]))
    done = coder.run("Write a.txt")
    assert done.code == 0 and "nobody is there" in done.err
    assert "nobody is there" in last_result(engine.requests[1])
    assert not (coder.place.repo / "a.txt").exists()


def test_a_rule_allows_what_it_names_alone(coder, engine):
    engine.use(Scenario([
        Answer(calls=[call("write", {"path": "src/a", "content": "x"}),
                      call("write", {"path": "b", "content": "x"})]),
        Answer(text="One of two.")]))
    assert coder.run("Write", "--allow", "write(src/*)").code == 0
    assert (coder.place.repo / "src/a").exists()
    assert not (coder.place.repo / "b").exists()


def test_broken_calls_run_at_once(coder, engine):
    engine.use(Scenario([
        Answer(calls=[call("Read", "{'path': 'README.md',}", id=None)],
               finish="stop"),
        Answer(text="Read.")]))
    said = coder.json("Read it")
    assert "# Widgets" in last_result(engine.requests[1])
    assert len(engine.requests) == 2 and said["notices"]


def test_a_stream_tells_everything_as_it_comes(coder, engine):
    engine.use(Scenario([Answer(text="I look.", calls=[read("README.md")]),
                         Answer(text="Widgets.")]))
    done = coder.run("Read it", "--output", "stream-json")
    events = [json.loads(line) for line in done.out.splitlines()]
    kinds = [event["type"] for event in events]
    assert kinds[0] == "begin" and kinds[-1] == "result"
    for kind in ("text", "answer_end", "call", "call_running", "call_end",
                 "meter"):
        assert kind in kinds, kinds
    assert "".join(e["text"] for e in events
                   if e["type"] == "text") == "I look.Widgets."


LOOP = Scenario([Answer(calls=[read("README.md")])], repeat=True)


def test_a_loop_is_stopped_with_its_reason(coder, engine):
    engine.use(LOOP)
    said = coder.json("Read it", code=1)
    assert said["end"] == "loop" and "same call of read" in said["why"]
    assert len(engine.requests) == 6


def test_requests_are_bounded(coder, engine):
    engine.use(Scenario([Answer(calls=[read(f"{i}.txt")])
                         for i in range(9)]))
    said = coder.json("Read on", "--max-turns", "3", code=1)
    assert (said["end"], said["requests"]) == ("turn_limit", 3)


@pytest.mark.parametrize("broken", [
    Answer(status=500, body='{"error":{"code":500,"message":'
                            '"Failed to parse input at pos 12","type":'
                            '"server_error"}}'),
    Answer(text="I wi", faults=[Fault("reset", at="mid")]),
    Answer(text="I wi", faults=[Fault("end", at="mid")]),
    Answer(status=429, headers=[("Retry-After", "0")], message="slow down"),
    Answer(status=503, message="loading model"),
    Answer(text=""),
    Answer(body="<html>nonsense</html>"),
], ids=["unparsable", "reset", "cut", "rate", "busy", "empty", "html"])
def test_a_fault_of_the_engine_is_got_over(coder, engine, broken):
    engine.use(Scenario([broken, Answer(text="Here I am.")]))
    said = coder.json("Hi")
    assert said["result"] == "Here I am." and said["requests"] == 2
    assert said["notices"]


def test_a_fault_that_stays_ends_the_run_with_its_words(coder, engine):
    engine.use(Scenario([Answer(
        status=500, message="Failed to parse input at pos 12")], repeat=True))
    done = coder.run("Hi")
    assert done.code == 1 and done.out == ""
    assert "Failed to parse input" in done.err
    assert 2 <= len(engine.requests) <= 6


def test_an_engine_that_is_not_there_is_named(coder, engine):
    lost = Coder(coder.place, "http://127.0.0.1:9")
    done = lost.run("Hi", "--model", "m")
    assert done.code == 1 and "127.0.0.1:9" in done.err


def test_a_call_as_text_that_may_be_an_example_is_never_passed_over(
        coder, engine):
    fenced = ("Run this:\n```\n<tool_call>{\"name\": \"read\", \"arguments\": "
              "{\"path\": \"README.md\"}}</tool_call>\n```")
    engine.use(Scenario([Answer(text=fenced)], repeat=True))
    said = coder.json("Read it", code=1)
    assert said["end"] == "unexecuted" and said["requests"] == 2


def test_the_history_is_made_shorter_before_the_engine_refuses(coder, engine):
    for i in range(6):
        (coder.place.repo / f"{i}.txt").write_text(f"line {i} of it\n" * 700)
    answers = [Answer(calls=[read(f"{i}.txt")], usage_at="none")
               for i in range(6)]
    engine.use(Scenario(answers, facts=Facts("llama.cpp", "m", 9000),
                        last=Answer(text="All six were read, and each holds "
                                         "the same line many times.")))
    said = coder.json("Read all six and keep KUMQUAT in mind")
    assert any("compacted" in notice for notice in said["notices"]), said
    for request in engine.requests:
        assert len(request.body) < 9000 * 5
        assert "KUMQUAT" in request.body.decode()


def test_sigint_in_the_middle_of_an_answer_leaves_a_session_to_go_on_with(
        coder, engine):
    engine.use(Scenario([Answer(text="word " * 60,
                                faults=[Fault("hold", name="h")])]))
    process = coder.start("Talk", "--output", "stream-json")
    house.read_line(process, 20)  # begin
    assert b"word" in house.read_line(process, 20)
    done = stop(process)
    engine.release("h")
    assert done.code == 130, done
    assert json.loads(done.out.splitlines()[-1])["end"] == "interrupted"
    house.poll(lambda: engine.requests[0].client_gone, "cancelled upstream")
    engine.use(Scenario([Answer(text="On we go.")]))
    assert coder.run("Go on", "--continue").out == "On we go.\n"
    roles = [m["role"] for m in messages(engine.requests[-1])]
    assert roles == ["system", "user", "assistant", "user"]


def test_sigterm_while_a_command_runs_gives_its_call_a_result(coder, engine):
    engine.use(Scenario([Answer(calls=[
        call("bash", {"command": "echo begun; sleep 60"}), read("README.md")])]))
    process = coder.start("Run", "--mode", "auto", "--output", "stream-json")
    while b"begun" not in (line := house.read_line(process, 30)):
        assert line, process.communicate()
    done = stop(process, signal.SIGTERM)
    assert done.code == 143, done
    assert coder.run("Go on", "--continue").code == 0
    engine.assert_clean(conversations=1)
    results = [m for m in messages(engine.requests[-1]) if m["role"] == "tool"]
    assert len(results) == 2


def test_kill_9_at_any_time_leaves_a_session_to_go_on_with(coder, engine):
    engine.use(Scenario([Answer(text="I look.", calls=[read("README.md")]),
                         Answer(text="word " * 60,
                                faults=[Fault("hold", name="h")])]))
    process = coder.start("Read it", "--output", "stream-json")
    house.poll(lambda: len(engine.requests) == 2, "the second request")
    stop(process, signal.SIGKILL)
    engine.release("h")
    engine.use(Scenario([Answer(text="On we go.")]))
    said = coder.json("Go on", "--continue")
    assert said["result"] == "On we go."
    engine.assert_clean(conversations=1)
    assert "# Widgets" in json.dumps(messages(engine.requests[-1]))


def test_a_session_is_resumed_and_forked_by_its_id(coder, engine):
    first = coder.json("Remember KUMQUAT")["session"]
    again = coder.json("And?", "--resume", first)
    assert again["session"] == first
    fork = coder.json("And now?", "--resume", first, "--fork")
    assert fork["session"] != first and len(coder.session_files()) == 2
    assert "KUMQUAT" in engine.requests[-1].body.decode()
    done = coder.run("And?", "--resume", "01NOTHERE")
    assert done.code == 2 and "01NOTHERE" in done.err


SCHEMA = {"type": "object", "required": ["files"], "properties": {
    "files": {"type": "array", "items": {"type": "string"}}}}


def test_an_answer_is_held_to_its_schema(coder, engine, tmp_path):
    schema = tmp_path / "schema.json"
    schema.write_text(json.dumps(SCHEMA))
    engine.use(Scenario([Answer(text="Only a README."),
                         Answer(text='{"files": ["README.md"]}')]))
    said = coder.json("List", "--output-schema", str(schema))
    assert said["answer"] == {"files": ["README.md"]}
    assert "is not JSON" in messages(engine.requests[1])[-1]["content"]
    asked = json.loads(engine.requests[1].body)
    assert asked["response_format"]["type"] == "json_schema"
    engine.use(Scenario([Answer(text="{}")], repeat=True))
    said = coder.json("List", "--output-schema", str(schema), code=1)
    assert said["end"] == "schema" and "files" in said["why"]
    assert said["requests"] == 4 and "answer" not in said


@pytest.mark.parametrize("words,said", [
    (["--mode", "yolo"], "yolo"), (["--output", "xml"], "xml"),
    (["--max-cost", "much"], "--max-cost"), (["--max-turns", "0"], "from 1"),
    (["--allow", "bash("], "bash("), (["--fork"], "--resume ID"),
    (["--continue"], "no session of"), (["--api", "soap"], "soap"),
    (["--output-schema", "/nowhere.json"], "/nowhere.json"),
    (["--cd", "/nowhere"], "/nowhere"), (["--network", "up"], "--network")])
def test_wrong_usage_names_the_thing_and_asks_nothing(coder, engine, words,
                                                      said):
    done = coder.run("Hi", *words)
    assert done.code == 2 and said in done.err, done
    assert not engine.requests


def test_without_an_engine_it_says_how_to_name_one(coder, engine):
    done = Coder(coder.place, "").run("Hi")
    assert done.code == 2
    for way in ("--engine URL", "code.toml", "cofferdam login"):
        assert way in done.err


def test_the_engine_may_stand_in_code_toml(coder, engine):
    config = coder.place.root / "config" / "cofferdam"
    config.mkdir(parents=True)
    (config / "code.toml").write_text(
        f'[code]\nengine = "{engine.url}"\nmodel = "m"\n'
        'key = { env = "MY_KEY" }\n')
    plain = Coder(coder.place, "")
    assert plain.run("Hi", env={"MY_KEY": "k-123"}).code == 0
    request = engine.requests[0]
    assert json.loads(request.body)["model"] == "m"
    assert "Bearer k-123" in [value for _, value in request.headers]
    (config / "code.toml").write_text("[code]\nmodle = 1\n")
    done = plain.run("Hi")
    assert done.code == 2 and "code.toml:2:1" in done.err


def test_through_a_gate_the_ledger_knows_the_exchange(tmp_path, coder,
                                                      engine):
    site = house.Site(tmp_path / "site", chat=engine.url)
    gate = site.serve()
    guest = Coder(coder.place, "")
    guest.log_in(site, gate.url)
    engine.use(Scenario([Answer(text="Widgets, through the gate.")]))
    done = guest.run("What is it?", "--model", "gpt-5")
    assert done.code == 0 and "through the gate" in done.out, done
    gate.stop()
    rows = site.ok("ledger", "show", "--json")
    assert "cofferdam-code" in rows
