#!/usr/bin/env bash
# clang-tidy, with the checks of .clang-tidy, over the sources that the dev
# build compiles: tools/tidy.sh [PATH-REGEX…], by default all of src/.
set -euo pipefail

root=$(cd -P "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tidy='' runner=''
for version in 19 18; do
  if command -v "clang-tidy-$version" >/dev/null; then
    tidy=clang-tidy-$version
    runner=run-clang-tidy-$version
    break
  fi
done
if [[ -z $tidy ]]; then
  echo 'tidy: clang-tidy is not installed: tools/setup.sh test' >&2
  exit 2
fi
if [[ ! -f $root/build/dev/compile_commands.json ]]; then
  echo 'tidy: needs the dev build: tools/build.sh dev' >&2
  exit 2
fi
(($# > 0)) || set -- "^$root/src/.*(?<!_test)(?<!_testing)\.cc\$"

if words=$("$runner" -quiet -clang-tidy-binary "$(command -v "$tidy")" \
  -p "$root/build/dev" "$@" 2>&1); then
  exit 0
fi
# A header's finding once, not once for each file that includes it.
findings=$(awk '
  /^\[ *[0-9]+\/[0-9]+\]/ || /^[0-9]+ warnings? / { show = 0; next }
  /: (error|warning): / { show = !seen[$0]++ }
  show' <<<"$words")
printf '%s\n' "${findings:-$words}" >&2
echo 'tidy: found the above' >&2
exit 1
