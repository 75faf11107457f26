/* SPDX-License-Identifier: Apache-2.0 */
/* root.c - Intel's SGX Root CA as facts; see certs/intel.h. */
#include "certs/intel.h"

static const struct intel_root FACTS = {
    .cn = "Intel SGX Root CA",
    .serial = "22650cd65a9d3489f383b49552bf501b392706ac",
    .not_before = "2018-05-21T10:45:10Z",
    .not_after = "2049-12-31T23:59:59Z",
    .x = "0ba9c4c0c0c86193a3fe23d6b02cda10a8bbd4e88e48b4458561a36e705525f5",
    .y = "67918e2edc88e40d860bd0cc4ee26aacc988e505a953558c453f6b0904ae7394",
    .sha256 = "44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3",
    .spki_sha256 = "a0af031289f5d5d4132f9186068a7fc13628633ba235777472e29b6b6c67a49e",
    .origin = "https://certificates.trustedservices.intel.com/"
              "Intel_SGX_Provisioning_Certification_RootCA.cer",
};

const struct intel_root *
intel_root(void)
{
    return &FACTS;
}
