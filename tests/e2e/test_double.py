"""The double itself: real agents work against it, and it misbehaves exactly
as it was told to."""

import gzip
import json
import pathlib
import signal
import ssl
import subprocess
import sys
import threading
import time

import pytest

import agents
import material
import scenario
from certificates import self_signed
from double import (Double, Fault, Script, ScriptError, Step, custom_tool,
                    load_script, text, thinking, tool)
from plain_http import Client, ask, events
from relay import Relay

HERE = pathlib.Path(__file__).resolve().parent
ANTHROPIC = "/v1/messages"
OPENAI = "/v1/responses"
PATHS = pytest.mark.parametrize("path", [ANTHROPIC, OPENAI])


def request(path, stream=True, **more):
    if path == ANTHROPIC:
        return {"model": "claude-sonnet-4-5", "max_tokens": 100,
                "stream": stream,
                "messages": [{"role": "user", "content": "Hi"}], **more}
    return {"model": "gpt-5.5", "stream": stream, "input": "Hi", **more}


def said(path, answer):
    """The text of a streamed answer, put together from its deltas."""
    out = []
    for name, data in events(answer.body):
        if path == ANTHROPIC and name == "content_block_delta":
            out.append(data["delta"].get("text", ""))
        if path == OPENAI and name == "response.output_text.delta":
            out.append(data["delta"])
    return "".join(out)


# Real agents


@pytest.mark.agent
def test_real_claude_code_writes_and_edits(open_double, agent_home):
    edit = material.STOCK
    agent_home.write(edit.name, edit.human)
    agent_home.commit("Add the stock list")
    open_double.use_script(scenario.claude(
        agent_home.repo, material.CLAUDE_FILES, edit))
    done = agent_home.run(
        agents.claude_words("Write the schedule."),
        agents.claude_direct_env(open_double.url, "sk-test"))
    assert done.code == 0, done
    assert json.loads(done.out)["result"] == scenario.DONE
    for name, words in material.CLAUDE_FILES.items():
        assert (agent_home.repo / name).read_text() == words
    assert (agent_home.repo / edit.name).read_text() == edit.edited()
    labels = [e.label for e in open_double.main_exchanges()]
    assert labels == ["write", "edit", "done"]
    first = open_double.main_exchanges()[0]
    assert first.header("authorization") == "Bearer sk-test"
    assert agents.CLAUDE_VERSION in first.header("user-agent")


@pytest.mark.agent
@pytest.mark.parametrize("model", ["gw-model", "gpt-5.5"])
def test_real_codex_writes_and_edits(open_double, agent_home, model):
    edit = material.PARCEL
    agent_home.write(edit.name, edit.human)
    agent_home.commit("Add the parcel counter")
    script = scenario.codex if model == "gw-model" else scenario.codex_patch
    open_double.use_script(script(material.CODEX_FILES, edit))
    words = agents.codex_words("Write the monitor.", model)
    words[2:2] = agents.codex_direct_words(open_double.url)
    done = agent_home.run(words, {"GW_KEY": "sk-test"})
    assert done.code == 0, done
    assert scenario.DONE in done.out
    for name, contents in material.CODEX_FILES.items():
        assert (agent_home.repo / name).read_text() == contents
    assert (agent_home.repo / edit.name).read_text() == edit.edited()
    labels = [e.label for e in open_double.main_exchanges()]
    assert labels == ["write", "edit", "done"]
    first = open_double.main_exchanges()[0]
    assert first.header("authorization") == "Bearer sk-test"
    assert agents.CODEX_VERSION in first.header("user-agent")


# The protocols, well spoken


@PATHS
def test_streams_text_that_its_deltas_add_up_to(open_double, path):
    words = "Über die Brücke – 堰を越えて, naïve façade. " * 9
    open_double.use_script(Script([Step([text(words)])]))
    answer = ask(open_double.url, path, request(path))
    assert answer.ended and answer.status == 200
    assert said(path, answer) == words
    (kept,) = open_double.wait(lambda seen: seen[0].complete)
    assert answer.body == kept.response_body


@PATHS
def test_chunks_end_inside_utf8_sequences(open_double, path):
    open_double.use_script(Script([Step([text("堰" * 300)])]))
    with Client(open_double.url) as client:
        client.send("POST", path, {}, json.dumps(request(path)).encode())
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
    found = events(ask(open_double.url, ANTHROPIC, request(ANTHROPIC)).body)
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
    found = events(ask(open_double.url, OPENAI, request(OPENAI)).body)
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


@PATHS
def test_answers_whole_without_stream(open_double, path):
    open_double.use_script(Script([Step([text("Whole – ganz.")])]))
    answer = ask(open_double.url, path, request(path, stream=False))
    assert answer.ended
    assert answer.header("content-type") == "application/json"
    assert "Whole – ganz." in answer.body.decode()
    assert answer.json()["id"] == open_double.exchanges[0].response_id


def test_counts_tokens(open_double):
    open_double.use_script(Script(count_tokens=321))
    answer = ask(open_double.url, ANTHROPIC + "/count_tokens",
                 request(ANTHROPIC))
    assert answer.json() == {"input_tokens": 321}


def test_chooses_the_step_by_counting_tool_results(open_double):
    open_double.use_script(Script(
        [Step([text("0")], label="0"), Step([text("1")], label="1"),
         Step([text("2")], label="2")], side=Step([text("s")], label="side")))
    results = [{"role": "user", "content": [
        {"type": "tool_result", "tool_use_id": str(i), "content": "ok"}
        for i in range(9)]}]
    outputs = [{"type": "function_call_output", "call_id": "a", "output": ""},
               {"type": "message", "role": "user", "content": []}]
    tools = [{"name": "Write", "input_schema": {}}]
    for path, more in [
            (ANTHROPIC, {"tools": tools}), (ANTHROPIC, {}),
            (ANTHROPIC, {"tools": tools, "messages": results}),
            (OPENAI, {"tools": tools, "input": outputs})]:
        assert ask(open_double.url, path, request(path, **more)).ended
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


def test_refuses_a_wrong_credential_in_the_providers_words(open_double):
    open_double.use_script(Script(credential="right"))
    for path, header in [(ANTHROPIC, "x-api-key"),
                         (OPENAI, "authorization")]:
        word = {"x-api-key": "%s", "authorization": "Bearer %s"}[header]
        wrong = ask(open_double.url, path, request(path),
                    headers={header: word % "wrong"})
        right = ask(open_double.url, path, request(path),
                    headers={header: word % "right"})
        assert (wrong.status, right.status) == (401, 200)
        assert wrong.json()["error"]["message"]


# The protocols, badly spoken


def fault(path, *faults, stream=True, **step):
    """The answer to a step with these faults, and what the double kept."""
    script = Script([Step([text("Some words to break off. " * 30)],
                          faults=list(faults), **step)])
    with Double(script) as double:
        answer = ask(double.url, path, request(path, stream=stream))
        double.wait(lambda seen: seen, 5)
        return answer, double.exchanges[0]


@PATHS
@pytest.mark.parametrize("place,status", [
    ("before_headers", 0), ("start", 200), ("mid_frame", 200)])
def test_resets_where_told(path, place, status):
    answer, kept = fault(path, Fault("reset", at=place))
    assert answer.status in (0, status) and not answer.ended
    assert "reset" in answer.error.lower() or answer.error
    assert not kept.complete


def test_reset_is_a_reset_and_not_a_close():
    with Double(Script([Step(faults=[
            Fault("reset", at="before_headers")])])) as double:
        with Client(double.url) as client:
            client.send("POST", ANTHROPIC, {},
                        json.dumps(request(ANTHROPIC)).encode())
            with pytest.raises(ConnectionResetError):
                client.socket.recv(1)


@PATHS
def test_reset_after_the_terminal_event_leaves_the_stream_whole(path):
    answer, kept = fault(path, Fault("reset", at="after_terminal"))
    assert not answer.ended
    last = "message_stop" if path == ANTHROPIC else "response.completed"
    assert events(bytes(kept.response_body))[-1][0] == last


@PATHS
def test_closes_without_the_terminal_event(path):
    cut, _ = fault(path, Fault("close", at="before_terminal"))
    assert cut.error == "connection closed"
    ended, _ = fault(path, Fault("end"))
    assert ended.ended
    for answer in (cut, ended):
        names = [name for name, _ in events(answer.body)]
        assert "message_stop" not in names
        assert "response.completed" not in names


@PATHS
def test_sends_an_error_event_inside_a_stream(path):
    answer, _ = fault(path, Fault("error_event", message="Too much at once"))
    assert answer.ended
    name, data = events(answer.body)[-1]
    assert name == ("error" if path == ANTHROPIC else "response.failed")
    assert "Too much at once" in json.dumps(data)


def test_speaks_nonsense_in_every_form():
    kinds = {
        "not_http": lambda a: "status line" in a.error or a.error,
        "bad_status_line": lambda a: "status line" in a.error,
        "html": lambda a: a.ended and a.header("content-type") == "text/html",
        "bad_json": lambda a: a.ended and a.body.endswith(b'"rol'),
        "bad_sse": lambda a: a.ended and b'data: {"type":\n\n' in a.body,
        "bad_chunk": lambda a: "chunk size" in a.error,
    }
    for kind, holds in kinds.items():
        answer, _ = fault(ANTHROPIC, Fault(kind))
        assert holds(answer), (kind, answer)


def test_declares_a_wrong_length():
    short, kept = fault(ANTHROPIC, Fault("short_length"), stream=False)
    assert short.ended and len(short.body) == len(kept.response_body) - 16
    long, kept = fault(ANTHROPIC, Fault("long_length"), stream=False)
    assert long.error == "connection closed"
    assert long.body == kept.response_body


def test_sends_a_huge_header_and_a_huge_body():
    answer, _ = fault(ANTHROPIC, Fault("huge_header", bytes=100_000))
    assert len(answer.header("x-huge")) == 100_000
    answer, kept = fault(ANTHROPIC, huge_bytes=3_000_000,
                         chunk_bytes=[65536], delta_chars=[5000])
    assert answer.ended and len(answer.body) > 3_000_000
    assert answer.body == kept.response_body


@PATHS
def test_packs_the_answer_and_still_streams(path):
    answer, kept = fault(path, encoding="gzip")
    assert answer.header("content-encoding") == "gzip"
    assert "Some words" in said(
        path, type(answer)(body=gzip.decompress(answer.body)))
    assert kept.response_body == answer.body


def test_answers_errors_in_the_providers_shape():
    answer, _ = fault(ANTHROPIC, status=529, type="overloaded_error",
                      headers=[("retry-after", "7")])
    assert answer.status == 529 and answer.header("retry-after") == "7"
    assert answer.json()["error"]["type"] == "overloaded_error"
    answer, _ = fault(OPENAI, status=429, type="rate_limit_exceeded",
                      message="Slow down")
    assert answer.json()["error"] == {
        "message": "Slow down", "type": "rate_limit_exceeded", "param": None,
        "code": "rate_limit_exceeded"}


def test_stalls_and_dribbles_for_the_time_told():
    begun = time.monotonic()
    answer, _ = fault(ANTHROPIC, Fault("stall", ms=150),
                      Fault("stall", at="before_headers", ms=150))
    assert answer.ended and time.monotonic() - begun >= 0.3
    begun = time.monotonic()
    answer, _ = fault(ANTHROPIC, Fault("dribble", bytes=50, ms=2),
                      stream=False, transfer="close")
    assert answer.ended
    assert time.monotonic() - begun >= len(answer.body) / 50 * 0.002


def test_holds_until_released_and_sees_the_client_leave(open_double):
    open_double.use_script(Script([Step([text("a" * 500)],
                                        faults=[Fault("hold", name="x")])]))
    with Client(open_double.url) as client:
        client.send("POST", ANTHROPIC, {},
                    json.dumps(request(ANTHROPIC)).encode())
        client.receive_head()
    open_double.wait(lambda seen: seen and seen[0].client_gone, 10)
    with Client(open_double.url) as client:
        client.send("POST", ANTHROPIC, {},
                    json.dumps(request(ANTHROPIC)).encode())
        _, pieces = client.receive_head()
        got = [next(pieces)]
        assert not open_double.exchanges[1].complete
        open_double.release("x")
        got += list(pieces)
    assert events(b"".join(got))[-1][0] == "message_stop"


def test_a_fault_can_strike_a_limited_number_of_times(open_double):
    open_double.use_script(Script([Step(
        [text("a")], faults=[Fault("html", times=2)])]))
    kinds = [ask(open_double.url, ANTHROPIC, request(ANTHROPIC)).header(
        "content-type").partition(";")[0] for _ in range(3)]
    assert kinds == ["text/html", "text/html", "text/event-stream"]


def test_speaks_tls(tmp_path):
    cert, key = self_signed(tmp_path, "127.0.0.1")
    with Double(tls=(cert, key)) as double:
        context = ssl.create_default_context(cafile=cert)
        answer = ask(double.url, ANTHROPIC, request(ANTHROPIC), tls=context)
        assert answer.ended and said(ANTHROPIC, answer) == "Done."
        refused = ask(double.url, ANTHROPIC, request(ANTHROPIC))
        assert "certificate" in refused.error.lower()


def test_the_relay_keeps_both_sides_of_the_wire(open_double):
    open_double.use_script(Script([Step([text("Wörter. " * 200)])]))
    with Relay(open_double.url) as relay:
        with Client(relay.url) as client:
            for path, stream in [(ANTHROPIC, True), (OPENAI, False)]:
                client.send("POST", path, {"X-Name": "v"},
                            json.dumps(request(path, stream)).encode())
                assert client.receive().ended
            client.send("HEAD", "/", {})
            assert client.receive("HEAD").ended
        seen = relay.seen()
    assert [s.method for s in seen] == ["POST", "POST", "HEAD"]
    for side, heard in zip(seen, open_double.exchanges):
        assert side.ended and side.header("x-name") == (
            heard.header("x-name") or "")
        assert side.body == heard.body
        assert side.response_body == heard.response_body


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
        answer = ask(ready["url"], OPENAI, request(OPENAI))
        assert ready["ready"] and said(OPENAI, answer) == "From afar."
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
    body = json.dumps(request(ANTHROPIC)).encode()
    count, workers = 100, 4
    failures = []

    def work():
        with Client(open_double.url) as client:
            for _ in range(count):
                client.send("POST", ANTHROPIC, {}, body)
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
