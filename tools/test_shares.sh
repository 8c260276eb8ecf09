#!/usr/bin/env bash
# Run pytest in several processes, which share out the files of tests: test_shares.sh N OPTIONS_OF_PYTEST.
# Each says at its end what it has run; the status is that of the first that failed.
set -euo pipefail
count=$1
shift
folder=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; wait; rm -rf "${folder}"' EXIT
mkdir "${folder}/share"
for ((number = 2; number <= count; number++)); do
    python -m pytest "$@" --share="${folder}/share" >"${folder}/${number}" 2>&1 &
    pids+=($!)
done
status=0
python -m pytest "$@" --share="${folder}/share" || status=$?
for ((number = 2; number <= count; number++)); do
    other=0
    wait "${pids[number - 2]}" || other=$?
    cat "${folder}/${number}"
    ((status)) || status=${other}
done
pids=()
exit "${status}"
