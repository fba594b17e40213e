#!/usr/bin/env bash
# Configures build/PRESET when needed and builds TARGETs (default: all).
#
#   tools/build.sh PRESET [TARGET…]
#
# With COFFERDAM_PRECOMPILE=1 a folder that is configured now compiles common
# headers once: quicker where nothing is cached.
#
# Prints nothing when there is nothing to do. Otherwise progress on stderr, and
# the compiler's words only when it fails. Two at once take turns.
set -euo pipefail

root=$(cd -P "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# A compiler cache keeps what used such headers only when told so.
export CCACHE_SLOPPINESS=${CCACHE_SLOPPINESS:-pch_defines,time_macros}
preset=${1:?say: tools/build.sh PRESET [TARGET…]}
shift
folder=$root/build/$preset

say() { printf '%s\n' "build: $*" >&2; }

# True when the folder's configuration is missing, older than the presets or
# than Arrow, which may have come later, or made for a tree that stood elsewhere.
must_configure() {
  [[ -f $folder/build.ninja ]] || return 0
  [[ $root/CMakePresets.json -nt $folder/build.ninja ]] && return 0
  [[ $root/build/arrow/arrow.txt -nt $folder/build.ninja ]] && return 0
  ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$folder/CMakeCache.txt"
}

configure() {
  local log=$folder/configure.log
  say "configures build/$preset"
  rm -rf "$folder/CMakeCache.txt" "$folder/CMakeFiles"
  if ! (cd "$root" && cmake --preset "$preset" \
    ${COFFERDAM_PRECOMPILE:+-DCOFFERDAM_PRECOMPILE=ON}) >"$log" 2>&1; then
    cat "$log" >&2
    say "cmake --preset $preset failed; the words above are in $log"
    exit 2
  fi
  # Not re-written by cmake when nothing in it changed.
  touch "$folder/build.ninja"
}

# Passes on what compilers say. Of ninja's own lines it keeps every tenth part,
# or on a terminal the latest.
show_progress() {
  local line begun='' tenth=0 now
  while IFS= read -r line; do
    # A line that begins with 0 is not work yet, but a look for new headers.
    if [[ $line =~ ^\[([0-9]+)/([0-9]+)\]\  ]]; then
      ((BASH_REMATCH[1] > 0)) || continue
      if [[ -z $begun ]]; then
        begun=1
        say "builds build/$preset: ${BASH_REMATCH[2]} steps"
      fi
      now=$((10 * BASH_REMATCH[1] / BASH_REMATCH[2]))
      if [[ -t 2 ]]; then
        printf '\r\033[K%.79s' "$line" >&2
      elif ((now > tenth && BASH_REMATCH[2] >= 20)); then
        tenth=$now
        say "  ${BASH_REMATCH[1]} of ${BASH_REMATCH[2]}"
      fi
    elif [[ $line != 'ninja: no work'* && $line != 'ninja: Entering'* &&
      $line != '-- '* ]]; then # cmake's chatter when it runs again
      printf '%s\n' "$line" >&2
    fi
  done
  if [[ -n $begun && -t 2 ]]; then
    printf '\r\033[K' >&2
  fi
}

mkdir -p "$folder"
exec 9<"$folder"
if ! flock -n 9; then
  say "another build of build/$preset runs; waits for it"
  flock 9
fi
if must_configure; then
  configure 9<&-
fi
if ! NINJA_STATUS='[%f/%t] ' ninja -C "$folder" "$@" </dev/null 9<&- 2>&1 |
  show_progress; then
  say "failed in build/$preset"
  exit 2
fi
