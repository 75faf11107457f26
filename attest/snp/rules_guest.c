/* SPDX-License-Identifier: Apache-2.0 */
/* rules_guest.c - who the guest is, and for whom the report was made; see checks.h.
 *
 * FAMILY_ID, IMAGE_ID and GUEST_SVN are the host's choice unless an ID block was signed: they count only under an ID key or author
 * key that the policy lists. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "attest/base/binding.h"
#include "attest/base/text.h"
#include "attest/snp/checks.h"

enum { VMPL_LAST = 3, TAIL_LEN = SNP_REPORT_DATA_LEN - BINDING_LEN };

enum field { MEASUREMENT, HOST_DATA, ID_KEY, AUTHOR_KEY, FAMILY_ID, IMAGE_ID, GUEST_SVN, FIELDS };

static const char *const NAMES[FIELDS] = {
    "measurement", "host_data", "id_key", "author_key", "family_id", "image_id", "guest_svn",
};

enum outcome
snp_rule_vmpl(const struct check_in *in, struct finding *f)
{
    const struct snp_in *s = in->snp;
    uint32_t seen = s->report.vmpl;
    bool lowest = s->paravisor || s->want->vmpl_max < 0;
    uint32_t max = lowest ? 0 : (uint32_t)s->want->vmpl_max;
    char wanted[FINDING_TEXT];

    if (seen == UINT32_MAX) {
        return finding_fail(f, "a report that the guest asked for",
                            "VMPL is 0xffffffff: the host asked for it");
    }
    if (seen > VMPL_LAST) {
        return finding_fail(f, "VMPL 0 to 3", "VMPL is %" PRIu32, seen);
    }
    if (seen > max) {
        (void)snprintf(wanted, sizeof wanted, "<= %" PRIu32 "%s", max,
                       s->paravisor ? " (the paravisor's own)" : "");
        return finding_fail(f, wanted, "VMPL is %" PRIu32, seen);
    }
    return finding_pass(f, "VMPL is %" PRIu32, seen);
}

static struct slice
seen_of(const struct snp_report *r, enum field id)
{
    switch (id) {
    case MEASUREMENT: return r->measurement;
    case HOST_DATA: return r->host_data;
    case ID_KEY: return r->id_key;
    case AUTHOR_KEY: return r->author_key;
    case FAMILY_ID: return r->family_id;
    case IMAGE_ID: return r->image_id;
    case GUEST_SVN:
    case FIELDS: break;
    }
    return (struct slice){0};
}

static const char *
name_of(enum field id)
{
    return id < FIELDS ? NAMES[id] : "field";
}

/* An empty one for what is no list. */
static const struct snp_values *
values_of(const struct snp_golden *g, enum field id)
{
    static const struct snp_values NONE;

    switch (id) {
    case MEASUREMENT: return &g->measurement;
    case HOST_DATA: return &g->host_data;
    case ID_KEY: return &g->id_key;
    case AUTHOR_KEY: return &g->author_key;
    case FAMILY_ID: return &g->family_id;
    case IMAGE_ID: return &g->image_id;
    case GUEST_SVN:
    case FIELDS: break;
    }
    return &NONE;
}

static bool
wants(const struct snp_golden *g, enum field id)
{
    /* Every GUEST_SVN is at least 0: that asks for nothing. */
    return id == GUEST_SVN ? g->guest_svn_min > 0 : values_of(g, id)->wanted;
}

/* A key signed for what the ID block says, and it is one of these. */
static bool
key_trusted(const struct snp_report *r, const struct snp_golden *g)
{
    bool id = g->id_key.wanted && !slice_zero(r->id_key) && snp_listed(&g->id_key, r->id_key);
    bool author =
        g->author_key.wanted && r->author_key_en && snp_listed(&g->author_key, r->author_key);

    return id || author;
}

/* `g` is the policy's own or a compound; a key in either vouches. */
static bool
vouched(const struct snp_in *s, const struct snp_golden *g)
{
    return key_trusted(&s->report, &s->want->own) || key_trusted(&s->report, g);
}

static bool
field_holds(const struct snp_in *s, const struct snp_golden *g, enum field id)
{
    bool needs_key = id == FAMILY_ID || id == IMAGE_ID || id == GUEST_SVN;

    if (needs_key && !vouched(s, g)) {
        return false;
    }
    if (id == GUEST_SVN) {
        return s->report.guest_svn >= g->guest_svn_min;
    }
    return snp_listed(values_of(g, id), seen_of(&s->report, id)) &&
           (id != AUTHOR_KEY || s->report.author_key_en);
}

/* What a list accepts, for a message: its first value and how many more. */
static void
list_text(const struct snp_values *list, char *dst, size_t cap)
{
    char hex[2 * SNP_MEASUREMENT_LEN + 1] = "nothing: the list is empty";

    if (list->n > 0 && list->value[0].len <= SNP_MEASUREMENT_LEN) {
        hex_encode(list->value[0], hex);
    }
    (void)snprintf(dst, cap, list->n > 1 ? "%s or one of %zu more" : "%s", hex, list->n - 1);
}

/* Say why it does not hold.  `label`: of the compound; NULL for the policy's own. */
static enum outcome
explain(const struct snp_in *s, const struct snp_golden *g, enum field id, struct finding *f)
{
    bool needs_key = id == FAMILY_ID || id == IMAGE_ID || id == GUEST_SVN;
    char hex[2 * SNP_MEASUREMENT_LEN + 1];
    char wanted[FINDING_TEXT];

    if (needs_key && !vouched(s, g)) {
        return finding_fail(f, "a report under an id_key or author_key that the policy lists",
                            "%s is the host's choice without one", name_of(id));
    }
    if (id == AUTHOR_KEY && !s->report.author_key_en) {
        return finding_fail(f, "an author key", "AUTHOR_KEY_EN is 0");
    }
    if (id == GUEST_SVN) {
        (void)snprintf(wanted, sizeof wanted, ">= %" PRId64, g->guest_svn_min);
        return finding_fail(f, wanted, "guest_svn is %" PRIu32, s->report.guest_svn);
    }
    list_text(values_of(g, id), wanted, sizeof wanted);
    hex_encode(seen_of(&s->report, id), hex);
    return finding_fail(f, wanted, "%s is %s", name_of(id), hex);
}

/* One field against the policy's own list. */
static enum outcome
own(const struct check_in *in, enum field id, struct finding *f)
{
    const struct snp_in *s = in->snp;

    if (!wants(&s->want->own, id)) {
        return finding_ignored(
            f, "%s", s->want->golden_wanted ? "see reference_value" : "the policy ignores it");
    }
    if (!field_holds(s, &s->want->own, id)) {
        return explain(s, &s->want->own, id, f);
    }
    return finding_pass(f, "as listed");
}

enum outcome
snp_rule_measurement(const struct check_in *in, struct finding *f)
{
    return own(in, MEASUREMENT, f);
}

enum outcome
snp_rule_host_data(const struct check_in *in, struct finding *f)
{
    return own(in, HOST_DATA, f);
}

enum outcome
snp_rule_id_key(const struct check_in *in, struct finding *f)
{
    return own(in, ID_KEY, f);
}

enum outcome
snp_rule_author_key(const struct check_in *in, struct finding *f)
{
    return own(in, AUTHOR_KEY, f);
}

enum outcome
snp_rule_family_id(const struct check_in *in, struct finding *f)
{
    return own(in, FAMILY_ID, f);
}

enum outcome
snp_rule_image_id(const struct check_in *in, struct finding *f)
{
    return own(in, IMAGE_ID, f);
}

enum outcome
snp_rule_guest_svn(const struct check_in *in, struct finding *f)
{
    return own(in, GUEST_SVN, f);
}

enum outcome
snp_rule_report_id(const struct check_in *in, struct finding *f)
{
    const struct snp_in *s = in->snp;
    char hex[2 * SNP_REPORT_ID_LEN + 1];
    char wanted[FINDING_TEXT];

    if (!s->want->report_id.wanted) {
        return finding_ignored(f, "the policy ignores it");
    }
    if (!snp_listed(&s->want->report_id, s->report.report_id)) {
        list_text(&s->want->report_id, wanted, sizeof wanted);
        hex_encode(s->report.report_id, hex);
        return finding_fail(f, wanted, "REPORT_ID is %s", hex);
    }
    return finding_pass(f, "as listed");
}

/* Compare `seen` with what was asked for it; `wanted` may have a wrong length, which nothing equals. */
static enum outcome
differs(const char *what, struct slice seen, struct slice wanted, struct finding *f)
{
    char seen_hex[2 * SNP_REPORT_DATA_LEN + 1];
    char wanted_hex[2 * SNP_REPORT_DATA_LEN + 1];

    if (wanted.len > SNP_REPORT_DATA_LEN) {
        return finding_fail(f, "at most 64 bytes", "%zu bytes were asked for", wanted.len);
    }
    hex_encode(seen, seen_hex);
    hex_encode(wanted, wanted_hex);
    return finding_fail(f, wanted_hex, "%s is %s", what, seen_hex);
}

/* binding || tail, all 64 bytes. */
static enum outcome
bound(const struct snp_in *s, struct finding *f)
{
    static const uint8_t ZEROS[TAIL_LEN];
    struct slice head = {s->report.report_data.ptr, BINDING_LEN};
    struct slice rest = {s->report.report_data.ptr + BINDING_LEN, TAIL_LEN};
    struct slice tail = s->want->report_data_tail;

    if (!slice_same(head, s->binding)) {
        return differs("REPORT_DATA[0:32], the binding,", head, s->binding, f);
    }
    if (tail.len == 0) {
        tail = (struct slice){ZEROS, sizeof ZEROS};
    }
    if (!slice_same(rest, tail)) {
        return differs("REPORT_DATA[32:64]", rest, tail, f);
    }
    return finding_pass(f, "the binding");
}

enum outcome
snp_rule_report_data(const struct check_in *in, struct finding *f)
{
    const struct snp_in *s = in->snp;
    struct slice wanted = s->want->report_data;

    if (s->paravisor) {
        return finding_ignored(f, "REPORT_DATA belongs to the paravisor: claims.hash");
    }
    if (wanted.len > 0 && !slice_same(s->report.report_data, wanted)) {
        return differs("REPORT_DATA", s->report.report_data, wanted, f);
    }
    if (s->binding.len > 0) {
        return bound(s, f);
    }
    if (wanted.len > 0) {
        return finding_pass(f, "as asked");
    }
    return finding_ignored(f, "nothing is expected in REPORT_DATA: freshness is not judged");
}

/* How many wanted fields of a compound do not hold; `*first` is the first of them. */
static size_t
wrong_fields(const struct snp_in *s, const struct snp_golden *g, enum field *first)
{
    size_t wrong = 0;

    for (unsigned i = 0; i < FIELDS; i++) {
        enum field id = (enum field)i;

        if (wants(g, id) && !field_holds(s, g, id)) {
            *first = wrong == 0 ? id : *first;
            wrong++;
        }
    }
    return wrong;
}

static bool
empty(const struct snp_golden *g)
{
    for (unsigned i = 0; i < FIELDS; i++) {
        if (wants(g, (enum field)i)) {
            return false;
        }
    }
    return true;
}

const struct snp_golden *
snp_golden_of(const struct snp_in *s)
{
    enum field first = FIELDS;

    for (size_t i = 0; i < s->want->golden_n; i++) {
        const struct snp_golden *g = &s->want->golden[i];

        if (!empty(g) && wrong_fields(s, g, &first) == 0) {
            return g;
        }
    }
    return NULL;
}

/* Of all reference values the one that differs in fewest fields explains most; NULL when all are empty. */
static const struct snp_golden *
nearest(const struct snp_in *s, enum field *first)
{
    const struct snp_golden *best = NULL;
    size_t best_wrong = SIZE_MAX;

    for (size_t i = 0; i < s->want->golden_n; i++) {
        const struct snp_golden *g = &s->want->golden[i];
        enum field at = FIELDS;
        size_t wrong = wrong_fields(s, g, &at);

        if (!empty(g) && wrong < best_wrong) {
            best = g;
            best_wrong = wrong;
            *first = at;
        }
    }
    return best;
}

/* The text of one field's refusal, with the label of the compound that it is of. */
static enum outcome
no_reference(const struct snp_in *s, struct finding *f)
{
    enum field first = MEASUREMENT;
    const struct snp_golden *g = nearest(s, &first);
    struct finding one = {0};
    char wanted[FINDING_TEXT];

    if (s->want->golden_n == 0) {
        return finding_fail(f, "an active reference value", "there is none to compare with");
    }
    if (g == NULL) {
        return finding_fail(f, "a reference value that asks for something", "all ask for nothing");
    }
    (void)explain(s, g, first, &one);
    (void)snprintf(wanted, sizeof wanted, "%.120s (\"%.24s\")", one.wanted,
                   g->label == NULL ? "" : g->label);
    return finding_fail(f, wanted, "%s", one.seen);
}

enum outcome
snp_rule_reference_value(const struct check_in *in, struct finding *f)
{
    const struct snp_in *s = in->snp;

    if (!s->want->golden_wanted) {
        return finding_ignored(f, "the policy names no reference set");
    }

    const struct snp_golden *g = snp_golden_of(s);

    if (g == NULL) {
        return no_reference(s, f);
    }
    return finding_pass(f, "%s", g->label == NULL ? "equal" : g->label);
}
