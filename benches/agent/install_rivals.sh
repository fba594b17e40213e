#!/bin/sh
# Installs the rivals that ./bench agent compares with, beside the agents of
# tests/e2e (which it installs too). Needs npm and the package registry; runs no
# package's own scripts. Does nothing when all is in place.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
e2e=$here/../../tests/e2e
QUIET=1 "$e2e/install_agents.sh"

stamp=$here/node_modules/.rivals-installed
wanted=$(sha256sum "$here/package-lock.json" | cut -d' ' -f1)
[ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] || exit 0
echo "install_rivals: pi and Qwen Code, about 360 MB on disk" >&2
# Not npm ci: Qwen Code names optional packages of other systems that no
# registry has, over which npm ci stumbles. The lock file holds all the same.
if ! words=$(cd "$here" && PATH="$e2e/node_modules/.bin:$PATH" \
    npm install --no-save --ignore-scripts --no-audit --no-fund 2>&1); then
  echo "$words" >&2
  echo "install_rivals: npm install failed, see above" >&2
  exit 2
fi
echo "$wanted" >"$stamp"
