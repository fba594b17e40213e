#!/usr/bin/env bash
# Shows that a fresh machine needs nothing but this tree: makes a minimal
# system in a folder, clones the tree's HEAD into it, and calls ./run there.
#
#   tools/chroot_check.sh [OPTION…] [FOLDER] [-- DEBOOTSTRAP-OPTION…]
#     --test           also calls ./test there
#     --suite NAME     bookworm (default) or noble
#     --mirror URL     where that suite's packages are; by default, where this
#                      machine's apt takes that suite from
#     --reuse          FOLDER holds a system already: only clone and call
#
# Without FOLDER the system is made in a temporary one and removed afterwards.
# Needs root and debootstrap. Takes over this machine's way to the network:
# apt's proxies, resolver, own certificate authorities.
set -euo pipefail

root=$(cd -P "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
say() { printf '%s\n' "chroot_check: $*" >&2; }
fail() {
  say "$*"
  exit 2
}

with_test='' suite=bookworm mirror='' reuse='' folder=''
while (($# > 0)); do
  case $1 in
    --test) with_test=1 ;;
    --suite) suite=${2:?--suite NAME} && shift ;;
    --mirror) mirror=${2:?--mirror URL} && shift ;;
    --reuse) reuse=1 ;;
    --)
      shift
      break
      ;;
    -*) fail "unknown option $1" ;;
    *) folder=$1 ;;
  esac
  shift
done
debootstrap_options=("$@")
((EUID == 0)) || fail 'needs root'
[[ -n $reuse ]] || command -v debootstrap >/dev/null ||
  fail 'needs debootstrap: apt-get install debootstrap'

if [[ -z $folder ]]; then
  folder=$(mktemp -d)
  trap 'rm -rf --one-file-system "$folder"' EXIT
fi
mkdir -p "$folder"
folder=$(cd -P "$folder" && pwd)

make_system() {
  # shellcheck disable=SC2016 # apt's own variables.
  [[ -n $mirror ]] || mirror=$(apt-get indextargets \
    --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' |
    sed -n "s/^$suite //p" | head -n 1)
  [[ -n $mirror ]] ||
    fail "this machine's apt has no source for $suite; name one with --mirror"
  [[ -z $(ls -A "$folder") ]] || fail "$folder is not empty (or say --reuse)"
  say "makes a minimal $suite in $folder"
  # Ubuntu's boost, rocksdb and others are in universe. Debian's debootstrap
  # may not know the suite by name; all of Ubuntu's share one script.
  local components=main script=''
  if [[ $suite == noble ]]; then
    components=main,universe
    script=/usr/share/debootstrap/scripts/gutsy
  fi
  debootstrap --variant=minbase --components="$components" \
    "${debootstrap_options[@]}" "$suite" "$folder" "$mirror" \
    ${script:+"$script"} >"$folder.log" 2>&1 || {
    tail -n 20 "$folder.log" >&2
    fail "debootstrap failed; its words are in $folder.log"
  }
}

take_over_network() {
  apt-config dump Acquire |
    grep -iE '::(proxy|check-valid-until|check-date)' \
      >"$folder/etc/apt/apt.conf.d/99host" || true
  cp -L /etc/resolv.conf /etc/hosts "$folder/etc/"
  # Certificate authorities of a proxy that looks into TLS. The bundle below
  # stands in until ca-certificates is installed and adds them by itself.
  mkdir -p "$folder/usr/local/share/ca-certificates"
  cp -r /usr/local/share/ca-certificates/. \
    "$folder/usr/local/share/ca-certificates/"
  if [[ -n ${NODE_EXTRA_CA_CERTS:-} ]]; then
    install -D "$NODE_EXTRA_CA_CERTS" "$folder/etc/host_ca.crt"
  fi
}

# inside [--offline] COMMAND…, in the tree's clone, with little environment.
inside() {
  local net=()
  if [[ $1 == --offline ]]; then
    net=(--net)
    shift
  fi
  local environment=(
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    HOME=/root LANG=C.UTF-8
  )
  local name
  for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY
  do
    [[ -z ${!name:-} ]] || environment+=("$name=${!name}")
  done
  if [[ -f $folder/etc/host_ca.crt ]]; then
    environment+=(NODE_EXTRA_CA_CERTS=/etc/host_ca.crt)
  fi
  # shellcheck disable=SC2016 # for the inner shell
  unshare --mount --pid --fork --kill-child "${net[@]}" sh -c '
    set -e
    mount --make-rprivate /
    mount -t proc proc "$0/proc"
    mount --rbind /dev "$0/dev"
    mount -t tmpfs tmpfs "$0/dev/shm" 2>/dev/null || true
    if command -v ip >/dev/null; then ip link set lo up 2>/dev/null || true; fi
    folder=$0
    exec chroot "$folder" env -i "$@"
  ' "$folder" "${environment[@]}" sh -c 'cd /srv/cofferdam && exec "$@"' sh "$@"
}

timed() {
  local begin=$SECONDS
  "$@"
  say "took $((SECONDS - begin)) s: ${*:2}"
}

[[ -n $reuse ]] || make_system
take_over_network
rm -rf "$folder/srv/cofferdam"
git clone -q --no-hardlinks "$root" "$folder/srv/cofferdam"
say "clone of $(git -C "$root" rev-parse --short HEAD) in $folder/srv/cofferdam"

timed inside ./run --version
begin=$(date +%s%N)
inside --offline ./run --version
again_ms=$((($(date +%s%N) - begin) / 1000000))
say "again, without a network: $again_ms ms"
((again_ms < 2000)) || fail 'a second ./run takes 2 s or more'
if [[ -n $with_test ]]; then
  timed inside ./test
fi
