"""What the gate does to a person at an agent, effect by effect: the law that
is in force, what the person asks and what an operator does meanwhile. The
same scenes are tested and captured as screens."""

import dataclasses
import json
import time
from typing import Any, Callable, Dict, List, Union

import house
from double import Fault, Script, Step, text
from stage import Headless, Interactive, Stage

Driver = Union[Headless, Interactive]

REPO = "git.example.com/applied-ai/*"
WHY = "this repository is written with in-house models only"
ASK = "Ask platform@example.com, or move the work to another repository."
LONG = "Behind it lies an uncharted basin with thirty-one herons. " * 40
# What the models of reroutes are called, by dialect: asked for, and given.
OTHER_MODEL = {"anthropic": ("claude-sonnet-4-5", "claude-haiku-4-5"),
               "openai": ("gw-model", "gw-model-small"),
               "chat": ("m1", "m2"),
               "gemini": ("gemini-2.5-flash", "gemini-2.5-flash-lite")}


@dataclasses.dataclass(frozen=True)
class Effect:
    """`show` lets the person take turns; `policy` is the policy.toml, `more`
    is added to the configuration."""
    name: str
    title: str
    show: Callable[[Stage, Driver], Any]
    policy: str = ""
    more: str = ""

    def __str__(self) -> str:
        return self.name


def deny(_stage: Stage, person: Driver) -> None:
    person.turn("A rule of the company denies it")


def revoked(stage: Stage, person: Driver) -> None:
    person.turn("")
    (key,) = stage.json("key", "list")["keys"]
    stage.ok("key", "revoke", key["id"])
    person.turn("An administrator has revoked the key")


def waiting(stage: Stage) -> Dict[str, Any]:
    """The one request for approval that waits."""
    (row,) = stage.json("approval", "list")["approvals"]
    return row


def approve(stage: Stage, person: Driver) -> None:
    person.turn("It needs an approval, which the refusal has asked for")
    stage.ok("approval", "grant", waiting(stage)["id"], "--for", "2h",
             "--reason", "Reviewed with the legal team")
    person.turn("The approval is granted, and the same is asked again")


def pause(stage: Stage, person: Driver) -> None:
    stage.ok("pause", "--repo", REPO, "--reason",
             "We are looking into a leak; back by noon")
    person.turn("The platform team has paused work on the repository")
    stage.ok("resume", "--repo", REPO)
    person.turn("Work is resumed, and the same is asked again")


def holding() -> Script:
    """Half of a long answer, then nothing until the client goes."""
    return Script([Step([text(LONG)], delta_chars=[58],
                        faults=[Fault("hold", name="forever")])],
                  side=Step([text("Sluices")]),
                  credential=house.UPSTREAM_KEY)


def kill_now(stage: Stage) -> float:
    """As soon as the agent has read a part of an answer; when that was."""
    house.poll(lambda: any(seen.response_body.count(b"herons") > 5
                           for seen in stage.answers() if not seen.ended),
               "nothing was streamed", 60)
    begun = time.monotonic()
    stage.ok("kill", "--repo", REPO, "--reason",
             "We are looking into a leak; back by noon")
    return begun


def kill(stage: Stage, person: Driver) -> None:
    stage.double.use_script(holding())
    person.turn("The platform team kills what runs, in the middle of an "
                "answer", lambda: kill_now(stage))


def budget(stage: Stage, person: Driver) -> None:
    """A cap that fits a request, but not beside what was spent before."""
    person.turn("")
    id = stage.answers()[-1].header_of_answer("x-cofferdam-exchange")
    (record,) = [r for r in stage.site.exchanges() if r["id"] == id]
    spent = stage.json("usage")["total"]["micro_dollars"]
    limit = record["held"]["micro_dollars"] + spent // 2
    stage.ok("budget", "set", "--person", house.PERSON, "--month",
             f"{limit / 1e6:.6f}", "--ask", "#ml-budget")
    person.turn("The person's budget of the month is spent")


def rate(_stage: Stage, person: Driver) -> None:
    person.turn("")
    person.turn("A second request within the minute")


def reroute(stage: Stage, person: Driver) -> None:
    person.turn("A rule gives another model than the one that is named")
    stage.double.wait(lambda seen: seen)


def _reroutes() -> str:
    return "".join(f"""\
[[rule]]
name = "small-{dialect}"
model = "{asked}"
effect = "reroute"
to = "{given}"
reason = "small questions go to small models"

""" for dialect, (asked, given) in OTHER_MODEL.items())


def rule(name: str, effect: str, *more: str) -> str:
    """A policy.toml of one rule over the repository."""
    rows: List[str] = ["[[rule]]", f'name = "{name}"', f'repo = "{REPO}"',
                       f'effect = "{effect}"', *more]
    return "\n".join(rows) + "\n"


def _says(key: str, words: str) -> str:
    return f"{key} = {json.dumps(words)}"


ALL = [
    Effect("deny", "A rule denies the request", deny,
           rule("in-house-only", "deny", _says("reason", WHY),
                _says("ask", ASK))),
    Effect("approve", "A rule asks for an approval", approve,
           rule("review-first", "approve",
                _says("reason", "the legal team reviews who uses models on "
                      "this repository"),
                _says("ask", "An approver has been asked; "
                      "legal@example.com knows more."))),
    Effect("pause", "Work is paused, then resumed", pause),
    Effect("kill", "Running streams are killed", kill),
    Effect("budget", "A budget is spent", budget),
    Effect("rate", "A rule's limit of requests per minute is reached", rate,
           rule("slowly", "allow",
                'limits = { requests_per_minute = 1, per = "person" }')),
    Effect("reroute", "A rule gives another model: nothing to see", reroute,
           _reroutes()),
    Effect("revoked", "The engineer's key is revoked while they work",
           revoked),
]
BY_NAME: Dict[str, Effect] = {effect.name: effect for effect in ALL}
