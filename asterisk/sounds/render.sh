#!/bin/sh
# Makes what render.py needs under build/voice (once, about 700 MB) and runs it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$here/../../build/voice
mkdir -p "$build"
if ! cmp -s "$here/requirements.txt" "$build/requirements.txt"; then
    echo "prompts: setting up the voice in build/voice"
    "${PYTHON:-python3}" -m venv "$build/venv"
    "$build/venv/bin/pip" install -q -r "$here/requirements.txt"
    (cd "$build" && npm pack --silent kokoro-js@1.2.1 && tar xzf kokoro-js-1.2.1.tgz package/voices)
    cp "$here/requirements.txt" "$build/requirements.txt"
fi
exec "$build/venv/bin/python" "$here/render.py" "$@"
