"""Wrong input of every kind gets a clear answer: in the client's own protocol
from the gate, on stderr with exit code 2 from a command, the thing named."""

import json
import os
import re
import socket
import subprocess
import time

import pytest

import house
import material
from double import Double, Fault, Script, Step, text
from plain_http import Client, ask, events

ANTHROPIC, OPENAI = "/v1/messages", "/v1/responses"
PATHS = pytest.mark.parametrize("path", [ANTHROPIC, OPENAI])


def body_for(path, stream=False, **more):
    return {"model": "some-model", "max_tokens": 10, "stream": stream,
            "messages": [{"role": "user", "content": "Hi"}], "input": "Hi",
            **more}


def headers_for(path, key):
    return ({"x-api-key": key} if path == ANTHROPIC
            else {"authorization": f"Bearer {key}"})


def send(gate, path, key, body=None, **more):
    return ask(gate.url, path, body_for(path) if body is None else body,
               headers=headers_for(path, key), **more)


def refusal(path, answer):
    """The message of an error in the protocol's own shape."""
    assert answer.ended, answer
    assert answer.status >= 400, answer
    assert answer.header("content-type").startswith("application/json")
    said = answer.json()
    error = said["error"]
    assert error["message"] and error["type"]
    if path == ANTHROPIC:
        assert said["type"] == "error"
    else:
        assert "code" in error
    return error["message"].lower()


def healthy(gate, path, key):
    answer = send(gate, path, key)
    assert answer.status == 200 and answer.ended, answer


# Keys


@PATHS
def test_no_key(gate, path):
    answer = ask(gate.url, path, body_for(path))
    assert answer.status == 401
    assert "key" in refusal(path, answer)


@PATHS
@pytest.mark.parametrize("key", [
    "cfe_" + "0" * 43 + "000000", "cfe_short", "sk-ant-api03-abc", "cfx_1"])
def test_malformed_key(gate, path, key):
    answer = send(gate, path, key)
    assert answer.status == 401
    assert "key" in refusal(path, answer)
    assert key not in answer.body.decode()


@PATHS
def test_unknown_key_of_the_right_form(gate, path, tmp_path):
    elsewhere = house.Site(tmp_path / "elsewhere", "http://127.0.0.1:9")
    stranger = elsewhere.key()
    answer = send(gate, path, stranger)
    assert answer.status == 401
    assert "key" in refusal(path, answer)


@PATHS
def test_revoked_key(site, gate, path, double):
    key = site.key()
    healthy(gate, path, key)
    site.ok("key", "revoke", key[:12])
    answer = send(gate, path, key)
    assert answer.status == 401
    assert "revoked" in refusal(path, answer)
    assert len(double.main_exchanges()) == 1


@PATHS
def test_two_keys_that_differ(site, gate, path):
    answer = ask(gate.url, path, body_for(path), headers={
        "x-api-key": site.key(), "authorization": "Bearer " + site.key()})
    assert answer.status == 400
    refusal(path, answer)


def test_wrong_keys_reach_no_provider(gate, double):
    for path in (ANTHROPIC, OPENAI):
        send(gate, path, "cfe_" + "0" * 49)
    assert double.exchanges == []


# Paths and methods


def test_a_path_that_the_gate_does_not_serve(site, gate):
    answer = ask(gate.url, "/v2/nothing", {}, headers={
        "x-api-key": site.key()})
    assert answer.status == 404
    assert "/v2/nothing" in answer.body.decode()


def test_a_method_that_the_path_does_not_take(site, gate):
    answer = ask(gate.url, ANTHROPIC, method="DELETE",
                 headers={"x-api-key": site.key()})
    assert answer.status in (404, 405)
    assert "DELETE" in answer.body.decode()


@PATHS
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b"null"])
def test_a_body_that_is_no_json_object(site, gate, path, body):
    """Either the gate says so or the provider does; in its shape."""
    answer = send(gate, path, site.key(), body=body)
    assert answer.status == 400
    refusal(path, answer)


# Upstreams


@PATHS
def test_no_upstream_for_the_protocol(tmp_path, double, path):
    others = {"openai": double.url} if path == ANTHROPIC else {
        "anthropic": double.url}
    site = house.Site(tmp_path / "site", config=house.config_text(
        tmp_path / "site" / "data", **others))
    gate = site.serve()
    message = refusal(path, send(gate, path, site.key()))
    assert "upstream" in message
    assert ("anthropic" if path == ANTHROPIC else "openai") in message
    gate.stop()


@PATHS
def test_no_config_at_all(tmp_path, path):
    site = house.Site(tmp_path / "site", config=(
        f'[store]\ndata = "{tmp_path / "site" / "data"}"\n'
        '[gate]\nlisten = "127.0.0.1:0"\nadmin = "127.0.0.1:0"\n'))
    gate = site.serve()
    assert "upstream" in refusal(path, send(gate, path, site.key()))
    gate.stop()


@PATHS
@pytest.mark.parametrize("stream", [False, True])
def test_upstream_down(tmp_path, path, stream):
    with socket.socket() as nobody:  # bound, and nobody listens
        nobody.bind(("127.0.0.1", 0))
        url = "http://127.0.0.1:%d" % nobody.getsockname()[1]
        site = house.Site(tmp_path / "site", url)
        gate = site.serve()
        answer = send(gate, path, site.key(), body_for(path, stream))
        message = refusal(path, answer)
        assert answer.status in (502, 503)
        assert "upstream" in message or "127.0.0.1" in message
        record = site.exchanges()[-1]
        assert record["outcome"] == "unreachable"
        gate.stop()


@PATHS
def test_a_missing_credential_is_named(tmp_path, double, path):
    """At the start in the log, and to whoever asks; nothing is sent."""
    site = house.Site(tmp_path / "site", double.url)
    site.configure(site.config.read_text().replace(
        "E2E_UPSTREAM_KEY", "E2E_NOT_SET"))
    gate = site.serve()
    house.poll(lambda: "E2E_NOT_SET" in gate.log.read_text(), "a warning")
    answer = send(gate, path, site.key())
    assert answer.status == 503
    assert "e2e_not_set" in refusal(path, answer)
    assert double.exchanges == []
    gate.stop()


@PATHS
@pytest.mark.parametrize("kind", [
    "not_http", "bad_status_line", "reset", "close", "stall"])
def test_nonsense_before_the_answer(tmp_path, path, kind):
    fault = Fault(kind, at="before_headers", ms=60_000, times=1)
    with Double(Script([Step([text("Hi.")], faults=[fault])])) as double:
        site = house.Site(tmp_path / "site", config=house.config_text(
            tmp_path / "site" / "data", double.url, double.url,
            gate="upstream_first_byte_timeout_ms = 500"))
        gate = site.serve()
        key = site.key()
        answer = send(gate, path, key, body_for(path, stream=True))
        message = refusal(path, answer)
        assert answer.status in (502, 503, 504)
        assert "upstream" in message or "anthropic" in message or (
            "openai" in message)
        assert site.exchanges()[-1]["outcome"] != "complete"
        healthy(gate, path, key)
        gate.stop()


@PATHS
@pytest.mark.parametrize("kind", ["html", "bad_json"])
def test_an_answer_that_is_no_answer(tmp_path, path, kind):
    """A page or broken JSON with status 200: refused in the protocol, or
    handed on as it is, but never counted as a good exchange with usage."""
    fault = Fault(kind, times=1)
    with Double(Script([Step([text("Hi.")], faults=[fault])])) as double:
        site = house.Site(tmp_path / "site", double.url)
        gate = site.serve()
        key = site.key()
        answer = send(gate, path, key, body_for(path, stream=True))
        if answer.status == 200:
            assert b"Sign in" in answer.body or b"msg_broken" in answer.body
        else:
            refusal(path, answer)
        record = site.exchanges()[-1]
        assert record["usage"]["source"] != "reported"
        healthy(gate, path, key)
        gate.stop()


def broken_stream(tmp_path, path, fault):
    """What a client gets of a stream that breaks, what the double had sent
    of it, and its record; the gate must be well afterwards."""
    step = Step([text("Some words that break off. " * 20)], faults=[fault])
    with Double(Script([step])) as double:
        site = house.Site(tmp_path / "site", config=house.config_text(
            tmp_path / "site" / "data", double.url, double.url,
            gate="stream_idle_timeout_ms = 500"))
        gate = site.serve()
        key = site.key()
        answer = send(gate, path, key, body_for(path, stream=True))
        assert answer.status == 200
        sent = bytes(double.exchanges[0].response_body)
        record = site.exchanges()[-1]
        assert record["http_status"] == 200
        healthy(gate, path, key)
        gate.stop()
    return answer, sent, record


@PATHS
@pytest.mark.parametrize("kind", ["reset", "close", "end", "bad_chunk"])
def test_a_stream_that_the_provider_breaks_is_broken_for_the_client(
        tmp_path, path, kind):
    """As it would be without a gate: agents know what to do then."""
    answer, sent, record = broken_stream(tmp_path, path, Fault(kind, times=1))
    assert sent.startswith(answer.body)
    if kind in ("close", "end"):
        assert answer.body == sent
    assert answer.ended == (kind == "end")
    assert record["outcome"] == "truncated"
    assert record["response_bytes"] == len(answer.body)


@PATHS
def test_a_stream_that_the_gate_ends_has_an_error_event(tmp_path, path):
    answer, sent, record = broken_stream(
        tmp_path, path, Fault("stall", at="mid", ms=60_000, times=1))
    assert answer.ended and answer.body.startswith(sent)
    (name, data), = events(answer.body[len(sent):])
    if path == ANTHROPIC:
        assert name == "error" and data["type"] == "error"
        assert data["error"]["type"] and data["error"]["message"]
    else:
        assert name == "response.failed"
        assert data["response"]["error"]["message"]
    assert record["outcome"] == "gate_ended"
    assert record["interventions"] == ["error_event"]


@PATHS
def test_a_bad_frame_passes_and_does_not_stop_the_meter(tmp_path, path):
    step = Step([text("Words.")], faults=[Fault("bad_sse", times=1)])
    with Double(Script([step])) as double:
        site = house.Site(tmp_path / "site", double.url)
        gate = site.serve()
        answer = send(gate, path, site.key(), body_for(path, stream=True))
        assert answer.ended
        assert answer.body == double.exchanges[0].response_body
        record = site.exchanges()[-1]
        assert record["provider_response_id"] == (
            double.exchanges[0].response_id)
        gate.stop()


@PATHS
def test_a_provider_error_passes_as_it_is(site, gate, path, double):
    double.use_script(Script(
        [Step(status=529, type="overloaded_error", message="Too busy",
              headers=[("retry-after", "3")])],
        credential=house.UPSTREAM_KEY))
    answer = send(gate, path, site.key())
    assert answer.status == 529 and answer.header("retry-after") == "3"
    assert answer.body == double.exchanges[0].response_body
    record = site.exchanges()[-1]
    assert (record["outcome"], record["http_status"]) == (
        "upstream_error", 529)


@PATHS
def test_a_body_shorter_than_declared(tmp_path, path):
    step = Step([text("Words.")], faults=[Fault("long_length", times=1)])
    with Double(Script([step])) as double:
        site = house.Site(tmp_path / "site", double.url)
        gate = site.serve()
        key = site.key()
        answer = send(gate, path, key)
        assert not (answer.ended and answer.status == 200)
        assert site.exchanges()[-1]["outcome"] == "truncated"
        healthy(gate, path, key)
        gate.stop()


@PATHS
def test_a_body_longer_than_declared(tmp_path, path):
    """What follows the declared length is not the answer to anybody."""
    step = Step([text("Words.")], faults=[Fault("short_length", times=1)])
    with Double(Script([step])) as double:
        site = house.Site(tmp_path / "site", double.url)
        gate = site.serve()
        key = site.key()
        send(gate, path, key)
        for _ in range(3):
            healthy(gate, path, key)
        gate.stop()


# Limits


LIMIT = 4096


def exactly(size: int) -> bytes:
    empty = json.dumps(body_for(ANTHROPIC, padding=""))
    body = json.dumps(body_for(
        ANTHROPIC, padding="p" * (size - len(empty)))).encode()
    assert len(body) == size
    return body


@pytest.fixture
def small_gate(tmp_path, double):
    site = house.Site(tmp_path / "small", config=house.config_text(
        tmp_path / "small" / "data", double.url, double.url,
        gate=f"request_body_bytes_max = {LIMIT}"))
    gate = site.serve()
    yield site, gate
    gate.stop()


@PATHS
def test_a_body_at_the_limit_passes(small_gate, path, double):
    site, gate = small_gate
    answer = send(gate, path, site.key(), exactly(LIMIT))
    assert answer.status == 200
    assert len(double.exchanges[0].body) == LIMIT


@PATHS
@pytest.mark.parametrize("size", [LIMIT + 1, 5_000_000])
def test_a_body_over_the_limit_is_refused(small_gate, path, size, double):
    site, gate = small_gate
    answer = send(gate, path, site.key(), exactly(size))
    assert answer.status == 413
    assert str(LIMIT) in refusal(path, answer).replace(",", "")
    assert double.exchanges == []
    healthy(gate, path, site.key())


@PATHS
def test_a_chunked_body_over_the_limit_is_refused(small_gate, path, double):
    site, gate = small_gate
    with Client(gate.url) as client:
        head = "".join(f"{name}: {value}\r\n" for name, value in
                       headers_for(path, site.key()).items())
        chunk = b"400\r\n" + b" " * 0x400 + b"\r\n"
        client.socket.sendall(
            f"POST {path} HTTP/1.1\r\nHost: {client.host}\r\n{head}"
            "Transfer-Encoding: chunked\r\n\r\n".encode() + chunk * 4
            + b"1\r\n \r\n")
        answer = client.receive()
    assert answer.status == 413
    refusal(path, answer)
    assert double.exchanges == []


def test_headers_over_the_limit_are_refused(site, gate):
    answer = ask(gate.url, ANTHROPIC, body_for(ANTHROPIC), headers={
        "x-api-key": site.key(), "x-long": "h" * 70_000})
    assert answer.status in (400, 413, 431)


def test_a_request_that_is_no_http_gets_an_answer(gate):
    with Client(gate.url) as client:
        client.socket.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n")
        answer = client.receive()
    assert answer.status == 400 or answer.error


@pytest.mark.parametrize("head", [
    "POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
    "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
    "Content-Length: 3\r\n\r\n{}",
    "POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: +2\r\n\r\n{}",
    "POST /v1/messages HTTP/1.1\r\nHost: x\r\n"
    "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "POST /v1/messages HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}",
    "POST /v1/messages HTTP/1.1\r\nHost: x\r\nHost: y\r\n"
    "Content-Length: 2\r\n\r\n{}",
    "POST /v1/messages HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n"
    "Content-Length: 2\r\n\r\n{}",
], ids=["length-and-chunked", "two-lengths", "signed-length",
        "chunked-identity", "no-host", "two-hosts", "folded-header"])
def test_ambiguous_framing_is_refused(gate, double, head):
    with Client(gate.url) as client:
        client.socket.sendall(head.encode())
        answer = client.receive()
    assert answer.status in (400, 501), answer
    assert double.exchanges == []


# Configuration


BAD_CONFIGS = {
    "unknown-key": ('[gate]\nlisten = "127.0.0.1:0"\nlissten = "x"\n',
                    "lissten", 3, (1, 11)),
    "unknown-table": ('[organisation]\nname = "x"\n\n[gatte]\na = 1\n',
                      "gatte", 4, (1, 2)),
    "wrong-type": ('[organisation]\nname = "x"\n  trains_models = "yes"\n',
                   "trains_models", 3, (3, 19)),
    "out-of-range": ("[gate]\n\ndrain_ms = -5\n", "drain_ms", 3, (1, 12)),
    "unknown-contract": (
        '[upstream.a]\nprotocol = "anthropic-messages"\n'
        'url = "http://127.0.0.1:1"\ncontract = "nobody"\n',
        "nobody", 4, (1, 12)),
    "unknown-protocol": (
        '[contract.c]\nclass = "allow"\n[upstream.a]\n'
        'protocol = "anthropic"\nurl = "http://127.0.0.1:1"\n'
        'contract = "c"\n', "protocol", 4, (1, 12)),
    "no-toml": ('[gate]\nlisten = = "x"\n', "", 2, tuple(range(1, 14))),
}


@pytest.mark.parametrize("name", list(BAD_CONFIGS))
@pytest.mark.parametrize("command", [
    ["config", "check"], ["serve"], ["person", "list"]],
    ids=lambda c: c[0])
def test_bad_config_is_named_with_line_and_column(tmp_path, name, command):
    words, named, line, columns = BAD_CONFIGS[name]
    site = house.Site(tmp_path / "site", config=words)
    done = site.cofferdam(*command)
    assert done.code == 2, done
    said = done.out + done.err
    assert named in said and "cofferdam.toml" in said
    places = re.findall(r"cofferdam\.toml:(\d+):(\d+)", said)
    assert [(l, c) for l, c in places
            if int(l) == line and int(c) in columns], said


def test_every_mistake_of_a_config_is_listed(tmp_path):
    site = house.Site(tmp_path / "site", config=(
        '[gate]\nlisten = 5\nfoo = 1\n[ledger]\nsync = "often"\n'))
    done = site.cofferdam("config", "check")
    assert done.code == 2
    for name in ("listen", "foo", "sync"):
        assert name in done.out + done.err


def test_a_config_that_does_not_exist(tmp_path):
    site = house.Site(tmp_path / "site", "http://127.0.0.1:9")
    site.config.unlink()
    done = site.cofferdam("person", "list")
    assert done.code == 2 and "cofferdam.toml" in done.err


def test_a_good_config_checks_and_shows_its_limits(site):
    assert site.cofferdam("config", "check").code == 0
    shown = site.ok("config", "show", "--json")
    json.loads(shown)
    assert "request_body_bytes_max" in shown


# Places


def test_a_data_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("in the way")
    for data in (tmp_path / "file" / "data", "/proc/nowhere/data"):
        site = house.Site(tmp_path / f"site-{data == '/proc/nowhere/data'}",
                          config=house.config_text(data))
        for done in (site.serve_refuses(),
                     site.cofferdam("person", "list")):
            assert done.code == 2, done
            assert str(data) in done.err


def test_a_data_folder_that_is_read_only(tmp_path):
    site = house.Site(tmp_path / "site", "http://127.0.0.1:9")
    site.ok("person", "add", house.PERSON, "--team", house.TEAM)
    inside = ["unshare", "--mount", "--propagation", "private", "sh", "-c",
              'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && '
              'shift && exec "$@"', "sh", str(site.data)]
    if subprocess.run([*inside, "true"], capture_output=True).returncode:
        pytest.skip("no right to mount here")
    done = site.serve_refuses(prefix=inside)
    assert done.code == 2 and str(site.data) in done.err


def test_a_data_folder_whose_path_is_too_long_for_a_socket(tmp_path):
    """Unix sockets take 107 bytes; the folder works all the same, or serve
    says what is wrong before it begins."""
    data = tmp_path / ("d" * 120) / "data"
    site = house.Site(tmp_path / "site", config=house.config_text(data))
    site.data = data
    process, log = site.start_serve()
    line = house.read_line(process, house.START_S)
    if line:
        gate = house.Gate(process, json.loads(line), log)
        site.ok("person", "add", house.PERSON, "--team", house.TEAM)
        gate.stop()
    else:
        assert process.wait(house.STOP_S) == 2
        assert str(data) in log.read_text()


@pytest.mark.parametrize("which", ["listen", "admin"])
def test_a_port_in_use(tmp_path, which):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = "127.0.0.1:%d" % taken.getsockname()[1]
        site = house.Site(tmp_path / "site", "http://127.0.0.1:9")
        site.configure(site.config.read_text().replace(
            f'{which} = "127.0.0.1:0"', f'{which} = "{address}"'))
        done = site.serve_refuses()
        assert done.code == 2 and address in done.err
        assert "in use" in done.err.lower()


def test_a_second_serve_on_the_same_data_folder(site, gate):
    done = site.serve_refuses()
    assert done.code == 2 and str(site.data) in done.err
    assert gate.process.poll() is None


# Scans


def test_scanning_a_path_that_does_not_exist(site, tmp_path):
    done = site.cofferdam("scan", tmp_path / "nowhere")
    assert done.code == 2 and str(tmp_path / "nowhere") in done.err


def test_scanning_nothing_at_all(site):
    assert site.cofferdam("scan").code == 2


def test_a_binary_file_is_passed_over_and_said_so(site, tmp_path):
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "photo.bin").write_bytes(bytes(range(256)) * 100)
    (tree / "fine.py").write_text(material.read("human_stock.py"))
    scan = site.scan(tree)
    assert scan.code == 0 and scan.findings == []
    (row,) = scan.said["passed_over"]
    assert row["path"].endswith("photo.bin") and "binary" in row["reason"]
    alone = site.scan(tree / "photo.bin")
    assert alone.said["passed_over"][0]["reason"] == row["reason"]


@pytest.mark.parametrize("content", ["spaced", "unbroken"])
def test_a_file_of_one_50_mb_line(site, tmp_path, content):
    """Scanned or passed over with a reason, within a minute, no crash."""
    line = (b"tide stone 17 gate; " * 2_621_440 if content == "spaced"
            else b"a" * 52_428_800)
    assert len(line) == 52_428_800
    (tmp_path / "line.txt").write_bytes(line)
    begun = time.monotonic()
    scan = site.cofferdam("scan", tmp_path / "line.txt", "--json",
                          timeout_s=120)
    assert time.monotonic() - begun < 60
    said = json.loads(scan.out)
    assert said["findings"] == []
    if said["passed_over"]:
        (row,) = said["passed_over"]
        assert row["path"].endswith("line.txt") and row["reason"]
        # It was named, and nobody has looked at it.
        assert scan.code == 2 and "line.txt" in scan.err
    else:
        assert scan.code == 0 and said["bytes"] == len(line)


def test_odd_files_do_not_stop_a_scan(site, tmp_path):
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "empty.py").write_text("")
    (tree / "latin1.txt").write_bytes(b"caf\xe9 au lait\n" * 30)
    (tree / "crlf.py").write_bytes(b"a = 1\r\nb = 2\r\n")
    (tree / "open-string.py").write_text('x = "never closed\n' * 50)
    (tree / "deep.json").write_text("[" * 100_000)
    (tree / "name with \n newline.py").write_text("a = 1\n")
    os.symlink(tree, tree / "loop")
    os.symlink("/nowhere/at/all", tree / "dangling")
    os.mkfifo(tree / "pipe")
    scan = site.scan(tree)
    assert scan.code == 0 and scan.findings == []


# The command line


@pytest.mark.parametrize("words,named", [
    (["dance"], "dance"), (["person", "dance"], "dance"),
    (["scan", "--wrong", "."], "--wrong"), (["key", "create"], "--person"),
    (["person", "add", "no-address", "--team", "x"], "address"),
    (["key", "create", "--person", "nobody@example.com"],
     "nobody@example.com"),
    (["key", "revoke", "cfe_none"], "cfe_none"),
    (["ledger", "show", "01ARZ3NDEKTSV4RRFFQ69G5FAV"],
     "01ARZ3NDEKTSV4RRFFQ69G5FAV"),
    (["ledger", "show", "not-an-id"], "not-an-id"),
    (["scan", "--for", "fun", "."], "fun"),
], ids=lambda w: "-".join(w) if isinstance(w, list) else None)
def test_a_wrong_command_is_named(site, words, named):
    done = site.cofferdam(*words)
    assert done.code == 2, done
    assert named in done.err and done.out == ""


def test_a_person_twice(site):
    site.ok("person", "add", house.PERSON, "--team", house.TEAM)
    done = site.cofferdam("person", "add", house.PERSON, "--team", "other")
    assert done.code == 2 and house.PERSON in done.err


@pytest.mark.parametrize("words", [
    ["--help"], ["scan", "--help"], ["config", "show"], ["config", "show",
                                                         "--json"]])
def test_a_closed_pipe_is_no_news(site, words):
    """What `cofferdam … | head -0` does."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    try:
        done = subprocess.run(
            [str(house.binary()), *words], stdout=write_end,
            stderr=subprocess.PIPE, env=site.env(), cwd=site.root,
            timeout=30)
    finally:
        os.close(write_end)
    assert done.returncode in (0, 1, 2, 141, -13)
    assert b"terminate" not in done.stderr and len(done.stderr) < 200


def test_every_command_has_help(site):
    for words in (["serve"], ["person", "add"], ["person", "list"],
                  ["key", "create"], ["key", "list"], ["key", "revoke"],
                  ["login"], ["token"], ["run"], ["ledger", "show"],
                  ["ledger", "stat"], ["index", "build"],
                  ["index", "inspect"], ["scan"], ["config", "check"],
                  ["config", "show"]):
        out = site.ok(*words, "--help")
        assert "--help" in out, words
