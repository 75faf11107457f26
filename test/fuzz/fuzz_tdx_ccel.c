/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_tdx_ccel.c - any bytes as the event log of a TD: replayed once and again without its fill to the same registers, or refused with the
 * event and the field. */
#include "attest/tdx/ccel.h"
#include "test/fuzz/tdx_trust.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const uint8_t ZEROS[SHA384_LEN];
    struct ccel_replay out;
    struct ccel_replay again;
    struct why why = {0};
    size_t events = 0;

    if (ccel_replay((struct slice){data, len}, &out, &why) != ERR_OK) {
        must(why.n > 0);
        return 0;
    }
    must(out.used <= len);
    must(ccel_replay((struct slice){data, out.used}, &again, &why) == ERR_OK);
    must(memcmp(out.rtmr, again.rtmr, sizeof out.rtmr) == 0 && again.used == out.used);
    for (size_t i = 0; i < TDX_RTMRS; i++) {
        bool untouched = memcmp(out.rtmr[i], ZEROS, sizeof ZEROS) == 0;

        must(untouched == (out.events[i] == 0) && out.separators[i] <= out.events[i]);
        events += out.events[i];
    }
    must(events < CCEL_EVENTS_MAX);
    return 0;
}
