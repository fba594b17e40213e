"""The forms of calls: each is one fault, in the words of the tool of the agent
that is tested, as engines and models produce it. `certain`: it can mean one
thing, so a careful agent runs it at once; else it must not be run as it came."""

import dataclasses
import json
from typing import Any, Callable, Dict, List, Optional

from engine.scenario import Answer, Call
from double.script import Fault

from .agents import Agent, Tool

# More than any loop may take; an agent that is still at it did not notice.
LOOP_REQUESTS = 40
# Of what agents pass on of a long output, the most that fits.
GROWTH_MAX = 6000
LONG = "seq -f 'line %g of an output that is long' 1 20000"
# Two lines, so that a raw line break can stand in it; once for each run.
COMMAND = "echo ok >> ran.txt\ntrue"
RAN = "ok\n"


@dataclasses.dataclass
class Form:
    name: str
    kind: str  # certain, uncertain, example, engine, loop
    make: Callable[[Agent], Optional[List[Answer]]]  # None: cannot be sent
    quick: bool = False
    # The engine refuses requests that are longer than the first by more bytes
    # than these; 0: it refuses none.
    growth_max: int = 0


def _shell(agent: Agent, **more: Any) -> Dict[str, Any]:
    return {**agent.shell.call(command=COMMAND), **more}


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _call(agent: Agent, arguments: str, **more: Any) -> List[Answer]:
    name = more.pop("name", agent.shell.name)
    answer = {key: more.pop(key) for key in ("finish", "thinking", "text")
              if key in more}
    return [Answer(calls=[Call(name, arguments, **more)], **answer)]


def _words(text: str, **more: Any) -> List[Answer]:
    return [Answer(text=text, **more)]


def _python(value: Any) -> str:
    return repr(value)


def _key(agent: Agent) -> str:
    return agent.shell.arguments["command"]


def _raw_lines(agent: Agent) -> str:
    return _dump(_shell(agent)).replace("\\n", "\n")


def _named(agent: Agent, key: str = "arguments", **more: Any) -> str:
    return _dump({"name": agent.shell.name, key: _shell(agent, **more)})


def _tags(agent: Agent, open_: str, close: str) -> str:
    return "\n".join(f"{open_.format(name)}\n"
                     f"{value if isinstance(value, str) else _dump(value)}\n"
                     f"{close}" for name, value in _shell(agent).items())


def _coder(agent: Agent) -> str:
    return (f"<function={agent.shell.name}>\n"
            f"{_tags(agent, '<parameter={}>', '</parameter>')}\n</function>")


def _invoke(agent: Agent) -> str:
    inside = "\n".join(
        f'<parameter name="{name}">'
        f"{value if isinstance(value, str) else _dump(value)}</parameter>"
        for name, value in _shell(agent).items())
    return f'<invoke name="{agent.shell.name}">\n{inside}\n</invoke>'


def _glm(agent: Agent) -> str:
    return agent.shell.name + "\n" + "\n".join(
        f"<arg_key>{name}</arg_key>\n<arg_value>"
        f"{value if isinstance(value, str) else _dump(value)}</arg_value>"
        for name, value in _shell(agent).items())


def _pythonic(agent: Agent) -> str:
    inside = ", ".join(f"{name}={_python(value)}"
                       for name, value in _shell(agent).items())
    return f"[{agent.shell.name}({inside})]"


def _misnamed(agent: Agent) -> str:
    """The command under a name that other agents give it."""
    other = "cmd" if _key(agent) != "cmd" else "command"
    values = _shell(agent)
    values[other] = values.pop(_key(agent))
    return _dump(values)


def _other_case(agent: Agent) -> str:
    name = agent.shell.name
    return name.lower() if name != name.lower() else name.capitalize()


def _half_written(agent: Agent) -> Optional[List[Answer]]:
    if agent.write is None:
        whole = _dump({_key(agent): "cat > kept.txt <<'EOF'\n" + "new\n" * 40})
        return _call(agent, whole[:len(whole) // 2], finish="length")
    whole = _dump(agent.write.call(path="kept.txt", content="new\n" * 40))
    return _call(agent, whole[:len(whole) // 2], name=agent.write.name,
                 finish="length")


def _object(agent: Agent) -> Optional[List[Answer]]:
    if agent.protocol == "messages":
        return None  # they are objects there
    return _call(agent, _dump(_shell(agent)), as_object=True)


def _same_ids(agent: Agent) -> List[Answer]:
    """Two calls, one id; both are meant."""
    first = agent.shell.call(command="echo one >> first.txt")
    return [Answer(calls=[Call(agent.shell.name, _dump(first), id="call_1"),
                          Call(agent.shell.name, _dump(_shell(agent)),
                               id="call_1")])]


def _extra(agent: Agent) -> str:
    return _dump(_shell(agent, timeout="5000", reason="To see"))


def _cut_stream(agent: Agent) -> List[Answer]:
    return [Answer(calls=[Call(agent.shell.name, _dump(_shell(agent)))],
                   faults=[Fault("reset", at="mid")])]


def _spaced(text: str) -> str:
    return f"I will do that now.\n\n{text}"


def forms() -> List[Form]:
    """Forms of calls by group: as the engine hands them over, as text, those
    that are not certain, what engines do, and loops."""
    J, S = _dump, _shell
    handed = [
        Form("as it should be", "certain", lambda a: _call(a, J(S(a))), True),
        Form("trailing comma", "certain",
             lambda a: _call(a, J(S(a))[:-1] + ",}"), True),
        Form("single quotes", "certain", lambda a: _call(a, _python(S(a)))),
        Form("names without quotes", "certain",
             lambda a: _call(a, "{" + ", ".join(
                 f"{k}: {J(v)}" for k, v in S(a).items()) + "}")),
        Form("Python's None", "certain",
             lambda a: _call(a, _python({**S(a), "note": None}))),
        Form("no closing bracket", "certain",
             lambda a: _call(a, J(dict(reversed(S(a).items())))[:-1])),
        Form("a closing bracket too many", "certain",
             lambda a: _call(a, J(S(a)) + "}")),
        Form("raw line break in a string", "certain",
             lambda a: _call(a, _raw_lines(a))),
        Form("fence around", "certain",
             lambda a: _call(a, f"```json\n{J(S(a))}\n```"), True),
        Form("words around", "certain",
             lambda a: _call(a, f"Here is the input: {J(S(a))}")),
        Form("a comment inside", "certain",
             lambda a: _call(a, "{\n// run it\n" + J(S(a))[1:])),
        Form("byte order mark", "certain",
             lambda a: _call(a, "\ufeff" + J(S(a)))),
        Form("encoded twice", "certain", lambda a: _call(a, J(J(S(a))))),
        Form("an object, no string", "certain", _object),
        Form("name and arguments inside", "certain",
             lambda a: _call(a, _named(a))),
        Form("wrong case of the name", "certain",
             lambda a: _call(a, J(S(a)), name=_other_case(a)), True),
        Form("functions. before the name", "certain",
             lambda a: _call(a, J(S(a)), name="functions." + a.shell.name)),
        Form("control token behind the name", "certain",
             lambda a: _call(a, J(S(a)),
                             name=a.shell.name + "<|channel|>commentary")),
        Form("another agent's name for it", "certain",
             lambda a: _call(a, J(S(a)), name="execute_command")),
        Form("another agent's argument for it", "certain",
             lambda a: _call(a, _misnamed(a))),
        Form("number as string, extra key", "certain",
             lambda a: _call(a, _extra(a))),
        Form("command as [bash, -lc, …]", "certain",
             lambda a: _call(a, J({**S(a), _key(a): ["bash", "-lc",
                                                     COMMAND]}))),
        Form("no id", "certain", lambda a: _call(a, J(S(a)), id=None)),
        Form("an id twice", "certain", _same_ids),
        Form("finish reason stop", "certain",
             lambda a: _call(a, J(S(a)), finish="stop")),
    ]
    printed = [
        Form("<tool_call>", "certain", lambda a: _words(
            _spaced(f"<tool_call>\n{_named(a)}\n</tool_call>")), True),
        Form("<tool_call>, no end", "certain", lambda a: _words(
            f"<tool_call>\n{_named(a)}")),
        Form("<tool_call>, a bracket missing", "certain", lambda a: _words(
            f"<tool_call>\n{_named(a)[:-1]}\n</tool_call>")),
        Form("<function=…> (Qwen-Coder)", "certain", lambda a: _words(
            f"<tool_call>\n{_coder(a)}\n</tool_call>"), True),
        Form("<function=…>, opening tag lost", "certain", lambda a: _words(
            f"{_coder(a)}\n</tool_call>")),
        Form("[TOOL_CALLS] (Mistral)", "certain", lambda a: _words(
            f"[TOOL_CALLS][{_named(a)}]")),
        Form("Harmony (gpt-oss)", "certain", lambda a: _words(
            "<|channel|>commentary to=functions."
            f"{a.shell.name} <|constrain|>json<|message|>{J(S(a))}<|call|>")),
        Form("<|python_tag|> (Llama)", "certain", lambda a: _words(
            f"<|python_tag|>{_named(a, 'parameters')}")),
        Form("pythonic (Llama, LFM)", "certain", lambda a: _words(
            _pythonic(a))),
        Form("DeepSeek", "certain", lambda a: _words(
            f"<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>{a.shell.name}"
            f"<｜tool▁sep｜>{J(S(a))}<｜tool▁call▁end｜><｜tool▁calls▁end｜>")),
        Form("Kimi", "certain", lambda a: _words(
            "<|tool_calls_section_begin|><|tool_call_begin|>functions."
            f"{a.shell.name}:0<|tool_call_argument_begin|>{J(S(a))}"
            "<|tool_call_end|><|tool_calls_section_end|>")),
        Form("GLM", "certain", lambda a: _words(
            f"<tool_call>{_glm(a)}\n</tool_call>")),
        Form("<invoke> (MiniMax)", "certain", lambda a: _words(
            f"<minimax:tool_call>\n{_invoke(a)}\n</minimax:tool_call>")),
        Form("bare JSON", "certain", lambda a: _words(
            _spaced(_named(a)))),
    ]
    uncertain = [
        Form("a write cut in its content", "uncertain", _half_written, True),
        Form("quotes inside without backslash", "uncertain",
             lambda a: _call(a, J({**S(a), _key(a): "@"}).replace(
                 "@", 'echo "ok" >> wrong.txt')), True),
        Form("two objects that differ", "uncertain",
             lambda a: _call(a, J({**S(a), _key(a): "echo a >> wrong.txt"})
                             + J({**S(a), _key(a): "echo b >> wrong.txt"}))),
        Form("invented name", "uncertain",
             lambda a: _call(a, J(S(a)), name="frobnicate")),
        Form("no argument at all", "uncertain", lambda a: _call(a, "{}")),
        Form("arguments are no JSON", "uncertain",
             lambda a: _call(a, "echo x >> wrong.txt")),
        Form("<tool_call> that cannot be read", "uncertain", lambda a: _words(
            '<tool_call>\n{"name": "' + a.shell.name + '", "arguments": {"' +
            _key(a) + '": "echo "x" >> wrong.txt"}}\n</tool_call>')),
        Form("bare JSON, unknown argument", "uncertain", lambda a: _words(
            _named(a, nonsense="x"))),
        Form("only in the thinking", "uncertain", lambda a: _words(
            "", thinking=f"<tool_call>\n{_named(a)}\n</tool_call>")),
        Form("an example in a fence", "example", lambda a: _words(
            "A call looks like this:\n\n```xml\n<tool_call>\n"
            f"{_named(a)}\n</tool_call>\n```\nThat is all."), True),
        Form("an example in inline code", "example", lambda a: _words(
            f"Such a call is written `<tool_call>{_named(a)}</tool_call>` "
            "by the model.")),
    ]
    engine = [
        Form("stream cut inside the call", "engine", _cut_stream),
        Form("HTTP 500: cannot parse", "engine", lambda a: [Answer(
            status=500, message="Failed to parse input at pos 42")]),
        Form("an empty answer", "engine", lambda a: _words("")),
        Form("nothing but thinking", "engine", lambda a: _words(
            "", thinking="I should call the tool now.")),
        Form("the context is full", "engine", lambda a: [Answer(calls=[Call(
            a.shell.name, J(a.shell.call(command=LONG)))])],
             growth_max=GROWTH_MAX),
    ]
    loops = [
        Form("the same call", "loop", lambda a: LOOP_REQUESTS * _call(
            a, J(a.shell.call(command="true")))),
        Form("two calls in turn", "loop", lambda a: LOOP_REQUESTS // 2 * (
            _call(a, J(a.shell.call(command="true")))
            + _call(a, J(a.shell.call(command="pwd"))))),
        Form("the same failure, other words", "loop", lambda a: [
            answer for number in range(LOOP_REQUESTS)
            for answer in _call(a, J(S(a)), name="frobnicate",
                                text=f"Attempt {number}.")]),
    ]
    return handed + printed + uncertain + engine + loops
