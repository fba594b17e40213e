#!/usr/bin/env bash
# Puts Arrow C++ (headers and libraries) into build/arrow, where neither
# Debian 12 nor Ubuntu 24.04 has it: taken out of the pyarrow wheel that
# tools/arrow.txt pins by its hash, with pip, so that the machine's own index or
# mirror is asked. Where Apache's packages are installed nothing is fetched.
#
#   tools/arrow.sh          fetches what is missing
#   tools/arrow.sh where    prints what the build would use, or nothing
#
# A machine that cannot fetch it still builds all but Parquet, Arrow and s3://;
# so this says why on stderr, and ends with 0. Silent when nothing is missing.
set -euo pipefail

root=$(cd -P "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
pins=$root/tools/arrow.txt
folder=$root/build/arrow
python=${COFFERDAM_SETUP_PYTHON:-/usr/bin/python3}

say() { printf '%s\n' "setup: $*" >&2; }

# Arrow 24 is the first whose calls the plugin is written against.
in_packages() {
  pkg-config --exists 'arrow >= 24' 'parquet >= 24' 2>/dev/null
}

# The pins that the folder was filled from are those of the tree.
in_folder() {
  [[ -f $folder/arrow.txt && $(<"$folder/arrow.txt") == "$(<"$pins")" ]]
}

without() {
  say "$1"
  say 'goes on without Parquet, Arrow files and s3://; all else works'
  exit 0
}

# Takes headers, the three libraries and their licences out of wheel $1 into
# folder $2.
unpack() {
  "$python" - "$1" "$2" <<'END'
import pathlib
import re
import sys
import zipfile

wheel, folder = sys.argv[1:]
wanted = re.compile(
    r"pyarrow/(include/(arrow|parquet)/.*\.h"
    r"|lib(arrow|arrow_s3|parquet)\.so\.\d+)"
    r"|[^/]*\.dist-info/licenses/\w+\.txt"
)
seen = set()
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        if not wanted.fullmatch(name):
            continue
        part = name.split("/", 1)[1]
        to = pathlib.Path(folder, "lib" if ".so." in part else "", part)
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(archive.read(name))
        if ".so." in part:
            seen.add(part.split(".so.")[0])
            to.chmod(0o755)
            link = to.with_name(part.split(".so.")[0] + ".so")
            link.unlink(missing_ok=True)
            link.symlink_to(part)
if seen != {"libarrow", "libarrow_s3", "libparquet"}:
    sys.exit(f"the wheel holds other libraries than expected: {sorted(seen)}")
END
}

fetch() {
  local machine fresh=$folder.new words=''
  machine=$(uname -m)
  grep -q "^# $machine " "$pins" ||
    without "no pinned Arrow for $machine"
  say "fetches Arrow C++ (55 MB), which reads Parquet and s3://, to build/arrow"
  rm -rf "$fresh"
  mkdir -p "$fresh"
  # Debian's pip asks no other index than the one that it is configured for.
  words=$("$python" -m pip download --quiet --disable-pip-version-check \
    --no-deps --only-binary :all: --require-hashes --retries 2 --timeout 30 \
    --implementation cp --python-version 3.11 --abi cp311 \
    --platform "manylinux_2_28_$machine" \
    --dest "$fresh/wheel" --requirement "$pins" 2>&1) || {
    printf '%s\n' "$words" >&2
    without 'pip could not fetch the wheel that tools/arrow.txt pins'
  }
  words=$(unpack "$fresh"/wheel/*.whl "$fresh" 2>&1) || {
    printf '%s\n' "$words" >&2
    without 'the wheel could not be unpacked'
  }
  rm -rf "$fresh/wheel" "$folder"
  cp "$pins" "$fresh/arrow.txt"
  mv "$fresh" "$folder"
}

main() {
  if [[ ${1:-} == where ]]; then
    if in_packages; then
      printf 'packages\n'
    elif in_folder; then
      printf '%s\n' "$folder"
    fi
    return
  fi
  if in_packages || in_folder; then
    return
  fi
  mkdir -p "$root/build"
  exec 8<"$root/build"
  flock 8
  in_folder || fetch
}

main "$@"
