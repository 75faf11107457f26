/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_attest.c - verdicts, and the one transaction that uses up a challenge and makes a
 * sandbox.
 *
 * It refuses a challenge that was used, and a sandbox that would rest on a document which is
 * not active any more: a revocation that commits first must not be outrun (DESIGN section 4, 2
 * and 8). */
#include "attest/base/hash.h"
#include "broker/store/sqlite_internal.h"
#include "broker/store/sqlite_rows.h"

struct attest {
    uint8_t challenge[SHA256_LEN];
    int64_t challenge_until;
    const struct verdict_row *verdict;
    const struct sandbox_row *sandbox; /* NULL when refused */
    const struct basis_row *basis;
    size_t basis_n;
    int64_t status_index; /* out */
};

static enum err
put_challenge(struct db *db, const struct attest *in, struct why *why)
{
    AUTO(query_end) struct query q = query_on(db, SQL_CHALLENGE_PUT);
    struct why detail = {0};

    query_put_bytes(&q, (struct slice){in->challenge, sizeof in->challenge});
    query_put_int(&q, in->challenge_until);
    enum err err = query_run(&q, NULL, &detail);

    if (err == ERR_CONFLICT) {
        return why_add(why, ERR_CONFLICT, "the challenge was used before");
    }
    return err == ERR_OK ? ERR_OK : why_add(why, err, "%s", why_text(&detail));
}

static enum err
put_verdict_row(struct db *db, const struct verdict_row *row, struct why *why)
{
    AUTO(query_end) struct query q = query_on(db, SQL_VERDICT_PUT);

    put_verdict(&q, row);
    return query_run(&q, NULL, why);
}

static enum err
take_status_index(struct db *db, int64_t *index, struct why *why)
{
    AUTO(query_end) struct query q = query_on(db, SQL_STATUS_INDEX);
    bool row = query_more(&q);

    TRY(query_ok(&q, why));
    if (!row) {
        return why_add(why, ERR_IO, "ledger: the counter of status indexes is missing");
    }
    *index = query_int(&q);
    return ERR_OK;
}

static enum err
put_sandbox(struct db *db, const struct sandbox_row *row, int64_t status_index, struct why *why)
{
    AUTO(query_end) struct query q = query_on(db, SQL_SANDBOX_PUT);
    bool beyond = row->lease_until > row->hard_until;

    query_put_text(&q, row->id);
    query_put_int(&q, row->state);
    query_put_text(&q, row->policy);
    query_put_int(&q, row->policy_version);
    query_put_text(&q, row->policy_digest);
    query_put_text(&q, row->jkt);
    query_put_text(&q, row->verdict);
    query_put_text(&q, row->session);
    query_put_text(&q, row->consent);
    query_put_int(&q, row->created);
    query_put_int(&q, beyond ? row->hard_until : row->lease_until);
    query_put_int(&q, row->hard_until);
    query_put_int(&q, row->collateral_until);
    query_put_int(&q, status_index);
    return query_run(&q, NULL, why);
}

static enum err
check_basis(struct db *db, const struct basis_row *basis, struct why *why)
{
    AUTO(query_end) struct query q = query_on(db, SQL_BASIS_ACTIVE);

    put_document_key(&q, &(struct document_key){basis->kind, basis->id, basis->version});
    bool active = query_more(&q);

    TRY(query_ok(&q, why));
    if (!active) {
        return why_add(why, ERR_DENIED, "%s/%s/%lld is not active", basis->kind, basis->id,
                       (long long)basis->version);
    }
    return ERR_OK;
}

static enum err
put_basis(struct db *db, const struct basis_row *basis, const char *sandbox, struct why *why)
{
    TRY(check_basis(db, basis, why));
    AUTO(query_end) struct query q = query_on(db, SQL_BASIS_PUT);

    put_document_key(&q, &(struct document_key){basis->kind, basis->id, basis->version});
    query_put_text(&q, sandbox);
    return query_run(&q, NULL, why);
}

static enum err
put_accepted(struct db *db, struct attest *in, struct why *why)
{
    TRY(take_status_index(db, &in->status_index, why));
    TRY(put_sandbox(db, in->sandbox, in->status_index, why));
    enum err err = ERR_OK;

    /* Two rows of evidence may rest on one document: it counts once. */
    for (size_t i = 0; i < in->basis_n && err == ERR_OK; i++) {
        err = put_basis(db, &in->basis[i], in->sandbox->id, why);
    }
    return err;
}

static enum err
attest_run(struct db *db, void *arg, struct why *why)
{
    struct attest *in = arg;

    TRY(put_challenge(db, in, why));
    enum err err = put_verdict_row(db, in->verdict, why);

    if (err == ERR_OK && in->sandbox != NULL) {
        err = put_accepted(db, in, why);
    }
    return err == ERR_CONFLICT ? ERR_BUG : err; /* ids are random: ours repeats one */
}

enum err
/* NOLINTNEXTLINE(readability-function-size): as many parameters as store.h says */
sqlite_attest_put(struct store *s, struct slice challenge, int64_t challenge_until,
                  const struct verdict_row *verdict, struct sandbox_row *sandbox,
                  const struct basis_row *basis, size_t basis_n, struct why *why)
{
    struct attest in = {
        .challenge_until = challenge_until,
        .verdict = verdict,
        .sandbox = sandbox,
        .basis = basis,
        .basis_n = basis_n,
    };

    hash_sha256(challenge, in.challenge);
    TRY(sqlite_write(s, attest_run, &in, why));
    if (sandbox != NULL) {
        sandbox->status_index = in.status_index;
    }
    return ERR_OK;
}

enum err
sqlite_verdict_get(struct store *s, const char *id, struct verdict_row *out, struct why *why)
{
    AUTO(reader_end) struct reader r = {0};
    AUTO(verdict_row_done) struct verdict_row row = {0};

    TRY(sqlite_read(s, &r, why));
    AUTO(query_end) struct query q = query_on(r.db, SQL_VERDICT_GET);

    query_put_text(&q, id);
    if (query_more(&q)) {
        take_verdict(&q, &row);
        row.findings = query_text_copy(&q);
        row.evidence = query_text_copy(&q);
    }
    TRY(query_ok(&q, why));
    if (row.id[0] == '\0') {
        return why_add(why, ERR_NOT_FOUND, "no verdict %.63s", id);
    }
    *out = row;
    row.findings = NULL;
    row.evidence = NULL;
    return ERR_OK;
}

enum err
sqlite_verdict_list(struct store *s, const char *after, struct verdict_row *out, size_t cap,
                    size_t *n, struct why *why)
{
    AUTO(reader_end) struct reader r = {0};
    size_t count = 0;

    TRY(sqlite_read(s, &r, why));
    AUTO(query_end) struct query q = query_on(r.db, SQL_VERDICT_LIST);

    query_put_text(&q, after);
    query_put_int(&q, (int64_t)cap);
    while (query_more(&q)) {
        take_verdict(&q, &out[count++]);
    }
    TRY(query_ok(&q, why));
    *n = count;
    return ERR_OK;
}
