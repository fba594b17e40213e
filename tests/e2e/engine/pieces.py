"""Strings in pieces, calls as they go out."""

import itertools
import json
from typing import Any, Iterator, Sequence

from .scenario import Answer, Call


def cut(words: str, sizes: Sequence[int]) -> Iterator[str]:
    """Parts of the given sizes, round and round; no sizes: all at once."""
    at, turn = 0, itertools.cycle(sizes or [max(1, len(words))])
    while at < len(words):
        size = next(turn)
        yield words[at:at + size]
        at += size


def arguments(one: Call) -> Any:
    return json.loads(one.arguments) if one.as_object else one.arguments


def output_tokens(answer: Answer) -> int:
    chars = len(answer.text) + len(answer.thinking) + sum(
        len(one.arguments) for one in answer.calls)
    return max(1, chars // 4)
