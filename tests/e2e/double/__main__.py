"""python3 -m double: the provider double as a program."""

import argparse
import json
import pathlib
import signal
import sys

from .script import FAULT_KINDS, PLACES, Script, ScriptError, load_script
from .server import Double


def _arguments(argv):
    parser = argparse.ArgumentParser(
        prog="python3 -m double",
        description="A provider double: speaks Anthropic Messages "
        "(POST /v1/messages, /v1/messages/count_tokens), OpenAI Responses "
        "(POST /v1/responses), Chat Completions (POST /v1/chat/completions) "
        "and Gemini (POST /v1beta/models/MODEL:generateContent and its kin) "
        "on 127.0.0.1, says what a script says, and records what it hears. "
        "Prints one JSON line when it listens; SIGTERM or SIGINT ends it.",
        epilog="faults: " + "; ".join(
            f"{name} ({what})" for name, what in FAULT_KINDS.items())
        + ". places: " + ", ".join(PLACES)
        + ". The form of a script is described in tests/e2e/README.md.")
    parser.add_argument("--script", type=pathlib.Path, metavar="FILE",
                        help="JSON script (default: every answer is Done.)")
    parser.add_argument("--set", action="append", default=[],
                        metavar="NAME=VALUE", dest="names",
                        help="replace ${NAME} in the script's strings")
    parser.add_argument("--port", type=int, default=0,
                        help="0 (default) takes a free one")
    parser.add_argument("--record", type=pathlib.Path, metavar="DIR",
                        help="write every request and answer to files here")
    parser.add_argument("--tls-cert", metavar="PEM",
                        help="speak TLS with this certificate chain")
    parser.add_argument("--tls-key", metavar="PEM", help="and this key")
    parser.add_argument("--seed", type=int,
                        help="make the ids in answers repeatable")
    options = parser.parse_args(argv)
    if bool(options.tls_cert) != bool(options.tls_key):
        parser.error("--tls-cert and --tls-key go together")
    for pair in options.names:
        if "=" not in pair:
            parser.error(f"--set {pair}: NAME=VALUE is needed")
    return options


def main(argv=None) -> int:
    options = _arguments(argv)
    names = dict(pair.split("=", 1) for pair in options.names)
    try:
        script = (load_script(options.script.read_text(encoding="utf-8"),
                              names) if options.script else Script())
    except (OSError, ScriptError) as error:
        print(f"double: {options.script}: {error}", file=sys.stderr)
        return 2
    stop = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, stop)
    tls = (options.tls_cert, options.tls_key) if options.tls_cert else None
    try:
        double = Double(script, record=options.record, tls=tls,
                        port=options.port, seed=options.seed).start()
    except OSError as error:
        print(f"double: {error}", file=sys.stderr)
        return 2
    print(json.dumps({"ready": True, "url": double.url,
                      "port": double.port}), flush=True)
    signal.sigwait(stop)
    double.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
