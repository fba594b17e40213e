"""Real agents take the scripted engine for theirs: each runs the call that it
is given, with arguments as they are, and sees what came of it."""

import dataclasses

import pytest

import agents
from engine import Answer, Scenario, call

pytestmark = pytest.mark.agent

COMMAND = "echo made > made.txt"
AGENTS = {
    "claude": (agents.claude_words("Make it."), agents.claude_straight,
               call("Write", '{"file_path": "${REPO}/made.txt", '
                             '"content": "made\\n"}')),
    "codex": (agents.codex_words("Make it.", "scripted"),
              agents.codex_straight,
              call("exec_command", {"cmd": COMMAND})),
    "opencode": (agents.opencode_words("Make it.", "cofferdam/scripted"),
                 agents.opencode_straight,
                 call("bash", {"command": COMMAND, "description": "Makes"})),
}


@pytest.mark.parametrize("name", AGENTS)
def test_an_agent_runs_the_call_of_the_scenario(name, engine, agent_home):
    words, straight, made = AGENTS[name]
    made = dataclasses.replace(made, arguments=made.arguments.replace(
        "${REPO}", str(agent_home.repo)))
    engine.use(Scenario([Answer(text="I make it.", calls=[made])],
                        side=Answer(text="Title")))
    command, extra = straight(words, engine.url, "sk-any", agent_home)
    done = agent_home.run(command, extra)
    assert done.code == 0, done
    assert (agent_home.repo / "made.txt").read_text() == "made\n"
    assert "Done." in done.out
    assert len(engine.requests) >= 2
    # Their ways are theirs; ours is asserted elsewhere.
    engine.conversations.violations.clear()
