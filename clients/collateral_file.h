/* SPDX-License-Identifier: Apache-2.0 */
/* collateral_file.h - a file of a vendor's collateral as an operator has it, told apart by its contents, with the issuer chain that lies beside it.
 *
 * Of AMD a VCEK or a revocation list.  Of Intel a reply of the service byte for byte (NAME.json, NAME.body) or a CRL in DER, PEM or hex; its chain is
 * NAME_issuer_chain.pem, or a header of the recorded reply in NAME.http.json.  The broker verifies all of it: nothing is judged here. */
#ifndef CLIENTS_COLLATERAL_FILE_H
#define CLIENTS_COLLATERAL_FILE_H

#include <jansson.h>

#include "attest/base/err.h"
#include "attest/base/slice.h"

struct collateral_file {
    const char *
        kind; /* as POST /v1/admin/collateral names it: "vek", "crl", "tcb_info", "qe_identity", "pck_crl", "root_crl" */
    uint8_t *bytes, *chain; /* owned; chain: PEM, NULL when there is none */
    size_t len, chain_len;
};

void collateral_file_done(struct collateral_file *f);

/* ERR_MALFORMED: it is none of these, or what lies beside it is no chain; ERR_LIMIT, ERR_NOT_FOUND, ERR_IO. */
enum err collateral_file_read(const char *path, struct collateral_file *out,
                              struct why *why) MUST_USE;

/* It lies beside another file and is read with that. */
bool collateral_file_is_companion(const char *name);

/* The body of the request, owned by the caller.  track: NULL, or for documents of Intel "standard" or "early". */
json_t *collateral_file_json(const struct collateral_file *f, const char *track);

#endif
