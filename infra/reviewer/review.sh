#!/usr/bin/env bash
# Writes to stdout what the working tree does to every deployed stage, as Markdown, compared with BASE.
# BASE: a commit. Default: where the branch left origin/main; on main itself the commit before; with changes that are not
# committed there, HEAD.
# ALLOW_DESTRUCTIVE=1 lets a destructive change pass.
# Exits with 0 if there is nothing to stop, 1 for findings or a destructive change, 2 for wrong usage and what cannot be built.
set -euo pipefail
cd "$(dirname "$0")/../.."
# bin/python has what make review-tools installs with pip.
export PATH="$PWD/node_modules/.bin:$PWD/bin/python/bin:$PATH" CI=true

fail() { echo "error: $*" >&2; exit 2; }
say() { echo "$* ($SECONDS s)" >&2; }

# default_base prints the commit to compare with if nobody names one.
default_base() {
  local head left
  head=$(git rev-parse HEAD)
  left=$(git merge-base origin/main HEAD 2>/dev/null || true)
  if [ -n "$left" ] && [ "$left" != "$head" ]; then echo "$left"
  elif [ -n "$(git status --porcelain)" ]; then echo HEAD
  else echo HEAD~1; fi
}

git rev-parse --git-dir >/dev/null 2>&1 || fail "this folder must be a clone of the repository, for its history"
base=${BASE:-$(default_base)}
commit=$(git rev-parse --verify --quiet --end-of-options "$base^{commit}") ||
  fail "BASE must be a commit of this clone, and $base is none (a shallow clone lacks older ones: git fetch --unshallow)"
case "${ALLOW_DESTRUCTIVE:-}" in ""|0|1) ;; *) fail "ALLOW_DESTRUCTIVE must be 0 or 1; got $ALLOW_DESTRUCTIVE" ;; esac
[ -x bin/infra ] || fail "bin/infra is missing: run make setup"
[ -d infra/reviewer/preflight/node_modules ] || fail "cdk-preflight is missing: run make review-tools"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/base"
git archive "$commit" | tar -x -C "$folder/base"
[ -f "$folder/base/cdk.json" ] && [ -d "$folder/base/infra" ] || fail "BASE must be a commit with the CDK app, cdk.json and infra/, and $base has none"

# must runs a command quietly, and says in one line what failed, after what the command said.
must() {
  local what=$1 log status=0
  log=$(mktemp "$folder/log.XXXXXX")
  shift
  "$@" >"$log" 2>&1 || status=$?
  [ "$status" = 0 ] || { tail -n 20 "$log" >&2; fail "$what"; }
}

base() {
  # What a function is compiled to does not matter here, so files that stand for it save compiling the base's.
  for bootstrap in "$folder"/base/lambda/*/main.go; do
    built=$folder/base/dist/linux_arm64/$(basename "$(dirname "$bootstrap")")
    mkdir -p "$built/assets"
    touch "$built/bootstrap" "$built/assets/index.html"
  done
  must "BASE $base does not build" env -C "$folder/base" go build -buildvcs=false -o bin/infra ./infra
  must "BASE $base cannot be synthesized" env -C "$folder/base" CDK_VALIDATION=false cdk synth --build true --quiet --output "$folder/base.out"
  say "$base is built and synthesized"
}

change() {
  must "the change cannot be synthesized" env CDK_VALIDATION=false cdk synth --build true --quiet --output "$folder/change.out"
  must "the reviewer does not build" go build -buildvcs=false -o bin/reviewer ./infra/reviewer
  say "the change is synthesized"
  must "cdk validate refuses the change" cdk validate --unstable=validate --no-online --build true --app "$folder/change.out"
  must "cdk-preflight refuses the change" node infra/reviewer/preflight/preflight.mjs "$folder/change.out/"*.template.json
  if command -v cfn-lint >/dev/null; then
    must "cfn-lint refuses the change" cfn-lint --non-zero-exit-code error "$folder/change.out/"*.template.json
  else
    echo "skipped: cfn-lint, which is not installed (make review-tools says why)" >&2
  fi
  if command -v parliament >/dev/null; then
    must "the policies of the change cannot be read" bin/reviewer -change "$folder/change.out" -policies "$folder/policies"
    must "parliament refuses a policy of the change" parliament --config infra/reviewer/parliament.yaml --directory "$folder/policies"
  else
    echo "skipped: parliament, which is not installed (make review-tools says why)" >&2
  fi
  say "the change is validated"
}

# With the paths of the constructs, by which the rules' reports name resources.
nag() {
  must "infra/nag does not build" go build -buildvcs=false -o bin/nag ./infra/nag
  CDK_VALIDATION=false cdk synth --app bin/nag --build true --path-metadata --quiet --output "$folder/nag.out" >"$folder/nag.log" 2>&1 || true
  # What the rules find is an error to the CLI, and in the reports all the same.
  compgen -G "$folder/nag.out/*-NagReport.json" >/dev/null || { tail -n 20 "$folder/nag.log" >&2; fail "the rules of cdk-nag cannot be tried"; }
  say "the rules of cdk-nag are tried"
}

say "synthesizing $base and the change"
jobs=()
for part in base change nag; do
  "$part" &
  jobs+=($!)
done
failed=0
for job in "${jobs[@]}"; do wait "$job" || failed=2; done
[ "$failed" = 0 ] || exit "$failed"

status=0
bin/reviewer -base "$folder/base.out" -base-pages "$folder/base/docs/runbook" -base-name "$base" \
  -change "$folder/change.out" -change-pages docs/runbook -change-name "${CHANGE:-the working tree}" \
  -nag "$folder/nag.out" -allow-destructive="${ALLOW_DESTRUCTIVE:-0}" || status=$?

# All that differs, in the CDK's words. It stops nothing: every change of a route replaces the API's deployment, which the CDK
# takes for destructive.
for template in "$folder"/base.out/*.template.json; do
  stack=$(basename "$template" .template.json)
  [ -f "$folder/change.out/$stack.template.json" ] || continue
  cdk diff --no-color --app "$folder/change.out" "$stack" --template "$template" >"$folder/diff" 2>&1 || { tail -n 20 "$folder/diff" >&2; fail "cdk diff of $stack failed"; }
  printf '\n<details><summary>cdk diff of %s</summary>\n\n````\n%s\n````\n\n</details>\n' "$stack" "$(sed -n '/^Stack /,$p' "$folder/diff")"
done
say "reviewed"
exit "$status"
