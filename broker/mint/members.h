/* SPDX-License-Identifier: Apache-2.0 */
/* members.h - JSON members out of an ask, for claims and for records alike.
 *
 * Writes `,"name":value`, so the first member of an object is written by hand.  Texts are escaped
 * by wr_json(). */
#ifndef BROKER_MINT_MEMBERS_H
#define BROKER_MINT_MEMBERS_H

#include "broker/mint/kinds.h"

/* `,"name":` alone; the name is one of ours and needs no escapes. */
void member_name(struct wr *w, const char *name);

/* Nothing when the text is empty. */
void member_text(struct wr *w, const char *name, const char *text);
void member_number(struct wr *w, const char *name, int64_t value);

/* Every text of the set that is not empty, under its own name, in the order of the wire. */
void member_texts(struct wr *w, const struct mint_ask *ask, uint32_t set);

/* An array of the audiences; nothing when there are none. */
void member_audiences(struct wr *w, const struct mint_ask *ask);

#endif
