/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_ek_wrapper.c - what is unwrapped lies in the input and accounts for every byte of it; unwrapped once more it is itself. */
#include <stdlib.h>

#include "attest/tpm/ek_wrapper.h"

enum { HEADER = 5, TAG = 2 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
must(bool good)
{
    if (!good) {
        abort();
    }
}

/* Nothing but one value behind the certificate, of the three that are taken. */
static void
padding_is_of_one_value(const uint8_t *end, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        must(end[i] == end[0] && (end[0] == 0 || end[0] == 0xff || end[0] == 0x11));
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct slice in = {data, len};
    struct tpm_ek_wrapped got = {0};
    struct tpm_ek_wrapped again = {0};
    struct why why = {0};

    if (tpm_ek_unwrap(in, &got, &why) != ERR_OK) {
        must(why.n > 0 && got.der.ptr == NULL);
        return 0;
    }

    size_t before = (size_t)(got.der.ptr - data);

    must(before == 0 || before == HEADER || before == HEADER + TAG);
    must(got.header == (before > 0) && got.der.len >= 2 && got.der.ptr[0] == 0x30);
    must(before + got.der.len + got.padding == len);
    padding_is_of_one_value(got.der.ptr + got.der.len, got.padding);
    must(tpm_ek_unwrap(got.der, &again, &why) == ERR_OK && !again.header && again.padding == 0);
    must(again.der.ptr == got.der.ptr && again.der.len == got.der.len);
    return 0;
}
