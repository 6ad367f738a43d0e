# SPDX-License-Identifier: Apache-2.0
# `make help` lists the targets; `make check` is what CI runs.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help build native gatekeeper native-coverage demo test test-main test-native test-gatekeeper test-rego test-html properties mutants mutants-sample lint fmt golden race fuzz bench serve-load e2e e2e-programs e2e-bench etcd check clean

OPA := go tool opa
NATIVE := $(CURDIR)/bin/psp2rego-native
GATEKEEPER := $(CURDIR)/bin/psp2rego-gatekeeper
GATOR := $(CURDIR)/bin/gator
RACE := ./bundles/... ./translate/... ./verify/...
CHROMIUM := $(or $(PSP2REGO_CHROMIUM),$(shell command -v chromium || command -v chromium-browser || command -v google-chrome))
FUZZTIME ?= 20s
SAMPLE ?= 100
CASES ?= 5000
SEED ?= 1
UNCOVERED := 'concat("\n", [l | some f, c in input.files; not endswith(f, "_test.rego"); some r in c.not_covered; l := sprintf("%s:%d: not covered by a test", [trim_prefix(f, "rego/"), r.start.row])])'
REQUESTS ?= 2000
VERSION = $(foreach p,k8s.io/component-base/version k8s.io/client-go/pkg/version,-X $(p).gitVersion=v1.$(1).$(2) -X $(p).gitMajor=1 -X $(p).gitMinor=$(1))
export PSP2REGO_NATIVE := $(NATIVE)
export PSP2REGO_GATEKEEPER := $(GATEKEEPER)
export PSP2REGO_GATOR := $(GATOR)

help: ## list the targets
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /  \1\t/' | expand -t 16

build: native ## build bin/psp2rego and bin/psp2rego-native
	go build -trimpath -o bin/psp2rego ./cmd/psp2rego

native: ## build bin/psp2rego-native, the real admission plugin behind JSON lines
	cd verify/native && go build -trimpath -ldflags '-s -w' -o $(NATIVE) .

gatekeeper: ## build bin/psp2rego-gatekeeper, which judges templates, and gator (not in build: some minutes, and few need it)
	cd verify/gatekeeper && go build -trimpath -ldflags '-s -w' -o $(GATEKEEPER) .
	cd verify/gatekeeper && go build -trimpath -ldflags '-s -w' -o $(GATOR) github.com/open-policy-agent/gatekeeper/v3/cmd/gator

demo: build ## translate the MKE scenario, verify it with 20 000 cases, explain a pod
	bin/psp2rego translate -f testdata/mke --dialect mke -o out/mke --force --report
	bin/psp2rego verify -f testdata/mke --dialect mke --policies out/mke --cases 20000 --seed 1
	bin/psp2rego explain -f testdata/mke/base/policies.yaml -f testdata/mke/base/roles.yaml -f testdata/mke/page/unprivileged-jeff.yaml \
	  --pod docs/examples/nginx.yaml --as jeff

test: build test-main test-native test-gatekeeper test-rego test-html ## run all tests

test-main: native gatekeeper ## run the tests of the main module
	go test -timeout 25m ./...

test-native: ## run the tests of the native evaluator
	cd verify/native && go test ./...

test-gatekeeper: ## run the tests of the Gatekeeper evaluator
	cd verify/gatekeeper && go test -trimpath ./...

test-rego: ## run the tests of the Rego library and demand that they cover every line
	@mkdir -p bin
	$(OPA) test --timeout 30s --bundle rego
	@$(OPA) test --timeout 30s --bundle rego --coverage --format json >bin/coverage.json
	@$(OPA) eval --stdin-input --format raw $(UNCOVERED) <bin/coverage.json | { ! grep .; }

native-coverage: build ## measure which statements of the upstream admission code the cases execute
	cd verify/native && go run ./coverage

test-html: ## look at the HTML report in a headless Chromium
	@if [ -z "$(CHROMIUM)" ] && [ "$${CI:-}" != true ]; then \
	  echo 'NOT TESTED: nobody has looked at the HTML report, because there is no Chromium. Install it, or name it in PSP2REGO_CHROMIUM.'; \
	else PSP2REGO_CHROMIUM="$(CHROMIUM)" go test -run '^TestHTMLReportInABrowser$$' ./verify; fi

properties: native ## try each property of docs/verification.md with CASES cases
	PROPERTIES_CASES=$(CASES) PROPERTIES_SEED=$(SEED) go test -count 1 -timeout 0 -run '^TestProperties$$' -v ./cmd/psp2rego

mutants: native ## count how many faults in the Rego the differential tester catches, and write the score
	@mkdir -p bin
	go run ./cmd/mutants -state bin/mutants.jsonl

mutants-sample: native ## make sure that some faults in the Rego are still caught
	go run ./cmd/mutants -sample $(SAMPLE)

lint: ## check formats, go vet, and the Rego against the oldest and newest OPA it has to run in
	test -z "$$(gofmt -l $$(git ls-files '*.go') | tee /dev/stderr)"
	go vet ./...
	cd verify/native && go vet ./...
	cd verify/gatekeeper && go vet -trimpath ./...
	cd verify/e2e && go vet ./...
	test -z "$$($(OPA) fmt --list --fail rego bundles/webhook/policies | tee /dev/stderr)"
	go run github.com/open-policy-agent/opa@v1.3.0 check --strict --bundle rego
	$(OPA) check --strict --bundle --capabilities v1.17.1 rego
	$(OPA) check --strict --bundle rego

fmt: ## rewrite Go and Rego sources in their formats
	gofmt -w $$(git ls-files '*.go')
	$(OPA) fmt --write rego bundles/webhook/policies

golden: native gatekeeper ## rewrite golden files; look at the diff
	UPDATE=1 go test ./...
	cd verify/native && UPDATE=1 go test ./...

race: native gatekeeper ## run the tests that share memory between goroutines under the race detector
	go test -race -short -timeout 25m $(RACE)

fuzz: ## run each fuzz target for FUZZTIME
	for pkg in $$(go list ./...); do for target in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	  go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$pkg; done; done

bench: native ## run the benchmarks
	go test -run '^$$' -bench . -benchmem ./...

serve-load: ## ask a real OPA 100 000 times while the bundle changes 50 times
	SERVE_REQUESTS=100000 SERVE_REVISIONS=50 go test -count 1 -timeout 0 -run '^TestEveryDecisionIsRightWhileRevisionsChangeUnderLoad$$' -v ./bundles/server

e2e: e2e-programs ## compare real API servers, 1.24 with the plugin and a current one: the MKE scenario, REQUESTS generated requests
	cd verify/e2e && go test ./compare ./processes
	cd verify/e2e && go test -count 1 -timeout 60m -v . -args -bin $(CURDIR)/bin -requests $(REQUESTS) -seed $(SEED)

e2e-bench: e2e-programs ## measure what creating a pod costs on both API servers
	cd verify/e2e && go test -count 1 -timeout 0 -run '^$$' -bench . -benchtime 2000x . -args -bin $(CURDIR)/bin

etcd: # make sure that e2e has one
	@command -v etcd >/dev/null || { echo 'etcd is missing: apt-get install --no-install-recommends etcd-server' >&2; exit 1; }

e2e-programs: etcd build ## build what e2e runs: two API servers, OPA, Gatekeeper (not in build: some minutes)
	@mkdir -p bin/e2e
	cd verify/e2e/servers/old && CGO_ENABLED=0 go build -tags providerless -trimpath -ldflags "-s -w $(call VERSION,24,17)" \
	  -o $(CURDIR)/bin/e2e/kube-apiserver-old k8s.io/kubernetes/cmd/kube-apiserver
	cd verify/e2e/servers/new && CGO_ENABLED=0 go build -trimpath -ldflags "-s -w $(call VERSION,36,3)" \
	  -o $(CURDIR)/bin/e2e/kube-apiserver-new k8s.io/kubernetes/cmd/kube-apiserver
	cd verify/e2e/servers/new && CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o $(CURDIR)/bin/e2e/gatekeeper github.com/open-policy-agent/gatekeeper/v3
	rm -rf bin/e2e/crds
	cp -r "$$(cd verify/e2e/servers/new && go list -m -f '{{.Dir}}' github.com/open-policy-agent/gatekeeper/v3)/charts/gatekeeper/crds" bin/e2e/crds
	chmod -R u+w bin/e2e/crds
	go build -ldflags '-s -w' -o bin/e2e/opa github.com/open-policy-agent/opa

check: etcd lint test race e2e ## everything CI runs

clean: ## remove what was built
	rm -rf bin out
