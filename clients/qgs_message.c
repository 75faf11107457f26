/* SPDX-License-Identifier: Apache-2.0 */
/* qgs_message.c - the messages of qgs.h: bytes in, fields out. */
#include <inttypes.h>

#include "attest/base/rd.h"
#include "attest/base/wr.h"
#include "attest/tdx/tdx.h"
#include "clients/qgs.h"

enum { MAJOR = 1, MINOR = 0, GET_QUOTE = 0, QUOTE_ANSWER = 1 };

struct word {
    uint32_t code;
    const char *text;
};

static const struct word error_words[] = {
    {0x12001, "it failed"},
    {0x12002, "out of memory"},
    {0x12003, "a parameter is wrong"},
    {0x12004, "the message's version is unknown"},
    {0x12005, "the message's type is unknown"},
    {0x12006, "the message's size is wrong"},
    {0x12007, "the message's error code is wrong"},
};

static const char *
error_word(uint32_t code)
{
    for (size_t i = 0; i < sizeof error_words / sizeof error_words[0]; i++) {
        if (error_words[i].code == code) {
            return error_words[i].text;
        }
    }
    return "unknown";
}

void
qgs_request_write(const uint8_t report[TD_REPORT_LEN], uint8_t dst[QGS_REQUEST_LEN])
{
    struct wr w = wr_init(dst, QGS_REQUEST_LEN, "qgs request");

    wr_le16(&w, MAJOR);
    wr_le16(&w, MINOR);
    wr_le32(&w, GET_QUOTE);
    wr_le32(&w, QGS_REQUEST_LEN);
    wr_le32(&w, 0); /* error */
    wr_le32(&w, TD_REPORT_LEN);
    wr_le32(&w, 0); /* any key */
    wr_bytes(&w, (struct slice){report, TD_REPORT_LEN});
}

/* The header; *error is what the service says of the request. */
static void
read_header(struct rd *r, uint32_t *error)
{
    if (rd_le16(r, "major version") != MAJOR) {
        rd_fail(r, "major version", "not 1");
    }
    (void)rd_le16(r, "minor version"); /* later ones are compatible */
    if (rd_le32(r, "type") != QUOTE_ANSWER) {
        rd_fail(r, "type", "not the answer to a request for a quote");
    }
    if (rd_le32(r, "size") != r->in.len) {
        rd_fail(r, "size", "not that of the message");
    }
    *error = rd_le32(r, "error");
}

enum err
qgs_answer_read(struct slice answer, struct slice *quote, struct why *why)
{
    struct rd r = rd_init(answer, "qgs answer");
    struct slice found = {0};
    uint32_t error = 0;
    uint32_t id_len = 0;
    uint32_t quote_len = 0;

    read_header(&r, &error);
    if (rd_ok(&r) && error != 0) {
        return why_add(why, ERR_UNABLE, "the quoting service answers 0x%" PRIx32 " (%s)", error,
                       error_word(error));
    }
    id_len = rd_le32(&r, "id length");
    quote_len = rd_le32(&r, "quote length");
    (void)rd_bytes(&r, "id", id_len);
    found = rd_bytes(&r, "quote", quote_len);
    if (rd_ok(&r) && (quote_len == 0 || quote_len > TDX_QUOTE_MAX)) {
        rd_fail(&r, "quote length", "not that of a quote");
    }
    TRY(rd_end(&r, why));
    *quote = found;
    return ERR_OK;
}
