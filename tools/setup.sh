#!/usr/bin/env bash
# Installs the packages that this tree needs and this machine lacks.
#
#   tools/setup.sh build    what ./run and ./bench need to build cofferdam
#   tools/setup.sh test     that, and what ./test needs on top
#   tools/setup.sh bench    what ./bench needs on top of build: nginx and
#                           ripgrep, which are unpacked in build, not installed
#   tools/setup.sh list build|test    names the packages, installs nothing
#
# Debian 12 and Ubuntu 24.04, as root or through sudo. Says what it installs
# and why, on stderr; stdout stays empty, since ./run's stdout belongs to the
# program. Touches no network when nothing is missing, and is safe to run
# twice, also at once.
set -euo pipefail

say() { printf '%s\n' "setup: $*" >&2; }
fail() {
  say "$*"
  exit 2
}

# Sets $system, and the two version numbers that differ between systems.
detect_system() {
  local release=${COFFERDAM_OS_RELEASE:-/etc/os-release} id='' version=''
  if [[ -r $release ]]; then
    id=$(sed -n 's/^ID=//p' "$release" | tr -d '"')
    version=$(sed -n 's/^VERSION_ID=//p' "$release" | tr -d '"')
  fi
  system="$id $version"
  case $system in
    'debian 12') clang=19 boost=1.81 ;;
    'ubuntu 24.04') clang=18 boost=1.83 ;;
    *) system='' clang=19 boost=1.81 ;;
  esac
}

# Prints the packages of a set: name, and why we need it.
packages() {
  cat <<TABLE
clang-$clang compiler: GCC 12 miscompiles coroutines
lld-$clang linker that belongs to the compiler
llvm-$clang names functions in sanitizer and crash reports
libclang-rt-$clang-dev AddressSanitizer and ThreadSanitizer
cmake writes the build
ninja-build runs the build
ccache makes the second build short
pkg-config finds the C libraries below
libboost$boost-dev Asio and Beast: sockets, TLS, HTTP
librocksdb-dev store of the ledger
libsqlite3-dev store of people, keys and rules
libsimdjson-dev reads JSON
libtomlplusplus-dev reads the configuration
libcli11-dev reads the command line
libfmt-dev formats messages
libxxhash-dev hashes fingerprints
libzstd-dev compresses the ledger
zlib1g-dev reads gzip bodies
libbz2-dev reads corpora in bzip2
liblzma-dev reads corpora in xz
libssl-dev TLS, SHA-256, signatures
libmimalloc-dev allocator: less CPU and memory for each request
libgit2-dev reads git repositories
libseccomp-dev filters the system calls of commands that models run
bubblewrap confines such commands where we cannot ourselves
libmd4c-dev reads the Markdown of the terminal session
git version of the build; repositories at run time
python3-pip fetches by its hash what no distribution has: Arrow C++, llama.cpp
ca-certificates verifies providers' certificates
TABLE
  [[ $1 == test ]] || return 0
  cat <<TABLE
libgtest-dev unit tests
libgmock-dev matchers of the unit tests
python3 house tests and end-to-end tests
python3-pytest end-to-end tests
python3-pytest-xdist runs them on several cores
nodejs runs the coding agents of the end-to-end tests
npm fetches those agents, at pinned versions
clang-format-$clang test of the formatting
clang-tidy-$clang lint of ./test --full
procps end-to-end tests look at processes
tmux end-to-end tests see the terminal programs of the agents
openssl makes certificates for tests of TLS
TABLE
}

# Other repositories ship node and npm as one package: the command counts.
present_as_command() {
  case $1 in
    nodejs) command -v node >/dev/null ;;
    npm) command -v npm >/dev/null ;;
    *) return 1 ;;
  esac
}

# Sets $missing to the packages of a set that are not installed.
find_missing() {
  local installed name why
  installed=$(dpkg-query -W -f '${binary:Package} ${db:Status-Status}\n' \
    2>/dev/null | sed -n 's/^\([^ :]*\).* installed$/\1/p')
  missing=()
  while read -r name why; do
    [[ $'\n'$installed$'\n' == *$'\n'$name$'\n'* ]] && continue
    present_as_command "$name" && continue
    missing+=("$name")
  done < <(packages "$1")
}

# Runs apt-get as root; waits up to 10 minutes for another that holds its lock.
# Shows its words only when it fails.
apt() {
  local as_root=() words
  if ((EUID != 0)); then
    command -v sudo >/dev/null ||
      fail "needs root or sudo to run: apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  if ! words=$("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -q -o DPkg::Lock::Timeout=600 "$@" </dev/null 2>&1 9<&-); then
    printf '%s\n' "$words" >&2
    return 1
  fi
}

install_missing() {
  local set=$1 name why
  say "missing on this machine ($system):"
  while read -r name why; do
    if [[ " ${missing[*]} " == *" $name "* ]]; then
      say "  $name: $why"
    fi
  done < <(packages "$set")
  say 'installs them with apt-get, which takes a minute or two'
  apt update || say 'apt-get update failed; goes on with the lists it has'
  # --no-remove: never trade a package that someone else needs for ours.
  if ! apt install -y --no-install-recommends --no-remove "${missing[@]}"; then
    say 'Read the message above. If apt-get would have to remove packages,'
    say "decide that yourself: apt-get install ${missing[*]}"
    if [[ $system == ubuntu* ]]; then
      say 'Most of these packages are in the component universe.'
    fi
    fail "apt-get could not install: ${missing[*]}"
  fi
  find_missing "$set"
  ((${#missing[@]} == 0)) ||
    fail "still missing after apt-get install: ${missing[*]}"
}

# Puts a package's program, which a bench compares with, into build/PACKAGE.
# Installed, nginx would start a web server on port 80 wherever there is an
# init, and leave it enabled; a file in our own folder asks for neither root nor
# a service, and goes with the folder. The libraries that they need belong to
# the set build. What the machine has already does as well.
unpack() {
  local package=$1 file=$2 bench=$3 folder binary
  folder=$(cd -P "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/build/$package
  binary=$folder/$file
  [[ ! -x $binary ]] && ! command -v "${file##*/}" >/dev/null || return 0
  say "unpacks $package, which ./bench $bench compares with, in build/$package"
  mkdir -p "$folder"
  exec 8<"$folder"
  flock 8
  [[ ! -x $binary ]] || return 0
  local words=''
  if ! words=$(cd "$folder" && rm -f "$package"_*.deb &&
    apt-get -q download "$package" 2>&1 && dpkg -x "$package"_*.deb . 2>&1 &&
    rm -f "$package"_*.deb); then
    printf '%s\n' "$words" >&2
    fail "could not fetch $package; where the lists are old, apt-get update helps"
  fi
}

# Installs what of a set is missing.
install_set() {
  local set=$1
  find_missing "$set"
  ((${#missing[@]} == 0)) && return
  # One installs, others wait and find nothing left to do. A folder serves as
  # the lock, so that two users need no file that both may write.
  exec 9<"${COFFERDAM_SETUP_LOCK:-/var/lib/dpkg}"
  flock 9
  find_missing "$set"
  ((${#missing[@]} == 0)) || install_missing "$set"
}

main() {
  local set=${1:-}
  detect_system
  if [[ $set == list ]]; then
    set=${2:-test}
    packages "$set"
    return
  fi
  case $set in
    build | test | bench) ;;
    *) fail 'say: tools/setup.sh build|test|bench' ;;
  esac
  if [[ -z $system ]]; then
    fail "knows Debian 12 and Ubuntu 24.04 only; elsewhere install what these
setup: packages hold, then call cmake --preset release:
$(packages "$set" | sed 's/ .*//' | paste -s -d ' ' | fold -s -w 76 |
      sed 's/^/setup:   /')"
  fi
  install_set "$set"
  "$(dirname "${BASH_SOURCE[0]}")/arrow.sh"
  if [[ $set == bench ]]; then
    unpack nginx usr/sbin/nginx gate
    unpack ripgrep usr/bin/rg scan
  fi
}

main "$@"
