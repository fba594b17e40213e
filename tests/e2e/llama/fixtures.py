"""pytest's: running llama.cpp servers with one slot each."""

from typing import Optional

import pytest

from . import LlamaServer


@pytest.fixture
def start_llama(tmp_path):
    """start_llama(context, tokens_mean) -> LlamaServer; ended after the
    test."""
    started = []

    def start(context: int, tokens_mean: Optional[int] = 60) -> LlamaServer:
        started.append(LlamaServer(tmp_path / f"llama-{len(started)}",
                                   context, tokens_mean))
        return started[-1]

    yield start
    for server in started:
        server.stop()
