"""What an answer of the double says of its usage, in the ledger's words."""

from typing import Any, Dict

import house
from plain_http import events

_FIELDS = {
    "anthropic": {"input_tokens": "input_tokens",
                  "output_tokens": "output_tokens"},
    "openai": {"input_tokens": "input_tokens",
               "output_tokens": "output_tokens",
               "reasoning_tokens": "reasoning_tokens"},
    "chat": {"input_tokens": "prompt_tokens",
             "output_tokens": "completion_tokens",
             "reasoning_tokens": "reasoning_tokens"},
    "gemini": {"input_tokens": "promptTokenCount",
               "reasoning_tokens": "thoughtsTokenCount"},
}


def reported(dialect: str, exchange) -> Dict[str, int]:
    """The last usage of a streamed answer; Gemini's output is what it said
    and what it thought together."""
    said: Any = None
    for _, data in events(bytes(exchange.response_body)):
        said = (house.field(data, "usage")
                or house.field(data, "usageMetadata") or said)
    assert said, "the double sent no usage"
    found = {ours: house.field(said, theirs) or 0
             for ours, theirs in _FIELDS[dialect].items()}
    if dialect == "gemini":
        found["output_tokens"] = (said["candidatesTokenCount"]
                                  + said.get("thoughtsTokenCount", 0))
    return found
