"""The double speaks each protocol well, and keeps what it heard."""

import json
import pathlib
import signal
import subprocess
import sys
import threading
import time

import pytest

import dialects
from dialects import ANTHROPIC, CHAT, GEMINI, GEMINI_ARRAY, OPENAI
from double import (Double, Script, ScriptError, Step, custom_tool,
                    hidden_thinking, load_script, text, thinking, tool)
from plain_http import Client, ask, events

HERE = pathlib.Path(__file__).resolve().parent
DIALECTS = pytest.mark.parametrize("dialect", dialects.ALL, ids=str)


@DIALECTS
def test_streams_text_that_its_deltas_add_up_to(open_double, dialect):
    words = "Über die Brücke – 堰を越えて, naïve façade. " * 9
    open_double.use_script(Script([Step([text(words)])]))
    answer = dialect.ask(open_double.url)
    assert answer.ended and answer.status == 200
    assert dialect.said(answer.body) == words
    (kept,) = open_double.wait(lambda seen: seen[0].complete)
    assert answer.body == kept.response_body


@DIALECTS
def test_chunks_end_inside_utf8_sequences(open_double, dialect):
    open_double.use_script(Script([Step([text("堰" * 300)])]))
    with Client(open_double.url) as client:
        dialect.send(client)
        _, pieces = client.receive_head()
        list(pieces)
    ends, at = [], 0
    body = bytes(open_double.exchanges[0].response_body)
    while at < len(body):
        for size in Step().chunk_bytes:
            at += size
            ends.append(at)
    inside = [e for e in ends if e < len(body) and body[e] & 0xC0 == 0x80]
    assert inside


def test_anthropic_stream_has_every_event_in_order(open_double):
    open_double.use_script(Script([Step([
        thinking("Hm."), text("Yes."),
        tool("Write", {"file_path": "/a", "content": "é\n"})],
        usage={"cache_read_input_tokens": 7})]))
    found = events(ANTHROPIC.ask(open_double.url).body)
    names = [name for name, _ in found]
    assert all(data["type"] == name for name, data in found)
    assert names[0] == "message_start" and names[-1] == "message_stop"
    assert names[-2] == "message_delta" and "ping" in names
    start = found[0][1]["message"]
    assert start["usage"]["cache_read_input_tokens"] == 7
    assert start["content"] == [] and start["stop_reason"] is None
    assert found[-2][1]["delta"]["stop_reason"] == "tool_use"
    joined = "".join(d["delta"]["partial_json"] for n, d in found
                     if n == "content_block_delta"
                     and d["delta"]["type"] == "input_json_delta")
    assert json.loads(joined) == {"file_path": "/a", "content": "é\n"}


def test_openai_stream_has_every_event_in_order(open_double):
    open_double.use_script(Script([Step([
        thinking("Hm."), text("Yes."), tool("exec_command", {"cmd": "ls"}),
        custom_tool("apply_patch", "*** Begin Patch\n*** End Patch\n")])]))
    found = events(OPENAI.ask(open_double.url).body)
    names = [name for name, _ in found]
    assert [d["sequence_number"] for _, d in found] == list(range(len(found)))
    assert names[:2] == ["response.created", "response.in_progress"]
    assert names[-1] == "response.completed"
    assert names.count("response.output_item.added") == 4
    for name in ("response.content_part.added", "response.output_text.done",
                 "response.reasoning_summary_text.delta",
                 "response.function_call_arguments.delta",
                 "response.function_call_arguments.done",
                 "response.custom_tool_call_input.done"):
        assert name in names
    whole = found[-1][1]["response"]
    assert [item["type"] for item in whole["output"]] == [
        "reasoning", "message", "function_call", "custom_tool_call"]
    numbers = whole["usage"]
    assert numbers["total_tokens"] == (
        numbers["input_tokens"] + numbers["output_tokens"])


def test_chat_stream_has_every_chunk_in_order(open_double):
    open_double.use_script(Script([Step([
        thinking("Hm."), text("Yes."),
        tool("write", {"filePath": "/a", "content": "é\n"}),
        custom_tool("patch", "*** Begin")])]))
    found = CHAT.frames(CHAT.ask(open_double.url).body)
    assert found.pop() == "[DONE]"
    assert len({(c["id"], c["model"], c["object"]) for c in found}) == 1
    assert all("usage" not in c for c in found)
    deltas = [c["choices"][0]["delta"] for c in found]
    assert deltas[0]["role"] == "assistant" and deltas[-1] == {}
    assert "".join(d.get("reasoning_content", "") for d in deltas) == "Hm."
    assert found[-1]["choices"][0]["finish_reason"] == "tool_calls"
    calls = [c for d in deltas for c in d.get("tool_calls", [])]
    first = [c for c in calls if c["index"] == 0]
    assert first[0]["id"] and first[0]["function"]["name"] == "write"
    assert first[0]["function"]["arguments"] == ""
    assert json.loads("".join(c["function"]["arguments"] for c in first)) == {
        "filePath": "/a", "content": "é\n"}
    assert "".join(c["custom"]["input"] for c in calls
                   if c["index"] == 1) == "*** Begin"


def test_chat_sends_its_usage_in_a_chunk_of_its_own_when_asked(open_double):
    open_double.use_script(Script([Step([text("Yes."), hidden_thinking(
        "A long thought that nobody sees.")])]))
    found = CHAT.frames(CHAT.ask(open_double.url, stream_options={
        "include_usage": True}).body)
    assert found.pop() == "[DONE]"
    last = found.pop()
    assert last["choices"] == []
    assert last["usage"]["completion_tokens"] == 9
    assert last["usage"]["completion_tokens_details"][
        "reasoning_tokens"] == 8
    assert all(c["usage"] is None and c["choices"] for c in found)


@pytest.mark.parametrize("dialect", [GEMINI, GEMINI_ARRAY], ids=str)
def test_gemini_stream_has_its_parts_in_order(open_double, dialect):
    open_double.use_script(Script([Step([
        thinking("Hm."), text("Yes."),
        tool("write_file", {"file_path": "/a", "content": "é\n"})])]))
    answer = dialect.ask(open_double.url)
    kind = ("application/json; charset=UTF-8" if dialect.array
            else "text/event-stream; charset=utf-8")
    assert answer.header("content-type") == kind
    found = dialect.frames(answer.body)
    candidates = [f["candidates"][0] for f in found]
    parts = [p for c in candidates for p in c["content"]["parts"]]
    assert ["finishReason" in c for c in candidates] == [False] * (
        len(found) - 1) + [True]
    assert [p["text"] for p in parts if p.get("thought")] == ["Hm."]
    (call,) = [p for p in parts if "functionCall" in p]
    assert call["functionCall"]["args"]["content"] == "é\n"
    assert call["thoughtSignature"]
    counts = [f["usageMetadata"].get("candidatesTokenCount", 0)
              for f in found]
    assert counts == sorted(counts) and counts[-1] > 0
    last = found[-1]["usageMetadata"]
    assert last["totalTokenCount"] == (
        last["promptTokenCount"] + last["candidatesTokenCount"]
        + last.get("thoughtsTokenCount", 0))


def test_frames_end_with_the_newline_of_their_provider(open_double):
    assert b"\r\n\r\n" in GEMINI.ask(open_double.url).body
    assert b"\r" not in CHAT.ask(open_double.url).body
    open_double.use_script(Script([Step([text("a")], newline="\r\n")]))
    assert b"\r\n\r\n" in ANTHROPIC.ask(open_double.url).body


def test_reasoning_is_sealed_anew_in_every_answer(open_double):
    """Signatures that are all alike would hide that one was mixed up."""
    open_double.use_script(Script([Step([
        thinking("Hm."), hidden_thinking("So."), thinking("Ah.")])]))

    def seals(dialect, where, **more):
        found = []
        for _ in range(2):
            whole = dialect.ask(open_double.url, stream=False, **more).json()
            found += [seal for seal in map(where, _parts(whole)) if seal]
        return found

    def _parts(whole):
        if "candidates" in whole:
            return whole["candidates"][0]["content"]["parts"]
        return whole.get("content") or whole["output"]

    anthropic = seals(ANTHROPIC, lambda p: p.get("signature", p.get("data")))
    include = ["reasoning.encrypted_content"]
    openai = seals(OPENAI, lambda p: p.get("encrypted_content"),
                   include=include)
    gemini = seals(GEMINI, lambda p: p.get("thoughtSignature"))
    assert (len(anthropic), len(openai), len(gemini)) == (6, 6, 2)
    for found in (anthropic, openai, gemini):
        assert len(set(found)) == len(found)
    assert seals(OPENAI, lambda p: p.get("encrypted_content")) == []


@DIALECTS
def test_answers_whole_without_stream(open_double, dialect):
    open_double.use_script(Script([Step([text("Whole – ganz.")])]))
    answer = dialect.ask(open_double.url, stream=False)
    assert answer.ended
    assert answer.header("content-type") == "application/json"
    assert dialect.said_whole(answer.body) == "Whole – ganz."
    said = answer.json()
    assert said.get("id", said.get("responseId")) == (
        open_double.exchanges[0].response_id)


def test_counts_tokens(open_double):
    open_double.use_script(Script(count_tokens=321))
    answer = ask(open_double.url, "/v1/messages/count_tokens",
                 ANTHROPIC.request())
    assert answer.json() == {"input_tokens": 321}
    answer = ask(open_double.url, "/v1beta/models/m:countTokens",
                 GEMINI.request())
    assert answer.json()["totalTokens"] == 321
    assert open_double.main_exchanges() == []


def test_lists_models_in_each_providers_shape(open_double):
    open_double.use_script(Script(models=["m-1", "m-2"]))
    anthropic = ask(open_double.url, "/v1/models?limit=1000", headers={
        "anthropic-version": "2023-06-01"}).json()
    assert [m["id"] for m in anthropic["data"]] == ["m-1", "m-2"]
    assert anthropic["first_id"] == "m-1" and not anthropic["has_more"]
    openai = ask(open_double.url, "/v1/models").json()
    assert openai["object"] == "list"
    assert {m["object"] for m in openai["data"]} == {"model"}
    gemini = ask(open_double.url, "/v1beta/models").json()
    assert [m["name"] for m in gemini["models"]] == [
        "models/m-1", "models/m-2"]


@DIALECTS
def test_chooses_the_step_by_counting_tool_results(open_double, dialect):
    open_double.use_script(Script(
        [Step([text("0")], label="0"), Step([text("1")], label="1"),
         Step([text("2")], label="2")], side=Step([text("s")], label="side")))
    for more in (dialect.with_results(0), {}, dialect.with_results(9),
                 dialect.with_results(1)):
        assert dialect.ask(open_double.url, **more).ended
    assert [e.label for e in open_double.exchanges] == ["0", "side", "2", "1"]


def test_records_requests_byte_for_byte(tmp_path):
    body = b'{ "model":"m" ,"messages":[], "x": "\xc3\xa9\\u00e9" }'
    with Double(record=tmp_path) as double:
        with Client(double.url) as client:
            client.send("POST", "/v1/messages?beta=true",
                        {"X-Odd-CASE": "a  b", "x-api-key": "k"}, body)
            assert client.receive().ended
        (exchange,) = double.exchanges
    assert exchange.target == "/v1/messages?beta=true"
    assert ("X-Odd-CASE", "a  b") in exchange.headers
    assert exchange.body == body
    assert (tmp_path / "000001.request.body").read_bytes() == body
    assert (tmp_path / "000001.response.body").read_bytes() == (
        exchange.response_body)
    assert json.loads((tmp_path / "000001.json").read_text())["complete"]


def test_reads_a_chunked_request_and_keeps_the_connection(open_double):
    with Client(open_double.url) as client:
        client.socket.sendall(
            b"POST /v1/messages HTTP/1.1\r\nHost: x\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
            b"6\r\n{\"mode\r\n9\r\nl\": \"m\"}  \r\n0\r\n\r\n")
        assert client.receive().status == 200
        client.send("HEAD", "/", {})
        assert client.receive("HEAD").status == 200
    assert open_double.exchanges[0].json() == {"model": "m"}
    assert len({e.connection for e in open_double.exchanges}) == 1


@DIALECTS
@pytest.mark.parametrize("carrier", [
    "x-api-key", "authorization", "x-goog-api-key", "api-key"])
def test_refuses_a_wrong_credential_in_the_providers_words(
        open_double, dialect, carrier):
    open_double.use_script(Script(credential="right"))
    word = "Bearer %s" if carrier == "authorization" else "%s"
    wrong = dialect.ask(open_double.url, headers={carrier: word % "wrong"})
    right = dialect.ask(open_double.url, headers={carrier: word % "right"})
    assert (wrong.status, right.status) == (401, 200)
    assert dialect.error_message(wrong.json()) == "invalid credential"


# As a program


def test_runs_as_a_program(tmp_path):
    script = tmp_path / "script.json"
    script.write_text(json.dumps({"turns": [{"parts": [
        {"kind": "text", "text": "From ${WHERE}."}]}]}))
    process = subprocess.Popen(
        [sys.executable, "-m", "double", "--script", script, "--set",
         "WHERE=afar", "--record", tmp_path / "kept", "--seed", "1"],
        cwd=HERE, stdout=subprocess.PIPE, text=True)
    try:
        ready = json.loads(process.stdout.readline())
        answer = OPENAI.ask(ready["url"])
        assert ready["ready"] and OPENAI.said(answer.body) == "From afar."
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert (tmp_path / "kept" / "000001.request.body").exists()


@pytest.mark.parametrize("script,place", [
    ({"turn": []}, "turn"),
    ({"turns": [{"parts": [{"kind": "txt"}]}]}, "turns[0].parts[0].kind"),
    ({"turns": [{"status": "200"}]}, "turns[0].status"),
    ({"turns": [{"faults": [{"kind": "stall", "at": "x"}]}]},
     "turns[0].faults[0].at"),
    ({"select": "luck"}, "select"),
    ({"turns": [{"chunk_bytes": [0]}]}, "turns[0].chunk_bytes"),
])
def test_names_the_place_of_a_mistake_in_a_script(script, place):
    with pytest.raises(ScriptError, match="^" + place.replace(
            "[", r"\[").replace("]", r"\]")):
        load_script(script)


def test_is_quick_enough_for_load(open_double):
    """At least 100 requests a second, on a machine busy with other things."""
    open_double.use_script(Script([Step([text("Some words. " * 20)],
                                        chunk_bytes=[])]))
    count, workers = 100, 4
    failures = []

    def work():
        with Client(open_double.url) as client:
            for _ in range(count):
                ANTHROPIC.send(client)
                if not client.receive().ended:
                    failures.append(1)

    begun = time.monotonic()
    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert len(open_double.exchanges) == count * workers
    assert count * workers / (time.monotonic() - begun) > 100
