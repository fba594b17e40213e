"""A provider double: it speaks like a model provider and says what a script
tells it to say, well or badly, and keeps what it heard.

    from double import Double, Script, Step, text, tool

    with Double(Script([Step([text("Hello.")])])) as double:
        ...                      # POST to double.url + "/v1/messages"
        double.exchanges[0].body # the bytes that arrived

See tests/e2e/README.md for scripts as JSON files and for the command line.
"""

from .record import Exchange
from .reply import asks_a_model
from .script import (Fault, Part, Script, ScriptError, Step, custom_tool,
                     hidden_thinking, load_script, text, thinking, tool)
from .server import Double

__all__ = [
    "Double", "Exchange", "Fault", "Part", "Script", "ScriptError", "Step",
    "asks_a_model", "custom_tool", "hidden_thinking", "load_script", "text",
    "thinking", "tool",
]
