#!/usr/bin/env bash
# Run a command on this machine, output on the terminal and in a log file.
# Usage: utils/local.sh LOG COMMAND...
set -euo pipefail
if [ $# -lt 2 ]; then
    echo "usage: $0 LOG COMMAND..." >&2
    exit 2
fi
log=$1
shift
mkdir -p "$(dirname -- "${log}")"
"$@" 2>&1 | tee -a -- "${log}"
