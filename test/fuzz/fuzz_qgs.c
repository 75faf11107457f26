/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_qgs.c - what a host's quoting service answers: an answer that is taken has exactly the fields that say so, and its quote lies in it; and
 * addresses, of which whatever is taken is a vsock's or a socket's path. */
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "attest/tdx/tdx.h"
#include "clients/qgs.h"

enum { ADDRESS_MAX = 200, ID_LEN_AT = 16, QUOTE_LEN_AT = 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
must(bool good)
{
    if (!good) {
        abort();
    }
}

static size_t
le32(const uint8_t *p)
{
    return (size_t)p[0] | (size_t)p[1] << 8 | (size_t)p[2] << 16 | (size_t)p[3] << 24;
}

static void
answer(struct slice in)
{
    struct slice quote = {0};
    struct why why = {0};
    enum err err = qgs_answer_read(in, &quote, &why);

    must(err == ERR_OK || err == ERR_UNABLE || err == ERR_MALFORMED);
    must((err == ERR_OK) == (quote.ptr != NULL));
    if (err == ERR_OK) {
        size_t id_len = le32(in.ptr + ID_LEN_AT);

        must(quote.len == le32(in.ptr + QUOTE_LEN_AT) && quote.len <= TDX_QUOTE_MAX);
        must(quote.ptr == in.ptr + QGS_HEAD_LEN + id_len);
        must(QGS_HEAD_LEN + id_len + quote.len == in.len);
    }
}

static void
address(struct slice in)
{
    char text[ADDRESS_MAX + 1];
    struct qgs_address a;
    struct fault f = {0};

    if (in.len > ADDRESS_MAX) {
        return;
    }
    memcpy(text, in.ptr, in.len);
    text[in.len] = '\0';
    if (qgs_address_read(text, &a, &f) != ERR_OK) {
        must(a.len == 0);
        return;
    }
    must(a.at.ss_family == AF_VSOCK || a.at.ss_family == AF_UNIX);
    if (a.at.ss_family == AF_UNIX) {
        struct sockaddr_un un;

        memcpy(&un, &a.at, sizeof un);
        must(strcmp(un.sun_path, text + strlen("unix:")) == 0 && un.sun_path[0] == '/');
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len > 0 && data[0] == 'a') {
        address((struct slice){data + 1, len - 1});
    } else if (len > 0) {
        answer((struct slice){data + 1, len - 1});
    }
    return 0;
}
