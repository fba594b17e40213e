"""What a person at an agent sees when something goes wrong is the same with
the gate as without it."""

import dataclasses
import difflib
import re
import time
from typing import Callable

import pytest

import agents
import clients
import house
from double import Double, Fault, Script, Step, text
from relay import Relay

pytestmark = pytest.mark.agent

MOON = "The moon is in the wrong house.\nWait for the second tide."
LONG = "Behind it lies an uncharted basin with thirty-one herons. " * 40
FOUR = pytest.mark.parametrize("bench", clients.FOUR, ids=str, indirect=True)


def in_turn(*steps: Step) -> Script:
    """The steps one after the other, whatever is asked; the last for good."""
    left = list(steps)
    return Script(choose=lambda _: left.pop(0) if len(left) > 1 else left[0],
                  credential=house.UPSTREAM_KEY)


@dataclasses.dataclass
class Bench:
    """One agent twice: at a double, and at a double through a gate."""
    client: clients.Client
    site: house.Site
    relay: Relay
    engineer: house.Engineer
    behind: Double
    alone: agents.AgentHome
    straight: Double

    def both(self, make: Callable[[], Script]):
        """What comes of the same script without and with the gate."""
        for double in (self.straight, self.behind):
            double.clear()
            double.use_script(make())
        runs = [self.client.start_straight(self.alone, self.straight.url,
                                           house.UPSTREAM_KEY),
                self.client.start(self.engineer)]
        done = [clients.finish(run, 100) for run in runs]
        return [Outcome(self, one, double) for one, double in zip(
            done, (self.straight, self.behind))]

    def plain(self, words: str) -> str:
        """Without what differs from run to run."""
        words = without_partial_text(words)
        for address in (self.relay.url, self.straight.url):
            words = words.replace(address, "URL").replace(
                address.partition("//")[2], "HOST")
        for place in (self.alone, self.engineer.place):
            words = words.replace(str(place.root), "ROOT")
        words = re.sub(r"(?m)^cofferdam: .*\n", "", words)
        # What Gemini CLI says of its own start and of its sockets.
        words = re.sub(r"(?m)^(\[STARTUP\]| +(bytes(Read|Written)|"
                       r"(local|remote)(Address|Port|Family)):).*\n", "",
                       words)
        words = re.sub(r"(tokens used)\n[\d,]+", r"\1 N", words)
        words = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID",
                       words)
        words = re.sub(r"\d{4}-\d\d-\d\dT[\d:.-]+Z?", "TIME", words)
        words = re.sub(r"\b(req_)?[0-9A-Za-z]{22}\b", "ID", words)
        return re.sub(r"\b\d+(\.\d+)?( ?ms| ?s)\b", "SPAN", words)


def without_partial_text(words: str) -> str:
    """How much of a text is shown before the stream breaks is a matter of
    time: what was on its way when a reset came is lost."""
    begin = words.find(LONG[:20])
    if begin < 0:
        return words
    end = begin
    while end < len(words) and words[end] == LONG[(end - begin) % len(LONG)]:
        end += 1
    return words[:begin] + "SOME TEXT\n" + words[end:].lstrip()


class Outcome:
    """What is to be the same: exit code, attempts, and what was shown."""

    def __init__(self, bench: Bench, done: agents.Done, double: Double):
        self.code = done.code
        self.attempts = [e.status for e in double.main_exchanges()]
        self.shown = bench.plain(done.out + done.err)

    def same_as(self, other: "Outcome") -> None:
        """Fails with the lines that differ."""
        differ = list(difflib.unified_diff(
            repr(other).splitlines(), repr(self).splitlines(),
            "without the gate", "with it", lineterm="", n=1))
        assert not differ, "\n" + "\n".join(differ)

    def __repr__(self) -> str:
        return f"exit {self.code}, {self.attempts}\n{self.shown}"


@pytest.fixture(scope="module")
def bench(request, tmp_path_factory):
    client = request.param
    root = tmp_path_factory.mktemp(client.name)
    with Double(seed=1) as straight, Double(seed=1) as behind:
        site = house.Site(root / "site", **{client.dialect: behind.url})
        gate = site.serve()
        with Relay(gate.url) as relay:
            engineer = house.Engineer(
                site, agents.AgentHome(root / "gated"), relay.url)
            alone = agents.AgentHome(root / "straight")
            yield Bench(client, site, relay, engineer, behind, alone,
                        straight)
        gate.stop()


# Errors of the provider


@FOUR
@pytest.mark.parametrize("status", [400, 401])
def test_a_lasting_error_looks_the_same(bench, status):
    straight, gated = bench.both(
        lambda: in_turn(Step(status=status, message=MOON)))
    gated.same_as(straight)
    assert straight.code != 0 and set(straight.attempts) == {status}
    assert MOON.splitlines()[0] in straight.shown


@FOUR
def test_a_limit_of_the_provider_is_waited_out_the_same(bench):
    straight, gated = bench.both(lambda: in_turn(
        Step(status=429, message=MOON, headers=[("retry-after", "1")]),
        Step([text("Done.")])))
    gated.same_as(straight)
    assert straight.attempts == [429, 200] and straight.code == 0


@FOUR
def test_a_provider_that_is_down_is_asked_again_the_same(bench):
    gemini = bench.client.tool == "gemini-cli"  # knows no 529, tries twice
    straight, gated = bench.both(lambda: in_turn(
        Step(status=500, message=MOON),
        Step([text("Done.")]) if gemini else Step(status=529, message=MOON),
        Step([text("Done.")])))
    gated.same_as(straight)
    assert straight.attempts == [500, 200] if gemini else [500, 529, 200]
    assert straight.code == 0 and "Done." in straight.shown


@FOUR
@pytest.mark.parametrize("fault", [
    Fault("error_event", type="overloaded_error", message=MOON, times=1),
    Fault("close", at="mid_frame", times=1),
    Fault("reset", at="mid_frame", times=1),
], ids=lambda fault: fault.kind)
def test_a_stream_that_breaks_once_ends_the_same(bench, fault):
    # A reset may overtake what was sent before it, with a gate or without.
    for left in reversed(range(4)):
        straight, gated = bench.both(lambda: in_turn(
            Step([text(LONG)], faults=[dataclasses.replace(fault)]),
            Step([text("Done.")])))
        if repr(gated) == repr(straight) or left == 0:
            break
    gated.same_as(straight)
    assert straight.attempts[0] == 200


# A person who changes their mind


@FOUR
def test_an_interrupted_turn_is_cancelled_upstream_and_on_record(bench):
    bench.behind.clear()
    bench.behind.use_script(Script(
        [Step([text(LONG)], delta_chars=[58],
              faults=[Fault("hold", name="forever")])],
        credential=house.UPSTREAM_KEY))
    before = len(bench.site.exchanges())
    already = len(bench.relay.main_exchanges())
    run = bench.client.start(bench.engineer)
    house.poll(lambda: [seen for seen in bench.relay.main_exchanges()[already:]
                        if seen.response_body.count(b"herons") > 9],
               "nothing was streamed", 60)
    begun = time.monotonic()
    house.interrupt(run)
    bench.behind.wait(lambda seen: seen[0].client_gone, 20)
    took = time.monotonic() - begun
    done = clients.finish(run, 30)
    record = house.poll(lambda: bench.site.exchanges()[before:],
                        "no record of what was cut off")[0]
    assert took < 10, done
    assert record["outcome"] == "client_gone", record
    assert record["usage"]["source"] == "estimated"
    assert record["usage"]["input_tokens"] > 0
    assert record["usage"]["output_tokens"] > 0
    assert record["origin"]["tool"] == bench.client.tool
