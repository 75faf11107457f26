#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Both commands of README on a machine that has nothing: a new, minimal Debian 12 in a folder, with this machine's apt sources
# and settings, git, make, a plain clone of what is committed here, and nothing else.
#
#   tools/fresh.sh [FOLDER]     FOLDER is kept; without it a temporary one is made and removed
#
# Needs root (chroot, mounts).  Mounts and processes live in namespaces of their own and end with them.
set -eu

suite=bookworm
root=$(cd "$(dirname "$0")/.." && pwd)
say() { printf '\n=== %s\n' "$*"; }
since() { echo "    ($(($(date +%s) - $1)) s)"; }

# First mirror of this machine that offers the suite, from either form of apt's sources.
mirror() {
    cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
        awk -v s="$suite" '$1 == "deb" { i = 2; if ($2 ~ /^\[/) { while ($i !~ /\]$/) i++; i++ }
            if ($(i + 1) == s) { print $i; exit } }'
    cat /etc/apt/sources.list.d/*.sources 2>/dev/null |
        awk -v s="$suite" 'BEGIN { RS = ""; FS = "\n" }
            { uri = ""; ok = 0
              for (i = 1; i <= NF; i++) {
                  n = split($i, w, " ")
                  if (w[1] == "URIs:") uri = w[2]
                  if (w[1] == "Suites:") for (j = 2; j <= n; j++) if (w[j] == s) ok = 1
              }
              if (ok && uri != "") { print uri; exit } }'
}

# apt works inside exactly as it does here.
copy_apt() {
    rm -rf "$1/etc/apt"
    cp -a /etc/apt "$1/etc/apt"
    mkdir -p "$1/usr/share/keyrings" "$1/etc/ssl/certs"
    cp -an /usr/share/keyrings/. "$1/usr/share/keyrings/"
    [ ! -e /etc/ssl/certs/ca-certificates.crt ] ||
        cp -L /etc/ssl/certs/ca-certificates.crt "$1/etc/ssl/certs/ca-certificates.crt"
    if [ -d /usr/local/share/ca-certificates ]; then
        mkdir -p "$1/usr/local/share/ca-certificates"
        cp -a /usr/local/share/ca-certificates/. "$1/usr/local/share/ca-certificates/"
    fi
    for f in resolv.conf hosts; do
        cp -L "/etc/$f" "$1/etc/$f"
    done
    # Packages must not start services in here.
    printf '#!/bin/sh\nexit 101\n' > "$1/usr/sbin/policy-rc.d"
    chmod +x "$1/usr/sbin/policy-rc.d"
}

# Runs inside the namespaces ($1 = folder): mounts end with them.
if [ "${1:-}" = --inside ]; then
    dir=$2
    mount --bind /dev "$dir/dev"
    mount -t tmpfs tmpfs "$dir/dev/shm" 2>/dev/null || true
    mount -t tmpfs -o mode=1777 tmpfs "$dir/tmp"
    run() {
        env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
            ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
            ${no_proxy:+no_proxy="$no_proxy"} chroot "$dir" sh -c "$1"
    }
    start=$(date +%s)
    say 'apt-get install git make'
    run 'export DEBIAN_FRONTEND=noninteractive
         apt-get -q update && apt-get -q -y --no-install-recommends install git make' > "$dir/srv/apt.log" 2>&1 ||
        { tail -n 30 "$dir/srv/apt.log"; exit 1; }
    since "$start"
    for target in demo 'demo GUEST=snp' 'demo GUEST=tdx' check; do
        start=$(date +%s)
        say "make $target"
        run "cd /srv/countersign && make $target"
        since "$start"
    done
    # Once more, with everything installed and no network at all: apt must not be needed.
    say 'make demo, of each kind, without network'
    start=$(date +%s)
    # shellcheck disable=SC2016 # $1 belongs to the inner shell
    unshare --net sh -c 'ip link set lo up 2>/dev/null || ifconfig lo up 2>/dev/null || true
        exec env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 chroot "$1" \
            sh -c "cd /srv/countersign && make demo && make demo GUEST=snp && make demo GUEST=tdx"' sh "$dir"
    since "$start"
    exit 0
fi

[ "$(id -u)" -eq 0 ] || { echo 'make fresh needs root: chroot and mounts' >&2; exit 1; }
if [ $# -gt 0 ]; then
    dir=$(mkdir -p "$1" && cd "$1" && pwd)
else
    dir=$(mktemp -d /var/tmp/countersign-fresh.XXXXXX)
    # Nothing of this machine is mounted below it out here: the mounts are the namespace's.
    trap 'rm -rf --one-file-system "$dir" "$dir.log"' EXIT
    trap 'exit 130' INT TERM
fi
# The root folder of a machine is open to everyone, unlike what mktemp makes.
chmod 755 "$dir"
[ -z "$(git -C "$root" status --porcelain)" ] ||
    echo 'fresh: note: what is not committed is not in the clone' >&2

start=$(date +%s)
uri=$(mirror | head -n 1)
[ -n "$uri" ] || { echo "fresh: no apt source of this machine offers $suite" >&2; exit 1; }
if [ ! -e "$dir/etc/debian_version" ]; then
    say "debootstrap $suite"
    debootstrap --variant=minbase "$suite" "$dir" "$uri" > "$dir.log" 2>&1 ||
        { tail -n 20 "$dir.log"; rm -f "$dir.log"; exit 1; }
    rm -f "$dir.log"
fi
since "$start"
copy_apt "$dir"
rm -rf "$dir/srv/countersign"
git clone -q --no-hardlinks "file://$root" "$dir/srv/countersign"

unshare --mount --propagation private --pid --fork --kill-child --mount-proc="$dir/proc" \
    "$0" --inside "$dir"
say 'fresh: passed'
