#!/bin/sh
# Installs the pinned coding agents and Node 22 into tests/e2e/node_modules, a
# server of S3 into tests/e2e/object_store/node_modules, a client of the Agent
# Client Protocol into tests/e2e/acp/node_modules, and llama.cpp into
# tests/e2e/llama/site.
# Needs npm (any from 9 on), pip and the package registries; runs no package's
# own scripts. Safe to run twice: does nothing when all is in place.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
modules=$here/node_modules
stamp=$modules/.agents-installed

fail() {
  echo "install_agents: $*" >&2
  exit 2
}

say() {
  [ "${QUIET:-}" = 1 ] || echo "install_agents: $*" >&2
}

case ${1:-} in
  "") ;;
  --check) ;;
  *) echo "usage: install_agents.sh [--check]" >&2; exit 2 ;;
esac

# npm_ci FOLDER WHAT: its lock file's packages, in three attempts.
npm_ci() {
  attempt=1
  while :; do
    say "npm ci ($2), attempt $attempt"
    if (cd "$1" && npm ci --ignore-scripts --no-audit --no-fund) \
        >"$log" 2>&1; then
      return
    fi
    [ "$attempt" -lt 3 ] || { cat "$log" >&2; fail "npm ci failed, see above"; }
    attempt=$((attempt + 1))
  done
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
log=$scratch/npm.log

# small FOLDER WHAT: a folder with a lock file of its own.
small() {
  small_stamp=$1/node_modules/.installed
  small_wanted=$(sha256sum "$1/package-lock.json" | cut -d' ' -f1)
  if [ "$(cat "$small_stamp" 2>/dev/null)" = "$small_wanted" ]; then
    return
  fi
  [ "$check" != --check ] || fail "$2 is not installed; run $0"
  command -v npm >/dev/null 2>&1 ||
    fail "npm is missing (Debian and Ubuntu: apt-get install npm)"
  npm_ci "$1" "$2"
  echo "$small_wanted" >"$small_stamp"
}

check=${1:-}
small "$here/object_store" "a server of S3, 14 MB"
small "$here/acp" "a client of the Agent Client Protocol, 27 MB"

llama=$here/llama
llama_stamp=$llama/site/.installed
llama_wanted=$(sha256sum "$llama/requirements.txt" | cut -d' ' -f1)
if [ "$(cat "$llama_stamp" 2>/dev/null)" != "$llama_wanted" ]; then
  [ "${1:-}" != --check ] || fail "llama.cpp is not installed; run $0"
  say "pip install (llama.cpp, 34 MB)"
  rm -rf "$llama/site"
  /usr/bin/python3 -m pip install --quiet --disable-pip-version-check \
    --no-deps --only-binary :all: --require-hashes --retries 3 --timeout 60 \
    --root-user-action ignore --target "$llama/site" \
    --requirement "$llama/requirements.txt" >"$log" 2>&1 ||
    { cat "$log" >&2; fail "pip could not install llama.cpp, see above"; }
  echo "$llama_wanted" >"$llama_stamp"
fi

wanted=$(sha256sum "$here/package-lock.json" | cut -d' ' -f1)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then
  say "agents are in place"
  exit 0
fi
[ "${1:-}" != --check ] || fail "agents are not installed; run $0"

case $(uname -s)-$(uname -m) in
  Linux-x86_64) arch=x64 ;;
  Linux-aarch64) arch=arm64 ;;
  *) fail "no agents for $(uname -s) $(uname -m)" ;;
esac
command -v npm >/dev/null 2>&1 ||
  fail "npm is missing (Debian and Ubuntu: apt-get install npm)"

rm -f "$stamp"
npm_ci "$here" "about 1.2 GB on disk"

bin=$modules/.bin
node=$modules/node-linux-$arch/bin/node
claude=$modules/@anthropic-ai/claude-code-linux-$arch/claude
opencode=$modules/opencode-linux-$arch/bin/opencode
[ -x "$node" ] || fail "npm left no $node"
[ -x "$claude" ] || fail "npm left no $claude"
[ -f "$modules/@openai/codex-linux-$arch/package.json" ] ||
  fail "npm left no native program of @openai/codex for $arch"
[ -x "$opencode" ] ||
  fail "npm left no native program of opencode; it is pinned for x64 alone"
# opencode's wrapper package only picks the native one, so it is left out.
ln -sf "../opencode-linux-$arch/bin/opencode" "$bin/opencode"
# Claude Code's wrapper package leaves a stub here until its own script has
# run; the native program itself is what that script would put in place.
ln -sf "../node-linux-$arch/bin/node" "$bin/node"
ln -sf "../@anthropic-ai/claude-code-linux-$arch/claude" "$bin/claude"

for agent in node claude codex gemini opencode; do
  version=$(PATH="$bin:$PATH" HOME="$scratch" "$bin/$agent" --version \
    2>"$log") || { cat "$log" >&2; fail "$agent does not start"; }
  say "$agent $version"
done
echo "$wanted" >"$stamp"
