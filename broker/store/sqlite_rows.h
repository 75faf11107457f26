/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_rows.h - rows of the ledger, column by column in the order of sqlite_sql.c. */
#ifndef BROKER_STORE_SQLITE_ROWS_H
#define BROKER_STORE_SQLITE_ROWS_H

#include "broker/store/sqlite_db.h"
#include "broker/store/store.h"

/* From the current row of a query; query_ok() tells afterwards whether all of it fitted. */
void take_sandbox(struct query *q, struct sandbox_row *row);
void take_verdict(struct query *q, struct verdict_row *row); /* without findings and evidence */
void take_upload(struct query *q, struct upload_row *row);
void take_document(struct query *q, struct document_row *row); /* without jws */

/* All rows of a query of ids that is limited to what `ids` holds. */
enum err take_ids(struct query *q, char (*ids)[ID_MAX], size_t *n, struct why *why) MUST_USE;

/* As parameters.  The strings stay borrowed until query_end(). */
void put_verdict(struct query *q, const struct verdict_row *row); /* with findings and evidence */
void put_upload(struct query *q, const struct upload_row *row);
void put_document(struct query *q, const struct document_row *row); /* with jws */

/* What names a document; borrowed. */
struct document_key {
    const char *kind;
    const char *id;
    int64_t version;
};

void put_document_key(struct query *q, const struct document_key *key);

#endif
