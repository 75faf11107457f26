/* SPDX-License-Identifier: Apache-2.0 */
/* thim.c - see thim.h. */
#include "clients/thim.h"

#include "attest/snp/snp.h"
#include "common/json.h"
#include "common/mem.h"

enum err
thim_vek(const char *url, char **pem, struct fault *f)
{
    const struct metadata_ask ask = {.url = url, .code = "thim", .wait_ms = THIM_MS};
    json_t *answer AUTO(json_free) = NULL;
    const json_t *vek = NULL;
    size_t len = 0;

    TRY(metadata_get(&ask, &answer, f));
    vek = json_object_get(answer, "vcekCert");
    len = json_string_length(vek);
    if (len == 0 || len > SNP_VEK_MAX) {
        return fault_add(f, ERR_UNABLE, "thim", "%s: no usable vcekCert", url);
    }
    *pem = mem_text((struct slice){(const uint8_t *)json_string_value(vek), len});
    return ERR_OK;
}
