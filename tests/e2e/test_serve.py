"""The server's life: how it starts, what it guards, how it ends."""

import json
import os
import signal
import stat
import threading

import pytest

import house
import material
import transform
from certificates import self_signed
from double import Double, Fault, Script, Step, text
from plain_http import Client, ask, events

ANTHROPIC, OPENAI = "/v1/messages", "/v1/responses"
PROMPT = "What lies behind the seventeenth sluice of Zwolle?"
OUTPUT = "Behind it lies an uncharted basin with thirty-one herons."


def body(stream=True):
    return {"model": "some-model", "max_tokens": 10, "stream": stream,
            "messages": [{"role": "user", "content": PROMPT}],
            "input": PROMPT}


def mode(path) -> int:
    return stat.S_IMODE(os.lstat(path).st_mode)


# Starting


def test_the_ready_line_says_where_everything_is(site, gate):
    ready = gate.ready
    assert ready["agents"].startswith("http://127.0.0.1:")
    assert ready["admin"].startswith("http://127.0.0.1:")
    assert ready["agents"] != ready["admin"]
    assert ready["data"] == str(site.data)
    assert ready["socket"] == str(site.data / "cofferdam.sock")
    assert ready["pid"] == gate.process.pid
    assert ask(gate.url, "/healthz").status == 200
    assert ask(gate.url, "/", method="HEAD").status < 500


def test_the_ready_line_is_all_that_serve_prints(site):
    gate = site.serve()
    gate.terminate()
    rest = gate.process.stdout.read()
    assert gate.wait() == 0 and rest == b""


def test_logs_are_json_lines(site, gate):
    ask(gate.url, ANTHROPIC, body(), headers={"x-api-key": site.key()})
    gate.stop()
    lines = gate.log.read_text().splitlines()
    for line in lines:
        assert isinstance(json.loads(line), dict)


def test_the_data_folder_is_its_owners_alone(site, gate):
    assert mode(site.data) == 0o700
    assert mode(site.data / "cofferdam.sock") == 0o600
    for path in site.data.rglob("*"):
        if not path.is_symlink() and path.is_file():
            assert mode(path) & 0o077 == 0 or (
                mode(path.parent) & 0o077 == 0), path


def test_the_admin_port_wants_an_admin_key(site, gate):
    path = "/cofferdam/v1/admin/person"
    engineer = site.key()
    admin = site.key(house.PERSON, house.TEAM, "--role", "owner")
    assert admin.startswith("cfa_")
    assert ask(gate.ready["admin"], path).status == 401
    assert ask(gate.ready["admin"], path, headers={
        "authorization": f"Bearer {engineer}"}).status in (401, 403)
    assert ask(gate.ready["admin"], path, headers={
        "authorization": f"Bearer {admin}"}).status == 200


def test_the_agents_port_serves_no_administration(site, gate):
    admin = site.key(house.PERSON, house.TEAM, "--role", "owner")
    answer = ask(gate.url, "/cofferdam/v1/admin/person", headers={
        "authorization": f"Bearer {admin}"})
    assert answer.status in (401, 403, 404)


def test_the_admin_port_forwards_nothing(site, gate, double):
    answer = ask(gate.ready["admin"], ANTHROPIC, body(),
                 headers={"x-api-key": site.key()})
    assert answer.status in (401, 404) and double.exchanges == []


# Forwarding


@pytest.mark.parametrize("path", [ANTHROPIC, OPENAI])
@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("more", [
    {}, {"encoding": "gzip"}, {"transfer": "close"}, {"newline": "\r\n"},
    {"huge_bytes": 3_000_000, "delta_chars": [4000], "chunk_bytes": [50_001]},
], ids=["plain", "gzip", "until-close", "crlf", "huge"])
def test_bodies_are_equal_both_ways(site, gate, double, path, stream, more):
    double.use_script(Script([Step([text("Wörter 堰 " * 50)], **more)],
                             credential=house.UPSTREAM_KEY))
    sent = json.dumps(body(stream), indent=3).replace(
        "Zwolle", "Zw\\u006flle\\ud83c\\udf0a").encode() + b"\r\n "
    answer = ask(gate.url, path, sent, headers={"x-api-key": site.key()})
    (heard,) = double.main_exchanges()
    assert answer.ended and answer.status == 200
    assert heard.body == sent
    assert answer.body == heard.response_body
    assert answer.header("content-encoding") == (
        "gzip" if "encoding" in more else None)
    record = site.exchanges()[-1]
    assert answer.header("x-cofferdam-exchange") == record["id"]
    assert record["provider_response_id"] == heard.response_id
    assert record["usage"]["source"] == "reported"
    assert record["response_bytes"] == len(answer.body)
    assert record["request_bytes"] == len(sent)


def test_count_tokens_is_forwarded(site, gate, double):
    double.use_script(Script(count_tokens=77, credential=house.UPSTREAM_KEY))
    answer = ask(gate.url, ANTHROPIC + "/count_tokens?beta=true", body(),
                 headers={"x-api-key": site.key()})
    assert answer.json() == {"input_tokens": 77}
    assert double.exchanges[0].target == ANTHROPIC + "/count_tokens?beta=true"


def test_bytes_flow_while_the_answer_is_still_made(site, gate, double):
    double.use_script(Script([Step([text("x" * 900)],
                                   faults=[Fault("hold", name="half")])],
                             credential=house.UPSTREAM_KEY))
    with Client(gate.url) as client:
        client.send("POST", ANTHROPIC, {"x-api-key": site.key()},
                    json.dumps(body()).encode())
        answer, pieces = client.receive_head()
        got = b""
        while len(got) < 500:  # far more is sent only after the release
            got += next(pieces)
        assert answer.header("x-cofferdam-exchange")
        double.release("half")
        got += b"".join(pieces)
    assert got == double.exchanges[0].response_body


def test_a_client_that_leaves_ends_the_upstream_call(site, gate, double):
    double.use_script(Script([Step([text("x" * 900)],
                                   faults=[Fault("hold", name="never")])],
                             credential=house.UPSTREAM_KEY))
    with Client(gate.url) as client:
        client.send("POST", ANTHROPIC, {"x-api-key": site.key()},
                    json.dumps(body()).encode())
        _, pieces = client.receive_head()
        next(pieces)
    double.wait(lambda seen: seen[0].client_gone, 20)
    record = house.poll(
        lambda: [r for r in site.exchanges()
                 if r["outcome"] == "client_gone"], "the record")[0]
    assert record["usage"]["source"] == "estimated"
    assert record["usage"]["input_tokens"] > 0


def test_many_clients_at_once(site, gate, double):
    double.use_script(Script(
        choose=lambda e: Step([text(f"Answer {e.number}. " * 20)]),
        credential=house.UPSTREAM_KEY))
    key = site.key()
    got, failures = [], []

    def work(number):
        for turn in range(10):
            path = (ANTHROPIC, OPENAI)[(number + turn) % 2]
            answer = ask(gate.url, path, body(turn % 3 > 0),
                         headers={"x-api-key": key})
            if answer.ended and answer.status == 200:
                got.append(answer)
            else:
                failures.append(answer)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failures and len(got) == 120
    sent = sorted(bytes(e.response_body) for e in double.main_exchanges())
    assert sorted(answer.body for answer in got) == sent
    ids = {r["id"] for r in site.exchanges()}
    assert {a.header("x-cofferdam-exchange") for a in got} <= ids


FORMS = {
    "fenced": "```python\n{}```\n",
    "fenced-without-a-name": "Sure:\n\n```\n{}```\n\nShall I test it?",
    "bare": "{}",
}


@pytest.mark.parametrize("form", list(FORMS))
@pytest.mark.parametrize("name", ["pump_schedule.py", "berth_queue.ts"])
def test_code_in_an_answers_text_is_found(site, gate, double, tmp_path, form,
                                          name):
    """Who asks for code over the API gets it as text, with or without a
    fence, and saves it."""
    words = material.read(name)
    double.use_script(Script([Step([text(FORMS[form].format(words))])],
                             credential=house.UPSTREAM_KEY))
    ask(gate.url, ANTHROPIC, body(), headers={"x-api-key": site.key()})
    (tmp_path / name).write_text(words)
    scan = site.scan(tmp_path / name)
    code = transform.code_lines(name, words)
    assert len(code & scan.lines(name)) > 0.9 * len(code)
    assert {f["verdict"] for f in scan.findings} == {"forbidden"}


# Ending


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_the_stream_in_flight(site, gate, double, number):
    double.use_script(Script([Step([text(OUTPUT * 5)],
                                   faults=[Fault("hold", name="drain")])],
                             credential=house.UPSTREAM_KEY))
    key = site.key()
    with Client(gate.url) as client:
        client.send("POST", ANTHROPIC, {"x-api-key": key},
                    json.dumps(body()).encode())
        answer, pieces = client.receive_head()
        got = next(pieces)
        gate.process.send_signal(number)
        house.poll(lambda: refused(gate.url), "new connections refused")
        assert gate.process.poll() is None
        double.release("drain")
        got += b"".join(pieces)
    assert events(got)[-1][0] == "message_stop"
    assert gate.wait() == 0
    record = site.exchanges()[-1]
    assert record["id"] == answer.header("x-cofferdam-exchange")
    assert record["outcome"] == "complete"
    assert not (site.data / "cofferdam.sock").exists()


def refused(url: str) -> bool:
    answer = ask(url, "/healthz", timeout_s=5)
    return answer.status != 200


def test_a_stream_that_outlasts_the_drain_ends_with_an_error(tmp_path):
    step = Step([text(OUTPUT * 5)], faults=[Fault("hold", name="never")])
    with Double(Script([step])) as double:
        site = house.Site(tmp_path / "site", config=house.config_text(
            tmp_path / "site" / "data", double.url, gate="drain_ms = 300"))
        gate = site.serve()
        with Client(gate.url) as client:
            client.send("POST", ANTHROPIC, {"x-api-key": site.key()},
                        json.dumps(body()).encode())
            _, pieces = client.receive_head()
            got = next(pieces)
            gate.terminate()
            try:
                for piece in pieces:
                    got += piece
            except Exception:
                pass
        assert gate.wait() == 0
        assert b"event: error" in got
        assert site.exchanges()[-1]["outcome"] == "gate_ended"


def test_an_idle_connection_does_not_delay_the_end(site, gate):
    with Client(gate.url) as client:
        client.send("GET", "/healthz", {})
        assert client.receive("GET").status == 200
        gate.terminate()
        assert gate.wait(5) == 0


# Stores


def listing(site, tree):
    """What commands say, without what may differ from call to call."""
    out = {}
    for words in (["person", "list", "--json"], ["key", "list", "--json"],
                  ["person", "list"], ["key", "list"],
                  ["ledger", "show", "--json"], ["ledger", "show"],
                  ["scan", str(tree), "--json"], ["scan", str(tree)]):
        done = site.cofferdam(*words)
        out[" ".join(words)] = (done.code, done.out)
    return out


def test_commands_say_the_same_with_and_without_a_server(
        site, double, tmp_path):
    name = "pump_schedule.py"
    fenced = f"```python\n{material.read(name)}```\n"
    double.use_script(Script([Step([text(fenced)])],
                             credential=house.UPSTREAM_KEY))
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / name).write_text(material.read(name))
    key = site.key()
    gate = site.serve()
    for path in (ANTHROPIC, OPENAI):
        assert ask(gate.url, path, body(), headers={
            "x-api-key": key}).status == 200
    beside = listing(site, tree)
    gate.stop()
    alone = listing(site, tree)
    assert beside == alone
    assert beside[f"scan {tree}"][0] == 1


def test_what_a_command_adds_beside_a_server_counts_at_once(
        site, gate, double):
    site.ok("person", "add", "new@example.com", "--team", "x")
    key = site.ok("key", "create", "--person", "new@example.com").strip()
    assert ask(gate.url, ANTHROPIC, body(), headers={
        "x-api-key": key}).status == 200
    assert site.exchanges()[-1]["origin"]["team"] == "x"


def test_a_gate_that_starts_again_has_all_it_had(site, double):
    key = site.key()
    ids = []
    for _ in range(2):
        gate = site.serve()
        answer = ask(gate.url, ANTHROPIC, body(),
                     headers={"x-api-key": key})
        ids.append(answer.header("x-cofferdam-exchange"))
        gate.stop()
    assert [r["id"] for r in site.exchanges()][-2:] == ids


def test_ledger_stat_counts_what_there_is(site, gate):
    key = site.key()
    for _ in range(3):
        ask(gate.url, ANTHROPIC, body(), headers={"x-api-key": key})
    said = json.loads(site.ok("ledger", "stat", "--json"))
    assert house.field(said, "exchanges") == len(site.exchanges()) >= 3


def test_no_key_prompt_or_output_is_logged_and_no_key_stored(
        site, double):
    double.use_script(Script([Step([text(OUTPUT)])],
                             credential=house.UPSTREAM_KEY))
    key = site.key()
    gate = site.serve()
    session = json.loads(ask(
        gate.url, "/cofferdam/v1/token",
        {"repo": "git.example.com/a/b", "purpose": "product",
         "tool": "editor"},
        headers={"authorization": f"Bearer {key}"}).body)["secret"]
    for secret in (key, session, "cfe_" + "1" * 49):
        for path in (ANTHROPIC, OPENAI):
            ask(gate.url, path, body(), headers={"x-api-key": secret})
    ask(gate.url, f"{ANTHROPIC}?key={key}", body())
    gate.stop()
    log = gate.log.read_bytes()
    for word in (key, session, "1" * 49, house.UPSTREAM_KEY, PROMPT, OUTPUT):
        assert word.encode() not in log, word
    for file in site.data.rglob("*"):
        if file.is_file():
            kept = file.read_bytes()
            for word in (key, session, house.UPSTREAM_KEY):
                assert word.encode() not in kept, file


# TLS to the upstream


def tls_gate(tmp_path, cert, key, url_host="127.0.0.1", ca_file=""):
    double = Double(Script(credential=house.UPSTREAM_KEY),
                    tls=(cert, key)).start()
    url = f"https://{url_host}:{double.port}"
    site = house.Site(tmp_path / "site", config=house.config_text(
        tmp_path / "site" / "data", url, url, ca_file=ca_file))
    return double, site, site.serve()


@pytest.mark.parametrize("case", ["trusted", "trusted-by-name", "unknown",
                                  "wrong-name", "wrong-authority"])
def test_the_upstreams_certificate_is_verified(tmp_path, case):
    named = {"trusted-by-name": "localhost", "wrong-name": "example.org"}
    cert, key = self_signed(tmp_path, named.get(case, "127.0.0.1"))
    ca_file = {"unknown": "", "wrong-authority": self_signed(
        tmp_path, "127.0.0.2")[0]}.get(case, cert)
    host = "localhost" if case == "trusted-by-name" else "127.0.0.1"
    double, site, gate = tls_gate(tmp_path, cert, key, host, ca_file)
    try:
        answer = ask(gate.url, ANTHROPIC, body(),
                     headers={"x-api-key": site.key()})
        if case.startswith("trusted"):
            assert answer.status == 200
            assert answer.body == double.exchanges[0].response_body
        else:
            assert answer.status in (502, 503)
            message = answer.json()["error"]["message"].lower()
            assert "certificate" in message or "mismatch" in message
            assert "127.0.0.1" in message
            assert double.exchanges == []
    finally:
        gate.stop()
        double.stop()


def test_a_ca_file_that_is_not_there_is_named_when_serve_starts(tmp_path):
    site = house.Site(tmp_path / "site", config=house.config_text(
        tmp_path / "site" / "data", "https://127.0.0.1:9",
        ca_file=str(tmp_path / "absent.pem")))
    done = site.serve_refuses()
    assert done.code == 2 and "absent.pem" in done.err
