"""How fast: the limits of a rule, and a provider's capacity that all share."""

import threading

import pytest

import house
from double import Double, Fault, Script, Step, text
from plain_http import ask

MESSAGES = "/v1/messages"


def body(words="How deep is it?", stream=False):
    return {"model": "some-model", "max_tokens": 10, "stream": stream,
            "messages": [{"role": "user", "content": words}]}


@pytest.fixture
def double():
    script = Script([Step([text("Three fathoms.")])],
                    credential=house.UPSTREAM_KEY)
    with Double(script) as running:
        yield running


def site_with(tmp_path, double, law="", more=""):
    root = tmp_path / "site"
    site = house.Site(root, config=house.config_text(
        root / "data", anthropic=double.url, more=more))
    if law:
        (root / "policy.toml").write_text(law)
    return site


def post(gate, key, **more):
    return ask(gate.url, MESSAGES, body(**more), headers={"x-api-key": key})


def said(answer) -> str:
    return answer.json()["error"]["message"]


LAW = """
[[rule]]
name = "not-so-fast"
effect = "allow"
limits = {{ {limits} }}
"""


def test_a_rule_lets_so_many_requests_through_a_minute(tmp_path, double):
    site = site_with(tmp_path, double, LAW.format(
        limits='requests_per_minute = 2, per = "person"'))
    key, other = site.key(), site.key("other@example.com")
    gate = site.serve()
    assert [post(gate, key).status for _ in range(2)] == [200, 200]
    refused = post(gate, key)
    assert refused.status == 429
    assert "at most 2 requests per minute for each person" in said(refused)
    assert "not-so-fast" in said(refused)
    assert 1 <= int(refused.header("retry-after")) <= 64
    assert post(gate, other).status == 200
    # The same counters under a law that was edited.
    (site.root / "policy.toml").write_text(LAW.format(
        limits='requests_per_minute = 3, per = "person"'))
    house.poll(lambda: post(gate, key).status == 200, "the new limit")
    assert post(gate, key).status == 429
    gate.stop()


def test_a_rule_lets_so_many_run_at_one_time(tmp_path):
    script = Script([Step([text("Three fathoms.")], faults=[
        Fault("hold", name="never")])],
        credential=house.UPSTREAM_KEY)
    with Double(script) as double:
        site = site_with(tmp_path, double, LAW.format(limits="streams = 1"))
        key = site.key()
        gate = site.serve()
        first = threading.Thread(
            target=lambda: post(gate, key, stream=True), daemon=True)
        first.start()
        house.poll(lambda: double.exchanges, "the first request")
        refused = post(gate, key)
        assert refused.status == 429
        assert "at most 1 request at one time" in said(refused)
        assert refused.header("retry-after")
        gate.kill()


def test_a_provider_takes_so_much_of_the_whole_company(tmp_path, double):
    site = site_with(tmp_path, double, more="""
[provider.anthropic]
requests_per_minute = 1
wait_ms = 200
""")
    key, other = site.key(), site.key("other@example.com")
    gate = site.serve()
    assert post(gate, key).status == 200
    refused = post(gate, other)
    assert refused.status == 429
    assert '1 requests a minute to "anthropic"' in said(refused)
    assert refused.header("retry-after")
    assert len(double.exchanges) == 1
    gate.stop()


def test_requests_wait_for_their_turn(tmp_path, double):
    # 480 a minute: 60 may go at once, the others follow, 7 a second.
    site = site_with(tmp_path, double, more="""
[provider.anthropic]
requests_per_minute = 480
wait_ms = 60000
""")
    key, modest = site.key(), site.key("modest@example.com")
    gate = site.serve()
    statuses = []
    order = []

    def send(who, count):
        for _ in range(count):
            statuses.append(post(gate, who).status)
            order.append(who)

    greedy = [threading.Thread(target=send, args=(key, 5))
              for _ in range(16)]
    for thread in greedy:
        thread.start()
    house.poll(lambda: len(order) >= 60, "what may go at once")
    send(modest, 1)
    # It did not wait for all that the greedy one had lined up: 16 stood there.
    assert order.index(modest) < 70
    for thread in greedy:
        thread.join()
    assert statuses == [200] * 81
    gate.stop()
