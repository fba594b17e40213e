"""Captures what a person at a coding agent sees when the gate steps in:

    tests/e2e/screens.py [--agent NAME]… [--effect NAME]… [--out docs/screens]

runs the pinned agents against a real gate and a provider double, headless and
in a terminal of 100 × 30, and writes AGENT-EFFECT.txt and README.md. What
differs from run to run (paths, ports, keys, references, times) is replaced.
"""

import argparse
import pathlib
import re
import sys
import tempfile
from typing import List

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import clients  # noqa: E402
import effects  # noqa: E402
import house  # noqa: E402
from stage import Headless, Interactive, Stage, Turn  # noqa: E402
from terminal import COLUMNS, ROWS  # noqa: E402

OUT = house.ROOT / "docs" / "screens"
AGENTS = {client.tool: client for client in clients.FOUR}
NAMES = {"claude-code": "Claude Code", "codex": "Codex",
         "gemini-cli": "Gemini CLI", "opencode": "opencode"}
# What differs from run to run, and words of the same length. A terminal may
# break a line inside a time.
_CHANGING = [
    (r"(?<=127\.0\.0\.1:)\d{4,5}\b", "18787"),
    (r"\b01[0-9A-HJKMNP-TV-Z]{24}\b", "01JD0000000000000000000000"),
    (r"\b(cf[a-z]_)[\w-]{8}", r"\1xxxxxxxx"),
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
     "00000000-0000-4000-8000-000000000000"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?", r"2026-01-01T09:00\1"),
    (r"(2026-01-01T09:00):\d\d(\.\s*[┃│]?\s*)\d{6}Z", r"\1:00\g<2>000000Z"),
    (r"(2026-01-01T09:00):\d\dZ", r"\1:00Z"),
    (r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{3}Z",
     "2026-01-01T09-00-00-000Z"),
    (r"\b\d{1,2}:\d\d [AP]M\b", "9:00 AM"),
    (r"• \d\d:\d\d$", "• 09:00"),
    (r"✻ \w+ for ", "✻ Worked for "),
    (r"\b\d+\.\d+s\b", "1.0s"),
    (r"<?\b\d+s\b", "1s"),
    (r"\.js(:\d+){2}", ".js"),
    (r"\[STARTUP\] .*\n", ""),
    (r"(tokens used\n *)[\d,]+", r"\g<1>9,999"),
]


class Plain:
    """Replaces what differs from run to run, by words of the same length
    where something may stand behind them on the line."""

    def __init__(self, root: pathlib.Path):
        self._paths = {
            str(root / "engineer" / "widgets"): "/home/engineer/widgets",
            str(root / "engineer" / "home"): "/home/engineer",
            str(root / "engineer" / "tmp"): "/home/engineer/tmp",
            str(root / "t"): "/home/engineer/t",
            str((HERE / "node_modules").resolve()): "/opt/agents",
            str(house.ROOT): "/opt/cofferdam",
        }

    def __call__(self, words: str) -> str:
        words = re.sub("\x1b\\[[0-9;?]*[a-zA-Z]", "", words)
        for path, plain in self._paths.items():
            words = re.sub(re.escape(path) + "(  +)?", lambda m: plain + (
                m[1] + " " * (len(path) - len(plain)) if m[1] else ""), words)
        for pattern, plain in _CHANGING:
            words = re.sub(pattern, plain, words)
        rows = [row.rstrip() for row in words.split("\n")]
        while rows and not rows[-1]:
            rows.pop()
        return "\n".join(rows) + "\n"


def section(turn: Turn, plain: Plain) -> str:
    # How often an agent tries again is a matter of time: few are counted.
    count = len(turn.answers)
    statuses = [str(seen.status) for seen in turn.answers]
    if count > 3:
        statuses = list(dict.fromkeys(statuses))
    facts = [("several requests" if count > 3 else "1 request" if count == 1
              else f"{count} requests") + " to the gate"
             + (f", answered {', '.join(statuses)}" if statuses else "")]
    if turn.code is not None:
        facts.append(f"exit code {turn.code}")
    return (f"## {turn.title}\n({'; '.join(facts)})\n\n"
            + indent(plain(turn.shown)))


def indent(words: str) -> str:
    return "".join(f"    {row}".rstrip() + "\n"
                   for row in words.rstrip("\n").split("\n"))


def capture(client: clients.Client, effect: effects.Effect) -> str:
    """The page of one agent that meets one effect."""
    rows = [f"# {NAMES[client.tool]} {client.version}: {effect.title}"]
    for driver, where in (
            (Headless, "Headless"),
            (Interactive, f"In a terminal of {COLUMNS} × {ROWS}")):
        with tempfile.TemporaryDirectory(prefix="screen-") as folder:
            root = pathlib.Path(folder)
            plain = Plain(root)
            with Stage(root, client, effect.more, effect.policy) as stage:
                with driver(stage) as person:
                    effect.show(stage, person)
            rows += [f"\n# {where}"] + [
                "\n" + section(turn, plain).rstrip("\n")
                for turn in person.turns if turn.kept]
    return "\n".join(rows) + "\n"


INDEX = """\
# Screens
What an engineer sees at each agent when the gate steps in: captured from the
agents themselves, the versions that the tests pin, by `tests/e2e/screens.py`.
Each page shows a headless run and the agent's own program in a terminal of
100 × 30; how many requests reached the gate stands beside it. Paths, ports,
keys, references and times are replaced by fixed ones.

"""


def index(out: pathlib.Path) -> str:
    """README.md over the pages that are there."""
    rows = ["| what happens | " + " | ".join(NAMES.values()) + " |",
            "|---" * (len(NAMES) + 1) + "|"]
    for effect in effects.ALL:
        cells = []
        for tool in NAMES:
            name = f"{tool}-{effect.name}.txt"
            cells.append(f"[{effect.name}]({name})"
                         if (out / name).is_file() else "–")
        rows.append(f"| {effect.title} | " + " | ".join(cells) + " |")
    return INDEX + "\n".join(rows) + "\n"


def main(argv: List[str]) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0],
        epilog="effects: " + "; ".join(
            f"{e.name} ({e.title})" for e in effects.ALL))
    parser.add_argument("--agent", action="append", choices=list(AGENTS))
    parser.add_argument("--effect", action="append",
                        choices=list(effects.BY_NAME))
    parser.add_argument("--out", type=pathlib.Path, default=OUT)
    options = parser.parse_args(argv)
    options.out.mkdir(parents=True, exist_ok=True)
    for tool in options.agent or AGENTS:
        for name in options.effect or effects.BY_NAME:
            page = options.out / f"{tool}-{name}.txt"
            page.write_text(capture(AGENTS[tool], effects.BY_NAME[name]),
                            encoding="utf-8")
            print(page)
    (options.out / "README.md").write_text(index(options.out),
                                           encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
