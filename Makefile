# ecomctl: the tasks of the house. `make` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

MODULE  := github.com/ecomctl/ecomctl
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
COMMIT  ?= $(shell git rev-parse HEAD 2>/dev/null)
DATE    ?= $(shell git log -1 --format=%cI 2>/dev/null)
STAMP   := -X $(MODULE)/internal/version.Version=$(VERSION) -X $(MODULE)/internal/version.Commit=$(COMMIT) -X $(MODULE)/internal/version.Date=$(DATE)
SIZE    ?= 1m
# the packages whose goroutines share memory: tested once more under the race detector
RACE    ?= ./internal/stream/... ./internal/engine/... ./internal/source/... ./internal/cli/...

.PHONY: help
help: ## list the tasks
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: assets ## one static binary, bin/ecomctl
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w $(STAMP)' -o bin/ecomctl ./cmd/ecomctl

.PHONY: assets
assets: ## fetch the chart library that report pages embed (npm, pinned)
	@bash scripts/assets/build.sh

.PHONY: demo
demo: ## build, analyse a year of real grocery orders and write report.html
	@bash scripts/demo.sh

.PHONY: test
test: build ## every test; first installs what they need under .services/
	@bash scripts/services/test.sh
	@bash scripts/gotest.sh -timeout=20m ./...
	@bash scripts/race.sh $(RACE)

.PHONY: hunt
hunt: ## property tests with new seeds and 20 times the draws (CHECKS=2000)
	@bash scripts/hunt.sh $(or $(CHECKS),2000)

.PHONY: chaos
chaos: ## kill the stream 50 times under load, brokers too; the answer must equal batch
	@bash scripts/services/kafka/install.sh
	ECOMCTL_REQUIRE_SERVICES=1 ECOMCTL_CHAOS=50 go test -count=1 -timeout 60m -v -run 'Kill|Rebalance' ./test/stream

.PHONY: stream-figures
stream-figures: ## throughput of stream beside a bare consumer; writes docs/stream.md
	@bash scripts/services/kafka/install.sh
	ECOMCTL_REQUIRE_SERVICES=1 ECOMCTL_STREAM_FIGURES=1 go test -count=1 -timeout 30m -v -run TestThroughput ./test/stream

.PHONY: spark-figures
spark-figures: ## whole commands on Spark beside the same statements in spark-sql; writes docs/spark.md
	@bash scripts/services/spark/install.sh
	@bash scripts/services/complete-journey/install.sh
	ECOMCTL_REQUIRE_SERVICES=1 ECOMCTL_SPARK_FIGURES=1 go test -count=1 -timeout 30m -v -run TestBesideSparkSQL ./test/spark

.PHONY: tune-figures
tune-figures: ## one job on YARN before and after `spark tune`; writes docs/yarn.md
	ECOMCTL_REQUIRE_SERVICES=1 ECOMCTL_TUNE_FIGURES=1 go test -count=1 -timeout 60m -v -run TestTune ./test/yarn

.PHONY: screenshots
screenshots: assets ## take the pictures of docs/img again
	ECOMCTL_SCREENSHOTS=1 CI=true go test -count=1 -run TestScreenshots ./internal/report ./test/pages

.PHONY: lint
lint: assets ## gofmt, go vet, golangci-lint, known vulnerabilities
	@bash scripts/lint.sh

.PHONY: bench
bench: build ## ours and the peers in turn, SIZE=1m|10m|50m; writes docs/benchmarks.md
	@bash scripts/bench/run.sh $(SIZE)

.PHONY: bench-hdfs
bench-hdfs: build ## what reading from HDFS adds to a report; writes docs/hdfs.md
	@bash scripts/bench/hdfs.sh

.PHONY: accuracy
accuracy: build ## analyses against SQL, published figures and peers; writes docs/accuracy.md
	@ECOMCTL_REQUIRE_SERVICES=1 bash scripts/services/test.sh
	ECOMCTL_REQUIRE_SERVICES=1 go test -count=1 -timeout 20m -v ./test/oracle/...
	ECOMCTL_BIN="$(CURDIR)/bin/ecomctl" ECOMCTL_UPDATE_ACCURACY=1 go test -count=1 -p 1 -timeout 60m -v ./test/accuracy/...

.PHONY: serve-bench
serve-bench: ## remembered questions to a server from a second process; writes docs/serve.md
	ECOMCTL_SERVE_BENCH=1 go test -count=1 -v -run TestLoad ./test/serve

.PHONY: serve-large
serve-large: ## ten questions about a year of 50,000,000 rows at once; writes docs/serve.md
	ECOMCTL_SERVE_LARGE=generated go test -count=1 -timeout 60m -v -run TestManyLarge ./test/serve

.PHONY: api-fuzz
api-fuzz: ## schemathesis over the whole interface for five minutes; writes docs/serve.md
	ECOMCTL_API_FUZZ=$(or $(SECONDS),300) go test -count=1 -timeout 20m -v -run TestFuzz ./test/serve

.PHONY: release-check
release-check: ## goreleaser check (installs goreleaser the first time: minutes)
	@bash scripts/release/check.sh

.PHONY: snapshot
snapshot: ## all release archives in dist/, nothing published
	@bash scripts/release/check.sh --snapshot

.PHONY: services-up
services-up: ## start real services, S="hdfs mariadb"; installs them the first time
	@bash scripts/services/up.sh $(S)

.PHONY: services-down
services-down: ## stop them: S="hdfs", without S all
	@bash scripts/services/down.sh $(S)

.PHONY: docker-test
docker-test: build ## the image and docker-compose.yml on a real engine (root; installs one)
	@bash scripts/services/docker/test.sh

.PHONY: clean
clean: ## remove what was built; .services/ stays
	rm -rf bin dist report.html
