# make demo         simulate a shop, compute everything, say what was found
# make test         all tests, in random order; with the race detector where a C compiler works
# make lint         gofmt, go vet, staticcheck with all checks, a tidy go.mod
# make bench        the whole program beside DuckDB; see docs/performance.md
# make bench-models fits beside those of lifetimes, a Python package
# make microbench   the benchmarks of single steps, and the machine they ran on
# make build        bin/perennial, static
# make build-duckdb bin/perennial with the source duckdb, which takes a C compiler with the C++ library
# make test-duckdb  the tests of that source
#
# Go and make are all that is needed.

.PHONY: demo test lint bench bench-models microbench build build-duckdb test-duckdb

DEMO    ?= demo# where make demo puts its files
VERSION ?=# what perennial version says; empty: the revision

demo:
	go run ./cmd/perennial demo $(DEMO)

# The race detector needs a C compiler that can link; to try it is the only
# sure way to know. PERENNIAL_REQUIRE_RACE=1 makes its absence a failure. It looks
# at what starts goroutines and at all that is run by these; the transforms alone,
# which start none (cmd/perennial/layers_test.go holds that), are long simulations.
test:
	@for cc in "$$(go env CC)" gcc clang cc; do \
	  if CGO_ENABLED=1 CC="$$cc" go test -race -run='^$$' errors >/dev/null 2>&1; then \
	    set -ex; CGO_ENABLED=1 CC="$$cc" go test -race -shuffle=on -timeout=20m $$(go list ./... | grep -v /transforms); \
	    exec go test -shuffle=on -timeout=20m ./transforms/...; \
	  fi; \
	done; \
	if [ -n "$$PERENNIAL_REQUIRE_RACE" ]; then \
	  echo 'make test: the race detector is required, and no C compiler works' >&2; exit 1; \
	fi; \
	echo 'make test: without the race detector, for no C compiler works'; \
	set -x; exec go test -shuffle=on -timeout=20m ./...

lint:
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "gofmt these files:" $$unformatted; exit 1; fi
	go vet ./... ./.ci/bench ./.ci/peers
	go tool -modfile=.ci/tools.mod staticcheck -checks all ./... ./.ci/bench ./.ci/peers
	.ci/tidy
	cd .ci/parquetread && go vet ./... && go mod tidy -diff
	cd .ci/objectstores && go vet ./... && go mod tidy -diff
	@# DuckDB needs cgo; go mod tidy would download its library for every platform.
	@if [ "$$(go env CGO_ENABLED)" = 1 ]; then \
	  set -ex; (cd .ci/duckdb && go vet ./...); \
	  go vet -tags duckdb ./sources ./cmd/perennial; go tool -modfile=.ci/tools.mod staticcheck -tags duckdb -checks all ./sources; \
	else echo 'not vetted, what needs DuckDB: no C compiler works'; fi

# DuckDB needs a C compiler. BENCH_ROWS, BENCH_KEYS, … choose what is measured.
bench:
	go run ./.ci/bench

# PEERS_CUSTOMERS and PEERS_PARETO are how many customers; without Python only the fits here are measured.
bench-models:
	go run ./.ci/peers

microbench:
	@go version; echo "$$(uname -srm), $$(getconf _NPROCESSORS_ONLN) processors"
	go test -run='^$$' -bench=. -benchmem $$(grep -rl --include='*_test.go' '^func Benchmark' . | xargs -n1 dirname | sort -u)

build:
	CGO_ENABLED=0 go build -trimpath -ldflags '-X main.version=$(VERSION)' -o bin/perennial ./cmd/perennial

build-duckdb:
	CGO_ENABLED=1 go build -trimpath -tags duckdb -ldflags '-X main.version=$(VERSION)' -o bin/perennial ./cmd/perennial

test-duckdb:
	CGO_ENABLED=1 go test -race -shuffle=on -timeout=20m -tags duckdb -run DuckDB ./sources ./cmd/perennial
