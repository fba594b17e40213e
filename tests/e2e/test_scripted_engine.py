"""The scripted engine says what its scenario says, and sees what is wrong."""

import json
import urllib.error
import urllib.request

import pytest

from double import Fault
from engine import (Answer, Facts, Scenario, ScenarioError, call,
                    load_scenario)

TOOLS = [{"type": "function", "function": {"name": "read", "parameters": {}}}]


def ask(engine, messages, path="/v1/chat/completions", **more):
    """The bytes of the answer."""
    key = "input" if path.endswith("responses") else "messages"
    body = {"model": "m", "stream": True, "tools": TOOLS, key: messages,
            "stream_options": {"include_usage": True}, **more}
    request = urllib.request.Request(
        engine.url + path, json.dumps(body).encode(),
        {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return answer.read()


def data_of(stream):
    """The data of each event, parsed where it is JSON."""
    rows = [line[6:] for line in stream.decode().splitlines()
            if line.startswith("data: ")]
    return [json.loads(row) if row.startswith("{") else row for row in rows]


USER = {"role": "user", "content": "Hi"}
CALLED = {"role": "assistant", "content": None, "tool_calls": [
    {"id": "c1", "type": "function",
     "function": {"name": "read", "arguments": "{}"}}]}
RESULT = {"role": "tool", "tool_call_id": "c1", "content": "empty"}


def test_raw_arguments_go_out_as_they_are_in_any_pieces(engine):
    raw = '{"path": "a.txt",'
    engine.use(Scenario([Answer(thinking="Hm.", calls=[call("read", raw)],
                                delta_chars=(1,), chunk_bytes=(3,))]))
    rows = data_of(ask(engine, [USER]))
    deltas = [row["choices"][0]["delta"] for row in rows[:-2]]
    calls = [d["tool_calls"][0] for d in deltas if "tool_calls" in d]
    assert "".join(c["function"].get("arguments", "") for c in calls) == raw
    assert calls[0]["function"]["name"] == "read" and calls[0]["id"]
    assert "".join(d.get("reasoning_content", "") for d in deltas) == "Hm."
    assert rows[-3]["choices"][0]["finish_reason"] == "tool_calls"
    assert rows[-2]["usage"]["total_tokens"] and rows[-1] == "[DONE]"


def test_calls_lose_what_engines_lose(engine):
    engine.use(Scenario([Answer(
        calls=[call("read", {"path": "a"}, id=None, as_object=True)],
        index=False, finish="", done=False, usage_at="none")]))
    rows = data_of(ask(engine, [USER]))
    assert rows[-1]["choices"][0]["delta"]["tool_calls"] == [
        {"type": "function", "function": {"name": "read",
                                          "arguments": {"path": "a"}}}]


def test_responses_and_messages_carry_the_same_call(engine):
    answer = Answer(text="Look.", calls=[call("read", '{"path":')])
    engine.use(Scenario([answer, answer]))
    rows = data_of(ask(engine, [USER], "/v1/responses"))
    assert rows[-1]["type"] == "response.completed"
    assert rows[-1]["response"]["output"][1]["arguments"] == '{"path":'
    rows = data_of(ask(engine, [USER], "/v1/messages"))
    assert "".join(row["delta"].get("partial_json", "") for row in rows
                   if row["type"] == "content_block_delta") == '{"path":'


def test_a_stream_may_be_answered_whole_or_with_an_error(engine):
    engine.use(Scenario([
        Answer(text="Whole.", stream=False),
        Answer(status=500, body='{"error": "Failed to parse input"}',
               headers=[("Retry-After", "3")])]))
    assert json.loads(ask(engine, [USER]))["choices"][0]["message"][
        "content"] == "Whole."
    with pytest.raises(urllib.error.HTTPError) as failed:
        ask(engine, [USER])
    assert failed.value.code == 500
    assert failed.value.headers["Retry-After"] == "3"


def test_a_cut_stream_ends_early(engine):
    engine.use(Scenario([Answer(text="word " * 50,
                                faults=[Fault("end", at="mid")])]))
    assert "[DONE]" not in ask(engine, [USER]).decode()


@pytest.mark.parametrize("kind,path,find", [
    ("llama.cpp", "/props",
     lambda v: v["default_generation_settings"]["n_ctx"]),
    ("vllm", "/v1/models", lambda v: v["data"][0]["max_model_len"]),
    ("ollama", "/api/ps", lambda v: v["models"][0]["context_length"])])
def test_it_tells_its_facts(engine, kind, path, find):
    engine.use(Scenario(facts=Facts(kind, "m", 4096)))
    with urllib.request.urlopen(engine.url + path, timeout=20) as answer:
        assert find(json.load(answer)) == 4096


def test_a_conversation_that_only_grows_is_clean(engine):
    ask(engine, [USER])
    ask(engine, [USER, CALLED, RESULT])
    ask(engine, [USER, CALLED, RESULT, {"role": "assistant", "content": "x"},
                 {"role": "user", "content": "More"}])
    engine.assert_clean(conversations=1)


@pytest.mark.parametrize("messages,what", [
    ([USER, CALLED, {"role": "user", "content": "b"}], "have the results"),
    ([USER, RESULT], "without a call"),
    ([USER, {**CALLED, "tool_calls": [{"id": "c1", "function": {
        "name": "read", "arguments": "{"}}]}, RESULT], "no JSON object"),
    ([USER, CALLED, RESULT, CALLED, RESULT], "was there before")])
def test_calls_that_are_not_paired_or_valid_are_seen(engine, messages, what):
    ask(engine, messages)
    assert what in " ".join(engine.violations)
    engine.conversations.violations.clear()


def test_a_prefix_or_tools_that_change_are_seen(engine):
    ask(engine, [USER, CALLED, RESULT])
    ask(engine, [USER, CALLED, {**RESULT, "content": "full"}])
    assert "does not begin" in engine.violations[0]
    ask(engine, [USER, CALLED, {**RESULT, "content": "full"}], tools=TOOLS * 2)
    assert any("tools changed" in row for row in engine.violations)
    engine.conversations.violations.clear()


def test_a_scenario_from_json_is_read_strictly():
    scenario = load_scenario({
        "answers": [{"calls": [{"name": "read", "arguments": {"a": 1}}],
                     "faults": [{"kind": "stall", "ms": 1}]}],
        "repeat": True, "facts": {"engine": "vllm"}})
    assert scenario.at(9).calls[0].arguments == '{"a": 1}'
    for wrong in ({"answer": []}, {"answers": [{"txt": ""}]},
                  {"answers": [{"faults": [{"kind": "nap"}]}]},
                  {"facts": {"engine": "word"}}):
        with pytest.raises(ScenarioError):
            load_scenario(wrong)
