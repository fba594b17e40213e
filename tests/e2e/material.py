"""Source files for the agents' turns. What the "model" writes and what the
"human" wrote were made for these tests and share nothing but their language.
"""

import dataclasses
import pathlib

_FOLDER = pathlib.Path(__file__).resolve().parent / "material"


def read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


@dataclasses.dataclass(frozen=True)
class Edit:
    """The human's file `name`, and lines that the model puts in before the
    line `before` (it quotes a few human lines on both sides)."""
    name: str
    human: str
    added: str
    before: str

    def _anchor_lines(self):
        lines = self.human.splitlines(keepends=True)
        at = lines.index(self.before + "\n")
        return lines, at

    def old_string(self) -> str:
        lines, at = self._anchor_lines()
        return "".join(lines[at - 6:at + 4])

    def new_string(self) -> str:
        lines, at = self._anchor_lines()
        return ("".join(lines[at - 6:at]) + self.added
                + "".join(lines[at:at + 4]))

    def edited(self) -> str:
        lines, at = self._anchor_lines()
        return "".join(lines[:at]) + self.added + "".join(lines[at:])

    def patch(self) -> str:
        """The same edit in the words of apply_patch, without its frame."""
        lines, at = self._anchor_lines()
        rows = [f"*** Update File: {self.name}", "@@"]
        rows += [" " + line.rstrip("\n") for line in lines[at - 4:at]]
        rows += ["+" + line for line in self.added.splitlines()]
        rows += [" " + line.rstrip("\n") for line in lines[at:at + 3]]
        return "\n".join(rows) + "\n"

    def added_lines(self):
        """First and last line number of the new lines in the edited file."""
        _, at = self._anchor_lines()
        return at + 1, at + len(self.added.splitlines())


STOCK = Edit("stock.py", read("human_stock.py"), read("added_stock.py"),
             "def print_list(shelves, out=sys.stdout):")
PARCEL = Edit("parcel.go", read("human_parcel.go"), read("added_parcel.go"),
              "func main() {")

# What each agent's model writes: file name -> contents.
CLAUDE_FILES = {"src/pump_schedule.py": read("pump_schedule.py"),
                "web/berth_queue.ts": read("berth_queue.ts")}
CODEX_FILES = {"drift_monitor.py": read("drift_monitor.py"),
               "routes/route_cache.go": read("route_cache.go")}
