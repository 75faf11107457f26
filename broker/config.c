/* SPDX-License-Identifier: Apache-2.0 */
/* config.c - see config.h. */
#include "broker/config.h"

#include "attest/base/text.h"
#include "broker/config_part.h"
#include "common/json.h"
#include "common/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char HTTPS[] = "https://";

void
config_free(struct config **c)
{
    if (*c == NULL) {
        return;
    }
    for (size_t i = 0; i < (*c)->clients; i++) {
        jwk_done(&(*c)->client[i].jwk);
    }
    mem_free(*c);
    *c = NULL;
}

/* A file name of the configuration; relative ones count from the configuration's own folder. */
static enum err
set_path(const char *config_path, const char *name, const char *what, char *dst, size_t cap,
         struct why *why)
{
    const char *slash = strrchr(config_path, '/');
    int dir = slash != NULL ? (int)(slash - config_path) + 1 : 0;
    int n = name[0] == '/' ? snprintf(dst, cap, "%s", name)
                           : snprintf(dst, cap, "%.*s%s", dir, config_path, name);

    if (name[0] == '\0' || n <= 0 || (size_t)n >= cap) {
        return why_add(why, ERR_LIMIT, "%s: path is empty or longer than %zu bytes", what, cap - 1);
    }
    return ERR_OK;
}

enum err
config_file(const char *config_path, const char *name, const char *what, char *dst, size_t cap,
            struct why *why)
{
    TRY(set_path(config_path, name, what, dst, cap, why));
    if (access(dst, R_OK) != 0) {
        return why_add(why, ERR_NOT_FOUND, "%s: %.100s: %s", what, dst, strerrordesc_np(errno));
    }
    return ERR_OK;
}

static enum err
set_text(const char *text, const char *what, char *dst, size_t cap, struct why *why)
{
    int n = snprintf(dst, cap, "%s", text);

    if (n <= 0 || (size_t)n >= cap) {
        return why_add(why, ERR_LIMIT, "%s: empty or longer than %zu bytes", what, cap - 1);
    }
    return ERR_OK;
}

/* Names go into the audit log, which takes no control characters. */
static enum err
set_name(const char *text, const char *what, char *dst, size_t cap, struct why *why)
{
    for (const char *p = text; *p != '\0'; p++) {
        if ((unsigned char)*p < ' ' || *p == 0x7f) {
            return why_add(why, ERR_MALFORMED, "%s: a control character", what);
        }
    }
    return set_text(text, what, dst, cap, why);
}

/* 1 to 65535, digits alone; 0 for anything else. */
static uint16_t
port_of(const char *text)
{
    size_t len = strlen(text);
    unsigned long n = strspn(text, "0123456789") == len && len <= 5 ? strtoul(text, NULL, 10) : 0;

    return n <= UINT16_MAX ? (uint16_t)n : 0;
}

/* "127.0.0.1:8443" or "[::1]:8443". */
static enum err
set_address(const char *text, const char *what, struct http_address *out, struct why *why)
{
    unsigned char raw[16];
    const char *colon = strrchr(text, ':');
    uint16_t port = colon != NULL ? port_of(colon + 1) : 0;
    bool v6 = text[0] == '[' && colon != NULL && colon > text && colon[-1] == ']';
    size_t skip = v6 ? 1 : 0;
    size_t len = colon != NULL ? (size_t)(colon - text) - 2 * skip : 0;

    if (port == 0 || len >= sizeof out->host) {
        return why_add(why, ERR_MALFORMED, "listen.%s: \"%.60s\", want ADDRESS:PORT", what, text);
    }
    (void)snprintf(out->host, sizeof out->host, "%.*s", (int)len, text + skip);
    if (inet_pton(v6 ? AF_INET6 : AF_INET, out->host, raw) != 1) {
        return why_add(why, ERR_MALFORMED, "listen.%s: \"%.60s\" is not a numeric address", what,
                       out->host);
    }
    out->port = port;
    return ERR_OK;
}

static enum err
read_listen(json_t *obj, struct config *c, struct why *why)
{
    static const char *const NAMES[] = {"guest", "admin", "local"};
    const char *text[3] = {0};
    const struct json_member members[] = {
        {NAMES[0], JK_TEXT, true, &text[0], 0, 80},
        {NAMES[1], JK_TEXT, false, &text[1], 0, 80},
        {NAMES[2], JK_TEXT, false, &text[2], 0, 80},
    };

    enum err e = json_bind(obj, "listen", members, 3, why);

    for (size_t i = 0; i < 3 && e == ERR_OK; i++) {
        e = text[i] != NULL ? set_address(text[i], NAMES[i], &c->listen[i], why) : ERR_OK;
    }
    return e;
}

static enum err
read_tls(json_t *obj, const char *path, struct config *c, struct why *why)
{
    const char *certificate = NULL;
    const char *key = NULL;
    const char *client_ca = NULL;
    const struct json_member members[] = {
        {"certificate", JK_TEXT, true, &certificate, 0, CONFIG_PATH},
        {"key", JK_TEXT, true, &key, 0, CONFIG_PATH},
        {"client_ca", JK_TEXT, false, &client_ca, 0, CONFIG_PATH},
        {"allow_tls12", JK_BOOL, false, &c->allow_tls12, 0, 0},
    };

    TRY(json_bind(obj, "tls", members, sizeof members / sizeof members[0], why));
    TRY(config_file(path, certificate, "tls.certificate", c->certificate, sizeof c->certificate,
                    why));
    TRY(config_file(path, key, "tls.key", c->key, sizeof c->key, why));
    if (client_ca == NULL) {
        return c->listen[1].port == 0
                   ? ERR_OK
                   : why_add(why, ERR_MALFORMED, "tls.client_ca is missing; listen.admin needs it");
    }
    return config_file(path, client_ca, "tls.client_ca", c->client_ca, sizeof c->client_ca, why);
}

static enum err
read_audiences(const json_t *list, const char *what, char (*dst)[256], size_t *n, struct why *why)
{
    enum err e = ERR_OK;

    for (size_t i = 0; i < json_array_size(list) && e == ERR_OK; i++) {
        const char *text = json_string_value(json_array_get(list, i));

        e = set_text(text != NULL ? text : "", what, dst[(*n)++], 256, why);
    }
    return e;
}

static enum err
read_roles(const json_t *list, struct principal *p, struct why *why)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        unsigned role = text != NULL ? role_by_name(slice_text(text)) : 0;

        if (role == 0) {
            return why_add(why, ERR_MALFORMED, "principals: %s has the unknown role \"%.40s\"",
                           p->name, text != NULL ? text : "");
        }
        p->roles |= role;
    }
    return ERR_OK;
}

/* Lower- or upper-case hex of a SHA-256, not yet anybody's. */
static enum err
set_spki(const char *hex, const struct config *c, struct principal *p, struct why *why)
{
    const struct principals known = {c->principal, c->principals};
    size_t len = 0;

    TRY(hex_decode(slice_text(hex), p->spki, sizeof p->spki, &len, why));
    if (len != sizeof p->spki) {
        return why_add(why, ERR_MALFORMED, "principals: spki_sha256 of %s has %zu bytes, want 32",
                       p->name, len);
    }
    if (principal_find(&known, p->spki) != NULL) {
        return why_add(why, ERR_MALFORMED, "principals: the key of %s is there twice", p->name);
    }
    return ERR_OK;
}

static enum err
read_principal(json_t *obj, const char *path, struct config *c, struct why *why)
{
    struct principal *p = &c->principal[c->principals];
    const char *name = NULL;
    const char *spki = NULL;
    json_t *roles = NULL;
    json_t *audience = NULL;
    const struct json_member members[] = {
        {"name", JK_TEXT, true, &name, 0, 63},
        {"spki_sha256", JK_TEXT, true, &spki, 0, 64},
        {"roles", JK_ARRAY, true, &roles, 0, 8},
        {"audience", JK_ARRAY, false, &audience, 0, POLICY_AUDIENCES},
    };

    (void)path;
    TRY(json_bind(obj, "principals", members, sizeof members / sizeof members[0], why));
    TRY(set_name(name, "principals.name", p->name, sizeof p->name, why));
    TRY(set_spki(spki, c, p, why));
    TRY(read_roles(roles, p, why));
    TRY(read_audiences(audience, "principals.audience", p->audience, &p->audiences, why));
    c->principals++;
    return ERR_OK;
}

static enum err
read_client(json_t *obj, const char *path, struct config *c, struct why *why)
{
    struct rp_client *r = &c->client[c->clients];
    const char *id = NULL;
    json_t *jwk = NULL;
    json_t *audience = NULL;
    const struct json_member members[] = {
        {"id", JK_TEXT, true, &id, 0, 63},
        {"jwk", JK_OBJECT, true, &jwk, 0, 0},
        {"audience", JK_ARRAY, true, &audience, 0, POLICY_AUDIENCES},
    };

    (void)path;
    TRY(json_bind(obj, "clients", members, sizeof members / sizeof members[0], why));
    TRY(set_name(id, "clients.id", r->id, sizeof r->id, why));
    for (size_t i = 0; i < c->clients; i++) {
        if (strcmp(c->client[i].id, r->id) == 0) {
            return why_add(why, ERR_MALFORMED, "clients: the id %s is there twice", r->id);
        }
    }
    TRY(read_audiences(audience, "clients", r->audience, &r->audiences, why));
    TRY(jwk_read(jwk, &r->jwk, why));
    c->clients++;
    return ERR_OK;
}

/* Texts of a store that can sign URLs; the mint reads the secrets themselves. */
struct direct {
    const char *endpoint, *region, *bucket, *access_key_id, *secret_file, *session_token_file;
    bool path_style;
};

static enum err
set_direct(const char *path, const char *id, const struct direct *d, struct mint_store *m,
           struct why *why)
{
    const struct {
        const char *text, *what;
        char *dst;
        size_t cap;
    } texts[] = {
        {id, "stores.id", m->id, sizeof m->id},
        {d->endpoint, "stores.endpoint", m->endpoint, sizeof m->endpoint},
        {d->region, "stores.region", m->region, sizeof m->region},
        {d->bucket, "stores.bucket", m->bucket, sizeof m->bucket},
        {d->access_key_id, "stores.access_key_id", m->access_key_id, sizeof m->access_key_id},
    };
    enum err e = ERR_OK;

    m->path_style = d->path_style;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0] && e == ERR_OK; i++) {
        e = set_text(texts[i].text, texts[i].what, texts[i].dst, texts[i].cap, why);
    }
    TRY(e);
    TRY(config_file(path, d->secret_file, "stores.secret_file", m->secret_file,
                    sizeof m->secret_file, why));
    if (d->session_token_file == NULL) {
        return ERR_OK;
    }
    return config_file(path, d->session_token_file, "stores.session_token_file",
                       m->session_token_file, sizeof m->session_token_file, why);
}

static enum err
check_store(const char *mode, const char *dir, const struct direct *d, struct why *why)
{
    bool direct = d->endpoint != NULL && d->region != NULL && d->bucket != NULL &&
                  d->access_key_id != NULL && d->secret_file != NULL;

    if (strcmp(mode, "local") == 0 && dir != NULL) {
        return ERR_OK;
    }
    if (strcmp(mode, "direct") == 0 && direct && dir == NULL) {
        return ERR_OK;
    }
    return why_add(
        why, ERR_MALFORMED,
        "stores: mode is \"local\" with path, or \"direct\" with endpoint, region, bucket, "
        "access_key_id and secret_file");
}

static enum err
set_store_id(const char *id, const struct config *c, struct upload_store *s, struct why *why)
{
    TRY(set_name(id, "stores.id", s->id, sizeof s->id, why));
    for (size_t i = 0; i < c->stores; i++) {
        if (strcmp(c->store[i].id, id) == 0) {
            return why_add(why, ERR_MALFORMED, "stores: the id %s is there twice", id);
        }
    }
    return ERR_OK;
}

static enum err
read_store(json_t *obj, const char *path, struct config *c, struct why *why)
{
    struct upload_store *s = &c->store[c->stores];
    struct direct d = {0};
    const char *id = NULL;
    const char *mode = NULL;
    const char *dir = NULL;
    const struct json_member members[] = {
        {"id", JK_TEXT, true, &id, 0, 63},
        {"mode", JK_TEXT, true, &mode, 0, 15},
        {"path", JK_TEXT, false, &dir, 0, CONFIG_PATH},
        {"endpoint", JK_TEXT, false, &d.endpoint, 0, 255},
        {"region", JK_TEXT, false, &d.region, 0, 63},
        {"bucket", JK_TEXT, false, &d.bucket, 0, 63},
        {"path_style", JK_BOOL, false, &d.path_style, 0, 0},
        {"access_key_id", JK_TEXT, false, &d.access_key_id, 0, 127},
        {"secret_file", JK_TEXT, false, &d.secret_file, 0, 255},
        {"session_token_file", JK_TEXT, false, &d.session_token_file, 0, 255},
    };

    TRY(json_bind(obj, "stores", members, sizeof members / sizeof members[0], why));
    TRY(check_store(mode, dir, &d, why));
    TRY(set_store_id(id, c, s, why));
    TRY(set_text(mode, "stores.mode", s->mode, sizeof s->mode, why));
    c->stores++;
    if (dir != NULL) {
        return set_path(path, dir, "stores.path", s->path, sizeof s->path, why);
    }
    return set_direct(path, id, &d, &c->mint.store[c->mint.store_n++], why);
}

static enum err
read_limits(json_t *obj, struct config *c, struct why *why)
{
    const struct json_member members[] = {
        {"connections", JK_INT, false, &c->connections, 1, 100000},
        {"per_address", JK_INT, false, &c->per_address, 1, 100000},
        {"header_deadline_s", JK_INT, false, &c->header_deadline_s, 1, 300},
        {"idle_s", JK_INT, false, &c->idle_s, 1, 3600},
        {"request_deadline_s", JK_INT, false, &c->request_deadline_s, 1, 3600},
        {"upload_deadline_s", JK_INT, false, &c->upload_deadline_s, 1, 86400},
    };

    if (obj == NULL) {
        return ERR_OK;
    }
    return json_bind(obj, "limits", members, sizeof members / sizeof members[0], why);
}

static enum err
read_bounds(json_t *limits, json_t *collateral, const char *path, struct config *c, struct why *why)
{
    TRY(read_limits(limits, c, why));
    return config_collateral(collateral, path, &c->collateral, why);
}

/* Letters, digits and what else a host, a port and a path are made of. */
static bool
issuer_ok(const char *text, size_t scheme)
{
    static const char PLAIN[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                "-._~:/[]";
    size_t len = strlen(text);

    return strncmp(text, HTTPS, scheme) == 0 && len > scheme && text[scheme] != '/' &&
           text[len - 1] != '/' && strspn(text, PLAIN) == len;
}

/* Clients compare the issuer byte for byte, and every URL of ours begins with it. */
static enum err
set_issuer(const char *text, struct config *c, struct why *why)
{
    const char *host = text + sizeof HTTPS - 1;

    if (!issuer_ok(text, sizeof HTTPS - 1)) {
        return why_add(why, ERR_MALFORMED,
                       "issuer: \"%.80s\", want https://HOST[:PORT] without trailing slash", text);
    }
    TRY(set_text(text, "issuer", c->issuer, sizeof c->issuer, why));
    TRY(set_text(text, "issuer", c->mint.issuer, sizeof c->mint.issuer, why));
    int n = snprintf(c->mint.log_origin, sizeof c->mint.log_origin, "%.200s/audit", host);

    return n > 0 ? ERR_OK : why_add(why, ERR_BUG, "log origin");
}

/* One member that is an array of objects, each read by the same function. */
struct list_reader {
    json_t *list;
    enum err (*read)(json_t *obj, const char *path, struct config *c, struct why *why);
};

static enum err
read_list(const struct list_reader *r, const char *path, struct config *c, struct why *why)
{
    enum err e = ERR_OK;

    for (size_t i = 0; i < json_array_size(r->list) && e == ERR_OK; i++) {
        e = r->read(json_array_get(r->list, i), path, c, why);
    }
    return e;
}

static enum err
read_lists(json_t *const list[3], const char *path, struct config *c, struct why *why)
{
    const struct list_reader readers[] = {
        {list[0], read_principal}, {list[1], read_client}, {list[2], read_store}};
    enum err e = ERR_OK;

    for (size_t i = 0; i < sizeof readers / sizeof readers[0] && e == ERR_OK; i++) {
        e = read_list(&readers[i], path, c, why);
    }
    return e;
}

/* The members that are plain texts. */
struct texts {
    const char *issuer, *data_dir, *roots;
};

static enum err
set_texts(const struct texts *t, const char *path, struct config *c, struct why *why)
{
    TRY(set_issuer(t->issuer, c, why));
    TRY(set_path(path, t->data_dir, "data_dir", c->data_dir, sizeof c->mint.data_dir, why));
    memcpy(c->mint.data_dir, c->data_dir, sizeof c->mint.data_dir);
    return t->roots == NULL ? ERR_OK
                            : config_file(path, t->roots, "roots", c->roots, sizeof c->roots, why);
}

static enum err
read_all(json_t *root, const char *path, struct config *c, struct why *why)
{
    struct texts t = {0};
    json_t *listen = NULL;
    json_t *tls = NULL;
    json_t *list[3] = {0};
    json_t *limits = NULL;
    json_t *collateral = NULL;
    const struct json_member members[] = {
        {"issuer", JK_TEXT, true, &t.issuer, 0, 200},
        {"listen", JK_OBJECT, true, &listen, 0, 0},
        {"tls", JK_OBJECT, true, &tls, 0, 0},
        {"data_dir", JK_TEXT, true, &t.data_dir, 0, 200},
        {"roots", JK_TEXT, false, &t.roots, 0, CONFIG_PATH},
        {"approvals", JK_INT, false, &c->approvals, 0, 8},
        {"principals", JK_ARRAY, false, &list[0], 0, CONFIG_PRINCIPALS},
        {"clients", JK_ARRAY, false, &list[1], 0, BROKER_CLIENTS},
        {"stores", JK_ARRAY, false, &list[2], 0, BROKER_STORES},
        {"limits", JK_OBJECT, false, &limits, 0, 0},
        {"collateral", JK_OBJECT, false, &collateral, 0, 0},
    };

    TRY(json_bind(root, "configuration", members, sizeof members / sizeof members[0], why));
    TRY(set_texts(&t, path, c, why));
    TRY(read_listen(listen, c, why));
    TRY(read_tls(tls, path, c, why));
    TRY(read_lists(list, path, c, why));
    return read_bounds(limits, collateral, path, c, why);
}

enum err
config_read(const char *path, struct config **out, struct why *why)
{
    AUTO(config_free) struct config *c = mem_new(1, sizeof *c);
    AUTO(mem_free_bytes) uint8_t *text = NULL;
    AUTO(json_free) json_t *root = NULL;
    size_t len = 0;

    c->approvals = 1;
    c->connections = 512;
    c->per_address = 64;
    c->header_deadline_s = 10;
    c->idle_s = 60;
    c->request_deadline_s = 30;
    c->upload_deadline_s = 3600;
    TRY(file_read(path, CONFIG_BYTES_MAX, &text, &len, why));
    TRY(json_read((struct slice){text, len}, &root, why));
    TRY(read_all(root, path, c, why));
    *out = c;
    c = NULL;
    return ERR_OK;
}
