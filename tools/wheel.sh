#!/usr/bin/env bash
# Build asrkit's wheel from a copy of its sources, so that no module of an earlier build gets in, and print its path.
# Usage: tools/wheel.sh [FOLDER]      FOLDER: where to put it (default: dist)
set -euo pipefail
root=$(cd "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
if [ $# -gt 1 ] || [[ "${1:-}" == -* ]]; then
    echo "usage: $0 [FOLDER]" >&2
    exit 2
fi
work=$(mktemp -d)
trap 'rm -rf -- "${work}"' EXIT

mkdir "${work}/source" "${work}/wheel"
cp -r -- "${root}"/{LICENSE,README.md,pyproject.toml,setup.py,asrkit} "${work}/source"
python3 -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation \
    --wheel-dir "${work}/wheel" "${work}/source" >&2
mkdir -p -- "${1:-dist}"
for wheel in "${work}"/wheel/*.whl; do
    cp -- "${wheel}" "${1:-dist}"
    echo "${1:-dist}/${wheel##*/}"
done
