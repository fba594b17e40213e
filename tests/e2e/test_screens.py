"""What is shown in a terminal, and the captured pages in docs/screens."""

import pathlib
import re
import sys

import pytest

import clients
import effects
import screens
from stage import Interactive, Stage, tmux_missing
from terminal import COLUMNS, ROWS, Terminal

PAGES = sorted(screens.OUT.glob("*.txt"))
needs_tmux = pytest.mark.skipif(bool(tmux_missing()), reason=tmux_missing())
# Headless runs of these show the same as their screens do.
LONG = [pytest.param(client, marks=pytest.mark.full)
        for client in (clients.CODEX, clients.OPENCODE)]


def test_every_page_is_in_the_index_and_of_an_effect():
    assert screens.index(screens.OUT) == (
        screens.OUT / "README.md").read_text()
    assert {page.stem for page in PAGES} == {
        f"{tool}-{effect}" for tool in screens.AGENTS
        for effect in effects.BY_NAME}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_holds_nothing_of_one_run(page):
    """What capturing puts in order once, it finds in order."""
    words = page.read_text()
    plain = screens.Plain(pathlib.Path("/nowhere"))
    assert plain(words) == words
    assert " /tmp/" not in words and "/screen-" not in words
    assert "\x1b" not in words
    fence = "    "  # what a terminal showed is indented
    assert all(len(row) <= COLUMNS + len(fence)
               for row in words.partition("# In a terminal")[2].split("\n"))


def test_what_differs_from_run_to_run_is_replaced():
    root = pathlib.Path("/tmp/screen-a1b2c3d4")
    shown = screens.Plain(root)(
        f"at http://127.0.0.1:40517/v1 in {root}/engineer/widgets   main\n"
        "(reference 01M7YE67S33YTRJ85FJHQPRYAP), key cfs_d8GcZpvp…, "
        "2026-11-21T07:13:28.232724Z, done 6:52 AM\n\n\n")
    assert shown == (
        "at http://127.0.0.1:18787/v1 in /home/engineer/widgets"
        + " " * (len(f"{root}/engineer/widgets") - 22 + 3) + "main\n"
        "(reference 01JD0000000000000000000000), key cfs_xxxxxxxx…, "
        "2026-01-01T09:00:00.000000Z, done 9:00 AM\n")


@needs_tmux
def test_a_terminal_shows_what_a_program_draws(tmp_path):
    program = ("import shutil; print(*shutil.get_terminal_size()); "
               "print('you said', input())")
    with Terminal(tmp_path, [sys.executable, "-c", program], tmp_path,
                  {"PATH": "/usr/bin:/bin"}) as terminal:
        terminal.wait(rf"{COLUMNS} {ROWS}")
        terminal.type("a sluice")
        terminal.press("Enter")
        shown = terminal.wait(r"\[exit 0\]")
    assert "you said a sluice" in shown


@needs_tmux
@pytest.mark.agent
@pytest.mark.parametrize(
    "client", [clients.CLAUDE, clients.GEMINI, *LONG], ids=str)
def test_a_refusal_is_read_on_the_agents_own_screen(client, tmp_path):
    effect = effects.BY_NAME["deny"]
    with Stage(tmp_path, client, effect.more, effect.policy) as stage:
        with Interactive(stage) as person:
            effect.show(stage, person)
        (turn,) = person.turns
        message = stage.refusal()
    assert len(turn.answers) == 1
    # Lines break where they must: only the letters count.
    def letters(words: str) -> str:
        return re.sub(r"[\s│┃\\]", "", words)
    assert letters(message) in letters(turn.shown), turn.shown
