"""What the double will say: turns, their parts, and how to misbehave.

A script is a list of steps. The double counts the tool results in a request
and answers with the step of that number (the last one when it runs out), so
that an agent which repeats a request gets the same answer again. The same
structures are read strictly from JSON: an unknown name is an error that says
where it stands.
"""

import dataclasses
import json
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple, Union

PART_KINDS = ("text", "thinking", "hidden_thinking", "tool", "custom_tool")

# Where a fault strikes, counted in the entity of the answer.
PLACES = (
    "before_headers",   # nothing has been sent yet
    "start",            # headers are out, no byte of the body is
    "mid",              # between two frames, about half way
    "mid_frame",        # inside a frame, about half way
    "before_terminal",  # all is out but the frame that ends the answer
    "after_terminal",   # the last frame is out, the HTTP framing is not closed
)

FAULT_KINDS = {
    "stall": "wait `ms`, then go on",
    "hold": "wait until release(`name`) is called, then go on",
    "dribble": "from here on send `bytes` bytes every `ms`",
    "reset": "TCP reset",
    "close": "close the connection without ending the HTTP framing",
    "end": "end the HTTP framing properly, but here",
    "error_event": "send an error event of the protocol, then end",
    "bad_sse": "send a frame whose data is no JSON, then go on",
    "bad_chunk": "send a chunk size that is no number, then close",
    "short_length": "declare 16 bytes fewer than are sent",
    "long_length": "declare 16 bytes more than are sent, then close",
    "not_http": "answer with bytes that are no HTTP",
    "bad_status_line": "answer with a status line that has no number",
    "html": "answer 200 with an HTML page",
    "bad_json": "answer 200 with JSON that breaks off",
    "huge_header": "add a header of `bytes` bytes",
}

DEFAULT_PLACE = {
    "reset": "mid_frame", "close": "mid_frame", "end": "before_terminal",
    "error_event": "mid", "bad_sse": "mid", "bad_chunk": "mid",
    "dribble": "start", "stall": "mid", "hold": "mid",
}

# Odd sizes on purpose: with bodies that hold non-ASCII text some chunk always
# ends inside a UTF-8 sequence.
ODD_CHUNK_BYTES = (61, 3, 128, 1, 17, 509)
ODD_DELTA_CHARS = (11, 1, 5, 37, 2, 23)


class ScriptError(ValueError):
    """A script that says something the double does not understand."""


@dataclasses.dataclass
class Part:
    """One part of an answer. `input` is an object for a tool and raw text for
    a custom (grammar) tool. Of hidden thinking only a blob is seen, and its
    tokens."""
    kind: str
    text: str = ""
    name: str = ""
    input: Any = None
    id: str = ""

    def chars(self) -> int:
        if self.kind not in ("tool", "custom_tool"):
            return len(self.text)
        if self.kind == "tool":
            return len(json.dumps(self.input, ensure_ascii=False))
        return len(self.input)


def text(words: str) -> Part:
    return Part("text", text=words)


def thinking(words: str) -> Part:
    return Part("thinking", text=words)


def hidden_thinking(words: str) -> Part:
    return Part("hidden_thinking", text=words)


def tool(name: str, input: Dict[str, Any], id: str = "") -> Part:
    return Part("tool", name=name, input=input, id=id)


def custom_tool(name: str, input: str, id: str = "") -> Part:
    return Part("custom_tool", name=name, input=input, id=id)


@dataclasses.dataclass
class Fault:
    """One misbehaviour. `byte` beats `at`; `times` 0 means always."""
    kind: str
    at: str = ""
    byte: Optional[int] = None
    ms: int = 0
    bytes: int = 1
    name: str = ""
    type: str = "overloaded_error"
    message: str = "Overloaded"
    times: int = 0

    def place(self) -> str:
        return self.at or DEFAULT_PLACE.get(self.kind, "mid")


@dataclasses.dataclass
class Step:
    """One answer. With `status` other than 200 it is an error answer in the
    provider's shape (`type`, `message`), or `body` as it stands."""
    parts: List[Part] = dataclasses.field(default_factory=list)
    label: str = ""
    model: str = ""
    stop_reason: str = ""
    usage: Dict[str, Any] = dataclasses.field(default_factory=dict)
    status: int = 200
    type: str = ""               # "": the provider's own for the status
    message: str = ""
    body: Optional[str] = None
    headers: List[Tuple[str, str]] = dataclasses.field(default_factory=list)
    transfer: str = "auto"       # auto | chunked | length | close
    encoding: str = "identity"   # identity | gzip
    ping: bool = True            # Anthropic: a ping event after the start
    newline: str = ""            # "": the provider's own, else \n or \r\n
    delta_chars: Sequence[int] = ODD_DELTA_CHARS
    chunk_bytes: Sequence[int] = ODD_CHUNK_BYTES
    huge_bytes: int = 0          # adds a text part of so many bytes
    faults: List[Fault] = dataclasses.field(default_factory=list)

    def uses_tool(self) -> bool:
        return any(p.kind in ("tool", "custom_tool") for p in self.parts)

    def reasoning_tokens(self) -> int:
        return sum(p.chars() for p in self.parts
                   if p.kind in ("thinking", "hidden_thinking")) // 4

    def output_tokens(self) -> int:
        return max(1, sum(p.chars() for p in self.parts) // 4)


@dataclasses.dataclass
class Script:
    """`side` answers requests that offer no tools (None: they take the turns
    too). `credential`, where set, must come with every request. `choose`
    (library only) decides alone: it gets the Exchange and returns a Step."""
    turns: List[Step] = dataclasses.field(default_factory=list)
    side: Optional[Step] = None
    select: str = "tool_results"  # tool_results | sequence
    credential: str = ""
    count_tokens: Optional[int] = None
    models: List[str] = dataclasses.field(default_factory=list)
    choose: Optional[Callable[..., Step]] = None

    def __post_init__(self):
        if not self.turns:
            self.turns = [Step([text("Done.")], label="default")]


_TYPES = {
    Part: {"kind": str, "text": str, "name": str, "input": (dict, str),
           "id": str},
    Fault: {"kind": str, "at": str, "byte": int, "ms": int, "bytes": int,
            "name": str, "type": str, "message": str, "times": int},
    Step: {"parts": list, "label": str, "model": str, "stop_reason": str,
           "usage": dict, "status": int, "type": str, "message": str,
           "body": str, "headers": list, "transfer": str, "encoding": str,
           "ping": bool, "newline": str, "delta_chars": list,
           "chunk_bytes": list, "huge_bytes": int, "faults": list},
    Script: {"turns": list, "side": dict, "select": str, "credential": str,
             "count_tokens": int, "models": list},
}


def _check(kind, value: Any, where: str) -> Dict[str, Any]:
    if not isinstance(value, dict):
        raise ScriptError(f"{where or 'script'}: an object is needed")
    for name, item in value.items():
        here = f"{where}.{name}" if where else name
        wanted = _TYPES[kind].get(name)
        if wanted is None:
            known = ", ".join(_TYPES[kind])
            raise ScriptError(f'{here}: unknown (known: {known})')
        if not isinstance(item, wanted) or (
                wanted is int and isinstance(item, bool)):
            raise ScriptError(f"{here}: wrong type {type(item).__name__}")
    return value


def _one_of(value: str, known: Sequence[str], where: str) -> None:
    if value not in known:
        raise ScriptError(
            f'{where}: unknown "{value}" (known: {", ".join(known)})')


def _part(value: Any, where: str) -> Part:
    part = Part(**_check(Part, value, where))
    _one_of(part.kind, PART_KINDS, f"{where}.kind")
    if part.kind == "tool" and not isinstance(part.input, dict):
        raise ScriptError(f"{where}.input: a tool takes an object")
    if part.kind == "custom_tool" and not isinstance(part.input, str):
        raise ScriptError(f"{where}.input: a custom tool takes a string")
    return part


def _fault(value: Any, where: str) -> Fault:
    fault = Fault(**_check(Fault, value, where))
    _one_of(fault.kind, list(FAULT_KINDS), f"{where}.kind")
    if fault.at:
        _one_of(fault.at, PLACES, f"{where}.at")
    return fault


def _sizes(value: Any, where: str) -> List[int]:
    if not all(isinstance(n, int) and n > 0 for n in value):
        raise ScriptError(f"{where}: sizes are whole numbers from 1")
    return value


def _step(value: Any, where: str) -> Step:
    fields = dict(_check(Step, value, where))
    fields["parts"] = [_part(p, f"{where}.parts[{i}]")
                       for i, p in enumerate(fields.get("parts", []))]
    fields["faults"] = [_fault(f, f"{where}.faults[{i}]")
                        for i, f in enumerate(fields.get("faults", []))]
    for name in ("delta_chars", "chunk_bytes"):
        if name in fields:
            _sizes(fields[name], f"{where}.{name}")
    headers = []
    for i, pair in enumerate(fields.get("headers", [])):
        if not (isinstance(pair, list) and len(pair) == 2
                and all(isinstance(x, str) for x in pair)):
            raise ScriptError(f'{where}.headers[{i}]: ["Name", "value"]')
        headers.append((pair[0], pair[1]))
    fields["headers"] = headers
    step = Step(**fields)
    _one_of(step.transfer, ("auto", "chunked", "length", "close"),
            f"{where}.transfer")
    _one_of(step.encoding, ("identity", "gzip"), f"{where}.encoding")
    _one_of(step.newline, ("", "\n", "\r\n"), f"{where}.newline")
    return step


def _substitute(value: Any, names: Dict[str, str]) -> Any:
    if isinstance(value, str):
        for name, word in names.items():
            value = value.replace("${" + name + "}", word)
        return value
    if isinstance(value, list):
        return [_substitute(item, names) for item in value]
    if isinstance(value, dict):
        return {k: _substitute(v, names) for k, v in value.items()}
    return value


def load_script(source: Union[str, bytes, dict],
                names: Optional[Dict[str, str]] = None) -> Script:
    """Reads a script from JSON text or an object; `${NAME}` in any string is
    replaced from `names`."""
    if not isinstance(source, dict):
        try:
            source = json.loads(source)
        except ValueError as error:
            raise ScriptError(f"script: no JSON: {error}") from None
    fields = dict(_check(Script, _substitute(source, names or {}), ""))
    if not all(isinstance(id, str) for id in fields.get("models", [])):
        raise ScriptError("models: names are needed")
    fields["turns"] = [_step(s, f"turns[{i}]")
                       for i, s in enumerate(fields.get("turns", []))]
    if "side" in fields:
        fields["side"] = _step(fields["side"], "side")
    script = Script(**fields)
    _one_of(script.select, ("tool_results", "sequence"), "select")
    return script
