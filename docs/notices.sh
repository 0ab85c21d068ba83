#!/bin/sh
# Prints THIRD_PARTY_NOTICES.md: the licences and notices of what the functions and the command contain.
# usage: docs/notices.sh GO-LICENSES PACKAGE...
set -eu
licenses=$1; shift
# The modules that ship are those of Lambda's platform, on whatever machine this runs.
export GOOS=linux GOARCH=arm64 CGO_ENABLED=0
GOROOT=$(go env GOROOT); export GOROOT
# go-licenses asks servers for each licence's address, which this file does not hold. A proxy that refuses saves the wait.
HTTP_PROXY=http://127.0.0.1:1 HTTPS_PROXY=http://127.0.0.1:1 "$licenses" report --ignore postern --template docs/notices.tmpl "$@"
# What the page contains besides.
for folder in node_modules/oauth4webapi node_modules/preact; do
  printf '\n## %s %s\n\n```\n%s\n```\n' "${folder#node_modules/}" "$(node -p "require('./$folder/package.json').version")" "$(cat "$folder"/LICENSE*)"
done
go list -deps -f '{{with .Module}}{{.Path}} {{.Dir}}{{end}}' "$@" | sort -u | while read -r module folder; do
  for notice in "$folder"/NOTICE*; do
    [ ! -f "$notice" ] || printf '\n## Notice of %s\n\n```\n%s\n```\n' "$module" "$(cat "$notice")"
  done
done
