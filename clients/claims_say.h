/* SPDX-License-Identifier: Apache-2.0 */
/* claims_say.h - claims for a person: one line for each field, objects of objects member by member. */
#ifndef CLIENTS_CLAIMS_SAY_H
#define CLIENTS_CLAIMS_SAY_H

#include <jansson.h>

/* An object whose members are texts, numbers, lists of texts or numbers, and objects of those. */
void claims_say(json_t *o);

#endif
