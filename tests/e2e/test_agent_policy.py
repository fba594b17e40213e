"""Each agent meets each effect of the law: it shows which rule, why and what
to do next, once, and stops or goes on without endless tries."""

import time

import pytest

import clients
import dialects
import effects
import house
from stage import DONE, Headless, Stage, Turn, words_of

pytestmark = pytest.mark.agent

FOUR = pytest.mark.parametrize("client", clients.FOUR, ids=str)
DIALECTS = {dialect.provider: dialect for dialect in dialects.ALL[:4]}
# A refusal ends an agent, or its turn, at once. A machine that runs other
# tests beside this one needs the rest.
REFUSED_S = 45


def meet(tmp_path, client, effect: effects.Effect):
    """The stage with the turns that were taken on it."""
    with Stage(tmp_path, client, effect.more, effect.policy) as stage:
        with Headless(stage) as person:
            effect.show(stage, person)
        return stage, person.turns


def flat(turn: Turn) -> str:
    """What was shown, without the quoting of an agent that prints JSON."""
    return turn.shown.replace("\\n", "\n").replace('\\"', '"')


def only_answer(turn: Turn):
    """Of the one request that was sent."""
    assert len(turn.answers) == 1, ([
        (seen.status, seen.asked, seen.answered, words_of(seen.response_body))
        for seen in turn.answers], turn.shown)
    return turn.answers[0]


def refused_once(client: clients.Client, turn: Turn, *words: str) -> None:
    """One request, one refusal, shown whole and once; Codex prints every
    error that it ends with twice."""
    answer = only_answer(turn)
    message = words_of(answer.response_body)
    assert turn.code not in (0, None), turn.shown
    assert flat(turn).count(message) == (2 if client.tool == "codex" else 1), (
        message, turn.shown)
    for word in words:
        assert word in message
    assert turn.seconds < REFUSED_S


def went_on(turn: Turn) -> None:
    answer = only_answer(turn)
    assert answer.status == 200 and turn.code == 0, turn.shown
    assert DONE in turn.shown


@FOUR
def test_a_denied_request_says_which_rule_why_and_what_next(
        client, tmp_path):
    stage, (turn,) = meet(tmp_path, client, effects.BY_NAME["deny"])
    refused_once(client, turn, "in-house-only", effects.WHY, effects.ASK)
    assert stage.double.main_exchanges() == []


@FOUR
def test_what_needs_an_approval_passes_once_it_is_granted(client, tmp_path):
    stage, (first, second) = meet(tmp_path, client,
                                  effects.BY_NAME["approve"])
    refused_once(client, first, "review-first", "legal@example.com")
    went_on(second)
    (approval,) = stage.json("approval", "list", "--all")["approvals"]
    assert approval["id"] in words_of(first.answers[0].response_body)
    assert approval["state"] == "granted"
    assert approval["person"] == house.PERSON
    assert approval["tool"] == client.tool
    (record,) = stage.site.exchanges()
    assert record["policy_rule"] == "rule review-first"
    assert record["grant"] == approval["id"]


def test_a_launcher_that_waits_starts_the_agent_once_it_is_granted(tmp_path):
    effect = effects.BY_NAME["approve"]

    def grant():
        house.poll(lambda: stage.json("approval", "list")["approvals"],
                   "nobody was asked", 60)
        assert stage.double.main_exchanges() == []
        stage.ok("approval", "grant", effects.waiting(stage)["id"],
                 "--reason", "Reviewed with the legal team")

    with Stage(tmp_path, clients.CLAUDE, policy=effect.policy) as stage:
        with Headless(stage) as person:
            turn = person.turn("", grant, ["--wait"])
    went_on(turn)
    assert len(stage.double.main_exchanges()) == 1


@FOUR
def test_a_pause_stops_and_a_resume_lets_go_on(client, tmp_path):
    _, (paused, resumed) = meet(tmp_path, client, effects.BY_NAME["pause"])
    refused_once(client, paused, "We are looking into a leak; back by noon")
    went_on(resumed)


@FOUR
def test_a_kill_ends_the_stream_within_a_second(client, tmp_path):
    stage = Stage(tmp_path, client)
    times = []

    def during():
        times.append(effects.kill_now(stage))
        times.append(time.monotonic())

    with stage, Headless(stage) as person:
        stage.double.use_script(effects.holding())
        turn = person.turn("killed", during)
        (ended,) = [a for a in turn.answers if b"herons" in a.response_body]
        records = stage.site.exchanges()
        heard = [e for e in stage.double.main_exchanges()
                 if e.label != "side"]
    (record,) = [r for r in records
                 if r["id"] == ended.header_of_answer("x-cofferdam-exchange")]
    # What else it asks of small models has no part in this.
    assert len(heard) == 1, records
    dialect = DIALECTS[client.dialect]
    frame = dialect.frames(ended.response_body)[-1]
    assert "looking into a leak" in dialect.error_message(frame)
    print(f"{client}: the stream ended {ended.answered - times[0]:.3f} s "
          f"after the command began, which took {times[1] - times[0]:.3f} s")
    # From the command's end: how long a program takes to start is not ours.
    assert ended.answered - times[1] < 1, (ended.answered, times)
    # What an agent asks again after that is refused as a pause is, and the
    # person reads why.
    assert len(turn.answers) <= 3 and turn.seconds < 60, turn.shown
    assert "looking into a leak" in flat(turn), turn.shown
    assert record["outcome"] == "gate_ended", record
    assert record["usage"]["source"] == "estimated"


@FOUR
def test_a_spent_budget_is_shown_once(client, tmp_path):
    _, (fit, spent) = meet(tmp_path, client, effects.BY_NAME["budget"])
    went_on(fit)
    refused_once(client, spent, "a month", "spent", "It renews on",
                 "#ml-budget")


@FOUR
def test_a_reroute_is_on_record_and_nothing_to_see(client, tmp_path):
    stage, (turn,) = meet(tmp_path, client, effects.BY_NAME["reroute"])
    went_on(turn)
    asked, given = effects.OTHER_MODEL[client.dialect]
    (heard,) = [e for e in stage.double.main_exchanges()
                if e.label != "side"]
    assert heard.model() == given
    (record,) = [r for r in stage.site.exchanges()
                 if r["id"] == turn.answers[0].header_of_answer(
                     "x-cofferdam-exchange")]
    assert record["origin"]["model"] == given
    assert record["origin"]["model_requested"] == asked
    assert record["interventions"] == ["reroute"]
