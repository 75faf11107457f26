/* SPDX-License-Identifier: Apache-2.0 */
/* grant.c - see grant.h. */
#include "broker/policy/grant.h"

#include <stdio.h>
#include <string.h>

#include "broker/policy/words.h"
#include "common/json.h"

enum { PATH_TEXT = 64, WHAT_TEXT = 192 };

#define UPLOAD_BYTES_MAX INT64_C(5497558138880) /* 5 TiB: the largest object of S3 */

static enum err
read_lease(json_t *obj, struct policy_grant *out, struct why *why)
{
    const struct json_member members[] = {
        {"heartbeat_s", JK_INT, true, &out->heartbeat_s, 5, 86400},
        {"max_s", JK_INT, true, &out->max_s, 1, 604800},
    };

    TRY(json_bind(obj, "grant.lease", members, sizeof members / sizeof members[0], why));
    if (out->heartbeat_s > out->max_s) {
        return why_add(why, ERR_MALFORMED,
                       "grant.lease: heartbeat_s %lld is longer than max_s %lld",
                       (long long)out->heartbeat_s, (long long)out->max_s);
    }
    return ERR_OK;
}

static enum err
read_token(json_t *obj, struct policy_grant *out, struct why *why)
{
    json_t *audience = NULL;
    json_t *scope = NULL;
    const struct json_member members[] = {
        {"ttl_s", JK_INT, true, &out->token_ttl_s, 5, 3600},
        {"audience", JK_ARRAY, true, &audience, 0, POLICY_AUDIENCES},
        {"scope", JK_ARRAY, true, &scope, 0, POLICY_SCOPES},
    };
    const struct word_list audiences = {out->audience[0], sizeof out->audience[0], POLICY_AUDIENCES,
                                        word_uri};
    const struct word_list scopes = {out->scope[0], sizeof out->scope[0], POLICY_SCOPES,
                                     word_scope};

    TRY(json_bind(obj, "grant.token", members, sizeof members / sizeof members[0], why));
    TRY(words_read(audience, "grant.token.audience", &audiences, &out->audiences, why));
    return words_read(scope, "grant.token.scope", &scopes, &out->scopes, why);
}

static enum err
read_tag(const char *name, const json_t *value, const char *path, struct policy_upload *out,
         struct why *why)
{
    const char *text = json_string_value(value);
    char what[WHAT_TEXT];

    (void)snprintf(what, sizeof what, "%s.tags", path);
    if (strlen(name) >= sizeof out->tag[0].name) {
        return why_add(why, ERR_LIMIT, "%s: name of %zu bytes, at most %zu", what, strlen(name),
                       sizeof out->tag[0].name - 1);
    }
    TRY(word_tag_name(name, what, why));
    (void)snprintf(what, sizeof what, "%s.tags.%s", path, name);
    if (text == NULL || json_string_length(value) >= sizeof out->tag[0].value) {
        return why_add(why, ERR_MALFORMED, "%s: want text of at most %zu bytes", what,
                       sizeof out->tag[0].value - 1);
    }
    TRY(word_tag_value(text, what, why));
    (void)snprintf(out->tag[out->tags].name, sizeof out->tag[0].name, "%s", name);
    (void)snprintf(out->tag[out->tags].value, sizeof out->tag[0].value, "%s", text);
    out->tags++;
    return ERR_OK;
}

static enum err
read_tags(json_t *obj, const char *path, struct policy_upload *out, struct why *why)
{
    enum err err = ERR_OK;

    if (json_object_size(obj) > POLICY_TAGS) {
        return why_add(why, ERR_LIMIT, "%s.tags: %zu, at most %d", path, json_object_size(obj),
                       (int)POLICY_TAGS);
    }
    for (void *it = json_object_iter(obj); it != NULL && err == ERR_OK;
         it = json_object_iter_next(obj, it)) {
        err = read_tag(json_object_iter_key(it), json_object_iter_value(it), path, out, why);
    }
    return err;
}

/* Members of one upload that are texts, not yet checked. */
struct upload_words {
    const char *store;
    const char *prefix;
    json_t *content_type;
    json_t *tags;
};

static enum err
check_upload(const struct upload_words *in, const char *path, struct policy_upload *out,
             struct why *why)
{
    const struct word_list types = {out->content_type[0], sizeof out->content_type[0], POLICY_TYPES,
                                    word_media_type};
    char what[WHAT_TEXT];

    (void)snprintf(what, sizeof what, "%s.store", path);
    TRY(word_id(in->store, what, why));
    (void)snprintf(what, sizeof what, "%s.prefix", path);
    TRY(word_prefix(in->prefix, what, why));
    (void)snprintf(what, sizeof what, "%s.content_type", path);
    TRY(words_read(in->content_type, what, &types, &out->content_types, why));
    (void)snprintf(out->store, sizeof out->store, "%s", in->store);
    (void)snprintf(out->prefix, sizeof out->prefix, "%s", in->prefix);
    return read_tags(in->tags, path, out, why);
}

static enum err
read_upload(json_t *obj, const char *path, struct policy_upload *out, struct why *why)
{
    struct upload_words words = {0};
    const struct json_member members[] = {
        {"store", JK_TEXT, true, &words.store, 0, sizeof out->store - 1},
        {"prefix", JK_TEXT, true, &words.prefix, 0, sizeof out->prefix - 1},
        {"max_bytes", JK_INT, true, &out->max_bytes, 1, UPLOAD_BYTES_MAX},
        {"content_type", JK_ARRAY, true, &words.content_type, 0, POLICY_TYPES},
        {"tags", JK_OBJECT, false, &words.tags, 0, 0},
        {"ttl_s", JK_INT, true, &out->ttl_s, 1, 3600},
    };

    TRY(json_bind(obj, path, members, sizeof members / sizeof members[0], why));
    return check_upload(&words, path, out, why);
}

/* A guest names the store: two rows for one store would be a question of order. */
static enum err
store_is_new(const struct policy_grant *grant, const char *path, struct why *why)
{
    const char *store = grant->upload[grant->uploads].store;

    for (size_t i = 0; i < grant->uploads; i++) {
        if (strcmp(grant->upload[i].store, store) == 0) {
            return why_add(why, ERR_MALFORMED, "%s.store: \"%s\" a second time", path, store);
        }
    }
    return ERR_OK;
}

static enum err
read_uploads(json_t *array, struct policy_grant *out, struct why *why)
{
    enum err err = ERR_OK;

    for (size_t i = 0; i < json_array_size(array) && err == ERR_OK; i++) {
        char path[PATH_TEXT];

        (void)snprintf(path, sizeof path, "grant.upload[%zu]", i);
        err = read_upload(json_array_get(array, i), path, &out->upload[i], why);
        if (err == ERR_OK) {
            err = store_is_new(out, path, why);
        }
        out->uploads++;
    }
    return err;
}

enum err
grant_read(json_t *obj, struct policy_grant *out, struct why *why)
{
    const char *tier = "";
    json_t *lease = NULL;
    json_t *token = NULL;
    json_t *upload = NULL;
    const struct json_member members[] = {
        {"tier", JK_TEXT, true, &tier, 0, sizeof out->tier - 1},
        {"lease", JK_OBJECT, true, &lease, 0, 0},
        {"token", JK_OBJECT, true, &token, 0, 0},
        {"upload", JK_ARRAY, false, &upload, 0, POLICY_UPLOADS},
    };

    TRY(json_bind(obj, "grant", members, sizeof members / sizeof members[0], why));
    TRY(word_id(tier, "grant.tier", why));
    (void)snprintf(out->tier, sizeof out->tier, "%s", tier);
    TRY(read_lease(lease, out, why));
    TRY(read_token(token, out, why));
    return read_uploads(upload, out, why);
}
