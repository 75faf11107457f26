#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# attest/ is pure: what its objects call from outside is on this list, or it is not called.  No clock, randomness, file, socket,
# environment, allocator, printing or exit is on it; OpenSSL, nettle and GMP are, save their entrances to those.
set -u
B=${B:-build}
objs=$(find "$B/obj/attest" -name '*.o' 2>/dev/null)
[ -n "$objs" ] || { echo "purity: no objects under $B/obj/attest; run make"; exit 1; }
have=$(mktemp) && trap 'rm -f "$have"' EXIT
# shellcheck disable=SC2086 # a list of files without blanks
nm --defined-only $objs | awk 'NF == 3 { print $3 }' | sort -u > "$have"
# shellcheck disable=SC2086
nm -u $objs | awk 'NF == 2 { print $2 }' | sort -u | grep -vxF -f "$have" |
    awk '
    /^(mem(cpy|move|set|cmp|chr|rchr|mem)|str(len|nlen|cmp|ncmp|chr|rchr|spn|cspn|str)|(v?snprintf))$/ { next }
    /^__(memcpy|memmove|memset|snprintf|vsnprintf)_chk$/ { next }
    /^(__stack_chk_fail|__assert_fail|_GLOBAL_OFFSET_TABLE_)$/ { next }
    /^(__(asan|ubsan|tsan|sanitizer)_.*)$/ { next }
    /^(RAND_|BIO_new_file|BIO_s_file|BIO_new_fp|CONF_|NCONF_|OPENSSL_(malloc|zalloc|init|config)|CRYPTO_(malloc|zalloc|realloc|strdup))/ { bad[$0]; next }
    /^X509_(cmp_current_time|gmtime_adj|time_adj|time_adj_ex|load_|get_default|STORE_load|STORE_set_default|LOOKUP)/ { bad[$0]; next }
    /^(ASN1_TIME_set|X509_NAME_print_ex_fp|ERR_print_errors)/ { bad[$0]; next }
    /^__gmp(z_(inp|out|urandom|rrandom|random)|_(rand|set_memory|printf|fprintf|scanf|fscanf))/ { bad[$0]; next }
    /^__gmpz_/ { next }
    /^(EVP|EC|ECDSA|BN|OBJ|ASN1|d2i|i2d|X509|X509v3|PEM|BIO|OPENSSL|CRYPTO|ERR|OSSL|RSA|SHA256|SHA384|SHA512|SHA1|GENERAL|AUTHORITY|BASIC|nettle|_nettle|sk)_/ { next }
    { bad[$0] }
    END { for (s in bad) { print "attest/ may not call " s; n++ } exit n > 0 }' || exit 1
echo pure
