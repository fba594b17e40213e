#!/usr/bin/env python3
"""Makes data/background.bin, what the shipped background knows of human text.

  tools/make_background.py [--out FILE]      builds it from the pinned packages
  tools/make_background.py pin [PACKAGE…]    checks packages, prints their lines

data/background_sources.txt names Debian source packages by version, upstream
tarball and SHA-256. Each is fetched with apt-get from the mirror that this
machine uses (or --mirror), must have that hash, and must hold no file that is
younger than 2020: what is in them was written before models wrote. Each
package is one project of the background. The same list gives the same bytes.

Needs apt-get, and a built cofferdam (--cofferdam, default build/release).
"""

import argparse
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIST = ROOT / "data/background_sources.txt"
BEFORE = "2021-01-01"
SUITE = "bookworm"
# Dates that packers write into archives in place of the true ones. A file with
# one of them says nothing; a tarball may hold few of those.
PACKER_DATES = {
    "1970-01-01", "1973-11-29", "1979-12-31", "1980-01-01", "1980-01-02",
    "1985-10-26", "2001-09-09", "2006-07-24",
}  # fmt: skip
# What people write by hand in programs and about them; not data, not generated
# scripts, not translations.
EXTENSIONS = set("""
    bash bat c cc cl clj cpp cs css cxx el erl ex exs f90 go groovy h hh hpp hs
    hxx inc inl ipp java jl js jsx kt l lisp lua m md mjs ml mli mm pas php pl
    pm pod py pyx r rake rb rs rst scala scm scss sh sql swift t tex texi ts tsx
    txt vala vb y zsh
""".split())
UNDATED_SHARE_MAX = 0.05
FETCHED_AT_ONCE = 50
MEMBER_BYTES_MAX = 64 << 20
PROBE_BYTES = 8192


def fail(message):
    sys.exit(f"make_background: {message}")


def read_list(path):
    """Rows (package, version, file, sha256) in the order of the list."""
    rows = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        row = line.split()
        if len(row) != 4 or not re.fullmatch(r"[0-9a-f]{64}", row[3]):
            fail(f"{path}:{number}: say package, version, file and SHA-256")
        rows.append(tuple(row))
    return rows


def system_mirror():
    """Where this machine's apt takes its packages from."""
    folder = pathlib.Path("/etc/apt")
    files = [folder / "sources.list"]
    files += sorted((folder / "sources.list.d").glob("*"))
    for file in files:
        if not file.is_file():
            continue
        for line in file.read_text().splitlines():
            words = line.split()
            if line.startswith("URIs:") and "debian" in line:
                return words[1]
            if words[:1] == ["deb"]:
                urls = [word for word in words if "://" in word]
                if urls and urls[0].rstrip("/").endswith("/debian"):
                    return urls[0]
    fail("no Debian mirror among apt's sources; say --mirror URL")


class Apt:
    """apt-get with sources of our own and nothing of the system's state."""

    def __init__(self, mirror, folder):
        self.folder = folder
        for name in ("lists/partial", "cache/archives/partial"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        key = "/usr/share/keyrings/debian-archive-keyring.gpg"
        (folder / "sources.list").write_text(
            f"deb-src [signed-by={key}] {mirror} {SUITE} main\n"
        )
        (folder / "apt.conf").write_text(
            f'Dir::Etc::sourcelist "{folder}/sources.list";\n'
            'Dir::Etc::sourceparts "/dev/null";\n'
            f'Dir::State::lists "{folder}/lists";\n'
            f'Dir::Cache "{folder}/cache";\n'
            'APT::Get::List-Cleanup "0";\n'
            'APT::Sandbox::User "root";\n'
        )
        self.env = os.environ | {"APT_CONFIG": str(folder / "apt.conf")}
        subprocess.run(["apt-get", "update", "-qq"], env=self.env, check=True)

    def fetch(self, packages, into):
        """What cannot be fetched is missing afterwards."""
        command = ["apt-get", "source", "-qq", "--download-only", "--tar-only"]
        for at in range(0, len(packages), FETCHED_AT_ONCE):
            subprocess.run(
                command + packages[at : at + FETCHED_AT_ONCE],
                env=self.env,
                cwd=into,
                stderr=subprocess.DEVNULL,
                check=False,
            )


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def newest_day(path):
    """The youngest day of the tarball's files, or why there is none."""
    newest = 0
    files = 0
    undated = 0
    with tarfile.open(path) as archive:
        for member in archive:
            if not member.isfile():
                continue
            files += 1
            day = time.strftime("%Y-%m-%d", time.gmtime(member.mtime))
            if day in PACKER_DATES:
                undated += 1
            else:
                newest = max(newest, member.mtime)
    if files == 0 or undated > files * UNDATED_SHARE_MAX:
        return None, f"{undated} of its {files} files have no true date"
    day = time.strftime("%Y-%m-%d", time.gmtime(newest))
    return day, None if day < BEFORE else f"holds a file of {day}"


def unpack(tarball, into):
    """Regular files that people write, and only below `into`."""
    with tarfile.open(tarball) as archive:
        for member in archive:
            parts = pathlib.PurePosixPath(member.name).parts
            if not member.isfile() or member.size > MEMBER_BYTES_MAX:
                continue
            if member.name.lower().rpartition(".")[2] not in EXTENSIONS:
                continue
            if ".." in parts or parts[:1] == ("/",) or ".git" in parts:
                continue
            content = archive.extractfile(member).read()
            # Images, archives and UTF-16, whatever their names say.
            if b"\0" in content[:PROBE_BYTES]:
                continue
            target = into.joinpath(*parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.exists():
                target.write_bytes(content)


def tarballs_of(folder, package):
    """The upstream tarballs of one package; native ones have one."""
    found = sorted(folder.glob(f"{package}_*.tar.*"))
    upstream = [
        file
        for file in found
        if ".debian.tar." not in file.name and file.suffix != ".asc"
    ]
    return upstream


def pin(arguments, work):
    downloads = arguments.downloads or work / "downloads"
    downloads.mkdir(parents=True, exist_ok=True)
    if not arguments.offline:
        mirror = arguments.mirror or system_mirror()
        Apt(mirror, work / "apt").fetch(arguments.packages, downloads)
    for package in sorted(set(arguments.packages)):
        tarballs = tarballs_of(downloads, package)
        rows = []
        for tarball in tarballs:
            day, problem = newest_day(tarball)
            if problem:
                print(f"{tarball.name}: {problem}", file=sys.stderr)
                break
            version = tarball.name.split("_")[1]
            version = re.split(r"\.orig[.-]|\.tar\.", version)[0]
            rows.append(f"{package} {version} {tarball.name} {sha256(tarball)}")
        if rows and len(rows) == len(tarballs):
            print("\n".join(rows))


def build(arguments, work):
    rows = read_list(arguments.list)
    downloads = arguments.downloads or work / "downloads"
    downloads.mkdir(parents=True, exist_ok=True)
    missing = sorted({r[0] for r in rows if not (downloads / r[2]).exists()})
    if missing:
        mirror = arguments.mirror or system_mirror()
        Apt(mirror, work / "apt").fetch(missing, downloads)
    trees = work / "trees"
    shutil.rmtree(trees, ignore_errors=True)
    for package, _, name, digest in rows:
        tarball = downloads / name
        if not tarball.exists():
            fail(f"{package}: {name} is not on the mirror; try an archive of "
                 "old packages with --mirror")  # fmt: skip
        if sha256(tarball) != digest:
            fail(f"{package}: {name} has another SHA-256 than the list says")
        _, problem = newest_day(tarball)
        if problem:
            fail(f"{package}: {name} {problem}")
        unpack(tarball, trees / package)
        if not (trees / package).is_dir():
            fail(f"{package}: holds nothing that people write by hand")
    out = arguments.out.resolve()
    packages = sorted({row[0] for row in rows})
    listed = arguments.list.resolve()
    command = [arguments.cofferdam.resolve(), "background", "build"]
    command += ["--before", BEFORE, "--undated", "--sources", listed]
    command += ["--gain", str(arguments.gain), "--out", out, *packages]
    subprocess.run(command, cwd=trees, check=True)
    if not arguments.keep:
        shutil.rmtree(trees)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", nargs="?", default="build",
                        choices=["build", "pin"])  # fmt: skip
    parser.add_argument("packages", nargs="*", metavar="PACKAGE")
    parser.add_argument("--mirror", help="URL of a Debian mirror")
    parser.add_argument("--work", type=pathlib.Path,
                        default=ROOT / "build/background")  # fmt: skip
    parser.add_argument("--downloads", type=pathlib.Path,
                        help="where tarballs are, and are put")  # fmt: skip
    parser.add_argument("--offline", action="store_true",
                        help="pin: only what is downloaded already")  # fmt: skip
    parser.add_argument("--list", type=pathlib.Path, default=LIST)
    parser.add_argument("--gain", type=int, default=72,
                        help="bits that a kept gram saves")  # fmt: skip
    parser.add_argument("--keep", action="store_true",
                        help="leave the unpacked trees")  # fmt: skip
    parser.add_argument("--cofferdam", type=pathlib.Path,
                        default=ROOT / "build/release/bin/cofferdam")  # fmt: skip
    parser.add_argument("--out", type=pathlib.Path,
                        default=ROOT / "data/background.bin")  # fmt: skip
    arguments = parser.parse_intermixed_args()
    work = arguments.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    if arguments.what == "pin":
        pin(arguments, work)
    else:
        build(arguments, work)


if __name__ == "__main__":
    main()
