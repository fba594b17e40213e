"""Attempts to get out of the sandbox that `code` runs commands in. Each is
really made behind the walls, and what came of it is looked at from outside;
where that is harmless, the same attempt is first made without walls and has to
succeed, so that no test passes because the attempt is broken.

What a kernel or container lacks is skipped with its reason: the sandbox itself
says how strong it is."""

import ctypes
import dataclasses
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

import pytest

from house import binary, poll

PRELUDE = pathlib.Path(__file__).resolve().parent / "escapes/prelude.py"
PYTHON = "/usr/bin/python3"
SECRET = "secret-5b1e0c4d"
NOBODY = 65534
RUN_S = 60


def git(where, *words):
    subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *words],
        cwd=where, check=True, capture_output=True,
        env={**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null"})


def make_repositories(work: pathlib.Path):
    """A repository and one in it: made once, each attempt gets a copy."""
    nested = work / "nested/inner"
    nested.mkdir(parents=True)
    git(work, "init", "-q", "-b", "main", "--template=")
    (work / "a.txt").write_text("a\n")
    git(work, "add", "a.txt")
    git(work, "commit", "-q", "-m", "begin")
    git(work, "config", "core.hooksPath", "hooks")
    git(nested, "init", "-q", "--template=")
    for repository in (work, nested):
        for name in ("hooks", "info"):
            (repository / ".git" / name).mkdir()
    module = work / ".git/modules/part"
    module.mkdir(parents=True)
    (module / "config").write_text("[core]\n")
    (work / ".claude").mkdir()
    (work / ".claude/settings.json").write_text("{}")
    (work / "hooks").mkdir()
    (work / "hooks/pre-commit").write_text("#!/bin/sh\n")


class Victim:
    """A process outside that is none of a command's business. One for all
    attempts, as long as none has touched it."""

    CODE = ("import ctypes, time\n"
            f"word = ctypes.create_string_buffer(b'{SECRET}')\n"
            "print(ctypes.addressof(word), flush=True)\n"
            "while True:\n time.sleep(1000)\n")

    def __init__(self, user: int):
        self.process = subprocess.Popen(
            [PYTHON, "-S", "-E", "-c", self.CODE, "victim-marker"],
            stdout=subprocess.PIPE, env={"VICTIM": SECRET}, user=user)
        self.address = int(self.process.stdout.readline())

    def is_whole(self) -> bool:
        if self.process.poll() is not None:
            return False
        try:
            with open(f"/proc/{self.process.pid}/mem", "rb", 0) as memory:
                memory.seek(self.address)
                return memory.read(len(SECRET)) == SECRET.encode()
        except OSError:
            return False

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Stage:
    """A workspace with a repository, a home with keys, a folder that is
    nobody's business, and processes and sockets outside."""

    def __init__(self, base: pathlib.Path, user: int, repositories, victim):
        self.base = base
        self.user = user
        self.workspace = base / "workspace"
        self.outside = base / "outside"
        self.home = base / "home"
        self.heard = []
        self.closing = []
        shutil.copytree(repositories, self.workspace, symlinks=True)
        (self.workspace / "door").symlink_to(self.outside)
        (self.workspace / ".codex").symlink_to("nested")
        for folder in (self.outside / "more", self.home / ".ssh",
                       self.home / ".config/cofferdam", self.home / ".cache"):
            folder.mkdir(parents=True)
        (self.home / ".ssh/id_ed25519").write_text(SECRET)
        (self.home / ".config/cofferdam/login.json").write_text(SECRET)
        (self.home / ".bashrc").write_text("# as it was\n")
        (self.outside / "file").write_text("as it was")
        os.utime(self.outside / "file", (1000, 1000))
        self._own(base)
        self.victim = victim.process
        self.address = victim.address
        self._sockets()
        self._shared()

    def _own(self, base):
        if self.user != os.geteuid():
            for path in [base, *base.rglob("*")]:
                os.lchown(path, self.user, self.user)

    def _serve(self, kind, family, address, name):
        server = socket.socket(family, kind)
        server.bind(address)
        if kind == socket.SOCK_STREAM:
            server.listen()
        if family == socket.AF_UNIX and not str(address).startswith("\0"):
            os.chown(address, self.user, self.user)
        self.closing.append(server)

        def hear():
            while True:
                try:
                    if kind == socket.SOCK_STREAM:
                        server.accept()[0].close()
                    else:
                        server.recvfrom(100)
                except OSError:
                    return
                self.heard.append(name)

        threading.Thread(target=hear, daemon=True).start()
        return server.getsockname()

    def _sockets(self):
        stream, dgram = socket.SOCK_STREAM, socket.SOCK_DGRAM
        inet, unix = socket.AF_INET, socket.AF_UNIX
        self.tcp = self._serve(stream, inet, ("127.0.0.1", 0), "tcp")[1]
        self.udp = self._serve(dgram, inet, ("127.0.0.1", 0), "udp")[1]
        self.abstract = f"cofferdam-{os.getpid()}-{self.base.name}"
        self._serve(stream, unix, "\0" + self.abstract, "abstract")
        self._serve(stream, unix, str(self.outside / "s.sock"), "unix")
        self._serve(dgram, unix, str(self.outside / "d.sock"), "unix dgram")
        self._serve(stream, unix, str(self.workspace / "in.sock"), "unix in")

    def _shared(self):
        """What System V and POSIX share between processes."""
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.libc.shmat.restype = ctypes.c_void_p
        self.key = 0x5B1E0000 + os.getpid() % 0x10000
        self.segment = self.libc.shmget(self.key, 64, 0o1000 | 0o666)
        assert self.segment >= 0
        at = self.libc.shmat(self.segment, None, 0)
        ctypes.memmove(at, SECRET.encode() + b"\0", len(SECRET) + 1)
        self.libc.shmdt(ctypes.c_void_p(at))
        self.file = pathlib.Path("/dev/shm") / self.abstract
        self.file.write_text(SECRET)

    def facts(self) -> str:
        return json.dumps({
            "outside": str(self.outside), "workspace": str(self.workspace),
            "home": str(self.home), "victim": self.victim.pid,
            "address": self.address, "tcp": self.tcp, "udp": self.udp,
            "abstract": self.abstract, "key": self.key,
            "agent": os.getpid()})

    def run(self, attempt, confinement):
        """The attempt's output, as `cofferdam sandbox` prints it, or without
        walls."""
        walls = [] if confinement is None else [
            binary(), "sandbox", "--cd", str(self.workspace),
            "--confinement", confinement, "--timeout", "20", *attempt.flags,
            "--"]
        program = self.base / "attempt.py"
        program.write_text(PRELUDE.read_text() + attempt.code)
        env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(self.home),
               "LANG": "C.UTF-8", "MODEL_API_KEY": SECRET,
               "LD_PRELOAD": "", "BASH_ENV": str(self.outside / "file"),
               "GIT_CONFIG_COUNT": "0", **attempt.env}
        done = subprocess.run(
            [*walls, PYTHON, "-B", "-S", "-E", str(program), self.facts()],
            cwd=self.workspace, env=env,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=RUN_S, user=self.user,
            group=self.user, extra_groups=[])
        return done.stdout.decode(errors="replace")

    def close(self):
        for one in self.closing:
            one.close()
        self.libc.shmctl(self.segment, 0, None)
        self.file.unlink()
        shutil.rmtree(self.base, ignore_errors=True)


@dataclasses.dataclass(frozen=True)
class Attempt:
    """`code` is Python, after escapes/prelude.py; `escaped` looks at the stage
    and the output from outside."""
    name: str
    code: str
    escaped: object = None
    # Whether it succeeds without walls and does no harm then.
    proof: bool = True
    flags: tuple = ()
    env: dict = dataclasses.field(default_factory=dict)
    # Weaker confinements that cannot stop it: docs/decisions/code-sandbox.md.
    not_by: tuple = ()

    def worked(self, stage, output) -> bool:
        if self.escaped is None:
            return "ESCAPED" in output
        return bool(self.escaped(stage, output))


def outside_changed(stage, _):
    path = stage.outside / "file"
    return (not path.exists() or path.read_text() != "as it was"
            or path.stat().st_mtime != 1000
            or path.stat().st_mode & 0o777 == 0o777
            or (stage.outside / "new").exists())


def secret_said(_, output):
    return SECRET in output


def heard(name):
    def look(stage, _):
        # The socket's thread may be a moment behind.
        end = time.monotonic() + 0.1
        while name not in stage.heard and time.monotonic() < end:
            time.sleep(0.01)
        return name in stage.heard
    return look


def victim_gone(stage, _):
    time.sleep(0.05)
    return stage.victim.poll() is not None


def git_says(stage, where, *words):
    folder = stage.workspace / where
    if not folder.is_dir():  # walls kept the attempt from making it
        return ""
    done = subprocess.run(
        ["git", "-c", "safe.directory=*", *words],
        cwd=folder, capture_output=True, text=True,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"})
    return done.stdout.strip()


def config_is(name, where="."):
    return lambda stage, _: git_says(stage, where, "config", name) == "escaped"


def holds(path, text="escaped"):
    def look(stage, _):
        file = stage.workspace / path
        return file.exists() and text in file.read_text()
    return look


def exists(path):
    return lambda stage, _: os.path.lexists(stage.workspace / path)


def A(name, code, escaped=None, **more):
    return Attempt(name, "\n" + code, escaped, **more)


FILES = [
    A("write outside", "write(OUT + '/file')", outside_changed),
    A("make a file outside", "write(OUT + '/new')", outside_changed),
    A("delete outside", "attempt(os.unlink, OUT + '/file')", outside_changed),
    A("rename over a file outside",
      "write(WORK + '/x'); attempt(os.rename, WORK + '/x', OUT + '/file')",
      outside_changed),
    A("through a link that was there", "write(WORK + '/door/file')",
      outside_changed),
    A("through a link of its own",
      "os.symlink(OUT, WORK + '/way'); write(WORK + '/way/file')",
      outside_changed),
    A("through a hard link",
      "attempt(os.link, OUT + '/file', WORK + '/hard'); "
      "write(WORK + '/hard')", outside_changed),
    A("through ..", "write('../outside/file')", outside_changed),
    A("through /proc/self/root", "write('/proc/self/root' + OUT + '/file')",
      outside_changed),
    A("through /proc/self/cwd", "write('/proc/self/cwd/../outside/file')",
      outside_changed),
    A("through /proc/1/root", "write('/proc/1/root' + OUT + '/file')",
      outside_changed, proof=False),
    A("chmod outside", "attempt(os.chmod, OUT + '/file', 0o777)",
      outside_changed, not_by=("landlock",)),
    A("times of a file outside", "attempt(os.utime, OUT + '/file', (5, 5))",
      outside_changed, not_by=("landlock",)),
    A("truncate outside", "attempt(os.truncate, OUT + '/file', 0)",
      outside_changed),
    A("sed -i", "shell('sed -i s/as/AS/ ' + OUT + '/file')", outside_changed),
    A("perl -i", "shell('perl -i -pe s/as/AS/ ' + OUT + '/file')",
      outside_changed),
    A("dd and tee", "shell('echo x | tee %s/file; dd if=/dev/zero of=%s/new "
      "count=1' % (OUT, OUT))", outside_changed),
    A("cp, install, mv", "shell('cp a.txt %s/file; install a.txt %s/new; "
      "mv -f a.txt %s/file' % (OUT, OUT, OUT))", outside_changed),
    A("tar unpacks outside", "shell('cd / && tar -C %s -c a.txt | tar -C %s "
      "-x --transform s/a.txt/new/' % (WORK, OUT))", outside_changed),
    A("the shell's start file", "write(HOME + '/.bashrc')",
      lambda stage, _: "as it was" not in
      (stage.home / ".bashrc").read_text()),
    A("a program in the user's PATH",
      "os.makedirs(HOME + '/bin', exist_ok=True) if os.access(HOME, os.W_OK) "
      "else None; write(HOME + '/bin/git')",
      lambda stage, _: (stage.home / "bin/git").exists()),
    A("git's settings of the user", "shell('git config --global a.b escaped')",
      lambda stage, _: (stage.home / ".gitconfig").exists()),
    A("a program with its owner's rights",
      "write(WORK + '/suid'); attempt(os.chmod, WORK + '/suid', 0o4755); "
      "attempt(os.open, WORK + '/suid2', os.O_CREAT | os.O_WRONLY, 0o4755)",
      lambda stage, _: any(
          p.stat().st_mode & 0o4000 for p in stage.workspace.glob("suid*"))),
    A("a device file", "attempt(os.mknod, WORK + '/disk', 0o60666, "
      "os.makedev(8, 0)); attempt(os.mknod, WORK + '/null', 0o20666, "
      "os.makedev(1, 3))",
      lambda stage, _: (stage.workspace / "disk").exists() or
      (stage.workspace / "null").exists(), proof=False),
    A("a handle instead of a name", """
handle = (ctypes.c_char * 136)(); handle[0:4] = struct.pack('I', 128)
mount = ctypes.c_int()
if call('name_to_handle_at', -100, (OUT + '/file').encode(), handle,
        ctypes.byref(mount), 0) == 0:
    root = os.open('/', os.O_RDONLY)
    fd = call('open_by_handle_at', root, handle, os.O_WRONLY | os.O_TRUNC)
    if fd >= 0: os.write(fd, b'escaped')
""", outside_changed, proof=False),
]

SETTINGS = [
    A("a hook", "write('.git/hooks/pre-push')",
      exists(".git/hooks/pre-push")),
    A("a hook by link", "attempt(os.symlink, WORK + '/a.txt', "
      "'.git/hooks/pre-push')", exists(".git/hooks/pre-push")),
    A("a hook by rename", "attempt(os.rename, 'a.txt', "
      "'.git/hooks/pre-push')", exists(".git/hooks/pre-push")),
    A("core.fsmonitor", "shell('git config core.fsmonitor escaped')",
      config_is("core.fsmonitor")),
    A("core.hooksPath", "shell('git config core.hooksPath escaped')",
      config_is("core.hooksPath")),
    A("a filter of .gitattributes",
      "write('.gitattributes', '* filter=x'); "
      "shell('git config filter.x.clean escaped')",
      config_is("filter.x.clean")),
    A("git's attributes", "write('.git/info/attributes')",
      exists(".git/info/attributes")),
    A("a submodule's settings", "write('.git/modules/part/config')",
      holds(".git/modules/part/config")),
    A("hooks among the project's files", "write('hooks/pre-commit')",
      holds("hooks/pre-commit")),
    A("the repository moved away",
      "attempt(os.rename, '.git', 'old'); shell('git init -q; "
      "git config core.fsmonitor escaped')", config_is("core.fsmonitor")),
    A("the settings of a repository further down",
      "shell('git -C nested/inner config core.fsmonitor escaped')",
      config_is("core.fsmonitor", "nested/inner")),
    A("its folder moved away and made anew",
      "attempt(os.rename, 'nested', 'gone'); os.makedirs('nested/inner'); "
      "shell('cd nested/inner && git init -q && "
      "git config core.fsmonitor escaped')",
      config_is("core.fsmonitor", "nested/inner")),
    A("a new repository", "shell('git init -q fresh && git -C fresh config "
      "core.fsmonitor escaped')", config_is("core.fsmonitor", "fresh")),
    A("a new repository by a .git file", """
os.makedirs('plain'); shell('git init -q --bare store')
shell('git -C store config core.fsmonitor escaped; '
      'git -C store config core.bare false')
write('plain/.git', 'gitdir: ../store')
""", config_is("core.fsmonitor", "plain"),),
    A("a folder disguised as a repository", """
os.makedirs('d/objects'); os.makedirs('d/refs')
write('d/HEAD', 'ref: refs/heads/main')
write('d/config', '[core]\\nfsmonitor = escaped\\nworktree = /\\n')
""", config_is("core.fsmonitor", "d")),
    A("another common folder, with history", "write('.git/commondir', "
      "'../elsewhere')", exists(".git/commondir"), flags=("--history",)),
    A("a hook, with history", "write('.git/hooks/pre-push'); "
      "attempt(os.rename, '.git/hooks', '.git/h'); attempt(os.mkdir, "
      "'.git/hooks'); write('.git/hooks/pre-push')",
      exists(".git/hooks/pre-push"), flags=("--history",)),
    A("settings, with history",
      "shell('git config core.fsmonitor escaped')",
      config_is("core.fsmonitor"), flags=("--history",)),
    A("a new repository in a folder that takes no new names",
      "os.makedirs('shut'); shell('git init -q shut && git -C shut config "
      "core.fsmonitor escaped'); os.chmod('shut', 0o555)",
      config_is("core.fsmonitor", "shut")),
    A("a new repository in a folder that cannot be read", """
os.makedirs('dark/er')
shell('git init -q dark/er && git -C dark/er config core.fsmonitor escaped')
os.chmod('dark/er', 0o0); os.chmod('dark', 0o100)
""", lambda stage, _: (os.chmod(stage.workspace / "dark", 0o755),
                       os.chmod(stage.workspace / "dark/er", 0o755),
                       config_is("core.fsmonitor", "dark/er")(stage, _))[2]),
    A("a repository under another name, then under git's", """
shell('git init -q x && git -C x config core.fsmonitor escaped && '
      'mv x/.git x/g')
os.makedirs('y/z'); os.rename('x/g', 'y/z/g'); os.rename('y', 'w')
os.rename('w/z/g', 'w/z/.git')
""", config_is("core.fsmonitor", "w/z")),
    A("a repository among many thousands of names", """
os.makedirs('many/deep')
for i in range(9000):
    name = 'many/%d' % (i % 2)
    os.close(os.open(name, os.O_CREAT)); os.unlink(name)
shell('git init -q many/deep && git -C many/deep config '
      'core.fsmonitor escaped')
for i in range(9000):
    name = 'many/%d' % (i % 2)
    os.close(os.open(name, os.O_CREAT)); os.unlink(name)
""", config_is("core.fsmonitor", "many/deep")),
    A("settings in a folder that may be written besides", """
shell('git init -q %s/more && git -C %s/more config '
      'core.fsmonitor escaped' % (OUT, OUT))
""", lambda stage, _: config_is("core.fsmonitor", stage.outside / "more")(
        stage, _), flags=("--writable", "../outside/more")),
    A("an agent's settings that are a link", "attempt(os.unlink, '.codex'); "
      "attempt(os.mkdir, '.codex'); write('.codex/config.toml')",
      lambda stage, _: not (stage.workspace / ".codex").is_symlink()),
    A("an agent's settings that are there", "write('.claude/settings.json')",
      holds(".claude/settings.json")),
    A("an agent's settings that are not",
      "os.makedirs('.qwen'); write('.qwen/settings.json'); "
      "os.makedirs('nested/.gemini'); write('nested/.gemini/settings.json')",
      lambda stage, _: exists(".qwen")(stage, _) or
      exists("nested/.gemini")(stage, _)),
    A("settings in other letters", "os.makedirs('.Claude')",
      exists(".Claude")),
    A("servers that an agent starts", "write('.mcp.json')",
      exists(".mcp.json")),
    A("an editor's tasks", "os.makedirs('.vscode'); "
      "write('.vscode/tasks.json')", exists(".vscode")),
    A("settings in place of a folder", "attempt(shutil.rmtree, '.claude'); "
      "attempt(os.rename, '.claude', 'x'); attempt(os.symlink, 'hooks', "
      "'.claude')",
      lambda stage, _: not (stage.workspace / ".claude/settings.json")
      .exists()),
]

SECRETS = [
    A("the user's keys", "read(HOME + '/.ssh/id_ed25519')", secret_said),
    A("the login", "read(HOME + '/.config/cofferdam/login.json')",
      secret_said),
    A("keys through /proc", "read('/proc/self/root' + HOME + "
      "'/.ssh/id_ed25519'); read('/proc/1/root' + HOME + "
      "'/.ssh/id_ed25519')", secret_said),
    A("keys by a link", "attempt(os.symlink, HOME + '/.ssh', 'k'); "
      "attempt(os.link, HOME + '/.ssh/id_ed25519', 'l'); "
      "read('k/id_ed25519'); read('l')", secret_said),
    A("keys moved to the open", "attempt(os.rename, HOME + '/.ssh', "
      "HOME + '/s'); read(HOME + '/s/id_ed25519')", secret_said),
    A("keys by chmod", "attempt(os.chmod, HOME + '/.ssh', 0o777); "
      "read(HOME + '/.ssh/id_ed25519')", secret_said),
    A("the environment", "print(dict(os.environ)); read('/proc/1/environ'); "
      "read('/proc/%d/environ' % os.getppid())", secret_said, proof=False),
    A("another's environment", "read('/proc/%d/environ' % stage['victim'])",
      secret_said),
    A("every environment", """
for pid in filter(str.isdigit, os.listdir('/proc')):
    read('/proc/%s/environ' % pid)
""", secret_said),
    A("the memory of process 1 and of the agent", """
for pid in (1, os.getppid(), stage['agent'], stage['victim']):
    for line in attempt(lambda: open('/proc/%d/maps' % pid).readlines()) or []:
        if '[stack]' in line or '[heap]' in line:
            tell(line)
""", proof=False, not_by=("bubblewrap",)),
    A("what an open descriptor leads to",
      "print(os.listdir('/proc/self/fd')); "
      "[tell(n) for n in os.listdir('/proc/self/fd') if int(n) > 2 and "
      "'/proc/' not in (attempt(os.readlink, '/proc/self/fd/' + n) or "
      "'/proc/')]", proof=False),
    A("shared memory of others", """
libc.shmat.restype = ctypes.c_void_p
id = libc.shmget(stage['key'], 64, 0)
if id >= 0: print(ctypes.string_at(libc.shmat(id, None, 0o10000), 20))
""", secret_said, not_by=("landlock",)),
    A("files in /dev/shm", """
read('/dev/shm/' + stage['abstract'])
""", secret_said),
]

PROCESSES = [
    A("a signal", "attempt(os.kill, stage['victim'], 9)", victim_gone),
    A("a signal by descriptor", """
fd = call('pidfd_open', stage['victim'], 0)
if fd >= 0: call('pidfd_send_signal', fd, 9, None, 0)
""", victim_gone),
    A("signals to all", "attempt(os.kill, -1, 9)", victim_gone, proof=False),
    A("a signal to the group of the parent",
      "attempt(os.killpg, os.getpgid(os.getppid()) or 1, 9)", victim_gone,
      proof=False),
    A("ptrace", """
if call('ptrace', 16, stage['victim'], None, None) == 0:
    tell('attached')
    os.waitpid(stage['victim'], 0x40000000)
"""),
    A("reading memory", """
class Iovec(ctypes.Structure):
    _fields_ = [('base', ctypes.c_void_p), ('len', ctypes.c_size_t)]
word = ctypes.create_string_buffer(20)
ours = Iovec(ctypes.addressof(word), 15)
theirs = Iovec(stage['address'], 15)
call('process_vm_readv', stage['victim'], ctypes.byref(ours), 1,
     ctypes.byref(theirs), 1, 0)
print(word.value)
""", secret_said),
    A("writing memory", """
class Iovec(ctypes.Structure):
    _fields_ = [('base', ctypes.c_void_p), ('len', ctypes.c_size_t)]
word = ctypes.create_string_buffer(b'changed')
ours = Iovec(ctypes.addressof(word), 7)
theirs = Iovec(stage['address'], 7)
if call('process_vm_writev', stage['victim'], ctypes.byref(ours), 1,
        ctypes.byref(theirs), 1, 0) == 7:
    tell('written')
"""),
    A("/proc/PID/mem", """
attempt(lambda: [os.pwrite(os.open('/proc/%d/mem' % stage['victim'],
        os.O_WRONLY), b'changed', stage['address']), tell('written')])
"""),
    A("a descriptor of another", """
fd = call('pidfd_open', stage['victim'], 0)
if fd >= 0 and call('pidfd_getfd', fd, 1, 0) >= 0: tell('taken')
"""),
    A("the names of others", """
for pid in filter(str.isdigit, os.listdir('/proc')):
    read('/proc/%s/cmdline' % pid)
""", lambda _, output: "victim-marker" in output, not_by=("landlock",)),
    A("a daemon", """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for fd in (0, 1, 2): os.close(fd)
        time.sleep(0.3); write(WORK + '/daemon'); os._exit(0)
    os._exit(0)
""", lambda stage, _: (time.sleep(0.8), exists("daemon")(stage, _))[1],
      proof=False),
    A("what goes on after the end", """
subprocess.Popen(['sh', '-c', 'trap "" 1 2 15; sleep 0.3; touch after'],
                 start_new_session=True, stdout=subprocess.DEVNULL,
                 stderr=subprocess.DEVNULL)
""", lambda stage, _: (time.sleep(0.8), exists("after")(stage, _))[1],
      proof=False),
    A("what goes on after its time", """
subprocess.Popen(['sh', '-c', 'trap "" 1 2 15; sleep 1.5; touch after'],
                 start_new_session=True)
signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(100)
""", lambda stage, _: (time.sleep(1), exists("after")(stage, _))[1],
      proof=False, flags=("--timeout", "1")),
    A("a core of itself", """
import resource
attempt(resource.setrlimit, resource.RLIMIT_CORE, (1 << 20, 1 << 20))
os.kill(os.getpid(), signal.SIGSEGV)
""", lambda stage, _: any(stage.workspace.glob("core*")), proof=False),
]

NETWORK = [
    A("TCP", "attempt(socket.create_connection, ('127.0.0.1', "
      "stage['tcp']), 2)", heard("tcp")),
    A("UDP", "attempt(lambda: socket.socket(socket.AF_INET, "
      "socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', stage['udp'])))",
      heard("udp")),
    A("a Unix socket", "attempt(lambda: socket.socket(socket.AF_UNIX)"
      ".connect(OUT + '/s.sock'))", heard("unix")),
    A("a Unix socket inside the workspace", "attempt(lambda: "
      "socket.socket(socket.AF_UNIX).connect(WORK + '/in.sock'))",
      heard("unix in")),
    A("an abstract socket", "attempt(lambda: socket.socket(socket.AF_UNIX)"
      ".connect(chr(0) + stage['abstract']))", heard("abstract")),
    A("half a pair of sockets", "attempt(lambda: socket.socketpair("
      "socket.AF_UNIX, socket.SOCK_DGRAM)[0].sendto(b'x', OUT + "
      "'/d.sock'))", heard("unix dgram")),
    A("half a raw pair of sockets", "attempt(lambda: socket.socketpair("
      "socket.AF_UNIX, socket.SOCK_RAW)[0].sendto(b'x', OUT + "
      "'/d.sock'))", heard("unix dgram")),
    A("abstract with the network on", "attempt(lambda: socket.socket("
      "socket.AF_UNIX).connect(chr(0) + stage['abstract']))",
      heard("abstract"), flags=("--network", "on")),
    A("netlink of the kernel's events", "attempt(lambda: [socket.socket("
      "socket.AF_NETLINK, socket.SOCK_RAW, 15).bind((0, 1)), "
      "tell('listens')])"),
    A("packets", "attempt(lambda: [socket.socket(17, socket.SOCK_RAW, 768), "
      "tell('hears')])", proof=False),
    A("sockets of virtual machines", "attempt(lambda: [socket.socket(40, "
      "socket.SOCK_STREAM), tell('made')])", proof=False),
    A("sockets of the crypto API", "attempt(lambda: [socket.socket(38, "
      "socket.SOCK_SEQPACKET), tell('made')])", proof=False),
]

KERNEL = [
    A("a mount", """
os.makedirs('m', exist_ok=True)
if call('mount', b'tmpfs', b'm', b'tmpfs', 0, None) == 0: tell('mounted')
if call('mount', OUT.encode(), b'm', None, 4096, None) == 0: tell('bound')
if call('mount', None, b'/', None, 4096 | 32, None) == 0: tell('remounted')
write(OUT + '/file')
""", proof=False),
    A("the new mount calls", """
if call('open_tree', -100, b'/', 1) >= 0: tell('cloned')
if call('fsopen', b'tmpfs', 0) >= 0: tell('opened')
attributes = struct.pack('QQQQ', 0, 1, 0, 0)
if call('mount_setattr', -100, b'/', 0x8000, attributes, 32) == 0:
    tell('writable')
write(OUT + '/file')
""", proof=False),
    A("an unmount", """
for path in (HOME + '/.ssh', '/tmp', WORK + '/.git', '/proc'):
    if call('umount2', path.encode(), 2) == 0: tell(path)
read(HOME + '/.ssh/id_ed25519')
""", proof=False),
    A("namespaces of its own", """
for flag in (0x10000000, 0x20000, 0x20000000, 0x40000000, 0x8000000,
             0x4000000, 0x2000000, 0x80):
    if os.fork() == 0:
        if call('unshare', flag) == 0: tell(hex(flag))
        os._exit(0)
    os.wait()
"""),
    A("namespaces by clone3", """
class Arguments(ctypes.Structure):
    _fields_ = [(n, ctypes.c_uint64) for n in
                ('flags', 'pidfd', 'child', 'parent', 'signal', 'stack',
                 'size', 'tls')]
pid = call('clone3', ctypes.byref(Arguments(flags=0x10000000, signal=17)), 64)
if pid == 0: tell('in a namespace'); os._exit(0)
if pid > 0: os.waitpid(pid, 0)
"""),
    A("the namespaces of others", """
for pid in (1, os.getppid(), stage['victim']):
    for kind in ('user', 'mnt', 'net', 'pid'):
        fd = attempt(os.open, '/proc/%d/ns/%s' % (pid, kind), os.O_RDONLY)
        if fd is not None and call('setns', fd, 0) == 0: tell(kind)
""", proof=False),
    A("chroot", "call('chroot', b'.') == 0 and tell('in another root')",
      proof=False),
    A("pivot_root", "call('pivot_root', b'.', b'.') == 0 and tell('turned')",
      proof=False),
    A("capabilities", """
for line in open('/proc/self/status'):
    name, value = line.split(':', 1)
    if name in ('CapPrm', 'CapEff', 'CapBnd', 'CapAmb', 'CapInh') and \\
       int(value, 16): tell(line)
    if name == 'NoNewPrivs' and value.strip() != '1': tell(line)
    if name == 'Seccomp' and value.strip() != '2': tell(line)
"""),
    A("setuid programs", """
shell('su -c "touch %s/new" root; sudo -n touch %s/new; '
      'mount -t tmpfs x .; umount /tmp' % (OUT, OUT))
""", outside_changed, proof=False),
    A("bpf", "call('bpf', 0, (ctypes.c_char * 128)(1), 128) >= 0 and "
      "tell('loaded')", proof=False),
    A("perf_event_open", "call('perf_event_open', (ctypes.c_char * 128)(), "
      "0, -1, -1, 0) >= 0 and tell('opened')", proof=False),
    A("userfaultfd", "call('userfaultfd', 1) >= 0 and tell('opened')",
      proof=False),
    A("io_uring", "call('io_uring_setup', 4, (ctypes.c_char * 120)()) >= 0 "
      "and tell('made')", proof=False),
    A("fanotify", "call('fanotify_init', 0, 0) >= 0 and tell('made')",
      proof=False),
    A("keys of the kernel", "call('keyctl', 0, -3, 1) >= 0 and tell('has')",
      proof=False),
    A("a program in memory",
      """
fd = call('memfd_create', b'x', 0)
os.write(fd, open('/bin/touch', 'rb').read())
if os.fork() == 0:
    attempt(os.execv, '/proc/self/fd/%d' % fd, ['touch', OUT + '/new'])
    os._exit(1)
os.wait()
""", outside_changed),
    A("the kernel's settings", """
for path in ('/proc/sys/kernel/core_pattern', '/proc/sysrq-trigger',
             '/proc/sys/kernel/hostname', '/proc/self/oom_score_adj'):
    fd = attempt(os.open, path, os.O_WRONLY)
    if fd is not None and 'oom' not in path: tell(path)
""", proof=False),
    A("/sys", """
for folder, _, names in os.walk('/sys/fs/cgroup'):
    for name in names:
        if name in ('cgroup.procs', 'notify_on_release', 'release_agent'):
            fd = attempt(os.open, folder + '/' + name, os.O_WRONLY)
            if fd is not None: tell(folder + name)
    break
""", proof=False),
    A("disks", """
for name in os.listdir('/dev'):
    if name[:2] in ('sd', 'vd', 'nv', 'me', 'km', 'lo') :
        fd = attempt(os.open, '/dev/' + name, os.O_RDONLY)
        if fd is not None: tell(name)
""", proof=False),
    A("another name for the machine", "call('sethostname', b'escaped', 7) == "
      "0 and tell('named')", proof=False),
    A("words typed into the terminal", """
for path in ('/dev/tty', '/dev/stdin', '/dev/stdout'):
    fd = attempt(os.open, path, os.O_RDWR | os.O_NOCTTY)
    if fd is not None and libc.ioctl(fd, 0x5412, b'x') == 0: tell(path)
""", proof=False),
    A("a flood of watches", """
import itertools
count = 0
while count < 200 and libc.inotify_init() >= 0: count += 1
if count > 64: tell(count)
""", proof=False, not_by=("landlock", "bubblewrap")),
]

ATTEMPTS = FILES + SETTINGS + SECRETS + PROCESSES + NETWORK + KERNEL


@pytest.fixture(name="repositories", scope="module")
def fixture_repositories(tmp_path_factory):
    work = tmp_path_factory.mktemp("repositories") / "work"
    work.mkdir()
    make_repositories(work)
    return work


@pytest.fixture(name="victims", scope="module")
def fixture_victims():
    victims = {}
    yield victims
    for victim in victims.values():
        victim.close()


@pytest.fixture(name="make_stage")
def fixture_make_stage(repositories, victims):
    stages = []

    def make(user):
        if user in victims and not victims[user].is_whole():
            victims.pop(user).close()
        if user not in victims:
            victims[user] = Victim(user)
        # Not in /tmp, of which commands see another.
        base = pathlib.Path(tempfile.mkdtemp(
            prefix="cofferdam-escape-", dir="/var/tmp"))
        base.chmod(0o755)
        stages.append(Stage(base, user, repositories, victims[user]))
        return stages[-1]

    yield make
    for stage in stages:
        stage.close()


STRENGTH = {}


def need(confinement, user):
    """Skips where this machine cannot confine that way, with its reason."""
    key = (confinement, user)
    if key not in STRENGTH:
        done = subprocess.run(
            [binary(), "sandbox", "--cd", "/var/tmp", "--confinement",
             confinement, "--json"], capture_output=True, text=True,
            user=user, group=user, extra_groups=[], timeout=RUN_S,
            env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"})
        STRENGTH[key] = json.loads(done.stdout)
    told = STRENGTH[key]
    if told["confinement"] != confinement:
        pytest.skip("; ".join(told["notes"]))


def try_out(make_stage, confinement, user, attempt):
    need(confinement, user)
    if confinement in attempt.not_by:
        pytest.skip(f"{confinement} alone cannot stop this")
    stage = make_stage(user)
    output = stage.run(attempt, confinement)
    assert not attempt.worked(stage, output), output


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda a: a.name)
def test_no_attempt_gets_out(make_stage, attempt):
    try_out(make_stage, "namespaces", os.geteuid(), attempt)


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda a: a.name)
def test_nor_does_it_without_rights(make_stage, attempt):
    if os.geteuid() != 0:
        pytest.skip("we have none to begin with")
    try_out(make_stage, "namespaces", NOBODY, attempt)


@pytest.mark.full
@pytest.mark.parametrize("confinement", ["bubblewrap", "landlock"])
@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda a: a.name)
def test_nor_out_of_the_weaker_walls(make_stage, attempt, confinement):
    try_out(make_stage, confinement, os.geteuid(), attempt)


@pytest.mark.parametrize("attempt", [a for a in ATTEMPTS if a.proof],
                         ids=lambda a: a.name)
def test_without_walls_it_works(make_stage, attempt):
    """The attempt is a real one."""
    stage = make_stage(os.geteuid())
    output = stage.run(attempt, None)
    assert attempt.worked(stage, output), output


def test_there_are_enough_attempts():
    assert len(ATTEMPTS) >= 40
    assert len({a.name for a in ATTEMPTS}) == len(ATTEMPTS)


def processes_with(marker: str):
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if marker in (folder / "cmdline").read_text().split("\0"):
                found.append(int(folder.name))
        except OSError:
            pass
    return found


@pytest.mark.parametrize("confinement", ["namespaces", "bubblewrap",
                                         "landlock"])
def test_nothing_outlives_an_agent_that_is_killed(make_stage, confinement):
    need(confinement, os.geteuid())
    stage = make_stage(os.geteuid())
    marker = str(1_000_000 + os.getpid())
    agent = subprocess.Popen(
        [binary(), "sandbox", "--cd", str(stage.workspace), "--confinement",
         confinement, "--", "sh", "-c",
         f"trap '' 1 2 15; setsid sleep {marker} & sleep {marker}"],
        stdout=subprocess.DEVNULL)
    try:
        poll(lambda: len(processes_with(marker)) == 2, "they run")
    finally:
        agent.send_signal(signal.SIGKILL)
        agent.wait()
    poll(lambda: not processes_with(marker), "they are gone")


def test_a_commit_needs_history_and_nothing_else(make_stage):
    need("namespaces", os.geteuid())
    stage = make_stage(os.geteuid())
    git_says(stage, ".", "config", "core.hooksPath", "none")
    commit = ("git add a.txt && git -c user.name=a -c user.email=a@b "
              "commit -q -m second")
    (stage.workspace / "a.txt").write_text("b\n")
    for flags, count in (((), "1"), (("--history",), "2")):
        subprocess.run(
            [binary(), "sandbox", "--cd", str(stage.workspace), *flags, "--",
             "sh", "-c", commit], capture_output=True, timeout=RUN_S)
        assert git_says(stage, ".", "rev-list", "--count", "HEAD") == count
    assert git_says(stage, ".", "status", "--porcelain", "a.txt") == ""


def linked(stage):
    """A worktree of the stage's repository, outside of it."""
    main = stage.base / "main"
    shutil.move(stage.workspace, main)
    git(main, "config", "--unset", "core.hooksPath")
    git(main, "worktree", "add", "-q", str(stage.workspace))
    git(main, "worktree", "add", "-q", str(stage.base / "other"))
    return main / ".git"


def behind_walls(stage, confinement, script, *flags):
    return subprocess.run(
        [binary(), "sandbox", "--cd", str(stage.workspace), "--confinement",
         confinement, *flags, "--", "sh", "-c", script], capture_output=True,
        text=True, timeout=RUN_S, env={"PATH": os.environ["PATH"],
                                       "HOME": str(stage.home)})


@pytest.mark.parametrize("confinement", ["namespaces", "bubblewrap"])
def test_a_linked_worktree_is_committed_to_with_history_only(
        make_stage, confinement):
    need(confinement, os.geteuid())
    stage = make_stage(os.geteuid())
    common = linked(stage)
    commit = ("git add a.txt && git -c user.name=a -c user.email=a@b "
              "commit -q -m second && git switch -q -c more && "
              "git branch -q third && git branch -q -D third && git stash "
              "list && git tag t")
    (stage.workspace / "a.txt").write_text("b\n")
    for flags, count, code in (((), "1", 128), (("--history",), "2", 0)):
        done = behind_walls(stage, confinement, commit, *flags)
        assert done.returncode == code, done
        assert git_says(stage, ".", "rev-list", "--count", "HEAD") == count
    assert git_says(stage, ".", "status", "--porcelain", "-uno") == ""
    assert git_says(stage, ".", "fsck", "--no-progress") == ""
    assert (common / "worktrees/workspace/HEAD").read_text() == (
        "ref: refs/heads/more\n")


@pytest.mark.parametrize("confinement", ["namespaces", "bubblewrap"])
def test_no_more_of_a_linked_repository_is_written(make_stage, confinement):
    need(confinement, os.geteuid())
    stage = make_stage(os.geteuid())
    common = linked(stage)

    def kept():
        return {str(p): p.read_bytes() for p in common.rglob("*")
                if p.is_file() and p.parts[len(common.parts)] not in
                ("objects", "refs", "logs", "packed-refs")
                and "worktrees/workspace" not in str(p)}
    before = kept()
    own = common / "worktrees/workspace"
    ours = {n: (own / n).read_bytes() for n in ("commondir", "gitdir")}
    behind_walls(stage, confinement, f"""
        cd {common}
        for f in config HEAD index hooks/pre-commit info/attributes \
            worktrees/other/HEAD worktrees/other/index worktrees/new \
            modules/part/config rebase-merge config.worktree commondir \
            MERGE_HEAD worktrees/workspace/commondir \
            worktrees/workspace/gitdir worktrees/workspace/config.worktree \
            ../a.txt; do
          echo escaped > $f; rm -f $f; mkdir -p $f; mv config $f; done
        mv hooks h; mv worktrees w; rm -rf hooks worktrees; mv ../.git ../g
        echo 'gitdir: /' > {stage.workspace}/.git""", "--history")
    after = {path: text for path, text in kept().items()
             if ".set-aside" not in path}
    assert after == before
    assert {n: (own / n).read_bytes() for n in ours} == ours
    assert not (common / "rebase-merge").exists()
    assert not (own / "config.worktree").exists()
    assert (stage.base / "main/a.txt").read_text() == "a\n"


def test_a_git_file_that_leads_elsewhere_opens_nothing(make_stage):
    """Only a repository that names the workspace as its worktree is written."""
    need("namespaces", os.geteuid())
    stage = make_stage(os.geteuid())
    common = linked(stage)
    for pointer in (common / "worktrees/other", common, stage.home / ".ssh",
                    stage.outside):
        (stage.workspace / ".git").write_text(f"gitdir: {pointer}\n")
        behind_walls(stage, "namespaces", f"echo x > {pointer}/escaped; "
                     f"echo x > {common}/objects/escaped", "--history")
        assert not (pointer / "escaped").exists(), pointer
        assert not (common / "objects/escaped").exists(), pointer


@pytest.mark.parametrize("flag, path, said", [
    ("--writable", "/", "nothing would be left"),
    ("--writable", "{home}", "the home folder is in it"),
    ("--writable", "{home}/.ssh", "holds keys"),
    ("--writable", "/usr/local/bin", "belongs to the system"),
    ("--variable", "COFFERDAM_ENGINE_KEY", "Cofferdam's own"),
    ("--unix-sockets", "maybe", "on or off")])
def test_what_would_undo_the_walls_is_refused(make_stage, flag, path, said):
    stage = make_stage(os.geteuid())
    done = behind_walls(stage, "namespaces", "echo ran", flag,
                        path.format(home=stage.home))
    assert done.returncode == 2 and said in done.stderr, done
    assert "ran" not in done.stdout


def test_what_the_user_allows_and_hides_holds_for_commands(make_stage):
    need("namespaces", os.geteuid())
    stage = make_stage(os.geteuid())
    done = behind_walls(
        stage, "namespaces", f"echo x > {stage.outside}/more/new; "
        f"echo x > {stage.outside}/new; cat {stage.outside}/file nested/*; "
        "echo $HOME", "--writable", str(stage.outside / "more"), "--hidden",
        str(stage.outside / "file"), "--hidden", "/nowhere", "--variable",
        "NOT_SET")
    assert (stage.outside / "more/new").exists()
    assert not (stage.outside / "new").exists()
    assert "as it was" not in done.stdout
