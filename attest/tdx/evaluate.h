/* SPDX-License-Identifier: Apache-2.0 */
/* evaluate.h - the TCB status of a platform, its TDX module and its Quoting Enclave (Intel PCS API v4 "TCB Info V3"
 * and the rules of Intel's Quote Verification Library for converging them). */
#ifndef ATTEST_TDX_EVALUATE_H
#define ATTEST_TDX_EVALUATE_H

#include "attest/tdx/tdx.h"

/* What is compared. */
struct tdx_svns {
    const uint8_t *component; /* TDX_COMPONENTS of the PCK certificate */
    uint16_t pcesvn;
    struct slice tee_tcb_svn;  /* 16 */
    struct slice tee_tcb_svn2; /* 16, or empty */
    uint16_t qe_isvsvn;
};

/* The module identity for this module version (byte 1 of the SVN); NULL: none, or TDX 1.0, which has none. */
const struct tdx_module *tdx_module_for(const struct tdx_tcb_info *tcb, struct slice svn);

/* Converge a platform's status with those of its components. */
enum tdx_status tdx_converge(enum tdx_status platform, enum tdx_status module, enum tdx_status qe);

/* Launch and current of a TDX 1.5 body. */
enum tdx_status tdx_relaunch(enum tdx_status launch, enum tdx_status current);

void tdx_evaluate(const struct tdx_tcb_info *tcb, const struct tdx_qe_identity *qe,
                  const struct tdx_svns *svns, struct tdx_tcb_result *out);

/* 0 is best; an order for telling which of two is worse, not for converging. */
unsigned tdx_severity(enum tdx_status s);

#endif
