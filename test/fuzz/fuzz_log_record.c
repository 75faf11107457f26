/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_log_record.c - an append file that somebody had in hands: stream of frames, each checked
 * and encoded again to the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "attest/tlog/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
must(bool good)
{
    if (!good) {
        abort();
    }
}

static void
same_again(struct slice in, const struct log_frame *f)
{
    uint8_t again[LOG_FRAME_MAX];
    struct wr w = wr_init(again, sizeof again, "fuzz");

    log_frame_encode(&w, f);
    must(slice_same((struct slice){in.ptr, f->len}, wr_done(&w)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct log_cursor at = {0};
    struct tlog_tree tree = {0};
    struct slice rest = {data, len};
    struct log_frame f = {0};
    struct why why = {0};
    uint8_t root[SHA256_LEN];

    if (log_frame_decode(rest, &f, &why) == ERR_OK) {
        same_again(rest, &f);
    }
    while (log_cursor_next(&at, rest, &f, &why) == ERR_OK) {
        uint8_t leaf[SHA256_LEN];

        must(f.len == log_frame_need(rest) && f.len <= rest.len);
        same_again(rest, &f);
        tlog_leaf(f.entry, leaf);
        tlog_push(&tree, leaf);
        rest = (struct slice){rest.ptr + f.len, rest.len - f.len};
    }
    must(at.seq == tree.size && at.offset == len - rest.len);
    tlog_root(&tree, root);
    return 0;
}
