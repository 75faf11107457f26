/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_mint_message.c - an ask from a network process that was taken over, up to what would be
 * signed and recorded.
 *
 * What decodes must encode to the same bytes; what the rules let pass must compose into JSON that
 * is JSON, with the audience, life and key that were judged.  Answers and hellos
 * are decoded too. */
#include <stdlib.h>
#include <string.h>

#include "attest/base/json_gate.h"
#include "attest/tlog/tree.h"
#include "broker/mint/claims.h"
#include "broker/mint/kinds.h"
#include "broker/mint/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { CLAIMS_MAX = 32768 };

static void
must(bool good)
{
    if (!good) {
        abort();
    }
}

static void
same_again(struct slice in, uint64_t id, const struct mint_ask *ask)
{
    static uint8_t again[MESSAGE_ASK_MAX];
    struct wr w = wr_init(again, sizeof again, "fuzz");
    struct why why = {0};

    must(ask_encode(&w, id, ask, &why) == ERR_OK);
    must(slice_same(in, wr_done(&w)));
}

static void
compose(const struct mint_rule *kind, const struct mint_ask *ask)
{
    static uint8_t text[CLAIMS_MAX];
    struct wr w = wr_init(text, sizeof text, "fuzz");
    struct why why = {0};
    const struct claims c = {
        .rule = kind, .ask = ask, .issuer = "https://b.example", .jti = "jt-1", .iat = 1, .exp = 2};

    must(ask->life_s <= kind->cap_s && ask->life_s >= (kind->cap_s > 0 ? 1 : 0));
    must(!kind->need_aud || ask->aud_n > 0);
    if (kind->typ != NULL && claims_write(&w, &c, &why) == ERR_OK) {
        must(json_gate_object(wr_done(&w), "claims", &why) == ERR_OK);
    }
}

static void
put_on_record(const struct mint_ask *ask)
{
    uint8_t text[TLOG_ENTRY_MAX];
    struct wr w = wr_init(text, sizeof text, "fuzz");
    struct why why = {0};
    const struct record r = {
        .action = ACTION_DENIED, .kind = "unknown", .rule = "mint.kind.unknown", .ask = ask};

    if (record_write(&w, &r, &why) == ERR_OK) {
        must(json_gate_object(wr_done(&w), "record", &why) == ERR_OK);
        must(memchr(text, '\n', w.len) == NULL);
    }
}

static void
replies(struct slice in)
{
    static struct mint_answer answer;
    static struct hello hello;
    struct slice rest = in;
    struct slice one = {0};
    struct why why = {0};
    uint64_t id = 0;

    while (answers_next(&rest, &one)) {
        must(one.len > 0 && one.ptr + one.len == rest.ptr && rest.len < in.len);
    }
    if (answer_id(in, &id, &why) == ERR_OK && answer_decode(in, &answer, &why) == ERR_OK) {
        must(answer.text_len == strlen(answer.text));
    }
    why.n = 0;
    if (hello_decode(in, &hello, &why) == ERR_OK) {
        must(strlen(hello.jwks) < sizeof hello.jwks);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct mint_ask ask;
    struct slice in = {data, len};
    struct why why = {0};
    char rule[KIND_RULE_MAX] = "";
    uint64_t id = 0;

    replies(in);
    ask = (struct mint_ask){0};
    if (ask_decode(in, &id, &ask, &why) != ERR_OK) {
        return 0;
    }
    same_again(in, id, &ask);
    put_on_record(&ask);
    if (kind_judge(kind_find(ask.kind), &ask, rule, &why) == ERR_OK) {
        compose(kind_find(ask.kind), &ask);
    } else {
        must(rule[0] != '\0');
    }
    return 0;
}
