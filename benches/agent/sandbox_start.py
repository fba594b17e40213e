#!/usr/bin/env python3
"""What the walls cost each command: `cofferdam sandbox --measure`, ours beside
bubblewrap, each against fork and exec in the same run; and ours in a workspace
of 100,000 files, from the second command on (the first reads them once).

    benches/agent/sandbox_start.py [--quick]

Prints one JSON object: {"baseline", "text", "figures": [{name, value, unit,
better, target}]}. Needs $COFFERDAM_BIN.
"""

import json
import os
import subprocess
import sys
import tempfile

TARGET_MS = 2.0
LARGE_FOLDERS, FILES_EACH = 1000, 100


def fill(folder: str, folders: int) -> None:
    """Empty files in folders of folders, with a repository at the top."""
    os.mkdir(f"{folder}/.git")
    for i in range(folders):
        inner = f"{folder}/{i % 50}/{i}"
        os.makedirs(inner)
        for j in range(FILES_EACH):
            os.close(os.open(f"{inner}/{j}.c", os.O_CREAT | os.O_WRONLY))


def measure(folder: str, confinement: str, rounds: int):
    """Milliseconds that the walls take, or None where they cannot be had."""
    done = subprocess.run(
        [os.environ["COFFERDAM_BIN"], "sandbox", "--cd", folder,
         "--confinement", confinement, "--measure", str(rounds), "--json"],
        stdout=subprocess.PIPE, text=True, check=True)
    told = json.loads(done.stdout)
    if told["confinement"] != confinement:
        return None
    return (told["confined_us"] - told["plain_us"]) / 1000


def main() -> int:
    rounds = 50 if "--quick" in sys.argv[1:] else 500
    # Not in /tmp, which commands see another of.
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        ours = measure(folder, "namespaces", rounds)
        bwrap = measure(folder, "bubblewrap", max(rounds // 5, 10))
        fill(folder, LARGE_FOLDERS)
        large = measure(folder, "namespaces", rounds)
    text, figures = "\nwalls around a command, ms over fork and exec\n", []
    for name, value, target in (("sandbox_start", ours, TARGET_MS),
                                ("sandbox_start_100000_files", large,
                                 TARGET_MS),
                                ("sandbox_start_bubblewrap", bwrap, None)):
        if value is None:
            text += f"  {name}: this machine does not allow it\n"
            continue
        text += f"  {name}: {value:.2f}\n"
        figure = {"name": name, "value": round(value, 3), "unit": "ms",
                  "better": "lower"}
        figures.append(figure if target is None
                       else {**figure, "target": target})
    print(json.dumps({"baseline": "fork and exec of /bin/true", "text": text,
                      "figures": figures}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
