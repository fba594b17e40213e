"""What the double heard and said, one object and one set of files each."""

import dataclasses
import json
import pathlib
import threading
import time
from typing import Any, List, Optional, Tuple

Headers = List[Tuple[str, str]]


@dataclasses.dataclass
class Exchange:
    """One request as it came off the wire and the answer as it went on it.

    `headers` keep order and case. `body` is the request's entity (chunked
    framing removed, nothing else). `response_body` is the entity of the
    answer as far as it was sent, still encoded if it was. `response_id` is the
    provider's id in the answer. `complete`: every byte of the answer, framing
    included, was handed to the kernel. `client_gone`: the peer closed before
    that.
    """
    number: int
    connection: int
    time: float
    method: str
    target: str
    headers: Headers
    body: bytes
    label: str = ""
    response_id: str = ""
    status: int = 0
    response_headers: Headers = dataclasses.field(default_factory=list)
    response_body: bytearray = dataclasses.field(default_factory=bytearray)
    complete: bool = False
    client_gone: bool = False

    def path(self) -> str:
        return self.target.partition("?")[0]

    def header(self, name: str) -> Optional[str]:
        """The first header of that name in any case, or None."""
        for key, value in self.headers:
            if key.lower() == name.lower():
                return value
        return None

    def json(self) -> Any:
        return json.loads(self.body)

    def model(self) -> str:
        """As asked for: in the body, or in Gemini's path."""
        if "/models/" in self.path():
            return self.path().rpartition("/")[2].partition(":")[0]
        return self.json()["model"]


class Record:
    """Keeps exchanges in memory and, if given a folder, in files:
    NNNNNN.json (head of request and answer), NNNNNN.request.body and
    NNNNNN.response.body. Safe to read from other threads."""

    def __init__(self, folder: Optional[pathlib.Path] = None):
        self._folder = folder
        self._changed = threading.Condition()
        self._exchanges: List[Exchange] = []
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def begin(self, connection: int, method: str, target: str,
              headers: Headers, body: bytes) -> Exchange:
        with self._changed:
            exchange = Exchange(len(self._exchanges) + 1, connection,
                                time.time(), method, target, headers, body)
            self._exchanges.append(exchange)
            self._changed.notify_all()
        self._write(exchange, request=True)
        return exchange

    def end(self, exchange: Exchange) -> None:
        with self._changed:
            self._changed.notify_all()
        self._write(exchange, request=False)

    def notify(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def exchanges(self) -> List[Exchange]:
        with self._changed:
            return list(self._exchanges)

    def clear(self) -> None:
        with self._changed:
            self._exchanges.clear()

    def wait(self, condition, timeout_s: float) -> List[Exchange]:
        """Waits until condition(list of exchanges) holds."""
        with self._changed:
            if not self._changed.wait_for(
                    lambda: condition(self._exchanges), timeout_s):
                raise TimeoutError(
                    f"double: {len(self._exchanges)} exchanges after "
                    f"{timeout_s} s, and what was waited for has not come")
            return list(self._exchanges)

    def _write(self, exchange: Exchange, request: bool) -> None:
        if self._folder is None:
            return
        stem = self._folder / f"{exchange.number:06d}"
        head = {field.name: getattr(exchange, field.name)
                for field in dataclasses.fields(exchange)
                if field.name not in ("body", "response_body")}
        stem.with_suffix(".json").write_text(
            json.dumps(head, indent=1) + "\n", encoding="utf-8")
        if request:
            stem.with_suffix(".request.body").write_bytes(exchange.body)
        else:
            stem.with_suffix(".response.body").write_bytes(
                exchange.response_body)
