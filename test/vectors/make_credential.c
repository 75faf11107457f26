/* SPDX-License-Identifier: Apache-2.0 */
/* make_credential.c - credentials for run_credential.py: a line "EK NAME SECRET RANDOM" of hex in, a line of hex out: TPM2B_ID_OBJECT
 * and TPM2B_ENCRYPTED_SECRET, or "error" and why. */
#include <stdio.h>
#include <string.h>

#include "attest/base/text.h"
#include "attest/tpm/credential.h"

enum { FIELDS = 4, FIELD_BYTES = 1024, LINE_BYTES = 4 * (2 * FIELD_BYTES + 1) + 2 };

struct field {
    uint8_t bytes[FIELD_BYTES];
    size_t len;
};

static struct slice
slice_of(const struct field *f)
{
    return (struct slice){f->bytes, f->len};
}

/* "-" is an empty field. */
static enum err
read_line(char *line, struct field field[FIELDS], struct why *why)
{
    enum err e = ERR_OK;
    char *save = NULL;
    char *word = strtok_r(line, " \n", &save);

    for (size_t i = 0; e == ERR_OK && i < FIELDS; i++) {
        if (word == NULL) {
            return why_add(why, ERR_MALFORMED, "%zu words", i);
        }
        field[i].len = 0;
        e = strcmp(word, "-") == 0
                ? ERR_OK
                : hex_decode(slice_text(word), field[i].bytes, FIELD_BYTES, &field[i].len, why);
        word = strtok_r(NULL, " \n", &save);
    }
    return e;
}

static enum err
make(const struct field field[FIELDS], struct tpm_credential *out, struct why *why)
{
    struct tpm_public ek = {0};
    const struct tpm_credential_in in = {
        .ek = &ek,
        .ak_name = slice_of(&field[1]),
        .secret = slice_of(&field[2]),
        .random = slice_of(&field[3]),
    };

    TRY(tpm_public_decode(slice_of(&field[0]), &ek, why));
    return tpm_credential_make(&in, out, why);
}

static void
say(const struct tpm_credential *c)
{
    char object[2 * TPM_ID_OBJECT_MAX + 1];
    char secret[2 * TPM_ENCRYPTED_SECRET_MAX + 1];

    hex_encode((struct slice){c->id_object, c->id_object_len}, object);
    hex_encode((struct slice){c->encrypted_secret, c->encrypted_secret_len}, secret);
    (void)printf("%s %s\n", object, secret);
}

int
main(void)
{
    static char line[LINE_BYTES];
    static struct field field[FIELDS];

    while (fgets(line, sizeof line, stdin) != NULL) {
        struct tpm_credential made = {0};
        struct why why = {0};
        enum err e = read_line(line, field, &why);

        e = e == ERR_OK ? make(field, &made, &why) : e;
        if (e == ERR_OK) {
            say(&made);
        } else {
            (void)printf("error %d %s\n", (int)e, why_text(&why));
        }
    }
    return 0;
}
