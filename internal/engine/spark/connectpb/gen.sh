#!/usr/bin/env bash
# Makes connect.pb.go and connect_grpc.pb.go from connect.proto. Needs protoc (Debian's protobuf-compiler, or PROTOC="python3 -m
# grpc_tools.protoc" with PyPI's grpcio-tools); the plug-ins are installed into a folder that goes away.
set -euo pipefail
cd "$(dirname "$0")"
bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
GOBIN=$bin go install google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.11
GOBIN=$bin go install google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.5.1
PATH=$bin:$PATH ${PROTOC:-protoc} -I . --go_out=. --go_opt=paths=source_relative --go-grpc_out=. --go-grpc_opt=paths=source_relative connect.proto
