#!/usr/bin/env bash
# Build KenLM's lmplz and build_binary into tools/bin; pip brings their source but not the programs.
# Usage: tools/install_lmplz.sh [--force true]      takes one or two minutes; needs no root
#
# PYTHON  the Python whose pip fetches the source (default: that of make's environment, else python3)
# Needs a C++ compiler and Boost's headers and libraries. Where Boost is missing and apt-get exists,
# Debian's packages are fetched and unpacked below tools/src, without installing anything.
set -euo pipefail
tools=$(cd "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
src="${tools}/src"
boost_packages=(libboost-dev libboost-program-options-dev libboost-system-dev libboost-thread-dev libboost-test-dev)
boost_options=()

fail() {
    printf 'error: %s\n' "$@" >&2
    exit 1
}

say() {
    printf '%s %s\n' "$(date '+%H:%M:%S')" "$*" >&2
}

works() { # $1: folder of the programs. An n-gram model of two lines, made, packed and not empty.
    local folder
    folder=$(mktemp -d) || return 1
    printf 'a b c\na c\n' >"${folder}/text"
    if "$1/lmplz" -o 2 -S 64M -T "${folder}/" --discount_fallback <"${folder}/text" >"${folder}/2.arpa" 2>"${folder}/log" &&
        "$1/build_binary" "${folder}/2.arpa" "${folder}/2.bin" >>"${folder}/log" 2>&1 &&
        grep -q '^ngram 2=' "${folder}/2.arpa" && [ -s "${folder}/2.bin" ]; then
        rm -r -- "${folder}"
        return 0
    fi
    [ ! -s "${folder}/log" ] || tail -n 5 "${folder}/log" >&2
    rm -r -- "${folder}"
    return 1
}

have_boost() { # any arguments are flags for the compiler
    local folder code
    folder=$(mktemp -d)
    printf '%s\n' '#include <boost/program_options.hpp>' '#include <boost/thread.hpp>' \
        '#include <boost/test/unit_test_suite.hpp>' \
        'int main() { boost::program_options::options_description d; return boost::thread::hardware_concurrency() < 0; }' \
        >"${folder}/try.cc"
    code=0
    c++ "$@" "${folder}/try.cc" -o "${folder}/try" -lboost_program_options -lboost_thread -lboost_system \
        -lboost_unit_test_framework -lpthread 2>/dev/null >&2 || code=1
    rm -r -- "${folder}"
    return "${code}"
}

unpack_boost() { # Debian's packages below tools/src, with apt's state and cache in folders of our own
    local own="${src}/apt" name package libraries
    if ! command -v apt-get >/dev/null || ! command -v dpkg >/dev/null; then
        fail "Boost (program_options, thread, system, test) is missing; lmplz cannot be built without it" \
            "Fedora: sudo dnf install boost-devel; macOS: brew install boost; then run this again"
    fi
    mkdir -p "${own}/state/lists/partial" "${own}/cache/archives/partial" "${own}/debs" "${src}/boost"
    [ -e "${own}/status" ] || : >"${own}/status"
    local apt=(-qq -o "Dir::State=${own}/state" -o "Dir::State::status=${own}/status"
        -o "Dir::Cache=${own}/cache" -o "APT::Sandbox::User=$(id -un)")
    say "fetching Boost from Debian's packages (no root needed)"
    apt-get "${apt[@]}" update >&2 ||
        fail "apt-get update failed; run: sudo apt-get install ${boost_packages[*]}" "(lmplz is built on Boost); then run this again"
    local names=()
    while read -r name; do
        names+=("${name}")
    done < <(apt-cache "${apt[@]:1}" depends --recurse --no-recommends --no-suggests --no-conflicts \
        --no-breaks --no-replaces --no-enhances "${boost_packages[@]}" | grep -E '^libboost[a-z0-9.+-]*-dev$' | sort -u)
    [ "${#names[@]}" -gt 0 ] || fail "apt knows no package libboost-dev; install Boost by hand"
    (cd "${own}/debs" && apt-get "${apt[@]}" download "${names[@]}" >&2) ||
        fail "apt-get download failed; run: sudo apt-get install ${boost_packages[*]}" "(lmplz is built on Boost); then run this again"
    for package in "${own}"/debs/*.deb; do
        dpkg -x "${package}" "${src}/boost"
    done
    for libraries in "${src}"/boost/usr/lib/*/libboost_thread.a; do
        boost_options=(-DBOOST_ROOT="${src}/boost/usr" -DBOOST_INCLUDEDIR="${src}/boost/usr/include"
            -DBOOST_LIBRARYDIR="$(dirname -- "${libraries}")" -DBoost_NO_SYSTEM_PATHS=ON)
    done
    have_boost -I"${src}/boost/usr/include" -L"$(dirname -- "${libraries}")" ||
        fail "Debian's Boost was unpacked to ${src}/boost but does not compile;" \
            "run: sudo apt-get install ${boost_packages[*]}; then run this again"
    rm -r -- "${own}"
}

find_python() {
    python=${PYTHON:-}
    if [ -z "${python}" ]; then
        python=$("${tools}/env.sh" --print 2>/dev/null)/bin/python || true
        [ -x "${python}" ] || python=python3
    fi
    "${python}" -m pip --version >/dev/null 2>&1 ||
        fail "${python} has no pip, which fetches KenLM's source; run: make env, or set PYTHON to a Python with pip"
}

find_cmake() {
    if command -v cmake >/dev/null; then
        cmake=(cmake)
        return
    fi
    say "fetching cmake with pip"
    "${python}" -m pip install --quiet --disable-pip-version-check --target "${src}/cmake" cmake >&2 ||
        fail "cmake is missing and pip cannot fetch it; run: sudo apt-get install cmake"
    cmake=(env "PYTHONPATH=${src}/cmake" "${src}/cmake/bin/cmake")
}

case "${1:-}" in
"") force=false ;;
--force) force=${2:-true} ;;
*)
    echo "usage: $0 [--force true]" >&2
    exit 2
    ;;
esac
if [ "${force}" != true ] && [ -x "${tools}/bin/lmplz" ] && [ -x "${tools}/bin/build_binary" ] && works "${tools}/bin"; then
    say "tools/bin/lmplz is there and works"
    exit 0
fi
command -v c++ >/dev/null || fail "no C++ compiler; run: sudo apt-get install build-essential (lmplz is C++)"
command -v make >/dev/null || fail "no make; run: sudo apt-get install make"
find_python
mkdir -p "${src}" "${tools}/bin"
find_cmake
have_boost || unpack_boost

say "fetching KenLM's source with pip"
pinned=()
[ ! -e "${tools}/../constraints.txt" ] || pinned=(--constraint "${tools}/../constraints.txt")
rm -rf -- "${src}/kenlm"
mkdir -p "${src}/kenlm"
"${python}" -m pip download --quiet --disable-pip-version-check --no-deps --no-build-isolation \
    --no-binary :all: --dest "${src}/kenlm" ${pinned[@]+"${pinned[@]}"} kenlm >&2 ||
    fail "pip cannot fetch KenLM's source; check the network and pip's index"
"${python}" - "${src}/kenlm" <<'PYTHON'
import pathlib, sys, tarfile

folder = pathlib.Path(sys.argv[1])
archive = next(folder.glob("kenlm-*.tar.gz"))
with tarfile.open(archive) as tar:
    tar.extractall(folder, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
next(p for p in folder.iterdir() if p.is_dir()).rename(folder / "source")
PYTHON

say "building lmplz and build_binary (about a minute)"
log="${src}/kenlm/build.log"
if ! {
    "${cmake[@]}" -S "${src}/kenlm/source" -B "${src}/kenlm/build" -DCMAKE_BUILD_TYPE=Release \
        -DBoost_USE_STATIC_LIBS=ON -DBoost_NO_BOOST_CMAKE=ON -DBUILD_TESTING=OFF -DCOMPILE_TESTS=OFF \
        -DCMAKE_POLICY_VERSION_MINIMUM=3.10 -Wno-dev ${boost_options[@]+"${boost_options[@]}"} &&
        "${cmake[@]}" --build "${src}/kenlm/build" --target lmplz build_binary --parallel "$(nproc)"
} 2>&1 | tee "${log}" | { grep --line-buffered -E '^\[ *[0-9]+%\]|rror' >&2 || true; }; then
    tail -n 20 "${log}" >&2
    fail "the build failed; the whole log is ${log}"
fi
works "${src}/kenlm/build/bin" || fail "the programs were built, but make no n-gram model; log: ${log}"
cp -- "${src}/kenlm/build/bin/lmplz" "${src}/kenlm/build/bin/build_binary" "${tools}/bin/"
say "done: ${tools}/bin/lmplz, ${tools}/bin/build_binary"
