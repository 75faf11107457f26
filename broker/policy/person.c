/* SPDX-License-Identifier: Apache-2.0 */
/* person.c - see policy.h: who somebody is, by the key of the client certificate, and what the
 * roles are called. */
#include <string.h>

#include "broker/policy/policy.h"

unsigned
role_by_name(struct slice name)
{
    static const struct {
        const char *name;
        enum role role;
    } table[] = {
        {"registrar", ROLE_REGISTRAR},       {"approver", ROLE_APPROVER},
        {"operator", ROLE_OPERATOR},         {"auditor", ROLE_AUDITOR},
        {"orchestrator", ROLE_ORCHESTRATOR}, {"relying-party", ROLE_RELYING_PARTY},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (slice_same(name, slice_text(table[i].name))) {
            return table[i].role;
        }
    }
    return 0;
}

const struct principal *
principal_find(const struct principals *who, const uint8_t spki[32])
{
    for (size_t i = 0; i < who->n; i++) {
        if (memcmp(who->row[i].spki, spki, sizeof who->row[i].spki) == 0) {
            return &who->row[i];
        }
    }
    return NULL;
}
