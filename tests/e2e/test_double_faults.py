"""The double misbehaves exactly as it was told to."""

import gzip
import ssl
import time

import pytest

import dialects
from certificates import self_signed
from dialects import ANTHROPIC, CHAT, GEMINI, GEMINI_ARRAY, OPENAI
from double import Double, Fault, Script, Step, text
from plain_http import Client
from relay import Relay

DIALECTS = pytest.mark.parametrize("dialect", dialects.ALL, ids=str)


def fault(dialect, *faults, stream=True, **step):
    """The answer to a step with these faults, and what the double kept."""
    script = Script([Step([text("Some words to break off. " * 30)],
                          faults=list(faults), **step)])
    with Double(script) as double:
        answer = dialect.ask(double.url, stream)
        double.wait(lambda seen: seen, 5)
        return answer, double.exchanges[0]


@DIALECTS
@pytest.mark.parametrize("place,status", [
    ("before_headers", 0), ("start", 200), ("mid_frame", 200)])
def test_resets_where_told(dialect, place, status):
    answer, kept = fault(dialect, Fault("reset", at=place))
    assert answer.status in (0, status) and not answer.ended
    assert "reset" in answer.error.lower() or answer.error
    assert not kept.complete


def test_reset_is_a_reset_and_not_a_close():
    with Double(Script([Step(faults=[
            Fault("reset", at="before_headers")])])) as double:
        with Client(double.url) as client:
            ANTHROPIC.send(client)
            with pytest.raises(ConnectionResetError):
                client.socket.recv(1)


@DIALECTS
def test_reset_after_the_terminal_event_leaves_the_stream_whole(dialect):
    answer, kept = fault(dialect, Fault("reset", at="after_terminal"))
    assert not answer.ended
    assert dialect.finished(bytes(kept.response_body))


@DIALECTS
def test_closes_without_the_terminal_event(dialect):
    cut, _ = fault(dialect, Fault("close", at="before_terminal"))
    assert cut.error == "connection closed"
    ended, _ = fault(dialect, Fault("end"))
    assert ended.ended
    for answer in (cut, ended):
        assert answer.body and not dialect.finished(answer.body)
    whole, _ = fault(dialect)
    assert dialect.finished(whole.body)


@DIALECTS
def test_sends_an_error_event_inside_a_stream(dialect):
    answer, _ = fault(dialect, Fault("error_event", message="Too much"))
    assert answer.ended and not dialect.finished(answer.body)
    assert dialect.error_message(dialect.frames(answer.body)[-1]) == (
        "Too much")


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


@DIALECTS
def test_packs_the_answer_and_still_streams(dialect):
    answer, kept = fault(dialect, encoding="gzip")
    assert answer.header("content-encoding") == "gzip"
    assert "Some words" in dialect.said(gzip.decompress(answer.body))
    assert kept.response_body == answer.body


def test_answers_errors_in_the_providers_shape():
    answer, _ = fault(ANTHROPIC, status=529, headers=[("retry-after", "7")])
    assert answer.status == 529 and answer.header("retry-after") == "7"
    assert answer.json()["error"]["type"] == "overloaded_error"
    for dialect in (OPENAI, CHAT):
        answer, _ = fault(dialect, status=429, type="rate_limit_exceeded",
                          message="Slow down")
        assert answer.json()["error"] == {
            "message": "Slow down", "type": "rate_limit_exceeded",
            "param": None, "code": "rate_limit_exceeded"}
    for dialect in (GEMINI, GEMINI_ARRAY):
        answer, _ = fault(dialect, status=429, message="Slow down")
        said = answer.json()[0] if dialect.array else answer.json()
        assert said["error"] == {"code": 429, "message": "Slow down",
                                 "status": "RESOURCE_EXHAUSTED"}


@DIALECTS
@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503, 529])
def test_every_error_status_carries_its_message(dialect, status):
    answer, _ = fault(dialect, status=status, message="No.\nAsk Ada.")
    assert answer.status == status and answer.ended
    assert dialect.error_message(answer.json()) == "No.\nAsk Ada."


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
        ANTHROPIC.send(client)
        client.receive_head()
    open_double.wait(lambda seen: seen and seen[0].client_gone, 10)
    with Client(open_double.url) as client:
        ANTHROPIC.send(client)
        _, pieces = client.receive_head()
        got = [next(pieces)]
        assert not open_double.exchanges[1].complete
        open_double.release("x")
        got += list(pieces)
    assert ANTHROPIC.finished(b"".join(got))


def test_a_fault_can_strike_a_limited_number_of_times(open_double):
    open_double.use_script(Script([Step(
        [text("a")], faults=[Fault("html", times=2)])]))
    kinds = [ANTHROPIC.ask(open_double.url).header(
        "content-type").partition(";")[0] for _ in range(3)]
    assert kinds == ["text/html", "text/html", "text/event-stream"]


def test_speaks_tls(tmp_path):
    cert, key = self_signed(tmp_path, "127.0.0.1")
    with Double(tls=(cert, key)) as double:
        context = ssl.create_default_context(cafile=cert)
        answer = ANTHROPIC.ask(double.url, tls=context)
        assert answer.ended and ANTHROPIC.said(answer.body) == "Done."
        refused = ANTHROPIC.ask(double.url)
        assert "certificate" in refused.error.lower()


def test_the_relay_keeps_both_sides_of_the_wire(open_double):
    open_double.use_script(Script([Step([text("Wörter. " * 200)])]))
    with Relay(open_double.url) as relay:
        with Client(relay.url) as client:
            for dialect in dialects.ALL:
                dialect.send(client, {"X-Name": "v"})
                assert client.receive().ended
            client.send("HEAD", "/", {})
            assert client.receive("HEAD").ended
        seen = relay.seen()
    assert [s.method for s in seen] == ["POST"] * 5 + ["HEAD"]
    for side, heard in zip(seen, open_double.exchanges):
        assert side.ended and side.header("x-name") == (
            heard.header("x-name") or "")
        assert side.body == heard.body
        assert side.response_body == heard.response_body
