/* SPDX-License-Identifier: Apache-2.0 */
/* settings.c - see settings.h. */
#include "clients/settings.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/json.h"
#include "common/mem.h"
#include "common/sys.h"

static const char default_file[] = "/etc/countersign/client.conf";
static const char default_tcti[] = "device:/dev/tpmrm0";

enum { CONFIG_MAX = 65536 };

void
settings_done(struct settings *s)
{
    json_free(&s->file);
}

void
settings_guest(struct settings *s, struct opt row[SETTINGS_GUEST])
{
    row[0] = (struct opt){"server", "URL", &s->server, "broker; https only, its issuer URL"};
    row[1] = (struct opt){"ca", "FILE", &s->ca, "PEM roots for the broker's certificate"};
    row[2] = (struct opt){"socket", "PATH", &s->socket, "socket of the agent"};
    row[3] = (struct opt){"policy", "ID", &s->policy, "policy to be judged by"};
    row[4] = (struct opt){"tcti", "NAME:CONF", &s->tcti, "TPM; default device:/dev/tpmrm0"};
    row[5] = (struct opt){"config", "FILE", &s->config, "defaults, JSON"};
    row[6] = (struct opt){"json", NULL, &s->json, "print JSON"};
}

void
settings_admin(struct settings *s, struct opt row[SETTINGS_ADMIN])
{
    row[0] = (struct opt){"server", "URL", &s->server, "admin listener of the broker; https only"};
    row[1] = (struct opt){"ca", "FILE", &s->ca, "PEM roots for the broker's certificate"};
    row[2] = (struct opt){"cert", "FILE", &s->cert, "client certificate, PEM"};
    row[3] = (struct opt){"key", "FILE", &s->key, "its private key, PEM"};
    row[4] = (struct opt){"config", "FILE", &s->config, "defaults, JSON"};
    row[5] = (struct opt){"json", NULL, &s->json, "print JSON"};
}

static void
fill(const char **option, const char *from_file)
{
    if (*option == NULL) {
        *option = from_file;
    }
}

static void
fill_places(struct places *option, const struct places *from_file)
{
    fill(&option->tsm, from_file->tsm);
    fill(&option->sev_guest, from_file->sev_guest);
    fill(&option->thim, from_file->thim);
    fill(&option->tdx_guest, from_file->tdx_guest);
    fill(&option->qgs, from_file->qgs);
    fill(&option->ccel, from_file->ccel);
    fill(&option->td_quote, from_file->td_quote);
}

static enum err
bind_file(struct settings *s, struct fault *f)
{
    struct settings in = {0};
    const struct json_member members[] = {
        {"server", JK_TEXT, false, &in.server, 0, 256},
        {"ca", JK_TEXT, false, &in.ca, 0, PATH_LEN - 1},
        {"socket", JK_TEXT, false, &in.socket, 0, 107},
        {"policy", JK_TEXT, false, &in.policy, 0, 63},
        {"tcti", JK_TEXT, false, &in.tcti, 0, 255},
        {"evidence", JK_TEXT, false, &in.evidence, 0, 63},
        {"tsm", JK_TEXT, false, &in.from.tsm, 0, PATH_LEN - 1},
        {"sev-guest", JK_TEXT, false, &in.from.sev_guest, 0, PATH_LEN - 1},
        {"thim", JK_TEXT, false, &in.from.thim, 0, PATH_LEN - 1},
        {"tdx-guest", JK_TEXT, false, &in.from.tdx_guest, 0, PATH_LEN - 1},
        {"qgs", JK_TEXT, false, &in.from.qgs, 0, PATH_LEN - 1},
        {"ccel", JK_TEXT, false, &in.from.ccel, 0, PATH_LEN - 1},
        {"td-quote", JK_TEXT, false, &in.from.td_quote, 0, PATH_LEN - 1},
        {"cert", JK_TEXT, false, &in.cert, 0, PATH_LEN - 1},
        {"key", JK_TEXT, false, &in.key, 0, PATH_LEN - 1},
        {"sign-key", JK_TEXT, false, &in.sign_key, 0, PATH_LEN - 1},
    };

    TRY(json_bind(s->file, "client.conf", members, sizeof members / sizeof members[0], &f->why));
    fill(&s->server, in.server);
    fill(&s->ca, in.ca);
    fill(&s->socket, in.socket);
    fill(&s->policy, in.policy);
    fill(&s->tcti, in.tcti);
    fill(&s->evidence, in.evidence);
    fill_places(&s->from, &in.from);
    fill(&s->cert, in.cert);
    fill(&s->key, in.key);
    fill(&s->sign_key, in.sign_key);
    return ERR_OK;
}

static enum err
read_file(struct settings *s, const char *path, struct fault *f)
{
    uint8_t *bytes AUTO(mem_free_bytes) = NULL;
    size_t len = 0;

    TRY(file_read(path, CONFIG_MAX, &bytes, &len, &f->why));
    TRY(json_read((struct slice){bytes, len}, &s->file, &f->why));
    return bind_file(s, f);
}

enum err
path_absolute(const char *path, char *dst, struct fault *f)
{
    char full[PATH_MAX];

    if (realpath(path, full) == NULL) {
        return fault_add(f, ERR_NOT_FOUND, "file", "%s: %s", path, strerrordesc_np(errno));
    }
    if (strlen(full) >= PATH_LEN) {
        return fault_add(f, ERR_LIMIT, "file", "%s: path too long", path);
    }
    (void)snprintf(dst, PATH_LEN, "%s", full);
    return ERR_OK;
}

enum err
settings_load(struct settings *s, struct fault *f)
{
    const char *path = s->config != NULL ? s->config : default_file;
    bool there = s->config != NULL || access(path, F_OK) == 0;

    if (there && read_file(s, path, f) != ERR_OK) {
        return fault_add(f, ERR_MALFORMED, "config", "reading %s", path);
    }
    fill(&s->tcti, default_tcti);
    if (s->ca == NULL) {
        return ERR_OK;
    }
    TRY(path_absolute(s->ca, s->ca_path, f));
    s->ca = s->ca_path;
    return ERR_OK;
}
