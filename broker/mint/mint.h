/* SPDX-License-Identifier: Apache-2.0 */
/* mint.h - the network process's side of the mint: ask for a credential, a URL or a record.
 *
 * The mint is a second process that holds keys, stored secrets and the audit log, and nothing
 * else.  It signs only what fits a kind it knows and makes the audit record durable before it
 * answers.  Every call here blocks until the mint has answered or MINT_WAIT_MS have passed; calls
 * may come from any thread.  When the mint has died every call returns ERR_UNABLE at once. */
#ifndef BROKER_MINT_MINT_H
#define BROKER_MINT_MINT_H

#include "attest/base/binding.h"
#include "common/jose.h"
#include "common/sys.h"

#include <sys/types.h>

enum {
    MINT_WAIT_MS = 10000,
    MINT_AUDIENCES = 8,
    MINT_TEXT = 256, /* bytes of a text claim, with NUL */
    MINT_SCOPE = 1024,
    MINT_EXTRA = 8192,  /* bytes of a kind's own JSON object, with NUL */
    MINT_TOKEN = 16384, /* bytes of an answer, with NUL */
    MINT_STORES = 16,
    MINT_TAGS = 1024,
};

/* What can be asked for; the table of kinds in mint/kinds.c has the rules of each. */
enum mint_kind {
    MINT_NONE = 0,
    /* at+jwt (RFC 9068); needs sub, client_id, aud, sandbox, jkt; life <= 3600 s */
    MINT_ACCESS,
    /* eat+jwt, EAR result; needs sub, aud, sandbox, jkt, extra = submods; life <= 86400 s */
    MINT_EAR,
    /* upload+jwt, inside a local upload URL; needs sub, aud, sandbox, extra; life <= 3600 s */
    MINT_UPLOAD,
    /* receipt+jwt, answer to a teardown; needs sub, sandbox, extra; has no exp, life 0 */
    MINT_RECEIPT,
    /* presigned S3 PUT; needs sandbox, store, key, content_type; life <= 60 s */
    MINT_PUT_URL,
    /* no credential: only the record is made durable; life 0 */
    MINT_NOTE,
};

enum mint_action {
    ACTION_ASKED = 1,
    ACTION_GRANTED,
    ACTION_DENIED,
    ACTION_REVOKED,
    ACTION_CHANGED
};

/* Who, what and why: one record of the audit log.  Empty strings are left out of the record. */
struct mint_record {
    enum mint_action action;
    char actor[MINT_TEXT]; /* "guest", "admin:NAME", "broker" */
    /* what it is about: "policy/summarizer/8", an upload id; credentials name themselves */
    char object[MINT_TEXT];
    char sandbox[ID_MAX];
    char session[MINT_TEXT]; /* user session */
    char consent[MINT_TEXT];
    char policy[MINT_TEXT]; /* "id/version" */
    char policy_digest[65];
    char verdict[ID_MAX];
    char reasons[MINT_SCOPE]; /* check ids or codes, separated by one blank */
};

struct mint_ask {
    enum mint_kind kind;
    int64_t life_s; /* exp - iat; 0 where the kind has none */
    char sub[MINT_TEXT];
    char client_id[MINT_TEXT];
    char aud[MINT_AUDIENCES][MINT_TEXT];
    size_t aud_n;
    char scope[MINT_SCOPE];
    char jkt[B64_JKT + 1]; /* cnf.jkt; "" for none */
    char tier[64];
    char purpose_digest[65];
    int64_t status_index; /* status_list.idx; negative for none */
    /* a JSON object that becomes the kind's own member ("submods", "upload", "receipt") */
    char extra[MINT_EXTRA];
    /* MINT_PUT_URL */
    char store[64];
    char key[1024]; /* UTF-8 object key */
    char content_type[MINT_TEXT];
    char sha256[65];      /* lower-case hex; "" when not bound */
    char tags[MINT_TAGS]; /* x-amz-tagging, already URL-encoded; "" for none */
    int64_t size;
    struct mint_record record;
};

/* Empty texts, no audience, no numbers and no status index; what lies behind the end of a text stays as it was. */
void mint_ask_clear(struct mint_ask *ask);

struct mint_answer {
    char text[MINT_TOKEN]; /* compact JWS, or the URL */
    size_t text_len;
    char jti[ID_MAX];
    int64_t iat, exp;
    uint64_t seq;       /* number of the audit record */
    char headers[2048]; /* MINT_PUT_URL: signed headers as lines "name: value\n", without host */
};

/* An S3 store whose URLs the mint signs. */
struct mint_store {
    char id[64];
    char endpoint[256]; /* scheme://host[:port] */
    char region[64];
    char bucket[64];
    bool path_style;
    char access_key_id[128];
    char secret_file[256];        /* one line; read before the sandbox closes */
    char session_token_file[256]; /* "" for none */
};

struct mint_conf {
    char data_dir[256]; /* DIR/keys (0700), DIR/audit */
    char issuer[MINT_TEXT];
    char log_origin[MINT_TEXT]; /* first line of checkpoints (C2SP tlog-checkpoint) */
    struct mint_store store[MINT_STORES];
    size_t store_n;
};

struct mint;

/* Fork the mint.  Call before any thread exists; `data_dir` is made when its parent is there.
 * Returns when the mint has loaded or made its keys, found the log sound (a torn tail is cut, and
 * then `why` tells so beside ERR_OK), closed its sandbox and said hello; ERR_UNABLE with the mint's
 * own reason otherwise. */
enum err mint_start(const struct mint_conf *conf, struct mint **out, struct why *why) MUST_USE;

/* Start the thread that hands answers out.  Once, after mint_start, before the first ask from
 * several threads.  Asking threads need about 96 KiB of stack for messages. */
enum err mint_listen(struct mint *m, struct why *why) MUST_USE;

/* Close the pair; the mint flushes and leaves; waits for it, bounded. */
void mint_stop(struct mint **m);

/* False once the mint has gone; `reason` (may be NULL) borrows a text such as "mint killed by
 * signal 31". */
bool mint_alive(const struct mint *m, const char **reason);

/* ERR_DENIED: the kind's rules refuse it, and say which.  ERR_MALFORMED: a text holds a control
 * character or is not UTF-8.  ERR_LIMIT: a text fills its member.  ERR_BUSY: too many are waiting.
 * ERR_UNABLE: the mint is gone, did not answer in time, or could not sign.  *out is meaningful on
 * ERR_OK only. */
enum err mint_ask(struct mint *m, const struct mint_ask *ask, struct mint_answer *out,
                  struct why *why) MUST_USE;

/* A record without a credential. */
enum err mint_note(struct mint *m, const struct mint_record *record, struct why *why) MUST_USE;

/* Public token keys as a JWKS text (kid, alg, use), and the process's shared MAC keys.  Valid for
 * the life of m. */
struct mint_public {
    const char *jwks;     /* JSON text */
    const char *log_vkey; /* C2SP signed-note verifier key of the log */
    /* MAC key of challenges, the same for every start on these keys; signs nothing else */
    uint8_t challenge_key[32];
    const struct jwk *token_key; /* for checking our own tokens */
    const char *token_kid;
    pid_t pid;
};

const struct mint_public *mint_public(const struct mint *m);

#endif
