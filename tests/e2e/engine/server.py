"""The engine as a server: the provider double's connections, records and
faults, with answers and facts of engines."""

import dataclasses
import json
import pathlib
from typing import Any, Dict, List, Optional, Tuple

from double import Double, Exchange, Step
from double.asked import Asked
from double.reply import PROTOCOLS, Reply, frame, json_reply, read

from . import chat, messages, responses
from .invariants import Conversations
from .scenario import Answer, Facts, Scenario

_SHAPES = {"chat": chat, "openai": responses, "anthropic": messages}


class ScriptedEngine(Double):
    """Listens on 127.0.0.1, like Double. `requests`: what asked for an
    answer; `exchanges`: everything that came. A fault of an answer strikes
    each time that the answer is given, unless its `times` says how often."""

    def __init__(self, scenario: Optional[Scenario] = None, *,
                 record: Optional[pathlib.Path] = None, port: int = 0,
                 tls: Optional[Tuple[str, str]] = None,
                 seed: Optional[int] = 7):
        super().__init__(record=record, port=port, tls=tls, seed=seed)
        self._scenario = scenario or Scenario()
        self._given = 0
        self.conversations = Conversations()

    def use(self, scenario: Scenario) -> None:
        """From now on; the conversations so far are remembered."""
        self._scenario, self._given = scenario, 0

    @property
    def requests(self) -> List[Exchange]:
        return self.main_exchanges()

    @property
    def violations(self) -> List[str]:
        return list(self.conversations.violations)

    def assert_clean(self, conversations: Optional[int] = None) -> None:
        """Every request kept the rules; and there were so many
        conversations, a compaction or a rewind to the start being a new one."""
        assert not self.violations, "\n".join(self.violations)
        if conversations is not None:
            assert self.conversations.count == conversations, (
                f"{self.conversations.count} conversations")

    def _answer(self, exchange: Exchange) -> Tuple[Asked, Step, Reply]:
        none = Step(label="-")
        told = self._told(exchange)
        if told is not None:
            return Asked("openai", ""), none, json_reply(told)
        asked = read(exchange.target) if exchange.method == "POST" else None
        if asked is None or asked.protocol not in _SHAPES or (
                asked.operation != "answer"):
            return super()._answer(exchange)
        try:
            asked = read(exchange.target, json.loads(exchange.body),
                         len(exchange.body))
        except ValueError:
            self.conversations.violations.append(
                f"request {exchange.number}: no JSON")
            return super()._answer(exchange)
        facts: Facts = self._scenario.facts
        answer = _beyond(facts, exchange) or self._choose_answer(exchange,
                                                                 asked)
        step = Step(label=answer.label or "answer", faults=answer.faults,
                    chunk_bytes=answer.chunk_bytes)
        return asked, step, self._reply(answer, asked)

    def _told(self, exchange: Exchange) -> Optional[Dict[str, Any]]:
        """What the engine says of itself, as each kind does."""
        facts: Facts = self._scenario.facts
        path = exchange.path().removeprefix("/v1")
        if path == "/health":
            return {"status": "ok"}
        if path == "/props" and facts.engine == "llama.cpp":
            return {"default_generation_settings":
                        {"n_ctx": facts.context_tokens},
                    "total_slots": 1, "model_alias": facts.model,
                    "model_path": f"/models/{facts.model}.gguf",
                    "build_info": "b9999-scripted"}
        if path == "/models" and exchange.method == "GET":
            return {"object": "list", "data": [
                _model(dataclasses.replace(facts, model=name))
                for name in (facts.model, *facts.other_models)]}
        if facts.engine == "ollama" and path == "/api/ps":
            return {"models": [{"name": facts.model, "model": facts.model,
                                "context_length": facts.context_tokens}]}
        if facts.engine == "ollama" and path == "/api/show":
            return {"details": {"family": "scripted"}, "model_info": {
                "general.architecture": "scripted",
                "scripted.context_length": 4 * facts.context_tokens}}
        return None

    def _choose_answer(self, exchange: Exchange, asked: Asked) -> Answer:
        scenario = self._scenario
        if scenario.side is not None and not asked.body.get("tools"):
            return scenario.side
        self.conversations.check(exchange.number, exchange.path(),
                                 exchange.body)
        if scenario.select == "tool_results":
            return scenario.at(
                PROTOCOLS[asked.protocol].tool_results(asked.body))
        self._given += 1
        return scenario.at(self._given - 1)

    def _reply(self, answer: Answer, asked: Asked) -> Reply:
        id = self._id(12)
        shape = _SHAPES[asked.protocol]
        if answer.body is not None or answer.status != 200:
            body = answer.body
            if body is None:
                body = json.dumps(PROTOCOLS[asked.protocol].error(
                    answer.status, "", answer.message or "refused", id))
            kind = [] if any(name.lower() == "content-type"
                             for name, _ in answer.headers) else [
                ("Content-Type", "application/json")]
            return Reply(answer.status, [*kind, *answer.headers],
                         [body.encode()], "length", id)
        if not asked.stream or not answer.stream:
            reply = json_reply(shape.whole(answer, asked, id), answer.headers)
            reply.response_id = id
            return reply
        segments = [frame(name, data, "\n")
                    for name, data in shape.events(answer, asked, id)]
        return Reply(200, [("Content-Type", "text/event-stream"),
                           ("Cache-Control", "no-cache"), *answer.headers],
                     segments or [b""], "chunked", id)


def _beyond(facts: Facts, exchange: Exchange) -> Optional[Answer]:
    """The refusal of a request that does not fit; none: it does."""
    if not facts.strict_context:
        return None
    tokens = len(exchange.body) // 4
    body = json.loads(exchange.body)
    most = body.get("max_tokens") or body.get("max_output_tokens") or 0
    size = facts.context_tokens
    if tokens + most <= size:
        return None
    if facts.engine == "sglang":
        words = (f"Requested token count exceeds the model's maximum context "
                 f"length of {size} tokens. You requested a total of "
                 f"{tokens + most} tokens: {tokens} tokens from the input "
                 f"messages and {most} tokens for the completion.")
    else:
        words = (f"This model's maximum context length is {size} tokens. "
                 f"However, you requested {most} output tokens and your "
                 f"prompt contains at least {tokens} input tokens.")
    return Answer(status=400, body=json.dumps({
        "object": "error", "message": words, "type": "BadRequestError",
        "param": None, "code": 400}))


def _model(facts: Facts) -> Dict[str, Any]:
    row: Dict[str, Any] = {"id": facts.model, "object": "model",
                           "created": 1767225600}
    if facts.engine in ("vllm", "sglang"):
        return {**row, "owned_by": facts.engine,
                "max_model_len": facts.context_tokens}
    if facts.engine == "llama.cpp":
        return {**row, "owned_by": "llamacpp",
                "meta": {"n_ctx_train": 4 * facts.context_tokens}}
    return {**row,
            "owned_by": "library" if facts.engine == "ollama" else "scripted"}
