# docker build --build-arg VERSION=v1.2.3 -t perennial .
# docker run -v "$PWD:/data" -u "$(id -u):$(id -g)" -w /data perennial run job.yaml

FROM golang:1.26 AS build
WORKDIR /src
# No go mod download: it would fetch DuckDB's libraries, 140 MB, which this build
# does without.
COPY go.mod go.sum ./
COPY cmd cmd
COPY jobs jobs
COPY pipeline pipeline
COPY sinks sinks
COPY sources sources
COPY transforms transforms
ARG VERSION=""
# GOAMD64=v1: the same bytes on every amd64 processor.
RUN CGO_ENABLED=0 GOAMD64=v1 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /perennial ./cmd/perennial

# What memory does not hold goes to /tmp, unless --work-dir says where.
RUN mkdir -p /rootfs/tmp && chmod 1777 /rootfs/tmp

# The program is static and brings its own zone database.
FROM scratch
COPY --from=build /rootfs/ /
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /perennial /perennial
USER 65532:65532
ENTRYPOINT ["/perennial"]
