#!/usr/bin/env bash
# Unpacks Prometheus 3, promtool and Alertmanager from Debian's suite sid into a folder, without touching what is installed:
# the stable suite has 2.42, whose range selectors are closed on the left.
# usage: prometheus3.sh DIR, then DIR/usr/bin/{prometheus,promtool,prometheus-alertmanager,amtool}
set -euo pipefail

dir=${1:?usage: prometheus3.sh DIR}
[ -x "$dir/usr/bin/prometheus" ] && [ -x "$dir/usr/bin/amtool" ] && exit 0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{lists/partial,cache/archives/partial,debs} "$dir"

# The mirror that this machine already uses, with another suite.
sources=$(ls /etc/apt/sources.list.d/*.sources /etc/apt/sources.list 2>/dev/null || true)
mirror=$(grep -hv '^ *#' $sources | grep -oE 'https?://[^ ]+/debian/?( |$)' | head -n 1 | tr -d ' ')
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${mirror%/} sid main" >"$work/sources.list"

apt=(apt-get -qq -o APT::Sandbox::User=root -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=/dev/null
  -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Get::List-Cleanup=0)
"${apt[@]}" update
(cd "$work/debs" && "${apt[@]}" download prometheus promtool prometheus-alertmanager)
for deb in "$work"/debs/*.deb; do dpkg -x "$deb" "$dir"; done
"$dir/usr/bin/promtool" --version | head -n 1
