#!/usr/bin/env python3
"""The same imperfect calls and edits for `cofferdam code` and its rivals.

    benches/agent/reliability.py [--quick] [--agents NAME,…] [--forms WORDS]
        [--verbose]

Each run has a fresh home and work folder, a network of its own with nothing
but 127.0.0.1 on it, and a time limit; the engine is the scripted one of
tests/e2e. Prints one JSON object: {"baseline", "text", "figures": [{name,
value, unit, better, target}], "agents", "runs": [{agent, form, group, what,
…}]}. With --merge FILE the runs of an earlier object count, too. Needs $COFFERDAM_BIN; rivals as benches/agent/install_rivals.sh leaves them.
"""

import argparse
import concurrent.futures
import dataclasses
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent.parent / "tests" / "e2e"))

from reliability import agents as known  # noqa: E402
from reliability import calls, edits, report, trial  # noqa: E402

AT_A_TIME = int(os.environ.get("COFFERDAM_BENCH_AT_A_TIME", "2"))
ALONE = "COFFERDAM_BENCH_ALONE"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="imperfect calls and edits")
    parser.add_argument("--quick", action="store_true",
                        help="ours alone, few forms")
    parser.add_argument("--agents", metavar="NAMES", help="comma between them")
    parser.add_argument("--forms", metavar="WORDS",
                        help="only forms whose name holds these words")
    parser.add_argument("--merge", metavar="FILE", type=pathlib.Path,
                        action="append", default=[])
    parser.add_argument("--verbose", action="store_true",
                        help="each outcome on stderr, with the last words of "
                        "runs that went wrong")
    return parser.parse_args()


def _alone() -> None:
    """Goes on in a network of its own, where the kernel lets us."""
    if os.environ.get(ALONE):
        return
    user = [] if os.geteuid() == 0 else ["-r"]
    test = subprocess.run(["unshare", *user, "-n", "ip", "link", "set", "lo",
                           "up"], capture_output=True)
    os.environ[ALONE] = "1"
    if test.returncode != 0:
        print("reliability: no network of its own here; agents could reach "
              "others", file=sys.stderr)
        return
    os.execvp("unshare", ["unshare", *user, "-n", "sh", "-c",
                          'ip link set lo up; exec "$@"', "sh",
                          sys.executable, *sys.argv])


def main() -> int:
    options = _options()
    binary = os.environ.get("COFFERDAM_BIN")
    if not binary:
        print("reliability: set COFFERDAM_BIN", file=sys.stderr)
        return 2
    _alone()
    version = subprocess.run([binary, "--version"], capture_output=True,
                             text=True).stdout.strip().split()[-1]
    agents = known.agents(str(pathlib.Path(binary).resolve()), version)
    if options.quick:
        agents = agents[:1]
    if options.agents:
        agents = [agent for agent in agents
                  if agent.name in options.agents.split(",")]
    folders = trial.Folders()
    work = []
    for agent in agents:
        for form in calls.forms():
            work.append((trial.call_trial, agent, form))
        for edit in edits.edits():
            work.append((trial.edit_trial, agent, edit))
    work = [(run, agent, what) for run, agent, what in work
            if (what.quick or not options.quick)
            and (not options.forms or options.forms in what.name)]

    def one(job):
        run, agent, what = job
        outcome = run(agent, what, folders.fresh())
        if options.verbose:
            print(f"{outcome.agent}: {outcome.group}: {outcome.form}: "
                  f"{outcome.what} (exit {outcome.exit}, {outcome.requests} "
                  f"requests, {outcome.seconds} s)", file=sys.stderr)
            if outcome.what in ("crashed", "damaged", "silent", "safe"):
                print("    " + outcome.words.replace("\n", "\n    "),
                      file=sys.stderr)
        return outcome

    try:
        with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as pool:
            outcomes = list(pool.map(one, work))
    finally:
        folders.close()
    runs = [dataclasses.asdict(outcome) for outcome in outcomes]
    shown = [{"name": a.name, "version": a.version} for a in agents]
    for file in options.merge:
        earlier = json.loads(file.read_text("utf-8"))
        shown += [a for a in earlier["agents"] if a not in shown]
        runs += earlier["runs"]
    print(json.dumps({
        "baseline": "the best of " + ", ".join(
            f"{a['name']} {a['version']}" for a in shown[1:])
        if shown[1:] else "none",
        "text": report.text(shown, runs),
        "figures": report.figures(shown, runs),
        "agents": shown, "runs": runs}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
