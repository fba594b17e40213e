"""A thousand requests at once under a cap that fits exactly k of them: k pass,
whatever fails, leaves or is killed meanwhile, and every token is accounted
for afterwards."""

import dataclasses
import json
import os
import random
import threading
import time
from typing import Any, Dict, List, Optional

import pytest

import house
from dialects import ANTHROPIC
from double import Double, Fault, Script, Step, text
from plain_http import ask, events
from storm import Shot, Storm

pytestmark = pytest.mark.crash

ROUNDS = int(os.environ.get(
    "COFFERDAM_RACE_ROUNDS",
    "50" if os.environ.get("COFFERDAM_FULL") == "1" else "12"))
SEED = int(os.environ.get("COFFERDAM_RACE_SEED", str(random.randrange(10**9))))
REQUESTS = 1000
OUTPUT_MAX = 100
BODY = json.dumps(ANTHROPIC.request(max_tokens=OUTPUT_MAX)).encode()


@dataclasses.dataclass
class Account:
    """What a budget says: in tokens."""
    limit: int
    spent: int
    reserved: int


class Bank:
    """The administration over its address, as an operator's programs use
    it."""

    def __init__(self, site: house.Site):
        self._key = site.key("money@example.com", "finance", "--role",
                             "operator")

    def call(self, gate: house.Gate, path: str, body: Any = None) -> Any:
        answer = ask(gate.ready["admin"], "/cofferdam/v1/admin/" + path, body,
                     headers={"Authorization": f"Bearer {self._key}"})
        assert answer.status == 200, answer
        return answer.json()

    def accounts(self, gate: house.Gate) -> Dict[str, Account]:
        """Those of persons that have a cap of their own."""
        return {row["name"]: Account(row["limit"], row["states"][0]["spent"],
                                     row["states"][0]["reserved"])
                for row in self.call(gate, "budget")["caps"]
                if row["subject"] and row["states"]}

    def records(self, gate: house.Gate) -> List[Dict[str, Any]]:
        """Every exchange of the ledger."""
        found: List[Dict[str, Any]] = []
        while True:
            after = found[-1]["sequence"] if found else 0
            rows = self.call(gate, f"ledger/exchange?after={after}"
                             "&limit=10000")["exchanges"]
            if not rows:
                return found
            found += rows

    def account(self, gate: house.Gate, person: str) -> Account:
        return self.accounts(gate)[person]

    def engineer(self, gate: house.Gate, email: str, limit: int) -> str:
        """A new engineer's key, under a cap of tokens of their own."""
        person = self.call(gate, "person", {"email": email, "team": "tides"})
        self.call(gate, "budget", {
            "scope": "person", "subject": person["id"], "unit": "tokens",
            "period": "total", "limit": limit})
        return self.call(gate, "key", {"person": email})["secret"]


class Sampler:
    """Looks at every budget as often as it can, until told to stop."""

    def __init__(self, bank: Bank, gate: house.Gate):
        self._bank, self._gate = bank, gate
        self._stop = threading.Event()
        self.samples = 0
        self.most = 0
        self.wrong: List[str] = []
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self) -> None:
        while not self._stop.wait(0.005):
            try:
                accounts = self._bank.accounts(self._gate)
            except (AssertionError, OSError, ValueError):
                continue  # killed, or about to be
            self.samples += 1
            for name, account in accounts.items():
                held = account.spent + account.reserved
                self.most = max(self.most, held)
                if held > account.limit:
                    self.wrong.append(f"{name}: {account}")

    def stop(self) -> None:
        """Ends it; the numbers are the caller's to judge."""
        self._stop.set()
        self._thread.join(30)


class Provider:
    """Answers of the double: held until released, each with its own fate."""

    def __init__(self):
        self.double = Double(Script(choose=self._step,
                                    credential=house.UPSTREAM_KEY))
        self._chance = random.Random(0)
        self._gates: List[str] = []
        self._fates: List[str] = ["whole"]
        self._told: Dict[str, int] = {}

    def play(self, chance: random.Random, gates: List[str],
             fates: List[str]) -> None:
        """From here on: each answer waits at one of `gates` (none: at once)
        and has one of `fates`."""
        self._keep()
        self._chance, self._gates, self._fates = chance, gates, fates
        self.double.clear()

    def _keep(self) -> None:
        for exchange in self.double.main_exchanges():
            self._told[exchange.response_id] = tokens_of(exchange)

    def told(self) -> Dict[str, int]:
        """The tokens that each answer named, by its id; 0 where it broke off
        before."""
        self._keep()
        return self._told

    def _step(self, exchange) -> Step:
        chance = random.Random(f"{SEED} {exchange.number}")
        fate = chance.choice(self._fates)
        words = "tide stone gate pump " * chance.randrange(2, 15)
        faults = []
        if self._gates:
            faults.append(Fault("hold", at="before_headers", name=self._gates[
                exchange.number % len(self._gates)]))
        elif chance.random() < 0.3:
            faults.append(Fault("dribble", bytes=300, ms=1))
        if fate in ("reset", "close", "error_event"):
            faults.append(Fault(fate))
        if fate == "error":
            return Step(status=chance.choice([500, 503, 429]), label=fate,
                        message="busy", faults=faults)
        return Step([text(words)], label=fate, faults=faults,
                    delta_chars=[60], chunk_bytes=[4096])


@dataclasses.dataclass
class World:
    site: house.Site
    provider: Provider
    bank: Bank
    bound: int = 0

    def storm(self, gate: house.Gate, key: str, shots: List[Shot]) -> Storm:
        return Storm(gate.url, ANTHROPIC.target(), {
            "x-api-key": key, "content-type": "application/json"}, BODY,
            shots)

    def settled(self, gate: house.Gate, person: str) -> Account:
        """The account once nothing is reserved any more."""
        def quiet() -> Optional[Account]:
            account = self.bank.account(gate, person)
            return account if account.reserved == 0 else None
        return house.poll(quiet, f"{person} still holds something", 30)


@pytest.fixture
def world(tmp_path):
    provider = Provider()
    with provider.double:
        site = house.Site(tmp_path / "site", config=house.config_text(
            tmp_path / "site" / "data", anthropic=provider.double.url,
            more="\n[privacy]\nindividuals = true\n"))
        yield World(site, provider, Bank(site))


def bound_of(world: World, gate: house.Gate) -> int:
    """What one request holds, as the budget itself says."""
    key = world.bank.engineer(gate, "probe@example.com", 10_000_000)
    world.provider.play(random.Random(1), ["probe"], ["whole"])
    storm = world.storm(gate, key, [Shot(0)])
    bound = house.poll(lambda: world.bank.account(
        gate, "probe@example.com").reserved, "nothing was held")
    world.provider.double.release("probe")
    storm.join()
    assert world.settled(gate, "probe@example.com").spent < bound
    return bound


def refused(shot: Shot) -> bool:
    return shot.status in (403, 429) and shot.ended


def passing(world: World) -> int:
    return len(world.provider.double.main_exchanges())


def fill(world: World, gate: house.Gate, name: str, chance: random.Random,
         gates: List[str], fates: List[str], shots: List[Shot]):
    """A cap that fits exactly k; k are held and all others are refused."""
    k = chance.randrange(1, 200)
    limit = k * world.bound + chance.randrange(world.bound)
    key = world.bank.engineer(gate, name, limit)
    world.provider.play(chance, gates, fates)
    storm = world.storm(gate, key, shots)
    house.poll(lambda: storm.count(refused) >= REQUESTS - k
               and passing(world) >= k, f"{name}: not {k} of {REQUESTS}", 60)
    account = world.bank.account(gate, name)
    assert (storm.count(refused), passing(world)) == (REQUESTS - k, k)
    assert account == Account(limit, 0, k * world.bound), (name, account)
    return storm, key, k


def one_more(world: World, gate: house.Gate, key: str) -> Shot:
    (shot,) = world.storm(gate, key, [Shot(0)]).join()
    return shot


def dropping(chance: random.Random, share: float, least: int) -> List[Shot]:
    return [Shot(i, chance.randrange(least, 900)
                 if chance.random() < share else None)
            for i in range(REQUESTS)]


def exact_round(world: World, gate: house.Gate, name: str,
                chance: random.Random) -> house.Gate:
    """k pass; what they used is spent, the rest is free again."""
    storm, _, k = fill(world, gate, name, chance, [name], ["whole"],
                       dropping(chance, 0, 1))
    world.provider.double.release(name)
    storm.join()
    assert storm.count(lambda s: s.status == 200 and s.ended) == k
    account = world.settled(gate, name)
    used = sum(tokens_of(e) for e in world.provider.double.main_exchanges())
    assert account.spent == used, (account, used)
    return gate


def failing_round(world: World, gate: house.Gate, name: str,
                  chance: random.Random) -> house.Gate:
    """k pass; some of them fail upstream, some clients leave."""
    storm, _, _ = fill(world, gate, name, chance, [name],
                       ["whole", "error", "reset", "close", "error_event"],
                       dropping(chance, 0.3, 1))
    world.provider.double.release(name)
    storm.join()
    account = world.settled(gate, name)
    assert account.spent <= account.limit
    return gate


def killed_round(world: World, gate: house.Gate, name: str,
                 chance: random.Random) -> house.Gate:
    """Half of the k end well, then the gate dies: the other half is settled
    in full by the next one, so that nothing more fits."""
    names = [name + "-first", name + "-rest"]
    storm, key, k = fill(world, gate, name, chance, names, ["whole"],
                         dropping(chance, 0, 1))
    world.provider.double.release(names[0])
    ended = [e for e in world.provider.double.main_exchanges()
             if e.number % 2 == 0]
    house.poll(lambda: storm.count(lambda s: s.status == 200 and s.ended)
               == len(ended), "the first half does not end")
    used = sum(map(tokens_of, ended))
    house.poll(lambda: world.bank.account(gate, name).spent == used,
               "the first half is not settled")
    gate.kill()
    storm.join()
    world.provider.double.release(names[1])
    gate = world.site.serve()
    open_ones = k - len(ended)
    account = world.settled(gate, name)
    assert account.spent == used + open_ones * world.bound, (account, used)
    crashed = [r for r in world.bank.records(gate)
               if r["outcome"] == "crashed"
               and r["person_email"] == name]
    assert len(crashed) == open_ones
    for record in crashed:
        assert record["usage"]["source"] == "estimated", record
        assert record["held"]["tokens"] == world.bound, record
    if account.limit - account.spent < world.bound:
        assert refused(one_more(world, gate, key))
    return gate


def free_round(world: World, gate: house.Gate, name: str,
               chance: random.Random) -> house.Gate:
    """Nothing is held back: requests pass as others end, fail or are left,
    and in every other round the gate dies in the midst of it."""
    k = chance.randrange(1, 200)
    limit = k * world.bound + chance.randrange(world.bound)
    key = world.bank.engineer(gate, name, limit)
    world.provider.play(chance, [], ["whole", "whole", "error", "reset",
                                     "close"])
    storm = world.storm(gate, key, dropping(chance, 0.2, 0))
    if chance.random() < 0.5:
        answers = chance.randrange(1, REQUESTS)
        house.poll(lambda: storm.count(
            lambda s: s.ended or s.dropped or bool(s.error)) >= answers,
            f"{answers} answers", 60)
        gate.kill()
        storm.join()
        gate = world.site.serve()
    storm.join()
    account = world.settled(gate, name)
    whole = sum(tokens_of(e) for e in world.provider.double.main_exchanges()
                if e.complete and e.label == "whole")
    assert whole <= account.spent <= limit, (account, whole)
    return gate


def tokens_of(exchange) -> int:
    """What the double told the gate, as it counts itself."""
    whole = bytes(exchange.response_body).rpartition(b"\n\n")[0]
    usage = [data["usage"] for name, data in events(whole)
             if name == "message_delta"]
    return sum(usage[-1][name] for name in (
        "input_tokens", "output_tokens")) if usage else 0


KINDS = [exact_round, killed_round, failing_round, free_round]


@pytest.mark.seconds(120 + 20 * ROUNDS)
def test_a_cap_that_fits_k_lets_k_pass_whatever_happens(world):
    print(f"COFFERDAM_RACE_SEED={SEED} rounds={ROUNDS}")
    chance = random.Random(SEED)
    gate = world.site.serve()
    world.bound = bound_of(world, gate)
    assert world.bound >= len(BODY) + OUTPUT_MAX
    samples, begun = 0, time.monotonic()
    for number in range(ROUNDS):
        kind = KINDS[number % len(KINDS)]
        name = f"round-{number}@example.com"
        sampler = Sampler(world.bank, gate)
        try:
            gate = kind(world, gate, name, random.Random(
                chance.randrange(10**9)))
        except BaseException:
            print(f"round {number}, {kind.__name__}\n{gate.log_tail()}")
            raise
        finally:
            sampler.stop()
        assert sampler.wrong == [] and sampler.samples > 0
        samples += sampler.samples
    agree(world, gate)
    gate.stop()
    print(f"{samples} samples in {time.monotonic() - begun:.0f} s")


def agree(world: World, gate: house.Gate) -> None:
    """Budgets and `usage` name the same numbers for everybody, and they are
    the provider's own but for what had to be estimated."""
    accounts = world.bank.accounts(gate)
    report = world.bank.call(gate, "usage?by=person")
    charged = {row["person"]: row["charged_tokens"]
               for row in report["rows"] if row["charged_tokens"]}
    assert charged == {name: account.spent for name, account
                       in accounts.items() if account.spent}
    told = world.provider.told()
    records = {r.get("provider_response_id"): r["usage"]
               for r in world.bank.records(gate)
               if r["usage"]["source"] == "reported"}
    assert records
    for id, usage in records.items():
        assert usage["input_tokens"] + usage["output_tokens"] == told[id]
    estimated = sum(charged.values()) - sum(told[id] for id in records)
    whole = sum(told.values())
    print(f"{sum(charged.values())} tokens charged, {estimated} of them "
          f"estimated; the provider told of {whole}")
    assert sum(charged.values()) - estimated <= whole
