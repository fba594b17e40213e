"""What the gate itself refuses is read at each agent once, whole, at once."""

import json
import time

import pytest

import agents
import clients
import dialects
import house
from relay import Relay

pytestmark = pytest.mark.agent


def refusal_of(relay: Relay) -> str:
    """The words of the gate's last refusal to an agent."""
    answer = relay.main_exchanges()[-1]
    assert 400 <= answer.status < 500, answer
    body = answer.response_body
    if body[:1] != b"{":
        return body.decode()
    return dialects.CHAT.error_message(json.loads(body))


def shown(client: clients.Client, words: str, done: agents.Done) -> bool:
    """Every line of `words`, quoted or not, and no second time; but Codex
    prints the error that it ends with twice, whoever sent it."""
    times = 2 if client.tool == "codex" else 1
    flat = (done.out + done.err).replace("\\n", "\n").replace('\\"', '"')
    return all(flat.count(line) == times
               for line in words.splitlines() if line)


@pytest.fixture
def refusing(tmp_path, open_double):
    """A gate with no upstream that any of the four could use."""
    def make(client: clients.Client):
        other = "openai" if client.dialect != "openai" else "anthropic"
        return house.Site(tmp_path / "site", **{other: open_double.url})
    return make


@pytest.mark.parametrize("client", clients.FOUR, ids=str)
def test_a_refusal_is_shown_once_whole_and_at_once(
        client, refusing, agent_home, open_double):
    site = refusing(client)
    gate = site.serve()
    with Relay(gate.url) as relay:
        engineer = house.Engineer(site, agent_home, relay.url)
        begun = time.monotonic()
        done = clients.finish(client.start(engineer), 60)
        took = time.monotonic() - begun
        words = refusal_of(relay)
        tries = len(relay.main_exchanges())
    gate.stop()
    assert done.code != 0 and "Cofferdam" in words
    assert shown(client, words, done), (words, done)
    assert took < 20 and tries == 1, (tries, took)
    assert open_double.exchanges == []


@pytest.mark.parametrize("client", clients.FOUR, ids=str)
def test_a_key_that_the_gate_does_not_know_is_named_at_once(
        client, refusing, agent_home):
    site = refusing(client)
    gate = site.serve()
    with Relay(gate.url) as relay:
        begun = time.monotonic()
        done = clients.finish(client.start_straight(
            agent_home, relay.url, "cfs_" + "x" * 49), 60)
        took = time.monotonic() - begun
        words = refusal_of(relay)
    gate.stop()
    assert done.code != 0 and "not a Cofferdam key" in words
    assert shown(client, words, done), (words, done)
    assert took < 20
