"""The agent's engine client in the real program: what engines do to answers,
over each protocol, and what breaks on the way."""

import signal

import pytest

import certificates
from code_agent import CodeAgent, event
from double import Fault
from engine import Answer, Facts, Scenario, ScriptedEngine, call

APIS = ("chat", "responses")
MADE = "a\nb – ünï\n"
WRITE = {"path": "made.txt", "content": MADE}


@pytest.fixture(params=APIS)
def agent(request, engine, agent_home):
    return CodeAgent(agent_home, engine.url, request.param)


FORMS = {
    "as OpenAI has it": Answer(calls=[call("write", WRITE)]),
    "with words and thoughts": Answer(
        text="I write.", thinking="Hm.", calls=[call("write", WRITE)]),
    "byte by byte": Answer(calls=[call("write", WRITE)], delta_chars=(1,),
                           chunk_bytes=(1,)),
    "all at once": Answer(calls=[call("write", WRITE)],
                          chunk_bytes=(1 << 20,), whole_calls=True),
    "cut inside characters": Answer(calls=[call("write", WRITE)],
                                    chunk_bytes=(61, 3, 128, 1, 17)),
    "no index": Answer(calls=[call("write", WRITE)], index=False),
    "no id": Answer(calls=[call("write", WRITE, id=None)]),
    "neither": Answer(calls=[call("write", WRITE, id=None)], index=False),
    "a name in each piece": Answer(calls=[call("write", WRITE)], index=False,
                                   name_each=True),
    "an object": Answer(calls=[call("write", WRITE, as_object=True)]),
    "no stream": Answer(calls=[call("write", WRITE)], stream=False),
    "no end": Answer(calls=[call("write", WRITE)], done=False),
    "the wrong reason": Answer(calls=[call("write", WRITE)], finish="stop"),
    "reasoning by its other name": Answer(
        thinking="Hm.", calls=[call("write", WRITE)], reasoning="reasoning"),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_call_in_any_form_runs_at_once(form, engine, agent):
    engine.use(Scenario([FORMS[form]]))
    code, result = agent.result("Make it.")
    assert code == 0, result
    assert (agent.repo / "made.txt").read_text() == MADE
    assert result["result"] == "Done." and result["requests"] == 2
    assert [e.client_gone for e in engine.requests] == [False, False]
    engine.assert_clean(conversations=1)


def test_several_calls_of_one_answer_run_in_their_order(engine, agent):
    engine.use(Scenario([Answer(calls=[
        call("write", {"path": f"{name}.txt", "content": name},
             id=None if name == "b" else "auto") for name in "abc"])]))
    code, result = agent.result("Make them.")
    assert code == 0, result
    assert [change["path"].rpartition("/")[2] for change in
            result["changes"]] == ["a.txt", "b.txt", "c.txt"]


USAGE = {"chat": ({"prompt_tokens": 900, "completion_tokens": 40,
                   "prompt_tokens_details": {"cached_tokens": 700}}),
         "responses": {"input_tokens": 900, "output_tokens": 40,
                       "input_tokens_details": {"cached_tokens": 700}}}


@pytest.mark.parametrize("place", ("end", "finish", "choice", "first"))
def test_usage_is_found_wherever_it_stands(place, engine, agent):
    engine.use(Scenario([Answer(text="Hi.", usage=USAGE[agent.api],
                                usage_at=place)]))
    _, result = agent.result("Say hi.")
    assert result["usage"]["input_tokens"] == 900
    assert result["usage"]["cached_tokens"] == 700
    assert result["usage"]["output_tokens"] == 40


FAULTS = {
    "a reset": Answer(text="Lost words", faults=[Fault("reset")]),
    "a close": Answer(text="Lost words", faults=[Fault("close")]),
    "a proxy's end": Answer(calls=[call("write", WRITE)], finish="",
                            done=False, usage_at="none",
                            faults=[Fault("end", at="mid")]),
    "an error in the stream": Answer(
        text="Lost words", faults=[Fault("error_event", message=(
            "Failed to parse input at pos 12: <tool_call>"))]),
    "a page": Answer(faults=[Fault("html")]),
    "no HTTP": Answer(faults=[Fault("not_http")]),
    "an unparsable output": Answer(status=500, body=(
        '{"error": {"code": 500, "type": "server_error", "message": '
        '"Failed to parse input at pos 42"}}')),
    "overload": Answer(status=503, body="busy"),
    "a rate limit": Answer(status=429, message="slow down",
                           headers=[("Retry-After", "0.05")]),
    "an empty answer": Answer(),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_passes_costs_a_retry(fault, engine, agent):
    engine.use(Scenario([Answer(calls=[call("write", WRITE)]), FAULTS[fault],
                         Answer(text="It is made.")]))
    code, result = agent.result("Make it.")
    assert code == 0, result
    assert result["result"] == "It is made."
    assert result["notices"], "a retry is said"
    assert (agent.repo / "made.txt").read_text() == MADE


def test_a_refusal_ends_the_run_with_the_engines_words(engine, agent):
    engine.use(Scenario([Answer(status=401, message="Invalid API Key")],
                        repeat=True))
    code, result = agent.result("Make it.")
    assert code == 1
    assert "Invalid API Key" in result["why"]
    assert len(engine.requests) == 1


def test_a_model_that_is_not_there_is_said_at_once(engine, agent):
    engine.use(Scenario([Answer(status=404, message="model not found")],
                        repeat=True))
    code, result = agent.result("Make it.")
    assert code == 1 and "model not found" in result["why"]
    assert len(engine.requests) <= 2


@pytest.mark.parametrize("place", ("before_headers", "mid"))
def test_an_interrupt_closes_the_connection(place, engine, agent):
    engine.use(Scenario([Answer(text="word " * 200, faults=[
        Fault("hold", at=place, name="never")])]))
    process = agent.start("Talk.")
    if place == "mid":
        event(process, "text")
    else:
        engine.wait(lambda seen: any(
            e.method == "POST" and e.path().startswith("/v1/")
            for e in seen))
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130
    engine.wait(lambda seen: any(e.client_gone for e in seen))
    process.stdout.close()
    process.stderr.close()


def test_without_a_model_the_engines_own_is_asked(engine, agent_home):
    engine.use(Scenario(facts=Facts("vllm", "house-model", 65536)))
    agent = CodeAgent(agent_home, engine.url)
    words = agent.words("Hi.", "--output", "json")
    at = words.index("--model")
    done = agent_home.run(words[:at] + words[at + 2:])
    assert done.code == 0, done
    assert engine.requests[0].json()["model"] == "house-model"


@pytest.mark.parametrize("name", ["vllm", "sglang"])
def test_an_answer_is_asked_for_no_more_than_the_context_holds(
        engine, agent_home, name):
    """They refuse what with max_tokens could grow beyond the context."""
    agent = CodeAgent(agent_home, engine.url)
    (agent_home.repo / "a.txt").write_text("tide and ebb\n" * 800)
    engine.use(Scenario(
        [Answer(calls=[call("read", {"path": "a.txt"})]),
         Answer(text="Done.")],
        facts=Facts(name, "scripted", 12288, strict_context=True)))
    code, result = agent.result("Read a.txt.")
    assert code == 0, result
    sent = [one.json() for one in engine.requests]
    assert sent[1]["messages"] == sent[0]["messages"]
    assert sent[0]["max_tokens"] > 12288 > sent[1]["max_tokens"]
    # Refused once, and not again; nothing was shortened for it.
    assert len(sent) == 3, [one["max_tokens"] for one in sent]
    assert sent[2]["messages"][:len(sent[1]["messages"])] \
        == sent[1]["messages"]


def test_the_first_request_is_small_and_the_engine_is_asked_nothing_else(
        engine, agent):
    code, _ = agent.result("Hi.")
    assert code == 0
    assert len(engine.exchanges) == 1
    assert len(engine.requests[0].body) <= 6000


def test_an_engine_over_tls_is_verified(tmp_path, agent_home):
    tls = certificates.self_signed(tmp_path, "127.0.0.1")
    with ScriptedEngine(tls=tls) as engine:
        agent = CodeAgent(agent_home, engine.url)
        code, result = agent.result("Hi.")
        assert code == 1 and "certificate" in result["why"], result
        assert not engine.requests
        agent.settings(f'ca_file = "{tls[0]}"\n')
        code, result = agent.result("Hi.")
        assert code == 0, result
