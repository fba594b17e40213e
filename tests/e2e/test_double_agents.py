"""Real agents take the double for their provider."""

import pytest

import clients
import house
import reasoning
import scenario
from double import Double

pytestmark = pytest.mark.agent


@pytest.mark.parametrize("client", clients.FOUR, ids=str)
def test_an_agent_works_against_the_double(client, agent_home):
    agent_home.write(client.edit.name, client.edit.human)
    agent_home.commit("Add what we do by hand today")
    with Double(client.script(agent_home.repo)) as double:
        done = clients.finish(client.start_straight(
            agent_home, double.url, house.UPSTREAM_KEY))
        heard = double.main_exchanges()
    assert done.code == 0 and scenario.DONE in done.out, done
    assert [e.label for e in heard] == ["write", "edit", "done"]
    for name, words in client.files.items():
        assert (agent_home.repo / name).read_text() == words
    edited = agent_home.repo / client.edit.name
    assert edited.read_text() == client.edit.edited()
    assert client.version in heard[0].header("user-agent")
    given = reasoning.given(client.dialect, heard[0])
    returned = reasoning.returned(client.dialect, heard[-1])
    assert given and set(given) <= set(returned)
