"""Attempts to get out of the workspace through the agent's own file tools. They
run outside the sandbox, so the walls do not help them: each path that a model
could name is named to the real binary, while others change the files under it,
and what came of it is looked at from outside."""

import json
import os
import socket
import stat
import subprocess
import sys
import textwrap

import pytest

import house
from coder import Coder, messages
from engine import Answer, Scenario, call

SECRET = "secret-2c9f61aa"
AS_IT_WAS = "as it was\n"
# Nothing here may take long, whatever it is pointed at.
RUN_S = 40
CALLS_AT_ONCE = 5


class Stage:
    """The repository of a Coder with ways out of it, and what lies outside."""

    def __init__(self, coder):
        self.coder = coder
        self.work = coder.place.repo
        self.home = coder.place.home
        self.outside = coder.place.root / "outside"
        (self.outside / "folder").mkdir(parents=True)
        (self.outside / "file").write_text(AS_IT_WAS)
        (self.outside / "secret").write_text(SECRET)
        for i in range(40):
            (self.outside / f"folder/s{i}").write_text(SECRET)
        (self.home / ".ssh").mkdir(parents=True, exist_ok=True)
        (self.home / ".ssh/id_ed25519").write_text(SECRET)
        work = self.work
        (work / "door").symlink_to(self.outside)
        (work / "key").symlink_to(self.home / ".ssh/id_ed25519")
        (work / "self").symlink_to("/proc/self")
        (work / "new-door").symlink_to(self.outside / "new")
        (work / ".a.txt.swp").symlink_to(self.outside / "file")
        os.link(self.outside / "file", work / "hard")
        os.mkfifo(work / "pipe")
        (work / "zero").symlink_to("/dev/zero")
        (work / "new\nline").write_text("two lines\n")
        (work / "huge").touch()
        os.truncate(work / "huge", 40 << 30)
        (work / ".claude").mkdir()
        (work / ".claude/settings.json").write_text("{}\n")
        (work / "inner/.vscode").mkdir(parents=True)
        (work / "inner/git").symlink_to("../.git")
        self.server = socket.socket(socket.AF_UNIX)
        before = os.getcwd()
        os.chdir(work)
        self.server.bind("socket")
        os.chdir(before)
        if os.geteuid() == 0:
            os.mknod(work / "device", 0o666 | stat.S_IFCHR, os.makedev(1, 5))

    def close(self):
        self.server.close()

    def tree(self):
        """All that must stay as it is: names and bytes."""
        kept = {}
        for top in (self.outside, self.home / ".ssh", self.work / ".git",
                    self.work / ".claude", self.work / "inner"):
            for folder, folders, files in os.walk(top):
                for name in [*folders, *files]:
                    path = os.path.join(folder, name)
                    kept[path] = (open(path, "rb").read()
                                  if os.path.isfile(path) else None)
        return kept

    def results(self, engine, calls, *words):
        """What each call came to. A few to a session: a model that fails in
        the same way again and again is stopped."""
        told = []
        for i in range(0, len(calls), CALLS_AT_ONCE):
            told += self._session(engine, calls[i:i + CALLS_AT_ONCE], words)
        return told

    def _session(self, engine, calls, words):
        engine.use(Scenario([Answer(calls=calls), Answer(text="Tried.")]))
        before = len(engine.requests)
        done = subprocess.run(
            self.coder.words("--mode", "auto", *words, task="Try"),
            cwd=self.work, env=self.coder.env(), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=RUN_S)
        assert len(engine.requests) == before + 2, done.stderr
        told = [m["content"] for m in messages(engine.requests[-1])
                if m["role"] == "tool"]
        assert len(told) == len(calls), done.stderr
        return told


@pytest.fixture(name="stage")
def fixture_stage(agent_home, engine):
    stage = Stage(Coder(agent_home, engine.url))
    yield stage
    stage.close()


def outward(stage):
    """Paths that lead where no tool may go, or to what is no file."""
    outside, home = str(stage.outside), str(stage.home)
    paths = [
        f"{outside}/secret", "../outside/secret", "src/../../outside/secret",
        "door/secret", "door/../outside/secret", "key",
        f"{home}/.ssh/id_ed25519", f"{stage.work}/../outside/secret",
        f"/proc/self/root{outside}/secret", "self/environ", "self/root/etc/"
        "passwd", f"/proc/{os.getpid()}/environ", "/dev/zero", "zero",
        "/proc/self/fd/0", "pipe", "socket", "huge", "new-door/x",
        "a\0b", "", "x" * 5000, "/" + "../" * 40 + outside[1:] + "/secret",
        f"//{outside}/secret", f"{stage.work}x/secret", "door", "."]
    if os.geteuid() == 0:
        paths.append("device")
    return paths


def test_nothing_outside_is_read(stage, engine):
    paths = outward(stage)
    calls = [call("read", {"path": p}) for p in paths]
    calls += [call("list", {"path": p}) for p in
              ("door", "..", "self", str(stage.outside), "door/folder")]
    calls += [call("grep", {"pattern": "secret-", "path": p}) for p in
              (".", "door", "..", "key", "/", "pipe", "self")]
    calls += [call("glob", {"pattern": p}) for p in
              ("../**", "door/**", f"{stage.outside}/*", "**/id_ed25519")]
    told = stage.results(engine, calls)
    assert SECRET not in json.dumps(told)
    for path, text in zip(paths, told):
        assert "root:" not in text and "PATH=" not in text, path
    # A name with a line's end is shown on one line, and read like any other.
    assert "two lines" in stage.results(
        engine, [call("read", {"path": "new\nline"})])[0]


def test_nothing_outside_and_nothing_protected_is_written(stage, engine):
    before = stage.tree()
    protected = [
        ".git/config", ".git/hooks/post-commit", ".GIT/hooks/x",
        ".g\u200cit/hooks/x", ".git./hooks/x", ".git /x", "git~1/hooks/x",
        ".v\u017fcode/tasks.json", "inner/.vscode/tasks.json",
        "inner/git/hooks/x", ".claude/settings.json", ".Claude/settings.json",
        ".mcp.json", "new/.codex/config.toml", ".envrc", "inner/../.git/x"]
    paths = [p for p in outward(stage) if p not in (".", "")] + protected + [
        ".a.txt.swp", "new-door", "door/new", f"{stage.outside}/new"]
    calls = []
    for path in paths:
        calls.append(call("write", {"path": path, "content": "escaped\n"}))
        calls.append(call("write", {"path": path, "content": "escaped\n",
                                    "append": True}))
    for path in (*protected[:1], "door/file", ".a.txt.swp", "key",
                 ".claude/settings.json"):
        calls.append(call("edit", {"path": path, "old": "a", "new": "b"}))
    patch = ("*** Begin Patch\n*** Add File: {}\n+escaped\n*** End Patch")
    for path in ("../outside/new", "door/new", ".git/hooks/post-merge",
                 str(stage.outside / "new"), ".claude/new"):
        calls.append(call("patch", {"patch": patch.format(path)}))
    stage.results(engine, calls)
    assert stage.tree() == before


def test_a_hard_link_to_a_file_outside_is_broken_by_writing(stage, engine):
    stage.results(engine, [
        call("read", {"path": "hard"}),
        call("edit", {"path": "hard", "old": "as it was",
                      "new": "changed"})])
    stage.results(engine, [
        call("read", {"path": "hard"}),
        call("write", {"path": "hard", "content": "changed\n"})])
    assert (stage.outside / "file").read_text() == AS_IT_WAS
    assert (stage.work / "hard").read_text() == "changed\n"


def test_keys_are_hidden_even_where_the_home_folder_is_the_workspace(
        stage, engine):
    (stage.home / "notes").write_text(f"not {SECRET}\n")
    (stage.home / ".config/gh").mkdir(parents=True)
    (stage.home / ".config/gh/hosts.yml").write_text(SECRET)
    told = stage.results(engine, [
        call("read", {"path": ".ssh/id_ed25519"}),
        call("read", {"path": ".SSH/../.ssh/id_ed25519"}),
        call("list", {"path": ".ssh"}), call("list", {"depth": 5}),
        call("grep", {"pattern": "secret-", "path": ".ssh"}),
        call("glob", {"pattern": "**/id_*"}),
        call("glob", {"pattern": "**/hosts.yml"}),
        call("write", {"path": ".ssh/authorized_keys", "content": "x\n"}),
        call("grep", {"pattern": "secret-"})], "--cd", str(stage.home))
    assert "id_ed25519" not in json.dumps(told[2:6])
    assert "hosts.yml" not in told[6].replace("**/hosts.yml", "")
    assert SECRET not in json.dumps(told[:8])
    assert told[8].count(SECRET) == 1, "one file is not hidden"
    assert not (stage.home / ".ssh/authorized_keys").exists()


def test_what_the_user_hides_is_hidden_from_tools_and_commands(stage, engine):
    (stage.work / "private").mkdir()
    (stage.work / "private/env").write_text(SECRET)
    settings = stage.coder.place.root / "config/cofferdam"
    settings.mkdir(parents=True, exist_ok=True)
    (settings / "code.toml").write_text(
        f'[code]\nhidden = ["{stage.work}/private"]\nvariables = ["SEEN"]\n')
    told = stage.results(engine, [
        call("read", {"path": "private/env"}),
        call("grep", {"pattern": "secret-"}),
        call("bash", {"command": "cat private/env; ls -l private"})])
    assert SECRET not in json.dumps(told)


def test_a_workspace_behind_a_link_is_the_folder_it_leads_to(stage, engine):
    link = stage.coder.place.root / "way"
    link.symlink_to(stage.work)
    told = stage.results(engine, [
        call("read", {"path": f"{link}/../outside/secret"}),
        call("read", {"path": f"{link}/door/secret"}),
        call("read", {"path": "door/secret"}),
        call("write", {"path": "made", "content": "inside\n"})],
        "--cd", str(link))
    assert SECRET not in json.dumps(told)
    assert (stage.work / "made").read_text() == "inside\n"


def test_a_folder_that_becomes_a_link_in_the_middle_of_a_call_leads_nowhere(
        stage, engine):
    """Another process changes them for each other all the time."""
    (stage.work / "d").mkdir()
    for i in range(40):
        (stage.work / f"d/s{i}").write_text("inside\n")
    (stage.work / "l").symlink_to(stage.outside / "folder")
    before = stage.tree()
    racer = subprocess.Popen([sys.executable, "-S", "-c", textwrap.dedent("""
        import ctypes, os
        libc = ctypes.CDLL(None)
        while os.getppid() == %d:
            for _ in range(1000):
                libc.renameat2(-100, b'd', -100, b'l', 2)
        """) % os.getpid()], cwd=stage.work)
    house.STARTED.append(racer)
    try:
        calls = []
        for i in range(40):
            calls.append(call("read", {"path": f"d/s{i}"}))
            calls.append(call("write", {"path": f"d/n{i}", "content": "x\n"}))
            if i % 10 == 0:
                calls += [call("grep", {"pattern": f"secret|{i}",
                                        "path": "d"}),
                          call("list", {"path": "d", "depth": i + 1})]
        told = stage.results(engine, calls)
    finally:
        racer.kill()
        racer.wait()
    assert SECRET not in json.dumps(told)
    assert stage.tree() == before


def test_what_an_editor_holds_open_does_not_come_back_after_a_write(
        stage, engine):
    """It writes to the file that it has open, which is no longer there."""
    path = stage.work / "open.txt"
    path.write_text("old\n")
    with path.open("r+") as editor:
        stage.results(engine, [
            call("read", {"path": "open.txt"}),
            call("write", {"path": "open.txt", "content": "new\n"})])
        editor.write("swap")
    assert path.read_text() == "new\n"
