"""The tour in README.md, run as a newcomer would paste it."""

import os
import pathlib
import random
import re
import shutil
import socket
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def free_ports(count):
    """Ports that nobody has, and that no test beside this one is given by the
    kernel before the tour takes them."""
    ports = []
    for port in random.sample(range(20000, 30000), 1000):
        with socket.socket() as one:
            try:
                one.bind(("127.0.0.1", port))
            except OSError:
                continue
        ports.append(port)
        if len(ports) == count:
            return ports
    raise AssertionError("no free ports")


def tour():
    text = (ROOT / "README.md").read_text()
    found = re.search(r"<!-- tour:.*?-->\n```sh\n(.*?)```", text, re.DOTALL)
    return found[1]


@pytest.mark.skipif(not shutil.which("curl"), reason="the tour needs curl")
def test_the_tour_in_the_readme_does_what_it_says(tmp_path):
    """In a copy of what it touches, on free ports, with the built program."""
    program = os.environ.get(
        "COFFERDAM_BIN", str(ROOT / "build/dev/bin/cofferdam"))
    (tmp_path / "run").write_text(f'#!/bin/sh\nexec "{program}" "$@"\n')
    (tmp_path / "run").chmod(0o755)
    (tmp_path / "tests/e2e").mkdir(parents=True)
    shutil.copytree(ROOT / "tests/e2e/double", tmp_path / "tests/e2e/double")
    shutil.copytree(ROOT / "docs/tour", tmp_path / "docs/tour")
    shutil.copytree(ROOT / "tools", tmp_path / "tools")

    lines = tour()
    config = tmp_path / "docs/tour/cofferdam.toml"
    settings = config.read_text()
    for known, free in zip(("8787", "8788", "8789"), free_ports(3)):
        lines = lines.replace(known, str(free))
        settings = settings.replace(known, str(free))
    config.write_text(settings)

    # Exit codes of the scans, beside the lines as they stand.
    lines = re.sub(r"^(\./run scan .*)$", r'\1; echo "exit $?"', lines,
                   flags=re.MULTILINE)
    done = subprocess.run(
        ["bash", "-mc", lines + "wait\n"], cwd=tmp_path, timeout=60,
        capture_output=True, text=True,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path),
             "LANG": "C.UTF-8"})
    assert re.findall(r"^exit (\d)$", done.stdout, re.MULTILINE) == [
        "1", "1", "0"], done
    assert done.stdout.count("forbidden") >= 2
    assert "claude-sonnet-4-5" in done.stdout
    assert "you@example.com" in done.stdout
    assert "cofferdam:" not in done.stderr, done.stderr
