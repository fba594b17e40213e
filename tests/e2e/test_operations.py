"""What operators see and change while the gate runs: metrics, readiness, the
access log, traces, a new configuration, certificates."""

import json
import os
import re
import signal
import ssl

import pytest

import dialects
import house
from certificates import self_signed
from dialects import ANTHROPIC, CHAT, GEMINI, OPENAI
from double import Double, Fault, Script, Step, text
from forward_proxy import ForwardProxy
from plain_http import Client, ask

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"
HELD = Script([Step([text("A slow river. " * 40)],
                    faults=[Fault("hold", name="gone on")])])


@pytest.fixture
def everywhere(tmp_path, open_double):
    """A site whose upstreams all are one double, one for each dialect."""
    url = open_double.url
    return house.Site(tmp_path / "site", anthropic=url, openai=url, chat=url,
                      gemini=url)


@pytest.fixture
def wide(everywhere):
    running = everywhere.serve()
    yield running
    running.stop()


def bearer(key: str, **more: str):
    return {"authorization": f"Bearer {key}", **more}


def metric(gate: house.Gate, name: str, **labels: str) -> float:
    """The sum of a metric's samples that have these labels."""
    answer = ask(gate.ready["admin"], "/metrics")
    assert answer.status == 200
    assert answer.header("content-type").startswith("text/plain")
    found = []
    for line in answer.body.decode().splitlines():
        match = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line)
        if match and match[1] == name and all(
                f'{key}="{value}"' in (match[2] or "")
                for key, value in labels.items()):
            found.append(float(match[3]))
    assert found, f"no {name} {labels} in\n{answer.body.decode()}"
    return sum(found)


def log_lines(gate: house.Gate):
    return [json.loads(line)
            for line in gate.log.read_text().splitlines()]


# What there is to see


@pytest.mark.parametrize("dialect", dialects.ALL, ids=str)
def test_every_protocol_is_answered_metered_and_counted(
        everywhere, wide, dialect):
    upstream = house.PROVIDERS[dialect.provider].upstream
    for stream in (True, False):
        answer = dialect.ask(wide.url, stream, bearer(everywhere.key()))
        assert answer.status == 200 and answer.ended, answer
        said = dialect.said if stream else dialect.said_whole
        assert said(answer.body) == "Done."
    records = everywhere.exchanges()
    assert [r["usage"]["source"] for r in records] == ["reported"] * 2
    assert {r["origin"]["model"] for r in records} == {dialect.model}
    tokens = sum(r["usage"]["output_tokens"] for r in records)
    assert metric(wide, "cofferdam_output_tokens_total",
                  upstream=upstream) == tokens
    assert metric(wide, "cofferdam_ledger_exchanges_total") == 2


def test_readiness_is_that_of_the_ledger_and_lists_the_upstreams(wide):
    answer = ask(wide.url, "/readyz")
    assert answer.status == 200
    for provider in house.PROVIDERS.values():
        assert provider.upstream in answer.body.decode()


def test_metrics_name_no_person_and_no_model(everywhere, wide):
    key = everywhere.key()
    ANTHROPIC.ask(wide.url, headers=bearer(key))
    words = ask(wide.ready["admin"], "/metrics").body.decode()
    for secret in (house.PERSON, key, ANTHROPIC.model, house.TEAM):
        assert secret not in words
    assert ask(wide.url, "/metrics").status in (401, 404)


def test_the_access_log_has_a_line_for_each_request_and_no_secret(
        everywhere, wide):
    key = everywhere.key()
    for dialect in dialects.ALL:
        dialect.ask(wide.url, headers=bearer(key))
    refused = GEMINI.ask(wide.url, headers=bearer("no-key"))
    assert refused.status == 401
    ask(wide.url, f"/v1/messages?key={key}", ANTHROPIC.request())
    wide.stop()
    lines = [line for line in log_lines(wide) if "path" in line]
    assert len(lines) == len(dialects.ALL) + 2
    done = [line for line in lines if line["outcome"] == "complete"]
    assert len(done) == len(dialects.ALL) + 1
    ids = {r["id"] for r in everywhere.exchanges()}
    assert {line["exchange"] for line in done} == ids
    words = wide.log.read_text()
    for secret in (key, "no-key", house.UPSTREAM_KEY, dialects.PROMPT,
                   "Done."):
        assert secret not in words


def test_a_path_that_nobody_serves_is_refused_and_logged(everywhere, wide):
    answer = ask(wide.url, "/v1/messages/nothing")
    assert answer.status == 404
    reference = answer.header("request-id")
    assert reference and reference in answer.json()["error"]["message"]
    assert answer.header("x-should-retry") == "false"
    house.poll(lambda: any(
        line.get("event") == "request" and line["exchange"] == reference
        and line["status"] == 404 and line["outcome"] == "refused"
        for line in log_lines(wide)), "the refusal is not in the access log")


def test_a_trace_is_continued_and_never_begun(everywhere, wide, open_double):
    key = everywhere.key()
    ANTHROPIC.ask(wide.url, headers=bearer(key))
    ANTHROPIC.ask(wide.url, headers=bearer(
        key, traceparent=PARENT, tracestate="a=b"))
    ANTHROPIC.ask(wide.url, headers=bearer(
        key, traceparent="00-nonsense-01", tracestate="a=b"))
    alone, traced, broken = open_double.exchanges
    assert alone.header("traceparent") is None
    version, trace, span, flags = traced.header("traceparent").split("-")
    assert (version, trace, flags) == ("00", TRACE, "01")
    assert span != "00f067aa0ba902b7" and len(span) == 16
    assert traced.header("tracestate") == "a=b"
    assert broken.header("traceparent") is None
    assert broken.header("tracestate") is None


# Models and paths


def test_models_are_listed_in_the_shape_of_who_asks(
        everywhere, wide, open_double):
    open_double.use_script(Script(models=["tide-1", "tide-2"]))
    headers = bearer(everywhere.key())
    anthropic = ask(wide.url, "/v1/models?limit=1000", headers={
        **headers, "anthropic-version": "2023-06-01"})
    assert [m["id"] for m in anthropic.json()["data"]] == ["tide-1", "tide-2"]
    assert anthropic.json()["has_more"] is False
    gemini = ask(wide.url, "/v1beta/models", headers=headers)
    assert [m["name"] for m in gemini.json()["models"]] == [
        "models/tide-1", "models/tide-2"]
    assert ask(wide.url, "/v1/models").status == 401
    assert everywhere.exchanges() == []


def test_a_model_chooses_its_upstream_and_names_itself_in_the_list(tmp_path):
    with Double() as first, Double() as second:
        site = house.Site(tmp_path / "site", config=house.config_text(
            tmp_path / "site" / "data", chat=first.url))
        site.configure(site.config.read_text().replace(
            'protocol = "openai-chat"\n',
            'protocol = "openai-chat"\nmodels = ["m1"]\n') + f"""
[upstream.other]
protocol = "openai-chat"
url = "{second.url}"
credential = {{ env = "E2E_UPSTREAM_KEY" }}
contract = "openai-chat-api"
models = ["river-*", "m2"]
""")
        gate = site.serve()
        headers = bearer(site.key())
        for model in ("m1", "m2", "river-7"):
            assert CHAT.ask(gate.url, headers=headers,
                            model=model).status == 200
        none = CHAT.ask(gate.url, headers=headers, model="m3")
        listed = ask(gate.url, "/v1/models", headers=headers).json()
        gate.stop()
    assert 400 <= none.status < 500
    assert "m3" in dialects.CHAT.error_message(none.json())
    assert [e.model() for e in first.main_exchanges()] == ["m1"]
    assert [e.model() for e in second.main_exchanges()] == ["m2", "river-7"]
    assert [m["id"] for m in listed["data"]] == ["m1", "m2"]


def test_other_paths_pass_only_where_the_configuration_names_them(
        tmp_path, open_double):
    site = house.Site(tmp_path / "site", config=house.config_text(
        tmp_path / "site" / "data", openai=open_double.url))
    gate = site.serve()
    headers = bearer(site.key())
    assert ask(gate.url, "/v1/files", headers=headers).status in (403, 404)
    assert open_double.exchanges == []
    gate.stop()
    site.configure(site.config.read_text().replace(
        'protocol = "openai-responses"\n',
        'protocol = "openai-responses"\npass = ["GET /v1/files/*"]\n'))
    gate = site.serve()
    passed = ask(gate.url, "/v1/files/a?b=c", headers=headers)
    for target, method in (("/v1/files/a", "DELETE"), ("/v1/file", "GET"),
                           ("/v1/files/%2e%2e/x", "GET"),
                           ("/v1/files/../x", "GET")):
        assert ask(gate.url, target, method=method,
                   headers=headers).status >= 400
    gate.stop()
    (heard,) = open_double.exchanges
    assert heard.target == "/v1/files/a?b=c"
    assert heard.header("authorization") == f"Bearer {house.UPSTREAM_KEY}"
    assert passed.body == bytes(heard.response_body)
    (record,) = site.exchanges()
    assert record["http_status"] == passed.status == 404


def test_usage_of_chat_is_asked_for_and_kept_from_who_did_not(
        everywhere, wide, open_double):
    key = everywhere.key()
    silent = CHAT.ask(wide.url, headers=bearer(key))
    asking = CHAT.ask(wide.url, headers=bearer(key), stream_options={
        "include_usage": True})
    first, second = open_double.exchanges
    assert first.json()["stream_options"] == {"include_usage": True}
    assert not [c for c in CHAT.frames(silent.body)[:-1] if not c["choices"]]
    assert [c for c in CHAT.frames(asking.body)[:-1] if not c["choices"]]
    assert asking.body == bytes(second.response_body)
    assert silent.ended and CHAT.finished(silent.body)
    assert {r["usage"]["source"] for r in everywhere.exchanges()} == {
        "reported"}


# Silence


@pytest.mark.parametrize("dialect", [ANTHROPIC, OPENAI, CHAT, GEMINI],
                         ids=str)
def test_a_silent_stream_gives_signs_of_life_that_a_client_passes_over(
        tmp_path, open_double, dialect):
    open_double.use_script(HELD)
    site = house.Site(tmp_path / "site", config=house.config_text(
        tmp_path / "site" / "data", gate="keepalive_ms = 100",
        **{dialect.provider: open_double.url}))
    gate = site.serve()
    with Client(gate.url) as client:
        dialect.send(client, bearer(site.key()))
        _, pieces = client.receive_head()
        got = b""
        sign = b"event: ping" if dialect is ANTHROPIC else b"\n:"
        while got.count(sign) < 3:
            got += next(pieces)
        open_double.release("gone on")
        got += b"".join(pieces)
    (sent,) = open_double.exchanges
    assert dialect.said(got) == dialect.said(bytes(sent.response_body))
    assert dialect.finished(got)
    assert metric(gate, "cofferdam_keepalives_total") >= 2
    gate.stop()


# Changes while it runs


def reload_by_signal(gate: house.Gate) -> None:
    gate.process.send_signal(signal.SIGHUP)
    house.poll(lambda: [line for line in log_lines(gate) if line.get(
        "event", line.get("message", "")).startswith("config_")],
               "the configuration was not looked at")


def test_a_new_configuration_takes_over_without_dropping_a_stream(
        tmp_path, open_double):
    open_double.use_script(HELD)
    data = tmp_path / "site" / "data"
    site = house.Site(tmp_path / "site", config=house.config_text(
        data, anthropic=open_double.url))
    gate = site.serve()
    headers = bearer(site.key())
    with Double() as second, Client(gate.url) as client:
        ANTHROPIC.send(client, headers)
        _, pieces = client.receive_head()
        got = next(pieces)
        site.configure(house.config_text(data, anthropic=second.url))
        reload_by_signal(gate)
        moved = ANTHROPIC.ask(gate.url, headers=headers)
        open_double.release("gone on")
        got += b"".join(pieces)
        assert ANTHROPIC.said(moved.body) == "Done."
        assert len(second.exchanges) == 1
    assert ANTHROPIC.finished(got)
    assert got == bytes(open_double.exchanges[0].response_body)
    assert {r["outcome"] for r in site.exchanges()} == {"complete"}
    gate.stop()


def test_a_broken_configuration_changes_nothing_and_is_seen(
        everywhere, wide):
    assert metric(wide, "cofferdam_config_current") == 1
    headers = bearer(everywhere.key())
    whole = everywhere.config.read_text()
    everywhere.configure(whole.replace("[gate]", "[gait]"))
    house.poll(lambda: metric(wide, "cofferdam_config_current") == 0,
               "a broken file is not noticed")
    assert ANTHROPIC.ask(wide.url, headers=headers).status == 200
    house.poll(lambda: "gait" in wide.log_tail(), "the log does not say why")
    everywhere.configure(whole)
    house.poll(lambda: metric(wide, "cofferdam_config_current") == 1,
               "the mended file is not taken up")


def test_a_credential_that_a_command_prints_is_asked_again_after_a_401(
        tmp_path, open_double):
    open_double.use_script(Script(credential="sk-one-of-two"))
    secret = tmp_path / "secret"
    secret.write_text("sk-one-of-two\n")
    site = house.Site(tmp_path / "site", config=house.config_text(
        tmp_path / "site" / "data", anthropic=open_double.url).replace(
            '{ env = "E2E_UPSTREAM_KEY" }',
            f'{{ command = ["/bin/cat", "{secret}"] }}'))
    gate = site.serve()
    headers = bearer(site.key())
    assert ANTHROPIC.ask(gate.url, headers=headers).status == 200
    open_double.use_script(Script(credential="sk-two-of-two"))
    secret.write_text("sk-two-of-two\n")
    ANTHROPIC.ask(gate.url, headers=headers)
    house.poll(lambda: ANTHROPIC.ask(
        gate.url, headers=headers).status == 200,
               "the new credential is not taken up")
    gate.stop()
    assert "-of-two" not in gate.log.read_text()


# TLS to agents


@pytest.fixture
def certificate(tmp_path):
    folder = tmp_path / "tls"
    folder.mkdir()
    return self_signed(folder, "127.0.0.1")


def served_certificate(url: str) -> str:
    host, _, port = url.partition("//")[2].partition(":")
    return ssl.get_server_certificate((host, int(port)))


def test_agents_speak_tls_to_the_gate_and_new_certificates_need_no_restart(
        tmp_path, open_double, certificate):
    cert, key = certificate
    site = house.Site(tmp_path / "site", config=house.config_text(
        tmp_path / "site" / "data", anthropic=open_double.url,
        gate=f'tls = {{ certificate = "{cert}", key = "{key}" }}'))
    gate = site.serve()
    assert gate.url.startswith("https://")
    headers = bearer(site.key())
    trust = ssl.create_default_context(cafile=cert)
    answer = ANTHROPIC.ask(gate.url, headers=headers, tls=trust)
    assert answer.status == 200 and ANTHROPIC.finished(answer.body)
    assert "certificate" in ANTHROPIC.ask(
        gate.url, headers=headers).error.lower()
    before = served_certificate(gate.url)
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    new_cert, new_key = self_signed(fresh, "127.0.0.1")
    for new, old in ((new_key, key), (new_cert, cert)):
        os.replace(new, old)
    house.poll(lambda: served_certificate(gate.url) != before,
               "the new certificate is not taken up")
    trust = ssl.create_default_context(cafile=cert)
    assert ANTHROPIC.ask(gate.url, headers=headers, tls=trust).status == 200
    gate.stop()


@pytest.mark.parametrize("address", [
    "169.254.169.254", "[::ffff:169.254.169.254]", "[fe80::1]", "0xa9fea9fe",
    "[fd00:ec2::254]"])
def test_no_upstream_stands_where_metadata_services_do(tmp_path, address):
    site = house.Site(tmp_path / "site", anthropic=f"http://{address}")
    refused = site.serve_refuses()
    assert refused.code == 2 and "anthropic" in refused.err, refused


def behind_a_proxy(tmp_path, double, cert: str, login: str,
                   proxy: ForwardProxy) -> house.Site:
    return house.Site(tmp_path / "site", config=house.config_text(
        tmp_path / "site" / "data", anthropic=double.url,
        ca_file=cert) + f'proxy = "http://{login}@{proxy.address}"\n')


def test_an_upstream_is_reached_through_the_proxy_that_is_named(
        tmp_path, certificate):
    with Double(tls=certificate) as double, ForwardProxy("ada:pa55") as proxy:
        site = behind_a_proxy(tmp_path, double, certificate[0], "ada:pa55",
                              proxy)
        gate = site.serve()
        answer = ANTHROPIC.ask(gate.url, headers=bearer(site.key()))
        gate.stop()
        (heard,) = double.exchanges
    assert answer.status == 200 and ANTHROPIC.finished(answer.body)
    assert proxy.asked == [f"CONNECT 127.0.0.1:{double.port} HTTP/1.1"]
    assert heard.header("proxy-authorization") is None
    assert "pa55" not in gate.log.read_text()
    assert "pa55" not in site.ok("config", "show")


def test_a_proxy_that_refuses_is_a_fault_of_the_gate_and_not_of_the_agent(
        tmp_path, certificate):
    with Double(tls=certificate) as double, ForwardProxy("ada:pa55") as proxy:
        site = behind_a_proxy(tmp_path, double, certificate[0], "ada:wrong",
                              proxy)
        gate = site.serve()
        answer = ANTHROPIC.ask(gate.url, headers=bearer(site.key()))
        gate.stop()
    assert answer.status in (502, 503), answer
    assert "wrong" not in answer.body.decode()
    assert double.exchanges == [] and len(proxy.asked) >= 1
