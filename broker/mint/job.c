/* SPDX-License-Identifier: Apache-2.0 */
/* job.c - see job.h. */
#include "broker/mint/job.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "attest/base/text.h"
#include "broker/mint/claims.h"
#include "broker/mint/record.h"
#include "common/sys.h"

static const char JTI[] = "jt-";

static void
rule_set(struct job *j, const char *rule)
{
    (void)snprintf(j->rule, sizeof j->rule, "%s", rule);
}

static void
begin(struct job *j)
{
    j->id = 0;
    j->why.n = 0;
    j->rule[0] = '\0';
    j->kind = NULL;
    j->answer.text_len = 0;
    j->answer.headers[0] = '\0';
    j->answer.jti[0] = '\0';
    j->answer.iat = 0;
    j->answer.exp = 0;
    j->claims = wr_init(j->claims_buf, sizeof j->claims_buf, "mint.claims");
    j->entry = wr_init(j->entry_buf, sizeof j->entry_buf, "mint.record");
}

/* Whatever a credential will say is fixed before its record is written. */
static enum err
compose(struct job *j, const struct job_tools *t)
{
    if (j->kind->typ == NULL) {
        return ERR_OK;
    }

    const struct claims c = {
        .rule = j->kind,
        .ask = &j->ask,
        .issuer = t->issuer,
        .jti = j->answer.jti,
        .iat = j->answer.iat,
        .exp = j->answer.exp,
    };

    return claims_write(&j->claims, &c, &j->why);
}

static enum err
judge(struct job *j, const struct job_tools *t, int64_t now_unix)
{
    TRY(kind_judge(j->kind, &j->ask, j->rule, &j->why));
    if (j->kind->kind == MINT_PUT_URL && urls_check(t->urls, &j->ask, &j->why) != ERR_OK) {
        rule_set(j, "mint.put.store");
        return ERR_DENIED;
    }
    if (j->kind->kind != MINT_NOTE) {
        random_id(JTI, j->answer.jti, sizeof j->answer.jti);
        j->answer.iat = now_unix;
        j->answer.exp = j->ask.life_s == 0 ? 0 : now_unix + j->ask.life_s;
    }
    if (compose(j, t) != ERR_OK) {
        rule_set(j, "mint.token.too-large");
        return ERR_DENIED;
    }
    return ERR_OK;
}

static const char *
kind_name(const struct job *j)
{
    if (j->code == ERR_MALFORMED) {
        return "malformed";
    }
    return j->kind == NULL ? "unknown" : j->kind->name;
}

static enum mint_action
action_of(const struct job *j)
{
    if (j->code != ERR_OK) {
        return ACTION_DENIED;
    }
    return j->kind->kind == MINT_NOTE ? j->ask.record.action : ACTION_GRANTED;
}

/* `ask` is what of it goes into the record. */
static enum err
write_entry(struct job *j, const struct mint_ask *ask, const struct job_tools *t, int64_t now_ms)
{
    const struct record r = {
        .seq = log_next(t->log),
        .time_ms = now_ms,
        .action = action_of(j),
        .kind = kind_name(j),
        .rule = j->rule[0] == '\0' ? NULL : j->rule,
        .jti = j->code == ERR_OK && j->answer.jti[0] != '\0' ? j->answer.jti : NULL,
        .ask = ask,
    };

    j->entry.len = 0;
    j->entry.full = false;
    return record_write(&j->entry, &r, &j->why);
}

/* What cannot be recorded is refused, and the refusal is recorded without the texts that made it
 * too long. */
static void
put_on_record(struct job *j, const struct job_tools *t, int64_t now_ms)
{
    static const struct mint_ask BARE = {.kind = MINT_NOTE, .record = {.actor = "mint"}};
    const struct mint_ask *ask = j->code == ERR_MALFORMED ? &BARE : &j->ask;

    if (write_entry(j, ask, t, now_ms) != ERR_OK) {
        enum err err = ERR_OK;

        j->code = ERR_DENIED;
        rule_set(j, "mint.record.too-large");
        err = write_entry(j, &BARE, t, now_ms);
        assert(err == ERR_OK); /* BARE holds nothing of the caller's */
        (void)err;
    }
    j->answer.seq = log_next(t->log);
    log_append(t->log, now_ms, wr_done(&j->entry));
}

void
job_judge(struct job *j, struct slice message, const struct job_tools *t)
{
    int64_t now_ms = clock_unix_ms();

    begin(j);
    j->code = ask_decode(message, &j->id, &j->ask, &j->why);
    if (j->code == ERR_OK) {
        j->kind = kind_find(j->ask.kind);
        j->code = judge(j, t, now_ms / 1000);
    } else {
        rule_set(j, "mint.message.malformed");
    }
    put_on_record(j, t, now_ms);
}

/* Compact serialisation: header.payload.signature (RFC 7515 section 3.1). */
static enum err
sign(struct job *j, const struct job_tools *t)
{
    struct wr w = wr_init((uint8_t *)j->answer.text, sizeof j->answer.text, "mint.token");
    uint8_t sig[KEYRING_SIG];

    TRY(claims_header(&w, j->kind, keyring_kid(t->keys), &j->why));
    wr_u8(&w, '.');
    wr_b64url(&w, wr_done(&j->claims));
    TRY(wr_end(&w, &j->why));
    TRY(keyring_sign_token(t->keys, wr_done(&w), sig, &j->why));
    wr_u8(&w, '.');
    wr_b64url(&w, (struct slice){sig, sizeof sig});
    TRY(wr_cstr(&w, &j->why));
    j->answer.text_len = w.len;
    return ERR_OK;
}

void
job_sign(struct job *j, const struct job_tools *t)
{
    if (j->code != ERR_OK) {
        return;
    }
    if (j->kind->typ != NULL) {
        j->code = sign(j, t);
    }
    if (j->kind->kind == MINT_PUT_URL) {
        j->code = urls_put(t->urls, &j->ask, j->answer.iat, &j->answer, &j->why);
    }
    if (j->code != ERR_OK) {
        j->code = ERR_UNABLE; /* its record says granted: an intent that was not carried out */
    }
}
