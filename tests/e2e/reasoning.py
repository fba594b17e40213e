"""Sealed reasoning: what an answer gave, and what a request brings back."""

import json
from typing import Any, Iterator, List

from plain_http import events

# Where each protocol keeps the blob (Chat Completions has the words alone).
FIELDS = {"anthropic": "signature", "openai": "encrypted_content",
          "gemini": "thoughtSignature", "chat": "reasoning_content"}


def given(dialect: str, exchange) -> List[str]:
    """The blobs of a streamed answer, whole."""
    found = [value for _, data in events(bytes(exchange.response_body))
             for value in _all(data, FIELDS[dialect])]
    if dialect == "chat":
        return ["".join(found)] if found else []
    return sorted(set(found) - {""})


def returned(dialect: str, exchange) -> List[str]:
    """The blobs in a request."""
    return list(_all(json.loads(exchange.body), FIELDS[dialect]))


def _all(value: Any, name: str) -> Iterator[str]:
    """Every string field of that name, however deep it stands."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key == name and isinstance(item, str):
                yield item
            else:
                yield from _all(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _all(item, name)
