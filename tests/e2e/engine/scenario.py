"""What the engine will answer: a list of answers, each as the model wrote it
and as the engine puts it on the wire. The same from JSON, read strictly."""

import dataclasses
import json
from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

from double.script import FAULT_KINDS, Fault

AUTO = "auto"
ENGINES = ("llama.cpp", "vllm", "sglang", "ollama", "")
USAGE_PLACES = ("end", "finish", "choice", "first", "none")
# About a token each.
TOKEN_CHARS = (4, 1, 5, 3, 6)


class ScenarioError(ValueError):
    """A scenario that says something the engine does not understand."""


@dataclasses.dataclass
class Call:
    """A call as the model wrote it: `arguments` is raw text, JSON or not.
    `id` "auto": one is made, None: the field is left out."""
    name: str
    arguments: str = "{}"
    id: Optional[str] = AUTO
    as_object: bool = False  # arguments go out as a JSON object, no string


def call(name: str, arguments: Union[str, Dict[str, Any]] = "{}",
         id: Optional[str] = AUTO, as_object: bool = False) -> Call:
    if not isinstance(arguments, str):
        arguments = json.dumps(arguments, ensure_ascii=False)
    return Call(name, arguments, id, as_object)


@dataclasses.dataclass
class Answer:
    """One answer. With `status` other than 200, or `body`, it is that."""
    text: str = ""
    thinking: str = ""
    calls: List[Call] = dataclasses.field(default_factory=list)
    # Chat's word for why it ended; "": none is said.
    finish: str = AUTO
    status: int = 200
    message: str = ""            # of an error in the engine's shape
    body: Optional[str] = None   # as it stands
    headers: List[Tuple[str, str]] = dataclasses.field(default_factory=list)
    # On the wire: sizes taken in turn, of deltas (characters) and of HTTP
    # chunks (bytes; none: one for each event; one huge number: all at once).
    delta_chars: Sequence[int] = TOKEN_CHARS
    chunk_bytes: Sequence[int] = ()
    stream: bool = True          # False: one JSON body, though a stream was asked
    done: bool = True            # the stream ends with [DONE]
    index: bool = True           # deltas of calls carry their index
    name_each: bool = False      # every delta of a call repeats its name
    whole_calls: bool = False    # a call comes in one delta
    reasoning: str = "reasoning_content"
    usage: Dict[str, Any] = dataclasses.field(default_factory=dict)
    usage_at: str = "end"        # end finish choice first none
    timings: Dict[str, Any] = dataclasses.field(default_factory=dict)
    faults: List[Fault] = dataclasses.field(default_factory=list)
    label: str = ""


@dataclasses.dataclass
class Facts:
    """What the engine says of itself."""
    engine: str = "llama.cpp"
    model: str = "scripted"
    context_tokens: int = 32768
    other_models: Sequence[str] = ()
    # Refuses, in that engine's words, what with `max_tokens` could grow beyond
    # its context: four bytes of a request are a token.
    strict_context: bool = False


@dataclasses.dataclass
class Scenario:
    """Each request that offers tools takes the next answer, retries too;
    `select` "tool_results": the one with the number of results in it. When
    they have run out comes `last`, or with `repeat` the last one again. A
    request without tools gets `side`, if there is one."""
    answers: List[Answer] = dataclasses.field(default_factory=list)
    side: Optional[Answer] = None
    last: Answer = dataclasses.field(
        default_factory=lambda: Answer(text="Done.", label="last"))
    repeat: bool = False
    select: str = "sequence"
    facts: Facts = dataclasses.field(default_factory=Facts)

    def at(self, number: int) -> Answer:
        if number < len(self.answers):
            return self.answers[number]
        return self.answers[-1] if self.repeat and self.answers else self.last


def _object(kind: Any, value: Any, where: str) -> Dict[str, Any]:
    if not isinstance(value, dict):
        raise ScenarioError(f"{where or 'scenario'}: an object is needed")
    known = [field.name for field in dataclasses.fields(kind)]
    for name in value:
        if name not in known:
            raise ScenarioError(f"{where + '.' if where else ''}{name}: "
                                f"unknown (known: {', '.join(known)})")
    return dict(value)


def _one_of(value: Any, known: Sequence[str], where: str) -> None:
    if value not in known:
        raise ScenarioError(
            f'{where}: unknown "{value}" (known: {", ".join(known)})')


def _answer(value: Any, where: str) -> Answer:
    fields = _object(Answer, value, where)
    calls = []
    for i, one in enumerate(fields.get("calls", [])):
        here = f"{where}.calls[{i}]"
        calls.append(call(**_object(Call, one, here)))
    faults = []
    for i, one in enumerate(fields.get("faults", [])):
        here = f"{where}.faults[{i}]"
        fault = Fault(**_object(Fault, one, here))
        _one_of(fault.kind, list(FAULT_KINDS), f"{here}.kind")
        faults.append(fault)
    fields.update(calls=calls, faults=faults, headers=[
        (name, word) for name, word in fields.get("headers", [])])
    answer = Answer(**fields)
    _one_of(answer.usage_at, USAGE_PLACES, f"{where}.usage_at")
    return answer


def load_scenario(source: Union[str, bytes, Dict[str, Any]]) -> Scenario:
    if not isinstance(source, dict):
        try:
            source = json.loads(source)
        except ValueError as error:
            raise ScenarioError(f"scenario: no JSON: {error}") from None
    fields = _object(Scenario, source, "")
    fields["answers"] = [_answer(one, f"answers[{i}]")
                         for i, one in enumerate(fields.get("answers", []))]
    for name in ("side", "last"):
        if fields.get(name) is not None:
            fields[name] = _answer(fields[name], name)
    if "facts" in fields:
        fields["facts"] = Facts(**_object(Facts, fields["facts"], "facts"))
        _one_of(fields["facts"].engine, ENGINES, "facts.engine")
    scenario = Scenario(**fields)
    _one_of(scenario.select, ("sequence", "tool_results"), "select")
    return scenario
