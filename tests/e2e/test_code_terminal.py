"""`cofferdam code` as a person has it: the real binary in a real terminal
(tmux, and a pty of our own), against the scripted engine."""

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import time

import pytest

import house
from coder import Coder
from double import Fault
from engine import Answer, Scenario, call
from terminal import Terminal

LONG = "".join(f"## Part {n}\n\nSome **words** about part {n}.\n\n"
               for n in range(40))


@pytest.fixture
def coder(agent_home, engine):
    return Coder(agent_home, engine.url)


@pytest.fixture
def screen(coder, tmp_path):
    """Starts the session in tmux: screen("--mode", "edit")."""
    opened = []

    def start(*words):
        env = {**coder.env(), "TERM": "tmux-256color", "LANG": "C.UTF-8"}
        terminal = Terminal(tmp_path / f"tmux{len(opened)}",
                            coder.words(*words), coder.place.repo, env)
        opened.append(terminal)
        terminal.wait("›")
        return terminal

    yield start
    for terminal in opened:
        terminal.close()


class Pty:
    """The session in a pty of our own, to count bytes and to kill."""

    def __init__(self, coder, *words, columns=100, rows=30, env=None):
        command, folder = coder.words(*words), coder.place.repo
        env = {**coder.env(), "TERM": "xterm-256color", **(env or {})}
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execve(command[0], command, env)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, columns, 0, 0))
        self.seen = b""

    def read_until(self, pattern: bytes, timeout_s=30.0) -> bytes:
        end = time.monotonic() + timeout_s
        begin = len(self.seen)
        while not re.search(pattern, self.seen[begin:]):
            left = end - time.monotonic()
            assert left > 0, f"no {pattern!r} in {self.seen[begin:]!r}"
            if house.readable(self.fd, left):
                self.seen += os.read(self.fd, 65536)
        return self.seen[begin:]

    def write(self, data: bytes) -> None:
        os.write(self.fd, data)

    def end(self) -> int:
        """Its exit code, once it has ended."""
        while True:
            try:
                if not os.read(self.fd, 65536):
                    break
            except OSError:
                break
        status = os.waitpid(self.pid, 0)[1]
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)


def test_an_answer_streams_above_the_prompt(screen, engine):
    engine.use(Scenario([Answer(
        text="# Title\n\nIt is **bold** and `code`.\n\n- one\n- two\n",
        delta_chars=(3,))]))
    with screen() as terminal:
        terminal.type("What is it?")
        terminal.press("Enter")
        shown = terminal.wait(r"• two\n\n›")
        assert "› What is it?" in shown
        assert "Title\n\nIt is bold and code.\n\n• one\n• two\n" in shown
        terminal.press("C-d")
        terminal.wait(r"\[exit 0\]")


def test_scrollback_is_the_terminals_own(screen, engine):
    engine.use(Scenario([Answer(text=LONG, delta_chars=(7,))]))
    with screen() as terminal:
        terminal.type("Tell me all")
        terminal.press("Enter")
        terminal.wait(r"about part 39\.\n\n›")
        rows = terminal.lines(history=True)
        told = [row for row in rows if row.startswith("Some words")]
        assert told == [f"Some words about part {n}." for n in range(40)]


def test_a_change_is_shown_and_made_when_allowed(screen, engine, coder):
    engine.use(Scenario([
        Answer(calls=[call("write", {"path": "a.txt", "content": "one\n"})]),
        Answer(text="Written.")]))
    with screen() as terminal:
        terminal.type("Write a.txt")
        terminal.press("Enter")
        shown = terminal.wait(r"Make this change\?")
        assert re.search(r"1 \+ one", shown)
        assert not (coder.place.repo / "a.txt").exists()
        time.sleep(0.5)  # an answer typed in flow does not count
        terminal.type("y")
        terminal.wait(r"Written\.")
        assert (coder.place.repo / "a.txt").read_text() == "one\n"


def test_escape_denies(screen, engine, coder):
    engine.use(Scenario([
        Answer(calls=[call("write", {"path": "a.txt", "content": "one\n"})]),
        Answer(text="Then not.")]))
    with screen() as terminal:
        terminal.type("Write a.txt")
        terminal.press("Enter")
        terminal.wait(r"Make this change\?")
        time.sleep(0.5)
        terminal.press("Escape")
        terminal.wait(r"Then not\.")
        assert not (coder.place.repo / "a.txt").exists()


def test_escape_ends_a_turn_and_the_session_goes_on(screen, engine):
    engine.use(Scenario([
        Answer(text="A " * 400, faults=[Fault("hold", at="mid", name="end")]),
        Answer(text="Fine.")]))
    with screen() as terminal:
        terminal.type("Go on and on")
        terminal.press("Enter")
        terminal.wait(r"A A A A")
        terminal.press("Escape")
        terminal.wait(r"interrupted")
        terminal.type("And now?")
        terminal.press("Enter")
        terminal.wait(r"Fine\.")


def test_what_is_typed_meanwhile_waits_and_is_sent(screen, engine):
    engine.use(Scenario([
        Answer(text="Slow. " * 40,
               faults=[Fault("hold", at="mid", name="rest")]),
        Answer(text="The second answer.")]))
    with screen() as terminal:
        terminal.type("first")
        terminal.press("Enter")
        terminal.wait(r"Slow\.")
        terminal.type("second")
        terminal.press("Enter")
        terminal.wait(r"waits: second")
        engine.release("rest")
        shown = terminal.wait(r"The second answer\.")
        assert "› second" in shown


def test_a_paste_of_a_hundred_lines_is_one_message(coder, engine):
    engine.use(Scenario([Answer(text="Read.", delta_chars=(99,))]))
    terminal = Pty(coder)
    terminal.read_until("›".encode())
    lines = "\r".join(f"line {n}" for n in range(100))
    terminal.write(b"\x1b[200~" + lines.encode() + b"\x1b[201~")
    terminal.read_until(b"100 lines")
    terminal.write(b"\r")
    terminal.read_until(b"Read\\.")
    terminal.write(b"\x04")
    assert terminal.end() == 0
    sent = engine.requests[0].body.decode()
    assert "line 0\\nline 1\\n" in sent and "line 99" in sent
    assert len(engine.requests) == 1


def test_a_session_killed_can_be_gone_on_with(coder, engine, screen):
    engine.use(Scenario([Answer(text="The first answer.", delta_chars=(99,)),
                         Answer(text="The second answer.")]))
    terminal = Pty(coder)
    terminal.read_until("›".encode())
    terminal.write(b"question one\r")
    # The numbers come when the turn has ended.
    terminal.read_until(b"(?s)The first answer.* in, \\d")
    os.kill(terminal.pid, signal.SIGKILL)
    assert terminal.end() == -signal.SIGKILL
    with screen("--continue") as again:
        shown = again.wait(r"The first answer\.")
        assert "› question one" in shown
        again.type("question two")
        again.press("Enter")
        again.wait(r"The second answer\.")
    sent = engine.requests[-1].body.decode()
    assert "question one" in sent and "The first answer." in sent


def test_the_terminal_is_put_back_by_a_signal(coder, engine):
    for number, code in [(signal.SIGTERM, 0), (signal.SIGHUP, 0),
                         (signal.SIGSEGV, -signal.SIGSEGV)]:
        terminal = Pty(coder)
        terminal.read_until("›".encode())
        assert not termios.tcgetattr(terminal.fd)[3] & termios.ICANON
        os.kill(terminal.pid, number)
        seen = terminal.read_until(b"\x1b\\[\\?2004l")
        assert seen
        deadline = time.monotonic() + 10
        while not termios.tcgetattr(terminal.fd)[3] & termios.ICANON:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert terminal.end() == code


def test_commands_of_the_session(screen, engine, coder):
    engine.use(Scenario([Answer(text="Hello.")]))
    with screen("--mode", "plan") as terminal:
        terminal.wait("plan ·")
        terminal.type("/mode auto")
        terminal.press("Enter")
        terminal.wait("auto ·")
        terminal.press("BTab")
        terminal.wait("plan ·")
        terminal.type("/he")
        terminal.wait("▸ /help")
        terminal.press("Enter")
        terminal.wait("/rewind")
        terminal.type("/sandbox")
        terminal.press("Enter")
        terminal.type("@READ")
        terminal.wait("▸ @README.md")
        terminal.press("Tab")
        terminal.type("what?")
        terminal.press("Enter")
        terminal.wait("Hello")
        assert "Content of README.md" in engine.requests[0].body.decode()
        terminal.type("/quit")
        terminal.press("Enter")
        terminal.wait(r"\[exit 0\]")


def test_what_a_model_thinks_is_seen_and_folded(screen, engine):
    engine.use(Scenario([
        Answer(thinking="Look at the tide.\nThen mend it. " * 5,
               text="Mended.", faults=[Fault("hold", at="mid")]),
        Answer(thinking="Once more.", text="It is mended.")]))
    with screen() as terminal:
        terminal.type("Mend it")
        terminal.press("Enter")
        terminal.wait("Look at the tide")
        terminal.press("Escape")
        terminal.wait("interrupted")
        terminal.type("Again")
        terminal.press("Enter")
        shown = terminal.wait(r"It is mended\.\n\n›")
        assert re.search(r"thought( for \d+ s)?: Once more\.", shown), shown
        terminal.type("/thinking")
        terminal.press("Enter")
        terminal.wait(r"\n  Once more\.")
        # It is not what was said.
        assert "Once more" not in engine.requests[1].body.decode()


def test_vim_keys_in_the_prompt(screen, engine, coder):
    folder = coder.place.root / "config" / "cofferdam"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "code.toml").write_text('[code]\nkeys = "vim"\n')
    engine.use(Scenario([Answer(text="Hello.")]))
    with screen() as terminal:
        terminal.wait("ask ·")
        terminal.type("one two six")
        terminal.press("Escape")
        terminal.wait("normal ·")
        terminal.type("0wcwfive")
        terminal.press("Escape")
        terminal.wait("› one five six")
        terminal.type("$xu")
        terminal.press("Enter")
        terminal.wait("Hello")
        assert "one five six" in engine.requests[0].body.decode()
        terminal.type("/vim")  # each prompt begins in insert mode
        terminal.press("Enter")
        terminal.wait("the usual keys")


def test_a_shell_command_runs_in_the_sandbox_and_goes_along(
        screen, engine, coder):
    with screen() as terminal:
        terminal.wait("ask ·")
        terminal.type("!echo hello-$((40 + 2)); touch .git/planted")
        terminal.press("Enter")
        terminal.wait(r"/add puts")
        assert "hello-42" in terminal.shown()
        assert not (coder.place.repo / ".git" / "planted").exists()
        terminal.type("/add")
        terminal.press("Enter")
        terminal.wait("goes with your next message")
        terminal.type("what was that?")
        terminal.press("Enter")
        terminal.wait(r"Done\.")
        assert "hello-42" in engine.requests[0].body.decode()


def test_a_window_that_changes_its_size_keeps_one_prompt(screen, engine):
    engine.use(Scenario([Answer(text="Some words. " * 30)]))
    with screen() as terminal:
        terminal.type("Hi")
        terminal.press("Enter")
        terminal.wait(r"words\.\n\n›")
        for columns, rows in [(70, 20), (50, 12), (110, 30)]:
            terminal._tmux("resize-window", "-x", str(columns),
                           "-y", str(rows))
            shown = terminal.settled(quiet_s=0.7)
            assert len(re.findall(r"^›$", shown, re.M)) == 1, shown


def test_lines_alone_where_there_is_no_terminal(coder, engine):
    engine.use(Scenario([
        Answer(text="First.\n"),
        Answer(calls=[call("write", {"path": "a.txt", "content": "x\n"})]),
        Answer(text="Second.\n")]))
    done = subprocess.run(
        coder.words(), input="one\\\nand more\ntwo\ny\n", text=True,
        capture_output=True, timeout=60, cwd=coder.place.repo,
        env={**coder.env(), "TERM": "dumb"})
    assert done.returncode == 0, done
    assert "\x1b" not in done.stdout
    assert "First." in done.stdout and "Second." in done.stdout
    assert "one\\nand more" in engine.requests[0].body.decode()
    assert (coder.place.repo / "a.txt").read_text() == "x\n"


def test_no_color_is_honoured(coder, engine):
    engine.use(Scenario([Answer(text="## Head\n\n`code`\n")]))
    terminal = Pty(coder, env={"NO_COLOR": "1"})
    terminal.read_until("›".encode())
    terminal.write(b"Hi\r")
    terminal.read_until(b"code")
    terminal.write(b"\x04")
    terminal.end()
    colours = re.findall(rb"\x1b\[[0-9;]*;(?:3[0-7]|9[0-7])m", terminal.seen)
    assert not colours
