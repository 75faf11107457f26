/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_note.c - checkpoints, signed notes and verifier keys, as an auditor is handed them.
 *
 * The first byte chooses the reader.  What is read must be written back the same; a note verifies
 * by the example key of golang.org/x/mod/sumdb/note only with the text that its owner signed. */
#include <stdlib.h>
#include <string.h>

#include "attest/base/b64.h"
#include "attest/tlog/note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char VKEY[] = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
static const char SIGNED[] = "If you think cryptography is the answer to your problem,\n"
                             "then you don't know what your problem is.\n";

static void
must(bool good)
{
    if (!good) {
        abort();
    }
}

static void
read_note(struct slice in)
{
    struct note_key key;
    struct slice text = {0};
    struct why why = {0};

    must(note_key_read(slice_text(VKEY), &key, &why) == ERR_OK);
    if (note_open(in, &key, &text, &why) == ERR_OK) {
        must(slice_same(text, slice_text(SIGNED)));
    }
}

static void
read_key(struct slice in)
{
    struct note_key key;
    struct note_key again;
    struct why why = {0};
    char text[NOTE_VKEY_MAX];

    if (note_key_read(in, &key, &why) == ERR_OK) {
        note_key_text(&key, text);
        must(note_key_read(slice_text(text), &again, &why) == ERR_OK);
        must(memcmp(&key, &again, sizeof key) == 0);
    }
}

static void
read_checkpoint(struct slice in)
{
    struct checkpoint cp;
    struct why why = {0};
    uint8_t text[NOTE_MAX];
    struct wr w = wr_init(text, sizeof text, "fuzz");

    if (checkpoint_read(in, &cp, &why) == ERR_OK) {
        checkpoint_write(&w, &cp);
        must(slice_same(in, wr_done(&w)));
    }
}

static void
read_base64(struct slice in)
{
    uint8_t raw[1024];
    uint8_t text[2048];
    struct wr w = wr_init(text, sizeof text, "fuzz");
    struct why why = {0};
    size_t len = 0;

    if (b64_decode(in, raw, sizeof raw, &len, &why) == ERR_OK) {
        b64_write(&w, (struct slice){raw, len});
        must(slice_same(in, wr_done(&w)));
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static void (*const READERS[])(struct slice in) = {read_note, read_key, read_checkpoint,
                                                       read_base64};

    if (len > 0) {
        READERS[data[0] % 4]((struct slice){data + 1, len - 1});
    }
    return 0;
}
