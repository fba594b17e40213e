"""A real llama.cpp server with a model of random weights: it proves wire,
template, streaming, cancellation, limits and cache, not intelligence."""

import json
import pathlib
import subprocess
import urllib.request
from typing import Any, Dict, Optional

import house

from . import model

HERE = pathlib.Path(__file__).resolve().parent
START_S = 30
STOP_S = 20


class LlamaServer:
    """One slot of `context` tokens, of which each is a byte; answers have
    `tokens_mean` of them by and large, or never end."""

    def __init__(self, root: pathlib.Path, context: int,
                 tokens_mean: Optional[int]):
        root.mkdir(parents=True, exist_ok=True)
        model.write(root / "random.gguf", tokens_mean)
        self.log = root / "llama.log"
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen(
                ["/usr/bin/python3", "-B", str(HERE / "serve.py"),
                 str(root / "random.gguf"), str(context)],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)
        house.STARTED.append(self._process)
        self.url = house.read_line(self._process, START_S).decode().strip()
        assert self.url, self.log.read_text()[-3000:]

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path, timeout=20) as answer:
            return json.load(answer)

    def slot(self) -> Dict[str, Any]:
        return self.get("/slots")[0]

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(STOP_S)
        self._process.stdout.close()
