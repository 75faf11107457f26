/* SPDX-License-Identifier: Apache-2.0 */
/* shelf.c - see shelf.h.
 *
 * The ledger's word for who wrote, approved or activated a document is not taken: signatures,
 * roles, digests and approvals are counted again here, so that whoever owns the database
 * cannot add a value. */
#include "broker/policy/shelf.h"

#include <string.h>

#include "common/mem.h"

enum { LIST_FIRST = 256 };

/* While loading. */
struct loader {
    struct store *store;
    const struct principals *who;
    size_t needed;
    struct shelf *shelf;
};

static void
shelf_row_done(struct shelf_row *row)
{
    for (size_t i = 0; i < row->n; i++) {
        document_done(&row->document[i]);
    }
    mem_free(row->document);
}

void
shelf_free(struct shelf **s)
{
    if (*s == NULL) {
        return;
    }
    shelf_row_done(&(*s)->policies);
    shelf_row_done(&(*s)->sets);
    mem_free((*s)->complaint);
    mem_free(*s);
    *s = NULL;
}

static int
compare(const struct document *d, const char *id, int64_t version)
{
    int order = strcmp(d->id, id);

    return order != 0 ? order : (d->version > version) - (d->version < version);
}

const struct document *
shelf_find(const struct shelf_row *row, const char *id, int64_t version)
{
    int64_t wanted = version == 0 ? INT64_MAX : version;
    size_t low = 0; /* all before it are at most what is wanted */
    size_t high = row->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare(&row->document[middle], id, wanted) <= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    const struct document *last = low == 0 ? NULL : &row->document[low - 1];
    bool found =
        last != NULL && strcmp(last->id, id) == 0 && (version == 0 || last->version == version);

    return found ? last : NULL;
}

static void
approvals_done(struct approval_row *row, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        approval_row_done(&row[i]);
    }
}

/* Approvals that verify, each by the person whom the row names: one person has one row. */
static size_t
count_approvals(const struct loader *l, const struct document_row *row, const struct document *d,
                const struct approval_row *approval, size_t n)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++) {
        const struct principal *by = NULL;
        struct why ignored = {0};
        enum err err =
            approval_check(l->who, row->kind, d, slice_text(approval[i].jws), &by, &ignored);

        count += err == ERR_OK && strcmp(by->name, approval[i].approver) == 0;
    }
    return count;
}

/* ERR_DENIED when too few approvals verify; every other failure is the store's. */
static enum err
check_approvals(const struct loader *l, const struct document_row *row, const struct document *d,
                struct why *why)
{
    struct approval_row approval[SHELF_APPROVALS_MAX] = {0};
    size_t n = 0;

    if (l->needed == 0) {
        return ERR_OK;
    }
    TRY(l->store->ops->approval_list(l->store, row->kind, row->id, row->version, approval,
                                     SHELF_APPROVALS_MAX, &n, why));
    size_t count = count_approvals(l, row, d, approval, n);

    approvals_done(approval, n);
    return count >= l->needed ? ERR_OK
                              : why_add(why, ERR_DENIED, "%zu of %zu approvals verify, %zu needed",
                                        count, n, l->needed);
}

/* What the ledger says of a document must be what the document says. */
static enum err
check_row(const struct document_row *row, const struct document *d, struct why *why)
{
    if (strcmp(row->id, d->id) != 0 || row->version != d->version) {
        return why_add(why, ERR_DENIED, "the document is %s/%lld", d->id, (long long)d->version);
    }
    if (strcmp(row->author, d->author) != 0) {
        return why_add(why, ERR_DENIED, "signed by %s, not by %s", d->author, row->author);
    }
    if (strcmp(row->digest, d->digest) != 0) {
        return why_add(why, ERR_DENIED, "the document's digest is %s", d->digest);
    }
    return ERR_OK;
}

static void
complain(struct shelf *shelf, const struct document_row *row, const struct why *why)
{
    size_t n = shelf->complaints;

    shelf->complaint = mem_grow(shelf->complaint, n, n + 1, sizeof *shelf->complaint);
    struct policy_complaint *c = &shelf->complaint[n];

    memcpy(c->kind, row->kind, sizeof c->kind);
    memcpy(c->id, row->id, sizeof c->id);
    c->version = row->version;
    c->why = *why;
    shelf->complaints = n + 1;
}

/* On the shelf, or a complaint.  What is returned is the store's failure only. */
static enum err
load_document(const struct loader *l, const struct document_row *row, struct shelf_row *to,
              struct why *why)
{
    AUTO(document_done) struct document d = {0};
    struct why reason = {0};
    enum err err = document_check(l->who, row->kind, slice_text(row->jws), &d, &reason);

    if (err == ERR_OK) {
        err = check_row(row, &d, &reason);
    }
    if (err != ERR_OK) {
        complain(l->shelf, row, &reason);
        return ERR_OK;
    }
    err = check_approvals(l, row, &d, &reason);
    if (err == ERR_DENIED) {
        complain(l->shelf, row, &reason);
        return ERR_OK;
    }
    if (err != ERR_OK) {
        return why_add(why, err, "%s", why_text(&reason));
    }
    to->document[to->n++] = d;
    d = (struct document){0};
    return ERR_OK;
}

/* A listed document with its text, if it is (still) active. */
static enum err
load_listed(const struct loader *l, const struct document_row *listed, struct shelf_row *to,
            struct why *why)
{
    AUTO(document_row_done) struct document_row row = {0};

    if (listed->state != DOCUMENT_ACTIVE) {
        return ERR_OK;
    }
    TRY(l->store->ops->document_get(l->store, listed->kind, listed->id, listed->version, &row,
                                    why));
    return row.state == DOCUMENT_ACTIVE ? load_document(l, &row, to, why) : ERR_OK;
}

static void
rows_free(struct document_row **row)
{
    mem_free(*row);
    *row = NULL;
}

/* All rows of a kind; *out is the caller's also on failure. */
static enum err
list_all(const struct loader *l, const char *kind, struct document_row **out, size_t *n,
         struct why *why)
{
    size_t cap = 0;
    enum err err = ERR_OK;

    for (*n = 0; err == ERR_OK && *n == cap && cap < SHELF_DOCUMENTS_MAX;) {
        size_t more = cap == 0 ? LIST_FIRST : 2 * cap;

        *out = mem_grow(*out, cap, more, sizeof **out);
        cap = more;
        err = l->store->ops->document_list(l->store, kind, *out, cap, n, why);
    }
    if (err == ERR_OK && *n == cap) {
        return why_add(why, ERR_LIMIT, "%d documents of kind %s or more", SHELF_DOCUMENTS_MAX,
                       kind);
    }
    return err;
}

static enum err
load_kind(const struct loader *l, const char *kind, struct shelf_row *to, struct why *why)
{
    AUTO(rows_free) struct document_row *listed = NULL;
    size_t n = 0;

    TRY(list_all(l, kind, &listed, &n, why));
    to->document = mem_new(n, sizeof *to->document);
    enum err err = ERR_OK;

    for (size_t i = 0; i < n && err == ERR_OK; i++) {
        err = load_listed(l, &listed[i], to, why);
    }
    return err;
}

enum err
shelf_load(struct store *store, const struct principals *who, size_t approvals_needed,
           struct shelf **out, struct why *why)
{
    AUTO(shelf_free) struct shelf *shelf = mem_new(1, sizeof *shelf);
    struct loader l = {store, who, approvals_needed, shelf};

    /* Before the documents: a change in between is found by the next look at the epoch. */
    TRY(store->ops->document_epoch(store, &shelf->epoch, why));
    TRY(load_kind(&l, "policy", &shelf->policies, why));
    TRY(load_kind(&l, "reference-set", &shelf->sets, why));
    *out = shelf;
    shelf = NULL;
    return ERR_OK;
}
