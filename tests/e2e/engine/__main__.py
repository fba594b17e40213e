"""python3 -m engine: the scripted engine as a program."""

import argparse
import json
import pathlib
import signal
import sys

from .scenario import Scenario, ScenarioError, load_scenario
from .server import ScriptedEngine


def _arguments(argv):
    parser = argparse.ArgumentParser(
        prog="python3 -m engine",
        description="A scripted engine: Chat Completions, Responses and "
        "Anthropic Messages on 127.0.0.1, /props, /v1/models, /api/show. "
        "Prints one JSON line when it listens, and one with what it saw when "
        "SIGTERM or SIGINT ends it.",
        epilog="The form of a scenario: tests/e2e/engine/README.md.")
    parser.add_argument("--scenario", type=pathlib.Path, metavar="FILE",
                        help="JSON scenario (default: every answer is Done.)")
    parser.add_argument("--port", type=int, default=0,
                        help="0 (default) takes a free one")
    parser.add_argument("--record", type=pathlib.Path, metavar="DIR",
                        help="write every request and answer to files here")
    return parser.parse_args(argv)


def main(argv=None) -> int:
    options = _arguments(argv)
    try:
        scenario = (load_scenario(options.scenario.read_text(encoding="utf-8"))
                    if options.scenario else Scenario())
    except (OSError, ScenarioError) as error:
        print(f"engine: {options.scenario}: {error}", file=sys.stderr)
        return 2
    stop = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, stop)
    engine = ScriptedEngine(scenario, record=options.record,
                            port=options.port).start()
    print(json.dumps({"ready": True, "url": engine.url,
                      "port": engine.port}), flush=True)
    signal.sigwait(stop)
    print(json.dumps({"requests": len(engine.requests),
                      "conversations": engine.conversations.count,
                      "violations": engine.violations}), flush=True)
    engine.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
