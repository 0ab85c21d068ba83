#!/bin/sh
# Runs the browser's tests: web/test/run.sh [node test options], or its measurements: web/test/run.sh bench. Installs Debian's
# Chromium where it can. FILES names those of the tests that are run, all by default.
set -eu
cd "$(dirname "$0")"

find_chromium() { command -v chromium || command -v chromium-browser || command -v google-chrome || true; }

if [ -z "${CHROMIUM:-$(find_chromium)}" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "installing chromium ..." >&2
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; } >/dev/null
fi
CHROMIUM=${CHROMIUM:-$(find_chromium)}
if [ -z "$CHROMIUM" ]; then
  [ "${CI:-}" != true ] || { echo "error: CI needs Chromium: apt-get install chromium" >&2; exit 1; }
  echo "skipped: no Chromium is found. Install it (Debian: apt install chromium), or say where it is: CHROMIUM=/path make test-browser"
  exit 0
fi
export CHROMIUM
[ "${1:-}" != bench ] || exec node bench.mjs
# One file at a time: each has a local run and a browser.
exec node --test --test-concurrency=1 "$@" ${FILES:-./*.test.mjs}
