#!/usr/bin/env bash
# Compiles the addon of better-sqlite3, newest and oldest, whose install scripts are not run in this project. It takes a minute
# or two, once; optimised a little only, which halves that.
# usage: better-sqlite3.sh, after scripts/install-libraries.mjs
set -euo pipefail
cd "$(dirname "$0")/.."

gyp="$(npm root -g)/npm/node_modules/node-gyp/bin/node-gyp.js"
nodedir=$(npm config get nodedir 2>/dev/null || true)
options=(--release)
# Where the headers of Node.js lie, so that they are not fetched.
[ -n "$nodedir" ] && [ "$nodedir" != undefined ] && options+=("--nodedir=$nodedir")
export CFLAGS=-O1 CXXFLAGS=-O1

for folder in node_modules packages/metrics/test/libraries/oldest/node_modules; do
  addon="$folder/better-sqlite3"
  [ -d "$addon" ] || { echo "$addon is not installed: npm test installs it" >&2; exit 1; }
  [ -f "$addon/build/Release/better_sqlite3.node" ] && continue
  (cd "$addon" && node "$gyp" rebuild "${options[@]}" >build.log 2>&1) || { tail -n 40 "$addon/build.log" >&2; exit 1; }
done
