/* SPDX-License-Identifier: Apache-2.0 */
/* qgs.h - Intel's Quote Generation Service on the host: a TD report there, a quote back.
 *
 * One connection, one message each way.  Each is preceded by its length, 4 bytes big-endian; its own fields are little-endian:
 *   header    u16 major version 1, u16 minor version (0; any in an answer), u32 type, u32 size of the whole message, u32 error
 *   request   type 0: u32 length of the report, u32 length of a list of key ids (0), report
 *   answer    type 1: u32 length of the id, u32 length of the quote, id, quote
 * The service is the host's, and not trusted: what comes is bounded, and whoever verifies the quote judges it.
 *
 * Source: Intel SGX/TDX DCAP, qgs_msg_lib and the QGS daemon that speaks it. */
#ifndef CLIENTS_QGS_H
#define CLIENTS_QGS_H

#include <sys/socket.h>

#include "clients/fault.h"

enum {
    TD_REPORT_LEN = 1024,
    QGS_ASK_MS = 30000, /* connection, request and answer together */
    QGS_HEAD_LEN = 24,  /* header and the two lengths */
    QGS_REQUEST_LEN = QGS_HEAD_LEN + TD_REPORT_LEN,
    QGS_ANSWER_MAX = 80 * 1024,
};

struct qgs_address {
    struct sockaddr_storage at; /* AF_VSOCK or AF_UNIX */
    socklen_t len;
};

/* "vsock:CID:PORT", decimal, or "unix:/path" of a stream socket.  ERR_MALFORMED, code usage. */
enum err qgs_address_read(const char *text, struct qgs_address *out, struct fault *f) MUST_USE;

/* *quote is owned by the caller (mem_free_bytes()), 1..TDX_QUOTE_MAX bytes.  ERR_UNABLE, code tdx: what the service said, or that it
 * said nothing within wait_ms. */
enum err qgs_quote(const struct qgs_address *a, const uint8_t report[TD_REPORT_LEN],
                   int64_t wait_ms, uint8_t **quote, size_t *len, struct fault *f) MUST_USE;

/* ---- the messages, without their length before them */

void qgs_request_write(const uint8_t report[TD_REPORT_LEN], uint8_t dst[QGS_REQUEST_LEN]);

/* *quote borrows from the answer.  ERR_UNABLE: the service refuses, with its reason.  ERR_MALFORMED: not such a message. */
enum err qgs_answer_read(struct slice answer, struct slice *quote, struct why *why) MUST_USE;

#endif
