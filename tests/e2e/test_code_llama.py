"""A real llama.cpp engine. Its model is random: what is seen here is the wire,
the template, streaming, cancellation, limits and the cache, not a task done."""

import json
import signal
import urllib.request

import pytest

import house
from code_agent import CodeAgent, event


def ask(llama, **more):
    """One answer, asked without an agent."""
    body = {"messages": [{"role": "user", "content": "Hi"}], **more}
    request = urllib.request.Request(
        llama.url + "/v1/chat/completions", json.dumps(body).encode(),
        {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def test_the_engine_is_what_the_other_tests_take_it_for(start_llama):
    llama = start_llama(4096, None)
    assert llama.get("/props")["default_generation_settings"]["n_ctx"] == 4096
    first = ask(llama, max_tokens=200)
    assert first["choices"][0]["finish_reason"] == "length"
    words = first["choices"][0]["message"]["content"]
    assert len(words) == 200 and set(words) <= set(
        "abcdefghijklmnopqrstuvwxyz ")
    again = ask(llama, max_tokens=1)["usage"]
    assert again["prompt_tokens_details"]["cached_tokens"] > 0
    assert not llama.slot()["is_processing"]


@pytest.fixture(params=("chat", "responses"))
def api(request):
    return request.param


def test_answers_stream_and_the_cache_is_hit(api, start_llama, agent_home):
    llama = start_llama(1 << 15)
    agent = CodeAgent(agent_home, llama.url, api, "random")
    process = agent.start("Say something.")
    text = event(process, "text")["text"]
    pieces = 1
    while True:
        value = json.loads(house.read_line(process, 30))
        if value["type"] == "text":
            text += value["text"]
            pieces += 1
        if value["type"] == "result":
            break
    assert process.wait(20) == 0
    process.stdout.close()
    process.stderr.close()
    assert pieces >= min(3, len(text))
    assert value["result"] == text.strip() or text.startswith(value["result"])
    first = value["usage"]
    assert first["input_tokens"] > 1000 and first["output_tokens"] > 0
    code, again = agent.result("Say more.", "--continue")
    assert code == 0
    grown = again["usage"]["cached_tokens"] - first["cached_tokens"]
    # All of the first request but its last few tokens.
    assert grown > 0.95 * first["input_tokens"], (first, again["usage"])


def test_an_interrupt_stops_the_generation(api, start_llama, agent_home):
    llama = start_llama(1 << 16, None)
    agent = CodeAgent(agent_home, llama.url, api, "random")
    process = agent.start("Talk for ever.")
    event(process, "text")
    assert llama.slot()["is_processing"]
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130
    house.poll(lambda: not llama.slot()["is_processing"],
               "the engine goes on generating")
    process.stdout.close()
    process.stderr.close()


def test_a_context_that_is_too_small_is_said_with_its_size(
        api, start_llama, agent_home):
    llama = start_llama(8192)
    agent = CodeAgent(agent_home, llama.url, api, "random")
    code, result = agent.result("Read this: " + "words " * 2000)
    assert code == 1, result
    assert "8192" in result["why"], result
