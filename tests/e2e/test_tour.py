"""The tour in README.md, run as a newcomer would paste it."""

import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def free_ports(count):
    """Ports that nobody has, and that the kernel gives nobody before the tour
    takes them."""
    given = pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text()
    low, high = map(int, given.split())
    rest = [port for port in range(10000, 65536) if not low <= port <= high]
    ports = []
    for port in random.sample(rest, len(rest)):
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


def session(leader):
    """Whatever of the tour still runs: ids and /proc's own lines."""
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            line = stat.read_text()
        except OSError:
            continue
        # After the name, which may hold blanks: state, parent, group, session.
        if line.rpartition(")")[2].split()[3] == str(leader):
            yield int(stat.parent.name), line


def processes(leader):
    """What each of them is and waits for."""
    for pid, line in session(leader):
        folder = pathlib.Path(f"/proc/{pid}")
        words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        waits = (folder / "wchan").read_text()
        yield f"{pid} {line.rpartition(')')[2][:2]} {waits} {words}"


def end_session(leader):
    for pid, _ in session(leader):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


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

    free = dict(zip(("8787", "8788", "8789"), map(str, free_ports(3))))

    def elsewhere(text):
        return re.sub("|".join(free), lambda known: free[known[0]], text)

    lines = elsewhere(tour())
    config = tmp_path / "docs/tour/cofferdam.toml"
    config.write_text(elsewhere(config.read_text()))

    # Exit codes of the scans, beside the lines as they stand.
    lines = re.sub(r"^(\./run scan .*)$", r'\1; echo "exit $?"', lines,
                   flags=re.MULTILINE)
    out, err = tmp_path / "out", tmp_path / "err"
    with out.open("wb") as stdout, err.open("wb") as stderr:
        running = subprocess.Popen(
            ["bash", "-mxc", lines + "wait\n"], cwd=tmp_path,
            stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr,
            start_new_session=True,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path),
                 "LANG": "C.UTF-8"})
    try:
        running.wait(100)
    except subprocess.TimeoutExpired:
        pytest.fail("\n".join(
            ["the tour stands still", *processes(running.pid),
             *(f"== {path.name}\n{path.read_text()}" for path in
               (out, err, *sorted((tmp_path / "var").glob("*.log"))))]))
    finally:
        end_session(running.pid)
        running.wait()
    done, said = out.read_text(), err.read_text()
    assert re.findall(r"^exit (\d)$", done, re.MULTILINE) == [
        "1", "1", "0"], f"{done}\n{said}"
    assert done.count("forbidden") >= 2
    assert "claude-sonnet-4-5" in done
    assert "you@example.com" in done
    assert "cofferdam:" not in said, said
