/* SPDX-License-Identifier: Apache-2.0 */
/* members.c - see members.h. */
#include "broker/mint/members.h"

void
member_name(struct wr *w, const char *name)
{
    wr_text(w, ",\"");
    wr_text(w, name);
    wr_text(w, "\":");
}

void
member_text(struct wr *w, const char *name, const char *text)
{
    if (text[0] == '\0') {
        return;
    }
    member_name(w, name);
    wr_json(w, slice_text(text));
}

void
member_number(struct wr *w, const char *name, int64_t value)
{
    member_name(w, name);
    wr_dec(w, value);
}

void
member_texts(struct wr *w, const struct mint_ask *ask, uint32_t set)
{
    for (unsigned f = 0; f < ASK_FIELDS; f++) {
        if ((set & ASK_BIT(f)) != 0) {
            member_text(w, ask_field_name(f), ask_field_text(ask, f));
        }
    }
}

void
member_audiences(struct wr *w, const struct mint_ask *ask)
{
    for (size_t i = 0; i < ask->aud_n; i++) {
        wr_text(w, i == 0 ? ",\"aud\":[" : ",");
        wr_json(w, slice_text(ask->aud[i]));
    }
    if (ask->aud_n > 0) {
        wr_u8(w, ']');
    }
}
