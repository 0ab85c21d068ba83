# Postern's tasks. `make help` lists them. Needs GNU make 3.81 (macOS's own), Go and Node.

GO_VERSION       := 1.26
NODE_VERSION     := 20
GOLANGCI_VERSION := v2.15.0
LICENSES_VERSION := v1.6.0
# Of what checks the workflows: the first installs with Go, the second with pip.
ACTIONLINT_VERSION := v1.7.7
# What looks at a change's policies, installed with pip, and what it needs that newer Pythons lack.
PARLIAMENT_VERSION := 1.6.4
SETUPTOOLS_VERSION := 80.9.0
# What looks at a change's templates, installed with pip.
CFN_LINT_VERSION := 1.58.0
# What works by the API document: the first generates requests and installs with pip, the second a client of Go.
SCHEMATHESIS_VERSION := 4.32.5
OAPI_CODEGEN_VERSION := v2.8.2

# Where the local run listens and keeps its data.
PORT    ?= 8080
S3_PORT ?= 9000
DATA    ?= .local
# How often make fuzz runs each target. A count, not a duration: where a duration ends, Go 1.26 may call a target failed
# that is not (https://go.dev/issue/75804).
FUZZ_RUNS ?= 20000
# The stage that synth, diff, deploy and destroy work on.
STAGE   ?= dev

FUNCTIONS := authorizer presign manage inspect site
# The same sources give the same bytes anywhere, and so the same asset hashes. The build id is among them, and stays: without
# it, go build links anew what has not changed.
FUNCTION_FLAGS := -tags lambda.norpc -trimpath -buildvcs=false -ldflags "-s -w"

SHELL := /bin/sh
# The locked Node and CDK CLI come before the machine's own.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
export PORT S3_PORT DATA FILE BASE ALLOW_DESTRUCTIVE

.DEFAULT_GOAL := help
.PHONY: help setup build run demo test e2e test-chaos test-race test-browser test-api verify fuzz corpus bench bench-browser lint fmt openapi golden notices synth review review-tools diff deploy smoke \
	destroy clean check local assembly unused command

# A first run compiles for minutes, so every step of it is printed first.
FIRST := $(if $(and $(wildcard bin/infra),$(wildcard bin/local)),,yes)

# $(call step,what,command) runs the command and says how long it took, unless it took no time. Every ten seconds it says
# that the command still runs. The line that says so ends with this shell, so Ctrl-C ends both.
step = @[ -z "$(FIRST)" ] || echo "$(1) ..." >&2; start=$$(date +%s); \
	while sleep 10 >/dev/null 2>&1 && kill -0 $$$$ 2>/dev/null; do echo "$(1) ... $$(( $$(date +%s) - start )) s" >&2; done & ticker=$$!; \
	$(2) || { kill $$ticker; echo "failed: $(1)" >&2; exit 1; }; kill $$ticker; \
	took=$$(( $$(date +%s) - start )); [ $$took -lt 2 ] || echo "$(1): $$took s" >&2

## help: list the targets
help:
	@echo "Postern: uploads of any size straight into your own S3 bucket. Targets:"
	@sed -n 's/^## \([a-z0-9-]*\): \(.*\)/  \1	\2/p' Makefile | expand -t 16
	@echo "Variables: STAGE=$(STAGE) PORT=$(PORT) S3_PORT=$(S3_PORT) DATA=$(DATA) FILE=$(FILE) PKG=$(PKG)"

## setup: install the locked npm packages and Go modules, build everything
setup: check node_modules/.package-lock.json build local command

## run: serve stage "local" on this machine; Ctrl-C stops it
run: setup unused assembly
	@exec bin/local --assembly "$(DATA)/cdk.out"

## watch: serve stage "local", and build and serve it anew after each change of a source or of cdk.json
watch: setup unused assembly
	$(call step,building bin/watch,go build -o bin/watch ./local/watch)
	@exec bin/watch bin/local --assembly "$(DATA)/cdk.out" --watched

## demo: upload FILE (default: a small MP4) to the local run that uses DATA, and print the curl command of each step
demo: setup
	$(call step,building bin/demo,go build -o bin/demo ./local/demo)
	@exec bin/demo --prepare "$(MAKE) -s assembly" --assembly "$(DATA)/cdk.out"

## test: run the unit, template and end-to-end tests, or those of PKG (./internal/sign), for which Go is enough
ifdef PKG
test: $(if $(filter ./... ./infra% ./e2e% ./cmd/... ./local/...,$(PKG)),setup)
	@CDK_VALIDATION=false go test $(PKG)
else
# In the folder itself go test also shows what a passing run says: the grants that nothing used.
test: setup
	$(call step,tests of the client module,node --test --test-reporter=dot web/client/*.test.ts >&2)
	$(call step,unit and template tests,CDK_VALIDATION=false go test $$(go list ./... | grep -v /e2e))
	$(call step,end-to-end tests,cd e2e && CDK_VALIDATION=false go test -count=1 -parallel 8 -timeout=20m)
endif

## test-chaos: run the end-to-end tests with duplicates, delays, throttles, faults and killed functions
test-chaos: setup
	$(call step,end-to-end tests on a bad day,cd e2e && CHAOS=1 CDK_VALIDATION=false go test -count=1 -parallel 8 -timeout=20m)

# Where goroutines share something, in the code or in its tests. Comparisons with the SDK take minutes in one goroutine.
CONCURRENT := \bgo (func|[a-zA-Z.]+\()|\.Go\(|sync\.(Mutex|RWMutex|Pool|WaitGroup|Map)|atomic\.|httptest\.New(TLS|Unstarted)?Server
## e2e: run the end-to-end tests that need nothing but the API against URL, as the user and password in POSTERN_USER (mail:password)
e2e: setup
	@[ -n "$(URL)" ] && [ -n "$$POSTERN_USER" ] || { echo "error: say where and as whom: make e2e URL=https://... with POSTERN_USER=mail:password in the environment" >&2; exit 1; }
	@cd e2e && POSTERN_URL="$(URL)" go test -count=1 -timeout=20m

## test-race: run the unit tests of what is concurrent with the race detector (needs a C compiler)
test-race: setup
	$(call step,tests with the race detector,CDK_VALIDATION=false go test -race -skip 'AsSDK$$|^TestTenThousandParts$$' \
		$$(grep -rlE --include='*.go' '$(CONCURRENT)' api client cmd docs internal lambda local | xargs -n 1 dirname | sort -u | sed 's|^|./|'))

## test-browser: use the page and the client module in Chromium, as a person does; installs Debian's Chromium where it can
test-browser: setup web/test/node_modules/.package-lock.json
	$(call step,tests in a browser,web/test/run.sh)

web/test/node_modules/.package-lock.json: web/test/package.json web/test/package-lock.json $(wildcard web/test/*/package.json)
	$(call step,npm packages of the browser's tests,npm ci --prefix web/test --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error >&2)
	@touch $@

## test-api: generate requests and a client of Go by the API document, and try them; installs what generates them into bin/
test-api: setup bin/oapi-codegen-$(OAPI_CODEGEN_VERSION)
	@$(MAKE) -s bin/python/bin/schemathesis || \
		echo "skipped: schemathesis, which could not be installed (Python 3.10 or newer with venv, and its packages, are needed)" >&2
	$(call step,tests by the API document,cd e2e && OAPI_CODEGEN=$(CURDIR)/bin/oapi-codegen-$(OAPI_CODEGEN_VERSION) \
		SCHEMATHESIS=$$(ls $(CURDIR)/bin/python/bin/schemathesis 2>/dev/null) go test -count=1 -v -run '^TestGenerated(Requests|Client)$$')

bin/python/bin/schemathesis:
	@{ [ -x bin/python/bin/pip ] || python3 -m venv bin/python; } && bin/python/bin/pip install --quiet --disable-pip-version-check schemathesis==$(SCHEMATHESIS_VERSION)

## verify: hold 100,000 deliveries to the model of an upload's life, in every order and with every fault; a few minutes
verify:
	@go test ./internal/lifecycle -run '^TestModel' -count=1 -v -timeout 60m -rapid.checks=100000 -rapid.shrinktime=5s -deliveries=100000

## fuzz: fuzz every target FUZZ_RUNS times (default 20000)
fuzz:
	@grep -roE --include='*_test.go' --exclude-dir=node_modules --exclude-dir=bin '^func Fuzz[A-Za-z0-9]+' . | while IFS=: read -r file target; do \
		target=$${target#func }; echo "$$target" >&2; \
		go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZ_RUNS)x -fuzzminimizetime 10x "$$(dirname "$$file")" || exit 1; \
	done

## corpus: inspect the files below DIR as STAGE would, and print what is accepted and refused, and why
corpus:
	@[ -n "$(DIR)" ] || { echo "error: say which folder: make corpus DIR=..." >&2; exit 1; }
	@go run ./internal/media/corpus -stage "$(STAGE)" "$(DIR)"

## bench: measure what the design promises, side by side; reports, never asserts
bench: setup
	@go test -run '^$$' -bench . -benchmem $$(grep -rlE '^func Benchmark' --include='*_test.go' client internal lambda local | xargs -n 1 dirname | sort -u | sed 's|^|./|')
	@CGO_ENABLED=0 go build $(FUNCTION_FLAGS) -o dist/host/.bin/ ./bench/empty
	@CGO_ENABLED=0 GOOS=linux GOARCH=arm64 go build $(FUNCTION_FLAGS) -o dist/linux_arm64/.bin/ ./bench/empty
	@go run ./bench $(BENCH)

## bench-browser: send a file of MIB (default 1024) from Chromium by the module, a plain PUT and Uppy; LATENCY=50 adds milliseconds
bench-browser: setup web/test/node_modules/.package-lock.json
	@web/test/run.sh bench

## lint: check formatting, vet, imports, style and the workflows; installs the linters into bin/
lint: bin/golangci-lint-$(GOLANGCI_VERSION)
	$(call step,golangci-lint,bin/golangci-lint-$(GOLANGCI_VERSION) run --allow-parallel-runners ./...)
	@if $(MAKE) -s bin/actionlint-$(ACTIONLINT_VERSION); then bin/actionlint-$(ACTIONLINT_VERSION); \
		else echo "skipped: actionlint, which could not be installed" >&2; fi
	@if command -v zizmor >/dev/null; then zizmor --offline --quiet --no-progress .github/workflows; \
		else echo "skipped: zizmor, which is not installed (pip install zizmor)" >&2; fi

## fmt: format the Go sources
fmt: bin/golangci-lint-$(GOLANGCI_VERSION)
	@bin/golangci-lint-$(GOLANGCI_VERSION) fmt ./...

## openapi: write docs/openapi.json after a change of the routes or of the types in api/
openapi:
	@go run ./docs/openapi

## golden: write the expected templates after a change of the stack
golden: setup
	$(call step,expected templates,CDK_VALIDATION=false go test ./infra/... -update)

## notices: write THIRD_PARTY_NOTICES.md after a change of the modules that ship; installs go-licenses into bin/
notices: bin/go-licenses-$(LICENSES_VERSION) node_modules/.package-lock.json
	$(call step,third-party notices,docs/notices.sh $< $(FUNCTIONS:%=./lambda/%) ./cmd/postern >bin/notices 2>bin/notices.log)
	@mv bin/notices THIRD_PARTY_NOTICES.md

## synth: write the templates of every deployed stage to cdk.out
synth: setup
	$(call step,templates of every stage,npx cdk synth --quiet)

# review-tools installs what the review tries a change with: npm packages beside the reviewer, and tools of Python into bin/python.
review-tools: setup infra/reviewer/preflight/node_modules/.package-lock.json
	@for tool in cfn-lint parliament; do $(MAKE) -s bin/python/bin/$$tool || \
		echo "skipped: $$tool, which could not be installed (Python 3.10 or newer with venv, and its packages, are needed)" >&2; done

infra/reviewer/preflight/node_modules/.package-lock.json: infra/reviewer/preflight/package.json infra/reviewer/preflight/package-lock.json
	$(call step,npm packages of the review,npm ci --prefix infra/reviewer/preflight --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error >&2)
	@touch $@

bin/python/bin/cfn-lint:
	@{ [ -x bin/python/bin/pip ] || python3 -m venv bin/python; } && \
		bin/python/bin/pip install --quiet --disable-pip-version-check cfn-lint==$(CFN_LINT_VERSION)

# It needs a module of setuptools that newer ones lack.
bin/python/bin/parliament:
	@{ [ -x bin/python/bin/pip ] || python3 -m venv bin/python; } && \
		bin/python/bin/pip install --quiet --disable-pip-version-check parliament==$(PARLIAMENT_VERSION) setuptools==$(SETUPTOOLS_VERSION)

## review: write what the working tree does to the deployed stages, compared with BASE (default: where the branch left origin/main)
review: review-tools
	@infra/reviewer/review.sh

## diff: show what a deploy of STAGE would change
diff: setup
	@npx cdk diff -c stage=$(STAGE)

# $(call configured,expression) prints what a JavaScript expression says of STAGE's configuration, s.
configured = "$$(node -p 's = require("./cdk.json").context.stages["$(STAGE)"] ?? {}; $(1)')"

## deploy: look whether STAGE can be deployed, then create or update it in your AWS account
deploy: setup
	@[ "$(STAGE)" != local ] || { echo "error: STAGE=local is served on this machine, by make run, and never deployed" >&2; exit 1; }
	@bin/postern preflight --stage $(STAGE) --region $(call configured,s.region ?? "") \
		--concurrency $(call configured,(s.inspectConcurrency ?? 50) + (s.authorizerConcurrency ?? 0))
	@bin/postern unlock --stage $(STAGE) --region $(call configured,s.region ?? "")
	@npx cdk deploy -c stage=$(STAGE)

## smoke: try every step of STAGE, or of the local run, with users of its own
smoke: setup
	@bin/postern smoke --stage $(STAGE) $(if $(filter local,$(STAGE)),--data "$(DATA)",--region "$$(node -p 'require("./cdk.json").context.stages["$(STAGE)"]?.region ?? ""')")

## destroy: delete STAGE from your AWS account
destroy: setup
	@npx cdk destroy -c stage=$(STAGE)

## clean: remove what was built and the local data
clean:
	@rm -rf bin dist cdk.out .local node_modules

# check names what is missing or too old on this machine.
check:
	@found=$$(go env GOVERSION 2>/dev/null) || found=$$(cd / && GOTOOLCHAIN=local go env GOVERSION 2>/dev/null) || found=none; \
		version=$${found#go}; major=$${version%%.*}; minor=$${version#*.}; minor=$${minor%%[!0-9]*}; \
		[ "$${major:-0}" -gt 1 ] 2>/dev/null || [ "$${minor:-0}" -ge $(GO_VERSION:1.%=%) ] 2>/dev/null || \
		{ echo "error: Go $(GO_VERSION) or newer is needed, found: $${found#go} (https://go.dev/dl/)" >&2; exit 1; }
	@found=$$(node --version 2>/dev/null) || found=none; major=$${found#v}; major=$${major%%.*}; \
		[ "$${major:-0}" -ge $(NODE_VERSION) ] 2>/dev/null || \
		{ echo "error: Node $(NODE_VERSION) or newer is needed, found: $${found#v} (https://nodejs.org/)" >&2; exit 1; }
	@[ -z "$(FIRST)" ] || echo "first run: downloads and compiles for three to five minutes; later runs start in seconds" >&2

node_modules/.package-lock.json: package.json package-lock.json
	$(call step,npm packages,npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error >&2)
	@touch $@

# cdk.json runs it before every call of the CLI.
## build: compile the CDK app and both sets of functions
build: dist/site/.built
	$(call step,building bin/infra,go build -buildvcs=false -o bin/infra ./infra)
	$(call step,building dist/linux_arm64,$(call functions,linux_arm64,GOOS=linux GOARCH=arm64))
	$(call step,building dist/host,$(call functions,host,))

# The page and the client module, in dist/site and beside each compiled site function.
dist/site/.built: $(shell find web/client web/uppy web/page web/reference web/build.mts web/types.mts web/tsconfig.json -type f) docs/openapi.json node_modules/.package-lock.json
	$(call step,building dist/site,node web/build.mts dist/site dist/linux_arm64/site/assets dist/host/site/assets)
	@touch $@

# $(call functions,folder,environment) compiles every function in one go build and lays it out as Lambda wants it.
functions = CGO_ENABLED=0 $(2) go build $(FUNCTION_FLAGS) -o dist/$(1)/.bin/ $(FUNCTIONS:%=./lambda/%) && \
	for f in $(FUNCTIONS); do mkdir -p dist/$(1)/$$f && ln -f dist/$(1)/.bin/$$f dist/$(1)/$$f/bootstrap; done

# local builds the program that serves a stage on this machine.
local:
	$(call step,building bin/local,go build -buildvcs=false -o bin/local ./local)

# What to run is built already; with CI set, the CLI says nothing but what is wrong.
SYNTH_QUIETLY := CI=true CDK_VALIDATION=false npx cdk synth --build true

# command builds the operator's command.
command:
	$(call step,building bin/postern,go build -buildvcs=false -o bin/postern ./cmd/postern)

# unused fails at once if another local run uses DATA.
unused: local
	@bin/local --check

# assembly synthesizes stage "local" for run and demo, apart from cdk.out.
assembly:
	@mkdir -p -m 700 "$(DATA)"
	$(call step,synthesizing stage local,$(SYNTH_QUIETLY) -c stage=local --output "$(DATA)/cdk.out" >/dev/null)

bin/golangci-lint-$(GOLANGCI_VERSION):
	$(call step,installing golangci-lint,GOBIN="$(CURDIR)/bin" go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION))
	@mv bin/golangci-lint $@

bin/actionlint-$(ACTIONLINT_VERSION):
	$(call step,installing actionlint,GOBIN="$(CURDIR)/bin" go install github.com/rhysd/actionlint/cmd/actionlint@$(ACTIONLINT_VERSION))
	@mv bin/actionlint $@

bin/oapi-codegen-$(OAPI_CODEGEN_VERSION):
	$(call step,installing oapi-codegen,GOBIN="$(CURDIR)/bin" go install github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@$(OAPI_CODEGEN_VERSION))
	@mv bin/oapi-codegen $@

bin/go-licenses-$(LICENSES_VERSION):
	$(call step,installing go-licenses,GOBIN="$(CURDIR)/bin" go install github.com/google/go-licenses@$(LICENSES_VERSION))
	@mv bin/go-licenses $@
