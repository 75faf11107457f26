#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Install the Debian 12 packages that a purpose needs and that are missing; touch nothing, and no
# network, when all are there.
#
#   tools/deps.sh PURPOSE...        build | check | demo-tpm | demo-snp | demo-tdx | lint | sanitize | fuzz | peers | fresh
#   tools/deps.sh --list PURPOSE... only print the names
# Lists of plain package names are split at blanks on purpose.
# shellcheck disable=SC2086
set -eu

build='gcc libc6-dev make libmicrohttpd-dev libgnutls28-dev nettle-dev libgmp-dev libssl-dev
       libjansson-dev libsqlite3-dev libcurl4-openssl-dev libtss2-dev libseccomp-dev libsystemd-dev
       zlib1g-dev'
demo='curl openssl python3-minimal python3'
demo_tpm="$demo swtpm tpm2-tools libtss2-tcti-swtpm0"
demo_snp="$demo python3-cryptography"
check="$demo_tpm $demo_snp swtpm-tools libcmocka-dev python3-pytest python3-requests"
lint='clang-format clang-tidy shellcheck groff-base'
sanitize='clang libclang-rt-14-dev llvm-14 valgrind'
fuzz='clang libclang-rt-14-dev llvm-14'
peers='radosgw ceph-mon ceph-osd curl nodejs npm'
fresh='debootstrap git'

packages_of() {
    case $1 in
    build) echo "$build" ;;
    check) echo "$build $check" ;;
    demo-tpm) echo "$build $demo_tpm" ;;
    demo-snp | demo-tdx) echo "$build $demo_snp" ;;
    lint) echo "$build $check $lint" ;;
    sanitize) echo "$build $check $sanitize" ;;
    fuzz) echo "$build $fuzz" ;;
    peers) echo "$build $check $peers" ;;
    fresh) echo "$fresh" ;;
    *)
        echo "tools/deps.sh: unknown purpose '$1'" >&2
        exit 64
        ;;
    esac
}

is_there() {
    case $1 in
    # These may come from elsewhere, under other package names: the command is what counts.
    nodejs) command -v node >/dev/null ;;
    npm) command -v npm >/dev/null ;;
    # An Architecture suffix or a virtual package never appears here: names are plain.
    *) dpkg-query -W -f='${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed ;;
    esac
}

missing_of() {
    for p in $1; do
        is_there "$p" || echo "$p"
    done
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo DEBIAN_FRONTEND=noninteractive "$@"
    else
        echo "tools/deps.sh: packages are missing and this is neither root nor is sudo installed." >&2
        echo "Install them by hand: apt-get install --no-install-recommends $missing" >&2
        exit 1
    fi
}

only_list=no
if [ "${1:-}" = --list ]; then
    only_list=yes
    shift
fi
[ $# -gt 0 ] || { echo 'usage: tools/deps.sh [--list] PURPOSE...' >&2; exit 64; }

want=
for purpose in "$@"; do
    # Called outside $(...) too, so that a wrong word ends the script.
    packages_of "$purpose" >/dev/null
    want="$want $(packages_of "$purpose")"
done
want=$(printf '%s\n' $want | sort -u | tr '\n' ' ')
if [ $only_list = yes ]; then
    printf '%s\n' $want
    exit 0
fi

missing=$(missing_of "$want" | tr '\n' ' ')
[ -n "$missing" ] || exit 0

echo "Installing with apt what is missing for '$*':" $missing
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# A failed update is not the end: the lists at hand may do.
as_root apt-get -q update > "$log" 2>&1 ||
    { tail -n 5 "$log"; echo 'tools/deps.sh: apt-get update failed; trying with the lists at hand'; } >&2
as_root apt-get -q -y --no-install-recommends install $missing > "$log" 2>&1 ||
    { tail -n 30 "$log"; echo 'tools/deps.sh: apt-get install failed'; exit 1; } >&2

still=$(missing_of "$want" | tr '\n' ' ')
[ -z "$still" ] || { echo "tools/deps.sh: still missing: $still" >&2; exit 1; }
