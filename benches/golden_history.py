#!/usr/bin/env python3
"""Makes the golden history that ./bench blame is measured on.

    benches/golden_history.py [--quick] [--seed N] [--outputs FILE]
        [--data FOLDER] [--to FOLDER]

About 200 commits of people and of real coding agents, which `cofferdam run`
starts before a real gate whose models are a double; then the same history
squashed, rebased, cherry-picked, renamed, reformatted, merged with conflicts
and rewritten with git-filter-repo, and of every line of every one of them, who
wrote it. Needs the agents of the end-to-end tests (tests/e2e/install_agents.sh)
and $COFFERDAM_BIN. Prints the folder, which is made once for each version of
these scripts, seed and material:

    golden.json             the stages, the agents' runs, the gate's folder
    site/                   the gate's configuration and data
    STAGE/real              the repository
    STAGE/truth.tsv         path, line, model|mixed|human, runs, what trailers
                            say, what notes say; lines that are not blank
    large/                  100,000 lines and 5,000 commits, for speed
    staged/                 a clone of it with 20 files in its index
"""

import argparse
import dataclasses
import hashlib
import json
import pathlib
import random
import shutil
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from golden import formatters  # noqa: E402
from golden import large  # noqa: E402
from golden import lines as ls  # noqa: E402
from golden import material  # noqa: E402
from golden import stages as staging  # noqa: E402
from golden import story as stories  # noqa: E402
from golden import twin as twins  # noqa: E402
from golden import work  # noqa: E402

ROOT = HERE.parent
DATA = ROOT / "build" / "data"
REMOTE = "https://git.example.com/applied-ai/widgets.git"
CONFLICTS = 10
CONFLICTS_QUICK = 2
QUICK_SHRINK = 20


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="makes the golden history of ./bench blame")
    parser.add_argument("--quick", action="store_true",
                        help="about 20 commits")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--outputs", type=pathlib.Path, metavar="FILE",
                        default=ROOT.parent / "shared" / "data"
                        / "ai-code-outputs.jsonl",
                        help="JSONL of models' answers (model, task, "
                        "language, text)")
    parser.add_argument("--data", type=pathlib.Path, metavar="FOLDER",
                        default=DATA, help="what tools/bench_data.py fetched")
    parser.add_argument("--to", type=pathlib.Path, metavar="FOLDER",
                        help="make it there, whatever is there already")
    return parser.parse_args()


def _key(options: argparse.Namespace) -> str:
    digest = hashlib.sha256(f"{options.seed} {options.quick}".encode())
    for path in sorted([*HERE.glob("golden/*.py"), pathlib.Path(__file__),
                        formatters.PINS]):
        digest.update(path.read_bytes())
    for path in (options.outputs, options.data / "standins.jsonl",
                 options.data / "human"):
        digest.update(b"1" if path.exists() else b"0")
    return digest.hexdigest()[:16]


def _make(folder: pathlib.Path, options: argparse.Namespace) -> None:
    dice = random.Random(options.seed)
    human = options.data / "human"
    people = material.people(human if human.is_dir() else None, dice)
    models = material.models(options.outputs,
                             options.data / "standins.jsonl", dice)
    twin = twins.Twin.made(folder / "committed", REMOTE)
    desk = work.Desk(folder, twin.real, stories.ENGINEERS)
    try:
        story = stories.Story(twin, desk, people, models, dice)
        story.tell(stories.QUICK if options.quick else stories.FULL)
        resolved = story.part_ways(CONFLICTS_QUICK if options.quick
                                   else CONFLICTS)
        exchanges = desk.exchanges()
        desk.close()
    except BaseException:
        desk.abandon()
        raise
    stages = staging.Stages(twin, folder, story.makers, story.start,
                            resolved, people, dice)
    names = []
    for name, make in stages.all().items():
        begun = time.monotonic()
        made = make()
        rows = staging.truth(made, story.makers)
        (made.root / "truth.tsv").write_text("\n".join(rows) + "\n")
        names.append(name)
        print(f"golden: {name}: {len(rows)} lines, "
              f"{len(made.ids('HEAD'))} commits, "
              f"{time.monotonic() - begun:.0f} s", file=sys.stderr,
              flush=True)
    _make_large(folder, story, people, options)
    (folder / "golden.json").write_text(json.dumps({
        "config": str(desk.site.config), "remote": REMOTE, "stages": names,
        "runs": [dataclasses.asdict(run) for run in desk.runs],
        "exchanges": exchanges}, indent=1))


def _make_large(folder: pathlib.Path, story: stories.Story, people,
                options: argparse.Namespace) -> None:
    by_models = {name: [] for name in story.languages}
    for path, document in sorted(story.tree.items()):
        by_models[story.language(path)] += [
            line.text for line in document
            if story.makers[line].hand == ls.MODEL]
    large.make(folder / "large", people,
               {name: rows for name, rows in by_models.items()
                if len(rows) > large.ADDED[1]},
               int(time.time()), random.Random(options.seed),
               QUICK_SHRINK if options.quick else 1)
    twins.git(folder, "clone", "-q", "large", "staged")
    large.stage(folder / "staged", by_models)


def main() -> int:
    options = _options()
    formatters.fetch()
    folder = options.to or DATA / "golden" / _key(options)
    if (folder / "golden.json").is_file() and not options.to:
        print(folder)
        return 0
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        _make(folder.resolve(), options)
    except (work.agents.AgentsMissing, work.AgentFailed) as error:
        print(f"golden: {error}", file=sys.stderr)
        return 2
    print(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
