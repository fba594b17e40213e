"""What must hold of every request of a conversation: its bytes begin with
those of the one before (docs/formats/code-requests.md), tools are the same
bytes, arguments are JSON objects, calls and results are paired."""

import dataclasses
import json
from typing import Any, Dict, List, Optional, Tuple

_DECODER = json.JSONDecoder()
_SPACE = " \t\r\n"


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


@dataclasses.dataclass
class Layout:
    """Where things stand in a body: `prefix` ends behind the last message,
    `first` is the text of the user's first message."""
    path: str
    value: Dict[str, Any]
    members: Dict[str, str]
    prefix: str
    messages: List[Any]
    first: str

    def fresh(self) -> bool:
        """No assistant has spoken yet."""
        return not any(m.get("role") == "assistant" or m.get("type") in
                       ("function_call", "reasoning") for m in self.messages)


def _array_end(text: str, at: int) -> int:
    """Behind the last element of the array that begins at `at`."""
    end = at = at + 1
    at = _skip(text, at)
    while text[at] != "]":
        _, end = _DECODER.raw_decode(text, at)
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return end


def lay_out(path: str, body: bytes) -> Optional[Layout]:
    """None where the body is no request with messages."""
    try:
        text = body.decode()
        value = json.loads(text)
    except ValueError:
        return None
    key = "input" if path.endswith("/responses") else "messages"
    if not isinstance(value, dict) or not isinstance(value.get(key), list):
        return None
    members: Dict[str, str] = {}
    prefix = ""
    at = _skip(text, _skip(text, 0) + 1)
    while text[at] != "}":
        name, at = _DECODER.raw_decode(text, at)
        at = _skip(text, _skip(text, at) + 1)
        _, end = _DECODER.raw_decode(text, at)
        members[name] = text[at:end]
        if name == key:
            prefix = text[:_array_end(text, at)]
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)
    first = next((json.dumps(m.get("content")) for m in value[key]
                  if m.get("role") == "user"), "")
    return Layout(path, value, members, prefix, value[key], first)


def _chat_calls(messages: List[Any]) -> List[Tuple[str, List, List]]:
    """For each assistant with calls: its calls, and the ids answered."""
    rows, at = [], 0
    while at < len(messages):
        message = messages[at]
        at += 1
        if message.get("role") == "tool":
            rows.append(("a result without a call", [], []))
        calls = message.get("tool_calls") or []
        if message.get("role") != "assistant" or not calls:
            continue
        answered = []
        while at < len(messages) and messages[at].get("role") == "tool":
            answered.append(messages[at].get("tool_call_id"))
            at += 1
        rows.append(("", [(c.get("id"), c["function"].get("arguments"))
                          for c in calls], answered))
    return rows


def _response_calls(items: List[Any]) -> List[Tuple[str, List, List]]:
    calls = [(i.get("call_id"), i.get("arguments")) for i in items
             if i.get("type") == "function_call"]
    answered = [i.get("call_id") for i in items
                if i.get("type") == "function_call_output"]
    return [("", calls, answered)]


def _message_calls(messages: List[Any]) -> List[Tuple[str, List, List]]:
    calls, answered = [], []
    for message in messages:
        content = message.get("content")
        for block in content if isinstance(content, list) else []:
            if block.get("type") == "tool_use":
                calls.append((block.get("id"), json.dumps(block.get("input"))))
            if block.get("type") == "tool_result":
                answered.append(block.get("tool_use_id"))
    return [("", calls, answered)]


def unpaired(layout: Layout) -> List[str]:
    """What is wrong with calls and results in one request."""
    read = (_response_calls if layout.path.endswith("/responses") else
            _message_calls if layout.path.endswith("/messages") else
            _chat_calls)
    wrong, seen = [], set()
    for complaint, calls, answered in read(layout.messages):
        if complaint:
            wrong.append(complaint)
        ids = [id for id, _ in calls]
        if sorted(map(str, ids)) != sorted(map(str, answered)):
            wrong.append(f"calls {ids} have the results {answered}")
        for id, arguments in calls:
            if not id or id in seen:
                wrong.append(f"call id {id!r} is empty or was there before")
            seen.add(id)
            try:
                is_object = isinstance(json.loads(arguments), dict)
            except (TypeError, ValueError):
                is_object = False
            if not is_object:
                wrong.append(f"arguments are no JSON object: {arguments!r}")
    return wrong


class Conversations:
    """Holds each request against the one before of its conversation, which
    the first words of the user tell."""

    def __init__(self):
        self.count = 0
        self.violations: List[str] = []
        # Whether a conversation may go on from an earlier request than the
        # one before, as copies of a session do.
        self.may_branch = False
        self._last: Dict[str, Layout] = {}
        self._earlier: Dict[str, List[Layout]] = {}

    def check(self, number: int, path: str, body: bytes) -> None:
        layout = lay_out(path, body)
        if layout is None:
            self.violations.append(f"request {number}: no JSON with messages")
            return
        self.violations += [f"request {number}: {what}"
                            for what in unpaired(layout)]
        key = layout.path + layout.first
        before = self._last.get(key)
        self._last[key] = layout
        earlier = self._earlier.setdefault(key, [])
        if self.may_branch:
            before = next((one for one in reversed(earlier)
                           if layout.prefix.startswith(one.prefix)), before)
        earlier.append(layout)
        if before is None or (layout.fresh() and not before.fresh()):
            self.count += 1
            return
        for name in ("tools", "instructions", "system"):
            if before.members.get(name) != layout.members.get(name):
                self.violations.append(f"request {number}: {name} changed")
        if not layout.prefix.startswith(before.prefix):
            at = next((i for i, (a, b) in enumerate(
                zip(before.prefix, layout.prefix)) if a != b),
                min(len(before.prefix), len(layout.prefix)))
            self.violations.append(
                f"request {number} does not begin with the one before: at "
                f"{at} {before.prefix[at - 40:at + 40]!r} became "
                f"{layout.prefix[at - 40:at + 40]!r}")
