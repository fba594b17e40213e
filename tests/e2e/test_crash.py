"""Killed with -9 under load at random moments, the gate reopens with every
exchange whose end a client saw, and with no gap."""

import json
import os
import random
import threading
import time

import pytest

import house
import material
from double import Double, Fault, Script, Step, text
from plain_http import Broken, Client, events

pytestmark = pytest.mark.crash

ROUNDS = int(os.environ.get(
    "COFFERDAM_CRASH_ROUNDS",
    "50" if os.environ.get("COFFERDAM_FULL") == "1" else "5"))
SEED = int(os.environ.get("COFFERDAM_CRASH_SEED", str(random.randrange(10**9))))
CLIENTS = 6
LAST = {"/v1/messages": "message_stop", "/v1/responses": "response.completed"}


def words_for(number: int) -> str:
    source = random.Random(number)
    return " ".join(
        source.choice("tide stone gate pump wall river plank rivet".split())
        + str(source.randrange(1000)) for _ in range(60))


def answer_for(exchange) -> Step:
    """Half of the answers dribble, so that kills fall into them."""
    faults = []
    if exchange.number % 2:
        faults.append(Fault("dribble", bytes=700, ms=2))
    return Step([text(words_for(exchange.number))], label="load",
                faults=faults, chunk_bytes=[300, 7])


class Load:
    """Clients that ask until told to stop, and what they saw to its end."""

    def __init__(self, url: str, key: str, seed: int):
        self._url, self._key = url, key
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self.acknowledged = []  # (exchange id, provider's response id)
        self._threads = [
            threading.Thread(target=self._work,
                             args=(random.Random(seed * 100 + i),))
            for i in range(CLIENTS)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)
            assert not thread.is_alive()

    def _work(self, chance: random.Random) -> None:
        while not self._stop.is_set():
            try:
                with Client(self._url, timeout_s=20) as client:
                    for _ in range(chance.randrange(1, 6)):
                        if self._stop.is_set():
                            return
                        if not self._ask(client, chance):
                            break
            except OSError:
                return  # killed: this round is over

    def _ask(self, client: Client, chance: random.Random) -> bool:
        path = chance.choice(list(LAST))
        stream = chance.random() < 0.75
        body = {"model": "m", "stream": stream, "max_tokens": 10,
                "messages": [{"role": "user", "content": "Hi"}],
                "input": "Hi", "padding": "p" * chance.randrange(3000)}
        client.send("POST", path, {"x-api-key": self._key,
                                   "content-type": "application/json"},
                    json.dumps(body).encode())
        seen = b""
        try:
            answer, pieces = client.receive_head()
            for piece in pieces:
                seen += piece
                if stream and seen.endswith(b"\n\n") and self._ended(
                        path, seen):
                    # The client acts on this event; it waits for no framing.
                    self._acknowledge(answer, events(seen))
            if not stream and answer.status == 200:
                self._acknowledge(answer, [("", json.loads(seen))])
            return answer.status == 200
        except Broken:
            return False

    @staticmethod
    def _ended(path: str, seen: bytes) -> bool:
        tail = seen[seen.rfind(b"event: "):]
        return tail.startswith(b"event: " + LAST[path].encode())

    def _acknowledge(self, answer, frames) -> None:
        id = answer.header("x-cofferdam-exchange")
        first = frames[0][1]
        response_id = (first.get("message") or first.get("response")
                       or first)["id"]
        with self._lock:
            self.acknowledged.append((id, response_id))


@pytest.mark.seconds(120 + 30 * ROUNDS)
@pytest.mark.parametrize("sync", ["group", "each"])
def test_no_acknowledged_exchange_is_lost(tmp_path, sync):
    rounds = ROUNDS if sync == "group" else max(1, ROUNDS // 5)
    print(f"COFFERDAM_CRASH_SEED={SEED} rounds={rounds} sync={sync}")
    chance = random.Random(SEED)
    script = Script(choose=answer_for, credential=house.UPSTREAM_KEY)
    with Double(script) as double:
        site = house.Site(tmp_path / "site", config=house.config_text(
            tmp_path / "site" / "data", double.url, double.url,
            ledger=f'sync = "{sync}"'))
        key = site.key()
        acknowledged = {}
        for number in range(rounds):
            gate = site.serve()
            load = Load(gate.url, key, SEED + number)
            # A random moment: after so many answers, and a little more.
            answers, rest_s = chance.randrange(1, 90), chance.random() * 0.02
            house.poll(lambda: len(load.acknowledged) >= answers,
                       f"{answers} answers", 60)
            time.sleep(rest_s)
            gate.kill()
            load.stop()
            acknowledged.update(load.acknowledged)
            check(site, acknowledged,
                  f"round {number}, after {answers} answers + {rest_s:.4f} s")
        gate = site.serve()
        check(site, acknowledged, "beside a running serve")
        gate.stop()
        print(f"{len(acknowledged)} exchanges acknowledged")


def check(site, acknowledged, when) -> None:
    """Without a server: the command itself opens the stores."""
    records = site.exchanges()
    assert len(records) < 10000, "the list was cut: fewer answers a round"
    numbers = sorted(r["sequence"] for r in records)
    assert numbers == list(range(1, len(numbers) + 1)), (when, "a gap")
    kept = {r["id"]: r.get("provider_response_id") for r in records}
    assert len(kept) == len(records), (when, "an id twice")
    lost = {id: response_id for id, response_id in acknowledged.items()
            if kept.get(id) != response_id}
    assert not lost, (when, lost)


def test_what_was_pending_at_the_kill_is_found_by_a_scan(tmp_path):
    """The index work of a killed server is done by the next one."""
    name = "pump_schedule.py"
    words = material.read(name)
    script = Script([Step([text(f"```python\n{words}```\n")])],
                    credential=house.UPSTREAM_KEY)
    with Double(script) as double:
        site = house.Site(tmp_path / "site", double.url)
        key = site.key()
        gate = site.serve()
        with Client(gate.url) as client:
            client.send("POST", "/v1/messages", {"x-api-key": key},
                        json.dumps({"model": "m", "stream": True,
                                    "messages": [{"role": "user",
                                                  "content": "Write."}]}
                                   ).encode())
            _, pieces = client.receive_head()
            seen = b""
            while b"event: message_stop" not in seen:
                seen += next(pieces)
            gate.kill()
        (tmp_path / name).write_text(words)
        scan = site.scan(tmp_path / name)
        assert scan.code == 1 and len(scan.lines(name)) > 80
