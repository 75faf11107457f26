/* SPDX-License-Identifier: Apache-2.0 */
/* verify_collateral.h - Intel's collateral out of a folder, for `countersign verify tdx`:
 *
 *   DIR/tcb_info.json             DIR/tcb_info_issuer_chain.pem
 *   DIR/qe_identity.json          DIR/qe_identity_issuer_chain.pem
 *   DIR/pck_crl.der               DIR/root_ca_crl.der      or .pem or .hex; the contents tell what it is
 *   DIR/early/                    tcb_info* and qe_identity* of the early track, if there are any
 *
 * The JSON files are the service's replies, byte for byte.  A file that is not there is missing collateral, and its row of the verdict
 * says so. */
#ifndef CLIENTS_VERIFY_COLLATERAL_H
#define CLIENTS_VERIFY_COLLATERAL_H

#include "clients/verify_input.h"

enum { VERIFY_DOCUMENTS = 4, VERIFY_CRLS = 2 };

struct verify_collateral {
    struct verify_file document[VERIFY_DOCUMENTS], early[VERIFY_DOCUMENTS], crl[VERIFY_CRLS];
    struct tdx_collateral bytes; /* borrows from the files */
    /* where they are judged; owned.  early_facts is NULL without an early track. */
    struct tdx_collateral_facts *room, *early_facts;
};

void verify_collateral_done(struct verify_collateral *c);

/* ERR_NOT_FOUND: the folder itself is not there; ERR_MALFORMED: a file is empty; ERR_LIMIT, ERR_IO. */
enum err verify_collateral_read(const char *dir, const struct tdx_anchor *anchor,
                                struct verify_collateral *out, struct why *why) MUST_USE;

#endif
