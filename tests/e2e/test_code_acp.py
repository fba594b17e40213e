"""`cofferdam code --acp`: the official SDK as a client, the real program, a
scripted engine. Every message of every test is held against the published
schema."""

import json
import os
import pathlib
import subprocess

import pytest

import house
from acp_client import (FOLDER, AcpClient, AcpError, RawAcpClient, node,
                        text_block)
from agents import AgentHome
from double.script import Fault
from engine import Answer, Facts, Scenario, call

ALL = {"session": {"notices": {}, "compaction": {}}}


@pytest.fixture
def home(tmp_path):
    return AgentHome(tmp_path / "agent")


class Place:
    """Where an agent is started: a home, a repository, an engine."""

    def __init__(self, home, engine, tmp_path):
        self.home = home
        self.repo = home.repo
        self.engine = engine
        self.folder = tmp_path
        self.clients = []

    def env(self):
        return {"PATH": f"{pathlib.Path(node()).parent}:/usr/bin:/bin",
                "HOME": str(self.home.home), "TMPDIR": str(self.home.tmp),
                "LANG": "C.UTF-8",
                **{name: value for name, value in os.environ.items()
                   if name.endswith("SAN_OPTIONS")}}

    def command(self, *more):
        return [house.binary(), "code", "--acp", "--engine", self.engine.url,
                "--model", "scripted", *more]

    def wire(self):
        """A file for one connection."""
        return self.folder / f"wire-{len(list(self.folder.glob('wire-*')))}"

    def connect(self, *more, sdk="2", capabilities=None):
        client = AcpClient(self.wire(), self.command(*more), self.env(),
                           self.repo, sdk, capabilities)
        self.clients.append(client)
        return client

    def raw(self, *more):
        return RawAcpClient(self.wire(), self.command(*more), self.env(),
                            self.repo)


@pytest.fixture
def place(home, engine, tmp_path):
    made = Place(home, engine, tmp_path)
    yield made
    for client in made.clients:
        client.close()


def wrong(tmp_path, *messages):
    """What the validator says of messages that a test makes up."""
    wire = tmp_path / "made-up"
    wire.write_text("".join(
        json.dumps({"from": who, "line": json.dumps(
            {"jsonrpc": "2.0", **message})}) + "\n"
        for who, message in messages))
    done = subprocess.run([node(), FOLDER / "validate.mjs", wire],
                          capture_output=True, text=True, check=True)
    return [one["number"] for one in json.loads(done.stdout)["wrong"]]


def test_the_schema_is_held_and_so_are_its_names(tmp_path):
    def update(**fields):
        return ("agent", {"method": "session/update", "params": {
            "sessionId": "s", "update": fields}})

    chunk = {"sessionUpdate": "agent_message_chunk",
             "content": {"type": "text", "text": "a"}}
    assert wrong(tmp_path, update(**chunk),
                 update(**chunk, messageId="m")) == []
    assert wrong(tmp_path, update(**chunk, mesageId="m")) == [1]
    assert wrong(tmp_path, update(sessionUpdate="tool_call", toolCallId="1",
                                  title="t", status="done")) == [1]
    assert wrong(tmp_path, update(
        sessionUpdate="tool_call", toolCallId="1", title="t", content=[
            {"type": "diff", "path": "/a", "newText": "", "newTxt": ""}])) \
        == [1]
    assert wrong(tmp_path, ("agent", {"id": 1, "result": {}})) == [1]
    new = ("client", {"id": 1, "method": "session/new",
                      "params": {"cwd": "/", "mcpServers": []}})
    assert wrong(tmp_path, new, ("agent", {
        "id": 1, "result": {"sessionId": "s"}})) == []
    assert wrong(tmp_path, new, ("agent", {
        "id": 1, "result": {"sessionId": "s", "mode": "ask"}})) == [2]


@pytest.mark.parametrize("sdk", ["2", "1"])
def test_a_conversation_with_tools_from_beginning_to_end(place, sdk):
    (place.repo / "a.txt").write_text("tide\n")
    place.engine.use(Scenario([
        Answer(thinking="Look first.", text="I read it.",
               calls=[call("read", {"path": "a.txt"})]),
        Answer(text="It says tide.")]))
    client = place.connect(sdk=sdk, capabilities=ALL)
    assert client.initialized["protocolVersion"] == 1
    assert client.initialized["agentInfo"]["name"] == "cofferdam"
    assert client.initialized["authMethods"] == []
    session = client.new(place.repo)
    assert client.stop_reason(client.prompt(session, "What is in a.txt?")) \
        == "end_turn"

    assert client.said(session, "agent_thought_chunk") == "Look first."
    assert client.said(session) == "I read it.It says tide."
    ids = {one["messageId"]
           for one in client.updates(session, "agent_message_chunk")}
    assert len(ids) == 2
    [begun] = client.updates(session, "tool_call")
    assert begun["name"] == "read" and begun["kind"] == "read"
    assert begun["rawInput"]["path"] == "a.txt"
    assert begun["locations"][0]["path"] == str(place.repo / "a.txt")
    states = [one["status"]
              for one in client.updates(session, "tool_call_update")
              if "status" in one]
    assert states == ["in_progress", "completed"]
    ended = client.updates(session, "tool_call_update")[-1]
    assert "tide" in ended["content"][0]["content"]["text"]
    [named] = [one for one in client.updates(session, "session_info_update")
               if "title" in one]
    assert named["title"] == "What is in a.txt?"
    [commands] = client.updates(session, "available_commands_update")
    assert "compact" in [one["name"] for one in commands["availableCommands"]]
    # The engine is asked how large its context is once that matters.
    for used in client.updates(session, "usage_update"):
        assert used["used"] > 0 and used["size"] == 32768


def edit_scenario(*last):
    return Scenario([
        Answer(calls=[call("read", {"path": "a.txt"})]),
        Answer(calls=[call("edit", {"path": "a.txt", "old": "tide",
                                    "new": "ebb"})]),
        *last])


def test_an_edit_is_shown_as_a_diff_and_asked_for(place):
    (place.repo / "a.txt").write_text("tide\n")
    place.engine.use(edit_scenario())
    client = place.connect()
    session = client.new(place.repo)
    turn = client.prompt(session, "Change it.")
    asked = client.asked()
    assert {one["kind"] for one in asked["options"]} == {
        "allow_once", "allow_always", "reject_once", "reject_always"}
    assert asked["toolCall"]["kind"] == "edit"
    diff = {"type": "diff", "path": str(place.repo / "a.txt"),
            "oldText": "tide\n", "newText": "ebb\n"}
    assert diff in asked["toolCall"]["content"]
    assert (place.repo / "a.txt").read_text() == "tide\n"
    client.choose("allow_once")
    assert client.stop_reason(turn) == "end_turn"
    assert (place.repo / "a.txt").read_text() == "ebb\n"
    assert diff in client.updates(session, "tool_call_update")[-1]["content"]


@pytest.mark.parametrize("choice", ["reject_once", "reject_always", None])
def test_what_is_not_allowed_is_not_done(place, choice):
    (place.repo / "a.txt").write_text("tide\n")
    place.engine.use(edit_scenario())
    client = place.connect()
    session = client.new(place.repo)
    turn = client.prompt(session, "Change it.")
    if choice:
        client.choose(choice)
    else:
        client.fail()
    assert client.stop_reason(turn) == "end_turn"
    assert (place.repo / "a.txt").read_text() == "tide\n"
    ended = client.updates(session, "tool_call_update")[-1]
    assert ended["status"] == "failed"


def test_what_is_always_allowed_is_not_asked_again(place):
    (place.repo / "a.txt").write_text("one two\n")
    place.engine.use(Scenario([
        Answer(calls=[call("read", {"path": "a.txt"})]),
        Answer(calls=[call("edit", {"path": "a.txt", "old": "one",
                                    "new": "1"})]),
        Answer(calls=[call("edit", {"path": "a.txt", "old": "two",
                                    "new": "2"})])]))
    client = place.connect()
    session = client.new(place.repo)
    turn = client.prompt(session, "Change it.")
    client.choose("allow_always")
    assert client.stop_reason(turn) == "end_turn"
    assert (place.repo / "a.txt").read_text() == "1 2\n"


def test_a_new_file_is_a_diff_without_an_old_text(place):
    place.engine.use(Scenario([
        Answer(calls=[call("write", {"path": "b.txt", "content": "ebb\n"})])]))
    client = place.connect("--mode", "edit")
    session = client.new(place.repo)
    assert client.stop_reason(client.prompt(session, "Write it.")) \
        == "end_turn"
    assert (place.repo / "b.txt").read_text() == "ebb\n"
    [diff] = [one for one in client.updates(
        session, "tool_call_update")[-1]["content"] if one["type"] == "diff"]
    assert diff == {"type": "diff", "path": str(place.repo / "b.txt"),
                    "newText": "ebb\n"}


def test_cancelling_stops_the_engine_in_the_middle(place):
    place.engine.use(Scenario([
        Answer(text="It goes on and on. " * 20,
               faults=[Fault("hold", at="mid")])]))
    client = place.connect()
    session = client.new(place.repo)
    turn = client.prompt(session, "Go on.")
    client.until_update(
        session, lambda one: one["sessionUpdate"] == "agent_message_chunk",
        "the first words")
    client.cancel(session)
    assert client.stop_reason(turn) == "cancelled"
    again = client.prompt(session, "And now?")
    assert client.stop_reason(again) == "end_turn"


def test_cancelling_stops_a_command(place):
    place.engine.use(Scenario([
        Answer(calls=[call("bash", {"command": "echo begun; sleep 600"})])]))
    client = place.connect("--mode", "auto")
    session = client.new(place.repo)
    turn = client.prompt(session, "Wait.")
    client.until_update(
        session, lambda one: one["sessionUpdate"] == "tool_call_update"
        and "begun" in json.dumps(one), "the command's output")
    client.cancel(session)
    assert client.stop_reason(turn) == "cancelled"
    assert client.updates(session, "tool_call_update")[-1]["status"] \
        == "failed"


def test_cancelling_takes_a_question_back(place):
    (place.repo / "a.txt").write_text("tide\n")
    place.engine.use(edit_scenario())
    client = place.connect()
    session = client.new(place.repo)
    turn = client.prompt(session, "Change it.")
    client.asked()
    client.cancel(session)
    client.decline()
    assert client.stop_reason(turn) == "cancelled"
    assert (place.repo / "a.txt").read_text() == "tide\n"


def test_a_session_outlives_kill_9_and_is_loaded(place):
    (place.repo / "a.txt").write_text("tide\n")
    place.engine.use(Scenario([
        Answer(text="I read.", calls=[call("read", {"path": "a.txt"})]),
        Answer(text="It says tide."),
        Answer(text="It is late. " * 20, faults=[Fault("hold", at="mid")]),
        Answer(text="Where were we?")]))
    first = place.connect()
    session = first.new(place.repo)
    first.stop_reason(first.prompt(session, "Read a.txt"))
    first.prompt(session, "And then?")
    first.until_update(
        session, lambda one: "late" in json.dumps(one), "the next words")
    first.kill()

    second = place.connect()
    listed = second.call("session/list", {"cwd": str(place.repo)})["sessions"]
    assert [one["sessionId"] for one in listed] == [session]
    assert listed[0]["title"] == "Read a.txt"
    second.call("session/load", {"sessionId": session, "mcpServers": [],
                                 "cwd": str(place.repo)})
    assert second.said(session, "user_message_chunk") \
        == "Read a.txtAnd then?"
    assert second.said(session).startswith("I read.It says tide.")
    [told] = second.updates(session, "tool_call")
    assert told["status"] == "completed" and told["kind"] == "read"
    assert second.stop_reason(second.prompt(session, "Go on.")) == "end_turn"
    assert second.said(session).endswith("Where were we?")


def test_a_session_is_resumed_without_being_told(place):
    place.engine.use(Scenario([Answer(text="One."), Answer(text="Two.")]))
    first = place.connect()
    session = first.new(place.repo)
    first.stop_reason(first.prompt(session, "Begin."))
    first.call("session/close", {"sessionId": session})
    with pytest.raises(AcpError) as gone:
        first.result(first.prompt(session, "More."))
    assert gone.value.code == -32002
    state = first.call("session/resume", {"sessionId": session,
                                          "cwd": str(place.repo)})
    assert state["modes"]["currentModeId"] == "ask"
    assert first.stop_reason(first.prompt(session, "More.")) == "end_turn"
    assert first.said(session) == "One.Two."
    assert first.updates(session, "user_message_chunk") == []
    assert "Begin." in place.engine.requests[1].body.decode()


def test_a_copy_of_a_session_goes_its_own_way(place):
    place.engine.use(Scenario([Answer(text="One."), Answer(text="Two."),
                               Answer(text="Three.")]))
    place.engine.conversations.may_branch = True
    client = place.connect()
    offered = client.initialized["agentCapabilities"]["sessionCapabilities"]
    assert {"fork", "delete"} <= set(offered)
    session = client.new(place.repo)
    client.stop_reason(client.prompt(session, "Begin."))
    copy = client.call("session/fork", {
        "sessionId": session, "cwd": str(place.repo)})
    assert copy["sessionId"] != session
    assert copy["modes"]["currentModeId"] == "ask"
    client.stop_reason(client.prompt(copy["sessionId"], "Here."))
    client.stop_reason(client.prompt(session, "There."))
    assert client.said(copy["sessionId"]) == "Two."
    bodies = [one.body.decode() for one in place.engine.requests
              if one.method == "POST"]
    assert "Begin." in bodies[1] and "Here." in bodies[1]
    assert "Begin." in bodies[2] and "Here." not in bodies[2]
    listed = client.call("session/list", {})["sessions"]
    assert {one["sessionId"] for one in listed} == {
        session, copy["sessionId"]}
    # To the engine they are one conversation that goes two ways.
    place.engine.conversations.violations.clear()


def test_a_deleted_session_is_listed_no_more(place):
    place.engine.use(Scenario([
        Answer(text="One."),
        Answer(text="It goes on. " * 20, faults=[Fault("hold", at="mid")])]))
    client = place.connect()
    kept = client.new(place.repo)
    client.stop_reason(client.prompt(kept, "Stay."))
    gone = client.new(place.repo)
    turn = client.prompt(gone, "Go.")
    client.until_update(
        gone, lambda one: one["sessionUpdate"] == "agent_message_chunk",
        "the first words")
    assert client.call("session/delete", {"sessionId": gone}) == {}
    assert client.stop_reason(turn) == "cancelled"
    listed = client.call("session/list", {})["sessions"]
    assert [one["sessionId"] for one in listed] == [kept]
    with pytest.raises(AcpError) as unknown:
        client.call("session/resume", {"sessionId": gone,
                                       "cwd": str(place.repo)})
    assert unknown.value.code == -32002
    client.call("session/close", {"sessionId": kept})
    assert client.call("session/delete", {"sessionId": kept}) == {}
    assert client.call("session/delete", {"sessionId": kept}) == {}
    assert client.call("session/list", {})["sessions"] == []


def test_a_request_is_cancelled_by_itself(place):
    place.engine.use(Scenario([
        Answer(text="It goes on and on. " * 20,
               faults=[Fault("hold", at="mid")])]))
    client = place.connect()
    session = client.new(place.repo)
    turn = client.prompt(session, "Go on.")
    client.until_update(
        session, lambda one: one["sessionUpdate"] == "agent_message_chunk",
        "the first words")
    client.abort(turn)  # $/cancel_request
    assert client.stop_reason(turn) == "cancelled"
    assert client.stop_reason(client.prompt(session, "And now?")) \
        == "end_turn"


def test_the_models_of_the_engine_can_be_chosen(place):
    place.engine.use(Scenario([Answer(text="Hi.")], facts=Facts(
        other_models=["other"])))
    client = place.connect()
    session = client.new(place.repo)

    def offers(update):
        return update["sessionUpdate"] == "config_option_update" and [
            one["value"] for option in update["configOptions"]
            if option["id"] == "model" for one in option["options"]] == [
                "scripted", "other"]
    client.until_update(session, offers, "the models")
    chosen = client.call("session/set_config_option", {
        "sessionId": session, "configId": "model", "value": "other"})
    assert {one["id"]: one["currentValue"]
            for one in chosen["configOptions"]}["model"] == "other"
    assert client.stop_reason(client.prompt(session, "Hi.")) == "end_turn"
    asked = json.loads(place.engine.requests[-1].body)
    assert asked["model"] == "other"
    with pytest.raises(AcpError) as unknown:
        client.call("session/set_config_option", {
            "sessionId": session, "configId": "model", "value": "third"})
    assert unknown.value.code == -32602


def test_two_sessions_do_not_mix(place):
    place.engine.use(Scenario([
        Answer(text="Slow words, many of them. " * 10,
               faults=[Fault("hold", at="mid")]),
        Answer(text="Quick.")]))
    client = place.connect()
    slow = client.new(place.repo)
    quick = client.new(place.repo)
    assert slow != quick
    long = client.prompt(slow, "Take your time.")
    client.until_update(
        slow, lambda one: one["sessionUpdate"] == "agent_message_chunk",
        "the slow one's words")
    assert client.stop_reason(client.prompt(quick, "Be quick.")) == "end_turn"
    assert client.said(quick) == "Quick."
    client.cancel(slow)
    assert client.stop_reason(long) == "cancelled"
    assert "Quick" not in client.said(slow)


def test_modes_hold_and_are_told(place):
    place.engine.use(Scenario([
        Answer(calls=[call("write", {"path": "b.txt", "content": "ebb\n"})])
    ], repeat=False))
    client = place.connect()
    state = client.call("session/new", {"cwd": str(place.repo),
                                        "mcpServers": []})
    session = state["sessionId"]
    assert [one["id"] for one in state["modes"]["availableModes"]] == [
        "plan", "ask", "edit", "auto"]
    client.call("session/set_mode", {"sessionId": session, "modeId": "plan"})
    client.until_update(
        session, lambda one: one["sessionUpdate"] == "current_mode_update"
        and one["currentModeId"] == "plan", "the mode")
    assert client.stop_reason(client.prompt(session, "Write it.")) \
        == "end_turn"
    assert not (place.repo / "b.txt").exists()

    place.engine.use(Scenario([
        Answer(calls=[call("write", {"path": "b.txt", "content": "ebb\n"})])]))
    options = client.call("session/set_config_option", {
        "sessionId": session, "configId": "mode", "value": "edit"})
    assert {one["id"]: one["currentValue"]
            for one in options["configOptions"]} == {
        "mode": "edit", "model": "scripted"}
    assert client.stop_reason(client.prompt(session, "Write it.")) \
        == "end_turn"
    assert (place.repo / "b.txt").read_text() == "ebb\n"


def test_the_list_of_things_to_do_is_a_plan(place):
    place.engine.use(Scenario([Answer(calls=[call("todo", {"steps": [
        {"text": "look", "status": "completed"},
        {"text": "mend", "status": "in_progress"}]})])]))
    client = place.connect()
    session = client.new(place.repo)
    assert client.stop_reason(client.prompt(session, "Plan.")) == "end_turn"
    [plan] = client.updates(session, "plan")
    assert [(one["content"], one["status"]) for one in plan["entries"]] == [
        ("look", "completed"), ("mend", "in_progress")]


def test_the_prompt_holds_files_and_what_is_in_them(place):
    place.engine.use(Scenario([Answer(text="I see.")]))
    client = place.connect()
    session = client.new(place.repo)
    turn = client.prompt(
        session, "Compare ",
        {"type": "resource_link", "name": "a.txt",
         "uri": (place.repo / "a.txt").as_uri()}, " with ",
        {"type": "resource", "resource": {
            "uri": (place.repo / "b.txt").as_uri(), "text": "unsaved\n"}})
    assert client.stop_reason(turn) == "end_turn"
    body = json.loads(place.engine.requests[0].body)
    words = json.dumps(body["messages"][-1])
    assert "Compare @a.txt with @b.txt" in words
    assert "unsaved" in words
    with pytest.raises(AcpError) as refused:
        client.result(client.prompt(session, {
            "type": "image", "data": "AAAA", "mimeType": "image/png"}))
    assert refused.value.code == -32602
    assert "image" in str(refused.value)


def test_servers_of_mcp_are_left_out_with_a_notice(place):
    client = place.connect(capabilities=ALL)
    session = client.new(place.repo, mcpServers=[
        {"name": "x", "command": "/bin/x", "args": [], "env": []}])
    told = client.until_update(
        session, lambda one: one["sessionUpdate"] == "notice", "a notice")
    assert "MCP" in told["title"]


def test_an_engine_that_fails_is_an_error_of_the_turn(place):
    place.engine.use(Scenario([Answer(status=401, message="no key")],
                              repeat=True))
    client = place.connect()
    session = client.new(place.repo)
    with pytest.raises(AcpError) as failed:
        client.result(client.prompt(session, "Hi."))
    assert failed.value.code == -32603
    assert "no key" in str(failed.value)


def test_commands_are_the_agents_own(place):
    place.engine.use(Scenario([Answer(text="Hi.")]))
    client = place.connect()
    session = client.new(place.repo)
    assert client.stop_reason(client.prompt(session, "/status")) == "end_turn"
    assert "Model: scripted" in client.said(session)
    assert client.stop_reason(client.prompt(session, "/mode edit")) \
        == "end_turn"
    assert client.updates(session, "current_mode_update")[-1][
        "currentModeId"] == "edit"
    assert place.engine.requests == []


def test_wrong_input_is_answered_and_harmless(place):
    raw = place.raw()
    raw.send(b"nonsense")
    assert raw.answer(None)["error"]["code"] == -32700
    raw.send(b"\xff\xfe{}")
    assert raw.answer(None)["error"]["code"] == -32700
    raw.send(b"[]")
    assert raw.answer(None)["error"]["code"] == -32600
    raw.send(b'{"jsonrpc":"2.0","method":"no/such"}')
    raw.send(b'{"jsonrpc":"2.0","id":99,"result":{}}')
    raw.send(b"{}")
    assert raw.answer(None)["error"]["code"] == -32600
    assert raw.ask("session/new", {"cwd": "/"})["error"]["code"] == -32600
    raw.initialize()
    for method, params, code in [
            ("no/such", {}, -32601), ("session/new", {}, -32602),
            ("session/new", {"cwd": "x", "mcpServers": []}, -32602),
            ("session/prompt", {"sessionId": "x", "prompt": []}, -32002),
            ("session/load", {"sessionId": "x", "mcpServers": [],
                              "cwd": str(place.repo)}, -32002),
            ("session/load", {"sessionId": "../../etc", "mcpServers": [],
                              "cwd": str(place.repo)}, -32002),
            ("authenticate", {"methodId": "x"}, -32602)]:
        assert raw.ask(method, params)["error"]["code"] == code, (
            method, params)
    raw.send(b"a" * (16 << 20))
    assert raw.answer(None)["error"]["code"] == -32700
    raw.send(b"a" * ((16 << 20) + 1))
    assert "16777216 bytes" in raw.answer(None)["error"]["message"]
    assert "result" in raw.ask("session/list", {})
    raw.end()


def test_the_end_of_input_ends_a_turn(place):
    place.engine.use(Scenario([
        Answer(text="On and on. " * 40, faults=[Fault("hold", at="mid")])]))
    raw = place.raw()
    raw.initialize()
    session = raw.ask("session/new", {
        "cwd": str(place.repo), "mcpServers": []})["result"]["sessionId"]
    raw.request("session/prompt", {"sessionId": session,
                                   "prompt": [text_block("Go.")]})
    while "agent_message_chunk" not in json.dumps(raw.read()):
        pass
    assert raw.end() == b""


def test_a_client_that_stops_reading_and_goes_is_no_failure(place):
    place.engine.use(Scenario([Answer(text="words and words " * 20_000,
                                      delta_chars=(64,))]))
    raw = place.raw()
    raw.initialize()
    session = raw.ask("session/new", {
        "cwd": str(place.repo), "mcpServers": []})["result"]["sessionId"]
    raw.request("session/prompt", {"sessionId": session,
                                   "prompt": [text_block("Go.")]})
    while "agent_message_chunk" not in json.dumps(raw.read()):
        pass
    # The rest fills the pipe; then nobody holds its other end.
    raw.process.stdout.close()
    assert raw.process.wait(30) == 0
    assert raw.process.stderr.read() == b""
    raw.process.stdin.close()
    raw.process.stderr.close()


def test_sigterm_ends_it_well(place):
    client = place.connect()
    client.new(place.repo)
    client._do(do="kill", signal="SIGTERM")
    assert client.exited() == (0, None)
