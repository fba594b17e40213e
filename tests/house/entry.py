"""./run and what it calls, in a copy of the tree where the package manager and
the build are stand-ins that write down how they were called."""

import os
import pathlib
import shutil
import subprocess
import tempfile

import tree

SCRIPTS = ["run", "tools/setup.sh", "tools/build.sh", "tools/arrow.sh"]
PINS = "tools/arrow.txt"
TOOLS = """bash cat chmod cp dirname env flock fold grep mkdir mv paste readlink rm
sed sh sleep touch tr uname wc""".split()
STAND_INS = {
    # Knows the packages that $HERE/installed lists.
    "dpkg-query": """echo query >>$HERE/calls
while read -r name; do echo "$name:amd64 installed"; done <$HERE/installed
""",
    # Installs; before it does, lets the queries reach $WAIT_FOR_QUERIES.
    "apt-get": """echo "apt-get $*" >>$HERE/calls
echo 'words of apt-get'
for last; do :; done
[ "$last" = update ] && exit 0
[ "$2" = download ] && : >"$last"_1_amd64.deb && exit
[ "$last" = "$BREAK_APT" ] && exit 100
until [ "$(grep -c query $HERE/calls)" -ge "${WAIT_FOR_QUERIES:-0}" ]; do
  sleep 0.01
done
for word; do echo "$word"; done >>$HERE/installed
""",
    # Downloads a wheel, then unpacks it; $BREAK_PIP breaks the first.
    "python": """echo "python $*" >>$HERE/calls
[ "$1" = - ] && exec mkdir -p "$3/lib"
[ -n "$BREAK_PIP" ] && echo 'words of pip' && exit 1
while [ "$1" != --dest ]; do shift; done
mkdir -p "$2" && : >"$2/pyarrow.whl"
""",
    "dpkg": """echo "dpkg $*" >>$HERE/calls
mkdir -p "$3/usr/sbin" "$3/usr/bin"
for file in sbin/nginx bin/rg; do : >"$3/usr/$file" && chmod +x "$3/usr/$file"; done
""",
    "cmake": """echo "cmake $*" >>$HERE/calls
mkdir -p build/release
echo "CMAKE_HOME_DIRECTORY:INTERNAL=$PWD" >build/release/CMakeCache.txt
echo rules >build/release/build.ninja
""",
    "ninja": """echo "ninja $*" >>$HERE/calls
if [ -n "$BREAK_BUILD" ]; then
  printf '[1/2] a.cc\\nFAILED: a.o\\na.cc:1: error: no\\n'
  exit 1
fi
echo '[2/2] link'
cd "$2" && mkdir -p bin && cat >bin/cofferdam <<'END' && chmod +x bin/cofferdam
#!/bin/sh
for word in "$PWD" "$COFFERDAM_CONFIG" "$@"; do echo "$word"; done
cat
END
""",
}


class Copy:
    """A copy of the scripts with stand-ins, and what was seen running them."""

    def __init__(self, root, folder):
        self.here = folder / "here"
        self.tree = folder / "tree"
        self.bin = folder / "bin"
        for path in (self.here, self.tree, self.bin):
            path.mkdir()
        for name in SCRIPTS:
            (self.tree / name).parent.mkdir(exist_ok=True)
            shutil.copy(root / name, self.tree / name)
            (self.tree / name).chmod(0o755)
        (self.tree / "CMakePresets.json").write_text("{}")
        pins = tree.read(root / PINS)
        (self.tree / PINS).write_text(pins)
        (self.tree / "build/arrow").mkdir(parents=True)
        (self.tree / "build/arrow/arrow.txt").write_text(pins)
        for name in TOOLS:
            (self.bin / name).symlink_to(shutil.which(name))
        for name, text in STAND_INS.items():
            (self.bin / name).write_text("#!/bin/sh\n" + text)
            (self.bin / name).chmod(0o755)
        self.system("debian", "12")
        listed = self.start("tools/setup.sh", "list", "test").communicate()[0]
        self.packages = [line.split()[0] for line in listed.splitlines()]
        self.install(self.packages)
        self.last = None

    def system(self, name, version):
        text = f'ID={name}\nVERSION_ID="{version}"\n'
        (self.here / "os-release").write_text(text)

    def add_sudo(self):
        """Whoever runs this test may then install."""
        (self.bin / "sudo").write_text('#!/bin/sh\nexec "$@"\n')
        (self.bin / "sudo").chmod(0o755)

    def install(self, packages):
        (self.here / "installed").write_text("\n".join(packages) + "\n")
        (self.here / "calls").write_text("")

    def calls(self, word):
        lines = (self.here / "calls").read_text().splitlines()
        return [line for line in lines if line.startswith(word)]

    def start(self, script, *args, env=None, **options):
        options.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.Popen(
            [options.pop("path", self.tree / script), *args],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={
                "PATH": str(self.bin), "HERE": str(self.here),
                "COFFERDAM_OS_RELEASE": str(self.here / "os-release"),
                "COFFERDAM_SETUP_LOCK": str(self.here),
                "COFFERDAM_SETUP_PYTHON": str(self.bin / "python"),
            } | (env or {}),
            **options,
        )  # fmt: skip

    def run(self, *command, **options):
        process = self.start(*command, **options)
        out, err = process.communicate(timeout=30)
        self.last = (process.returncode, out, err)
        return self.last


def setup_of_a_complete_machine_is_silent(copy):
    yield copy.run("tools/setup.sh", "test") == (0, "", "")
    yield not copy.calls("apt-get")


def setup_installs_what_is_missing_and_says_why(copy):
    copy.install(set(copy.packages) - {"ninja-build", "ccache", "openssl"})
    copy.add_sudo()
    code, out, err = copy.run("tools/setup.sh", "build")
    yield code == 0 and out == ""
    yield "ninja-build: runs the build" in err and "words of" not in err
    update, install = copy.calls("apt-get")
    yield update.endswith(" update")
    yield install.endswith(" ninja-build ccache") and "--no-remove" in install


def setup_without_root_or_sudo_says_what_to_do(copy):
    copy.install(set(copy.packages) - {"ccache"})
    options = {"user": 65534} if os.geteuid() == 0 else {}
    code, _, err = copy.run("tools/setup.sh", "build", **options)
    yield code == 2 and "root or sudo to run: apt-get install ccache" in err
    yield not copy.calls("apt-get")


def setup_shows_why_apt_get_failed(copy):
    copy.install(set(copy.packages) - {"ccache"})
    env = {"BREAK_APT": "ccache"}
    copy.add_sudo()
    code, out, err = copy.run("tools/setup.sh", "build", env=env)
    yield code == 2 and out == "" and "words of apt-get" in err
    yield "apt-get could not install: ccache" in err


def setup_refuses_systems_that_it_does_not_know(copy):
    copy.system("debian", "11")
    code, out, err = copy.run("tools/setup.sh", "build")
    yield code == 2 and out == "" and not copy.calls("apt-get")
    yield "Debian 12 and Ubuntu 24.04 only" in err and "librocksdb-dev" in err


def two_setups_at_once_install_once(copy):
    copy.install(set(copy.packages) - {"ccache"})
    copy.add_sudo()
    # The first looks twice before it installs; the third look is the other's.
    env = {"WAIT_FOR_QUERIES": "3"}
    both = [copy.start("tools/setup.sh", "test", env=env) for _ in range(2)]
    for process in both:
        process.communicate(timeout=30)
    yield [process.returncode for process in both] == [0, 0]
    yield len([c for c in copy.calls("apt-get") if "install" in c]) == 1


def what_benches_compare_with_is_unpacked_and_not_installed(copy):
    code, out, err = copy.run("tools/setup.sh", "bench")
    yield code == 0 and out == "" and "build/nginx" in err
    yield (copy.tree / "build/nginx/usr/sbin/nginx").is_file()
    yield (copy.tree / "build/ripgrep/usr/bin/rg").is_file()
    yield copy.calls("apt-get") == [
        "apt-get -q download nginx", "apt-get -q download ripgrep"
    ]
    yield copy.run("tools/setup.sh", "bench") == (0, "", "")
    yield len(copy.calls("apt-get")) == 2


def arrow_is_fetched_once_by_its_hash(copy):
    pins = f"# {os.uname().machine} any\nother pins\n"
    (copy.tree / PINS).write_text(pins)
    code, out, err = copy.run("tools/setup.sh", "build")
    yield code == 0 and out == "" and "fetches Arrow C++" in err
    fetched = copy.calls("python")
    yield len(fetched) == 2 and "--require-hashes" in fetched[0]
    yield "other pins" in (copy.tree / "build/arrow/arrow.txt").read_text()
    yield copy.run("tools/setup.sh", "build") == (0, "", "")
    yield len(copy.calls("python")) == 2


def arrow_that_cannot_be_fetched_stops_nothing(copy):
    shutil.rmtree(copy.tree / "build/arrow")
    code, out, err = copy.run("run", "x", env={"BREAK_PIP": "1"})
    yield code == 0 and out.endswith("\nx\n")
    yield "words of pip" in err and "without Parquet" in err


def arrow_that_came_later_is_configured(copy):
    copy.run("run")
    copy.run("run")
    yield len(copy.calls("cmake")) == 1
    os.utime(copy.tree / "build/arrow/arrow.txt", (2e9, 2e9))
    yield copy.run("run")[0] == 0 and len(copy.calls("cmake")) == 2


def run_serves_from_anywhere_through_a_link(copy):
    link = copy.here / "link"
    link.symlink_to(copy.tree / "run")
    elsewhere = copy.here / "elsewhere"
    elsewhere.mkdir()
    config = copy.tree / "cofferdam.toml"
    first = copy.run("run", path=link, cwd=elsewhere)
    yield first[:2] == (0, f"{elsewhere}\n{config}\nserve\n")
    yield len(copy.calls("cmake")) == 1
    again = copy.run("run", "scan", "./a b", path=link, cwd=elsewhere)
    yield again[:2] == (0, f"{elsewhere}\n{config}\nscan\n./a b\n")
    yield len(copy.calls("cmake")) == 1 and not copy.calls("apt-get")


def run_leaves_a_named_configuration_alone(copy):
    copy.run("run", "scan", env={"COFFERDAM_CONFIG": "mine.toml"})
    yield copy.last[1].splitlines()[1:] == ["mine.toml", "scan"]


def run_hands_over_stdin(copy):
    process = copy.start("run", "login", stdin=subprocess.PIPE)
    out, _ = process.communicate("a key\n", timeout=30)
    yield out.endswith("login\na key\n")
    closed = copy.run("run", "x", stdin=None, preexec_fn=lambda: os.close(0))
    yield closed[0] == 0 and closed[1].endswith("\nx\n")


def run_configures_again_in_a_tree_that_moved(copy):
    copy.run("run")
    copy.tree = copy.tree.rename(copy.tree.with_name("moved"))
    copy.install(copy.packages)
    yield copy.run("run")[0] == 0 and len(copy.calls("cmake")) == 1


def run_shows_why_a_build_failed(copy):
    code, out, err = copy.run("run", env={"BREAK_BUILD": "1"})
    yield code == 2 and out == ""
    yield "a.cc:1: error: no" in err and "[1/2] a.cc" not in err


SCENARIOS = [
    setup_of_a_complete_machine_is_silent,
    setup_installs_what_is_missing_and_says_why,
    setup_without_root_or_sudo_says_what_to_do,
    setup_shows_why_apt_get_failed,
    setup_refuses_systems_that_it_does_not_know,
    two_setups_at_once_install_once,
    what_benches_compare_with_is_unpacked_and_not_installed,
    arrow_is_fetched_once_by_its_hash,
    arrow_that_cannot_be_fetched_stops_nothing,
    arrow_that_came_later_is_configured,
    run_serves_from_anywhere_through_a_link,
    run_leaves_a_named_configuration_alone,
    run_hands_over_stdin,
    run_configures_again_in_a_tree_that_moved,
    run_shows_why_a_build_failed,
]


def _failure(root, scenario):
    """What of a scenario does not hold, or None."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name).resolve()
        folder.chmod(0o755)
        copy = Copy(root, folder)
        copy.here.chmod(0o777)
        title = scenario.__name__.replace("_", " ")
        number = 0
        try:
            for number, holds in enumerate(scenario(copy), 1):
                if not holds:
                    return f"{title}: not so at yield {number}: {copy.last}"
        except (OSError, ValueError, IndexError, subprocess.SubprocessError) as e:
            return f"{title}: after yield {number}: {e!r}: {copy.last}"
    return None


def check(root):
    found = [_failure(root, scenario) for scenario in SCENARIOS]
    return [finding for finding in found if finding]


def _broken(name, script, old, new, *findings):
    """The tree's scripts with one defect."""
    root = pathlib.Path(__file__).resolve().parents[2]
    texts = {name: tree.read(root / name) for name in SCRIPTS + [PINS]}
    if old not in texts[script]:
        raise SystemExit(f"entry.py: {script} no longer holds {old!r}")
    texts[script] = texts[script].replace(old, new)
    return tree.case(name, texts, list(findings))


CASES = [
    _broken("the scripts as they are", "run", "serve", "serve"),
    _broken(
        "chatter on stdout", "tools/setup.sh", '"setup: $*" >&2',
        '"setup: $*"', "says why", "says what to do", "failed", "refuses",
        "not installed",
    ),
    _broken(
        "removes packages", "tools/setup.sh", "--no-remove", "", "says why"
    ),
    _broken(
        "swallows apt's words", "tools/setup.sh", "\"$words\" >&2",
        "\"$words\" >/dev/null", "why apt get failed",
    ),
    _broken(
        "installs nginx", "tools/setup.sh", "-q download",
        "-q install", "not installed",
    ),
    _broken(
        "trusts what it fetched", "tools/arrow.sh", "--require-hashes", "",
        "by its hash",
    ),
    _broken(
        "needs Arrow", "tools/arrow.sh", "all else works'\n  exit 0",
        "all else works'\n  exit 2", "stops nothing",
    ),
    _broken(
        "overlooks Arrow", "tools/build.sh", "build/arrow/arrow.txt -nt",
        "build/none -nt", "came later",
    ),
    _broken("no readlink", "run", "readlink -f", "echo", "through a link"),
    _broken(
        "always its own", "run", "${COFFERDAM_CONFIG:-$root/cofferdam.toml}",
        "$root/cofferdam.toml", "leaves a named configuration alone",
    ),
    _broken(
        "eats stdin", "run", "#!/usr/bin/env bash\n",
        "#!/usr/bin/env bash\ncat >/dev/null\n", "hands over stdin",
    ),
    _broken(
        "configures always", "tools/build.sh", "must_configure; then",
        "true; then", "through a link", "came later",
    ),
    _broken(
        "trusts a moved cache", "tools/build.sh", "  ! grep -qxF", "  grep -qxF",
        "that moved", "through a link", "came later",
    ),
    _broken(
        "swallows the compiler's words", "tools/build.sh",
        "printf '%s\\n' \"$line\"", "true", "build failed",
    ),
]  # fmt: skip

if __name__ == "__main__":
    tree.main(check, CASES)
