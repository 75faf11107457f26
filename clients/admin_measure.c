/* SPDX-License-Identifier: Apache-2.0 */
/* admin_measure.c - `admin measure`: this machine's PCR values and attestation key, or the identity
 * in an SEV-SNP report or a TD quote, as a reference set (common/row.h).  Reads only, judges no
 * report, never overwrites a file. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attest/base/text.h"
#include "attest/snp/report.h"
#include "attest/tdx/quote.h"
#include "clients/admin.h"
#include "clients/lib/agent_wire.h"
#include "clients/measure_boot.h"
#include "clients/say.h"
#include "clients/tpm_quote.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/row.h"
#include "common/sys.h"

struct measure_options {
    const char *from, *from_snp, *from_tdx, *from_event_log, *from_uki, *pcrs, *ak, *id, *label,
        *version, *expires, *out;
    bool no_ak;
};

/* {"sha256:0": ["hex"], ...} */
static json_t *
golden_json(const struct pcr_values *v)
{
    json_t *obj = json_object();

    for (size_t i = 0; i < v->n; i++) {
        char name[16];
        char hex[2 * HASH_MAX + 1];

        (void)snprintf(name, sizeof name, "%s:%u", hash_name(v->pcr[i].bank), v->pcr[i].index);
        hex_encode((struct slice){v->pcr[i].digest, hash_len(v->pcr[i].bank)}, hex);
        (void)json_object_set_new(obj, name, json_pack("[s]", hex));
    }
    return obj;
}

static enum err
add_ak_name(struct device *d, const char *choice, json_t *obj, struct fault *f)
{
    struct ak ak AUTO(ak_done) = {0};
    char name[2 * TPM_NAME_MAX + 1];

    TRY(ak_open(d, choice, &ak, f));
    hex_encode((struct slice){ak.name, ak.name_len}, name);
    (void)json_object_set_new(obj, "ak_names", json_pack("[s]", name));
    return ERR_OK;
}

static enum err
measure_tpm(const struct admin *a, const struct measure_options *o, json_t *obj, struct fault *f)
{
    struct device d AUTO(device_close) = {0};
    struct pcr_choice which = {0};
    struct pcr_values values = {.n = 0};

    TRY(pcr_choice_parse(o->pcrs != NULL ? o->pcrs : "sha256:0,2,4,7", &which, f));
    TRY(device_open(a->s.tcti, &d, f));
    TRY(pcrs_read(&d, &which, &values, f));
    (void)json_object_set_new(obj, "values", golden_json(&values));
    return o->no_ak ? ERR_OK : add_ak_name(&d, o->ak != NULL ? o->ak : "ecc", obj, f);
}

/* The report of the file, or the one inside an Azure guest's HCL report. */
static enum err
report_read(struct slice bytes, const char *path, struct snp_report *out, struct fault *f)
{
    struct azure_hcl hcl = {0};
    struct why why = {0};

    if (bytes.len != SNP_REPORT_LEN && azure_hcl_decode(bytes, &hcl, &why) == ERR_OK &&
        hcl.hardware == AZURE_HW_SNP) {
        bytes = hcl.report;
    }
    why = (struct why){0};
    return snp_report_decode(bytes, out, &why) == ERR_OK
               ? ERR_OK
               : fault_add(f, ERR_MALFORMED, "malformed", "%.120s is no report: %s", path,
                           why_text(&why));
}

/* A digest of zeros is that of no key. */
static json_t *
hex_or_ignore(struct slice value, bool given)
{
    char hex[2 * SNP_REPORT_DATA_LEN + 1];

    hex_encode(value, hex);
    return given ? json_pack("[s]", hex) : json_string("ignore");
}

/* Everything that tells guests apart and stays the same from boot to boot.  What the ID block says
 * is proposed where a key stands beside it, since the host chooses it otherwise. */
static enum err
measure_snp(const struct measure_options *o, json_t *obj, struct fault *f)
{
    AUTO(mem_free_bytes) uint8_t *bytes = NULL;
    struct snp_report r = {0};
    size_t len = 0;

    TRY(file_read(o->from_snp, AZURE_HCL_MAX, &bytes, &len, &f->why));
    TRY(report_read((struct slice){bytes, len}, o->from_snp, &r, f));

    bool id_key = !slice_zero(r.id_key);
    bool author_key = r.author_key_en && !slice_zero(r.author_key);

    (void)json_object_set_new(obj, "measurement", hex_or_ignore(r.measurement, true));
    (void)json_object_set_new(obj, "host_data", hex_or_ignore(r.host_data, true));
    (void)json_object_set_new(obj, "id_key", hex_or_ignore(r.id_key, id_key));
    (void)json_object_set_new(obj, "author_key", hex_or_ignore(r.author_key, author_key));
    if (id_key || author_key) {
        (void)json_object_set_new(obj, "family_id", hex_or_ignore(r.family_id, true));
        (void)json_object_set_new(obj, "image_id", hex_or_ignore(r.image_id, true));
        (void)json_object_set_new(obj, "guest_svn_min", json_integer(r.guest_svn));
    }
    return ERR_OK;
}

/* Zeros are proposed by their name, since nobody should ask for them by mistake. */
static json_t *
register_json(struct slice value)
{
    if (value.len == 0) {
        return json_string("ignore");
    }
    return slice_zero(value) ? json_pack("[s]", "zero") : hex_or_ignore(value, true);
}

/* All that the TD was built from and has measured.  The module's own measurement changes with each of its updates, and its signer
 * and level are judged by the collateral: left out. */
static enum err
measure_tdx(const struct measure_options *o, json_t *obj, struct fault *f)
{
    AUTO(mem_free_bytes) uint8_t *bytes = NULL;
    struct tdx_quote q = {0};
    struct why why = {0};
    size_t len = 0;

    TRY(file_read(o->from_tdx, TDX_QUOTE_MAX, &bytes, &len, &f->why));
    if (tdx_quote_decode((struct slice){bytes, len}, &q, &why) != ERR_OK) {
        return fault_add(f, ERR_MALFORMED, "malformed", "%.120s is no TD quote: %s", o->from_tdx,
                         why_text(&why));
    }
    for (unsigned i = 0; i < TDX_FIELDS; i++) {
        if (i != TDX_MRSEAM) {
            (void)json_object_set_new(obj, tdx_field_name(i),
                                      register_json(tdx_body_field(&q.body, i)));
        }
    }
    return ERR_OK;
}

static enum evidence_type
type_of(const struct measure_options *o)
{
    if (o->from_tdx != NULL) {
        return EVIDENCE_TDX;
    }
    return o->from_snp != NULL ? EVIDENCE_SEV_SNP : EVIDENCE_TPM2;
}

static enum err
measure(const struct admin *a, const struct measure_options *o, json_t *values, struct fault *f)
{
    if (o->from_tdx != NULL) {
        return measure_tdx(o, values, f);
    }
    return o->from_snp != NULL ? measure_snp(o, values, f) : measure_tpm(a, o, values, f);
}

static enum err
options_check(const struct measure_options *o, long *version, struct fault *f)
{
    bool tpm_only = o->from != NULL || o->pcrs != NULL || o->ak != NULL || o->no_ak;

    if (o->id == NULL || (o->from != NULL && strcmp(o->from, "tpm") != 0)) {
        return fault_add(f, ERR_MALFORMED, "usage", "--id is needed, and --from is tpm");
    }
    if (o->from_snp != NULL && o->from_tdx != NULL) {
        return fault_add(f, ERR_MALFORMED, "usage", "--from-snp or --from-tdx, not both");
    }
    if ((o->from_snp != NULL || o->from_tdx != NULL) && tpm_only) {
        return fault_add(f, ERR_MALFORMED, "usage",
                         "--from-%s reads no TPM: not with --from, --pcrs, --ak or --no-ak",
                         o->from_snp != NULL ? "snp" : "tdx");
    }
    if (o->version != NULL && !opt_int(o->version, 1, INT32_MAX, version)) {
        return fault_add(f, ERR_MALFORMED, "usage", "--version is a number from 1");
    }
    return id_check(o->id, f);
}

static enum err
make_document(const struct admin *a, const struct measure_options *o, json_t **out, struct fault *f)
{
    struct reference_set *set AUTO(reference_set_free) = NULL;
    json_t *entry AUTO(json_free) = json_object();
    json_t *values AUTO(json_free) = json_object();
    json_t *doc AUTO(json_free) = NULL;
    const char *type = evidence_name(type_of(o));
    long version = 1;

    TRY(options_check(o, &version, f));
    TRY(measure(a, o, values, f));
    (void)json_object_set_new(entry, "label", json_string(o->label != NULL ? o->label : o->id));
    if (o->expires != NULL) {
        (void)json_object_set_new(entry, "expires", json_string(o->expires));
    }
    (void)json_object_set(entry, type, values);
    doc = json_pack("{s:s, s:I, s:s, s:[O]}", "id", o->id, "version", (json_int_t)version, "type",
                    type, "values", entry);
    /* What the broker would refuse is refused here, where the values were chosen. */
    TRY(reference_set_read(doc, &set, &f->why));
    *out = doc;
    doc = NULL;
    return ERR_OK;
}

static enum err
write_new(const char *path, const char *text, struct fault *f)
{
    int fd AUTO(fd_close) = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    size_t len = strlen(text);

    if (fd < 0) {
        return fault_add(f, errno == EEXIST ? ERR_CONFLICT : ERR_IO,
                         errno == EEXIST ? "file_exists" : "file", "%s: %s", path,
                         strerrordesc_np(errno));
    }
    if (write(fd, text, len) != (ssize_t)len || fsync(fd) != 0) {
        return fault_add(f, ERR_IO, "file", "%s: %s", path, strerrordesc_np(errno));
    }
    return ERR_OK;
}

/* Indented: people read these before they sign them. */
static void
document_print(json_t *doc)
{
    char *text AUTO(mem_free_text) = json_dumps(doc, JSON_INDENT(2));

    say("%s", text != NULL ? text : "");
}

static void
nothing_print(json_t *doc)
{
    (void)doc;
}

/* These become part of a policy, where a person puts them beside what the machine shall be granted. */
static enum err
measure_row(const struct measure_options *o, json_t **out, struct fault *f)
{
    bool other = o->from != NULL || o->from_snp != NULL || o->from_tdx != NULL || o->id != NULL ||
                 o->pcrs != NULL || o->ak != NULL || o->no_ak || o->label != NULL ||
                 o->version != NULL || o->expires != NULL;

    if (other || (o->from_event_log != NULL && o->from_uki != NULL)) {
        return fault_add(f, ERR_MALFORMED, "usage",
                         "--from-event-log and --from-uki propose a row of a policy: alone, or "
                         "with --out");
    }
    return o->from_uki != NULL ? measure_uki(o->from_uki, out, f)
                               : measure_event_log(o->from_event_log, out, f);
}

static enum err
measure_run(struct admin *a, const struct words *w, void *options, json_t **reply, struct fault *f)
{
    const struct measure_options *o = options;
    char *text AUTO(mem_free_text) = NULL;

    (void)w;
    a->print = document_print;
    TRY(o->from_event_log != NULL || o->from_uki != NULL ? measure_row(o, reply, f)
                                                         : make_document(a, o, reply, f));
    if (o->out == NULL) {
        return ERR_OK;
    }
    a->print = nothing_print;
    text = json_dumps(*reply, JSON_INDENT(2));
    return write_new(o->out, text, f);
}

int
admin_measure(int argc, char **argv)
{
    struct admin a AUTO(admin_done) = {0};
    struct measure_options o = {0};
    const struct opt own[] = {
        {"from", "tpm", &o.from, "what to measure (tpm)"},
        {"from-snp", "FILE", &o.from_snp, "read an SEV-SNP report (or HCL report) instead"},
        {"from-tdx", "FILE", &o.from_tdx, "read a TD quote instead"},
        {"from-event-log", "FILE", &o.from_event_log,
         "propose a policy's row from a boot that is good"},
        {"from-uki", "FILE", &o.from_uki, "propose one from a unified kernel image"},
        {"id", "ID", &o.id, "of the reference set"},
        {"version", "N", &o.version, "of the document (1)"},
        {"label", "TEXT", &o.label, "of the values; default the id"},
        {"expires", "TIME", &o.expires, "RFC 3339, for example 2027-01-01T00:00:00Z"},
        {"pcrs", "SELECT", &o.pcrs, "default sha256:0,2,4,7"},
        {"tcti", "NAME:CONF", &a.s.tcti, "TPM; default device:/dev/tpmrm0"},
        {"ak", "WHICH", &o.ak, "attestation key: ecc (default), rsa, or 0x81xxxxxx"},
        {"no-ak", NULL, &o.no_ak, "leave the key's Name out: values for many machines"},
        {"out", "FILE", &o.out, "a new file, instead of standard output"},
    };
    const struct admin_command c = {
        .line = "countersign admin measure [--from tpm | --from-snp FILE | --from-tdx FILE] --id "
                "ID [options]\n       countersign admin measure --from-event-log FILE | "
                "--from-uki FILE [--out FILE]",
        .about = "Read PCRs and the attestation key's Name off this machine, or measurements "
                 "out of a\nreport or quote, as a reference set.  They are not judged here: verify "
                 "them first.",
        .own = {own, sizeof own / sizeof own[0]},
        .run = measure_run,
        .options = &o,
        .offline = true,
    };

    return admin_run(&a, &c, argc, argv);
}
