/* SPDX-License-Identifier: Apache-2.0 */
/* revoked.c - the intermediates that AMD has taken back, so that they are refused without a CRL too; see certs/amd.h. */
#include "certs/amd.h"

static const struct amd_revoked FACTS[] = {
    {
        .cn = "SEV-Genoa",
        .serial = 0x20001,
        .since = "2022-10-31T13:34:46Z",
        .sha256 = "54467b96b8baf21dd42ef7162a62ec7812c5231ef301790e37a84b822ae6f459",
        .spki_sha256 = "0dee0c846c77000ff39d65b9d51d8b31189426d6f2f50858fb23b39718dd9c30",
        .origin = "/vcek/v1/Genoa/crl",
    },
};

enum { FACTS_N = sizeof FACTS / sizeof FACTS[0] };

_Static_assert((int)FACTS_N <= (int)AMD_REVOKED_MAX, "callers make room for all of them");

const struct amd_revoked *
amd_revoked(size_t *n)
{
    *n = FACTS_N;
    return FACTS;
}
