/* SPDX-License-Identifier: Apache-2.0 */
/* rules_td.c - the TD itself: attributes, measurements, event log, for whom the report was made; see checks.h.
 *
 * Sources: Intel TDX Module ABI (TDATTRIBUTES, XFAM), Intel TDX Virtual Firmware Design Guide (RTMRs). */
#include <inttypes.h>
#include <stdio.h>

#include "attest/base/binding.h"
#include "attest/base/text.h"
#include "attest/tdx/checks.h"

enum {
    TAIL_LEN = TDX_REPORT_DATA_LEN - BINDING_LEN,
    HEX_MAX = 2 * 64 + 1,
};

#define BIT(n) (UINT64_C(1) << (n))

/* Bits 1..7 (TUD), 8..26 and 32..62 of TDATTRIBUTES are reserved. */
#define ATTRIBUTES_RESERVED \
    (UINT64_C(0x7fffffff00000000) | UINT64_C(0x0000000007ffff00) | UINT64_C(0xfe))

enum outcome
tdx_rule_debug(const struct check_in *in, struct finding *f)
{
    const struct tdx_in *t = in->tdx;

    if (!(t->quote.body.td_attributes & BIT(TDX_ATTR_DEBUG))) {
        return finding_pass(f, "off");
    }
    return t->want->allow_debug
               ? finding_pass(f, "on, and allowed")
               : finding_fail(f, "a TD that cannot be debugged", "TDATTRIBUTES.DEBUG is set");
}

enum outcome
tdx_rule_attributes_reserved(const struct check_in *in, struct finding *f)
{
    uint64_t seen = in->tdx->quote.body.td_attributes;

    return seen & ATTRIBUTES_RESERVED ? finding_fail(f, "reserved bits zero", "0x%016" PRIx64, seen)
                                      : finding_pass(f, "zero");
}

/* The first attribute whose bit is in `bits`. */
static const char *
attribute_name(uint64_t bits)
{
    for (unsigned i = 0; i < 64; i++) {
        if (bits & BIT(i) && tdx_attribute_name(i) != NULL) {
            return tdx_attribute_name(i);
        }
    }
    return "reserved";
}

enum outcome
tdx_rule_attributes(const struct check_in *in, struct finding *f)
{
    const struct tdx_in *t = in->tdx;
    uint64_t seen = t->quote.body.td_attributes;
    uint64_t lacks = t->want->attributes_require & ~seen;
    uint64_t has = t->want->attributes_forbid & seen;
    char wanted[FINDING_TEXT];

    if (lacks == 0 && has == 0) {
        return finding_pass(f, "0x%016" PRIx64, seen);
    }
    (void)snprintf(wanted, sizeof wanted, "%s %s", attribute_name(lacks != 0 ? lacks : has),
                   lacks != 0 ? "set" : "not set");
    return finding_fail(f, wanted, "0x%016" PRIx64, seen);
}

static bool
xfam_listed(const struct tdx_expect *want, uint64_t seen)
{
    for (size_t i = 0; i < want->xfam_n; i++) {
        if (want->xfam[i] == seen) {
            return true;
        }
    }
    return want->xfam_n == 0;
}

enum outcome
tdx_rule_xfam(const struct check_in *in, struct finding *f)
{
    const struct tdx_expect *want = in->tdx->want;
    uint64_t seen = in->tdx->quote.body.xfam;
    char wanted[FINDING_TEXT];

    if ((seen & TDX_XFAM_FIXED1) != TDX_XFAM_FIXED1) {
        return finding_fail(f, "bits 0 and 1 (x87, SSE) set", "0x%" PRIx64, seen);
    }
    if (seen & ~TDX_XFAM_MAY) {
        return finding_fail(f, "no bit outside 0x6dbe7", "0x%" PRIx64, seen);
    }
    if (!xfam_listed(want, seen)) {
        (void)snprintf(wanted, sizeof wanted, "0x%" PRIx64 "%s", want->xfam[0],
                       want->xfam_n > 1 ? ", or another of the list" : "");
        return finding_fail(f, wanted, "0x%" PRIx64, seen);
    }
    return finding_pass(f, "0x%" PRIx64, seen);
}

static bool
among(const struct tdx_values *v, struct slice seen)
{
    for (size_t i = 0; i < v->n; i++) {
        if (slice_same(v->value[i], seen)) {
            return true;
        }
    }
    return false;
}

static enum outcome
golden(const struct tdx_values *v, struct slice seen, struct finding *f)
{
    char hex[HEX_MAX];
    char want[HEX_MAX];
    char wanted[FINDING_TEXT];

    if (!v->wanted) {
        return finding_ignored(f, "the policy gives no golden value");
    }
    if (seen.len == 0) {
        return finding_fail(f, "a TDX 1.5 report, which has this field", "a TDX 1.0 report");
    }
    hex_encode(seen, hex);
    if (among(v, seen)) {
        return finding_pass(f, "%s", hex);
    }
    if (v->n > 0 && v->value[0].len <= TDX_MR_LEN) {
        hex_encode(v->value[0], want);
    } else {
        want[0] = '\0';
    }
    (void)snprintf(wanted, sizeof wanted, "%s%s", want, v->n > 1 ? ", or another of the list" : "");
    return finding_fail(f, wanted, "%s", hex);
}

static enum outcome
field(const struct check_in *in, unsigned id, struct finding *f)
{
    const struct tdx_in *t = in->tdx;

    return golden(&t->want->own.field[id], tdx_body_field(&t->quote.body, id), f);
}

enum outcome
tdx_rule_mrtd(const struct check_in *in, struct finding *f)
{
    return field(in, TDX_MRTD, f);
}

enum outcome
tdx_rule_rtmr0(const struct check_in *in, struct finding *f)
{
    return field(in, TDX_RTMR0, f);
}

enum outcome
tdx_rule_rtmr1(const struct check_in *in, struct finding *f)
{
    return field(in, TDX_RTMR1, f);
}

enum outcome
tdx_rule_rtmr2(const struct check_in *in, struct finding *f)
{
    return field(in, TDX_RTMR2, f);
}

enum outcome
tdx_rule_rtmr3(const struct check_in *in, struct finding *f)
{
    return field(in, TDX_RTMR3, f);
}

enum outcome
tdx_rule_mrseam(const struct check_in *in, struct finding *f)
{
    return field(in, TDX_MRSEAM, f);
}

enum outcome
tdx_rule_mrconfigid(const struct check_in *in, struct finding *f)
{
    return field(in, TDX_MRCONFIGID, f);
}

enum outcome
tdx_rule_mrowner(const struct check_in *in, struct finding *f)
{
    return field(in, TDX_MROWNER, f);
}

enum outcome
tdx_rule_mrownerconfig(const struct check_in *in, struct finding *f)
{
    return field(in, TDX_MROWNERCONFIG, f);
}

/* A service TD can migrate this one: without a golden value its presence is said aloud. */
enum outcome
tdx_rule_mrservicetd(const struct check_in *in, struct finding *f)
{
    const struct tdx_in *t = in->tdx;
    struct slice seen = t->quote.body.mrservicetd;

    if (t->want->own.field[TDX_MRSERVICETD].wanted || slice_zero(seen)) {
        return field(in, TDX_MRSERVICETD, f);
    }
    (void)finding_pass(f, "a service TD is bound, and no golden value for it is given");
    return OUTCOME_WARN;
}

enum outcome
tdx_rule_ppid(const struct check_in *in, struct finding *f)
{
    const struct tdx_in *t = in->tdx;

    return golden(&t->want->ppid_allow,
                  (struct slice){t->platform.out.ppid, sizeof t->platform.out.ppid}, f);
}

enum outcome
tdx_rule_ccel_malformed(const struct check_in *in, struct finding *f)
{
    const struct tdx_in *t = in->tdx;

    if (!t->ccel_part.given) {
        return t->want->ccel_wanted ? finding_fail(f, "an event log", "there is none")
                                    : finding_ignored(f, "no event log was given");
    }
    if (part_ok(&t->ccel_part)) {
        return finding_pass(f, "%zu bytes", t->ccel.used);
    }
    (void)finding_fail(f, "a CCEL event log", "%s", t->ccel_part.why);
    return OUTCOME_MALFORMED;
}

/* RTMR0 to RTMR2 are the firmware's; RTMR3 may be extended at run time without an event. */
enum outcome
tdx_rule_ccel_replay(const struct check_in *in, struct finding *f)
{
    const struct tdx_in *t = in->tdx;
    const struct slice *r = t->quote.body.rtmr;
    const struct slice none = {0};
    const struct slice rtmr[TDX_RTMRS] = {r[0], r[1], r[2], t->ccel.events[3] > 0 ? r[3] : none};

    return part_ok(&t->ccel_part) ? tdx_ccel_compare(&t->ccel, rtmr, f)
                                  : finding_ignored(f, "there is no log to replay");
}

static enum outcome
differs(const char *what, struct slice seen, struct slice want, struct finding *f)
{
    char a[HEX_MAX];
    char b[HEX_MAX];
    char wanted[FINDING_TEXT];

    hex_encode(seen, a);
    hex_encode(want.len <= 64 ? want : (struct slice){0}, b);
    (void)snprintf(wanted, sizeof wanted, "%s %s", what, b);
    return finding_fail(f, wanted, "%s", a);
}

static enum outcome
bound(const struct tdx_in *t, struct finding *f)
{
    static const uint8_t ZEROS[TAIL_LEN];
    struct slice data = t->quote.body.report_data;
    struct slice head = {data.ptr, BINDING_LEN};
    struct slice rest = {data.ptr + BINDING_LEN, TAIL_LEN};
    struct slice tail = t->want->report_data_tail;

    if (!slice_same(head, t->binding)) {
        return differs("REPORTDATA[0:32], the binding,", head, t->binding, f);
    }
    tail = tail.len > 0 ? tail : (struct slice){ZEROS, sizeof ZEROS};
    return slice_same(rest, tail) ? finding_pass(f, "the binding")
                                  : differs("REPORTDATA[32:64]", rest, tail, f);
}

enum outcome
tdx_rule_report_data(const struct check_in *in, struct finding *f)
{
    const struct tdx_in *t = in->tdx;
    struct slice wanted = t->want->report_data;

    if (t->paravisor) {
        return finding_ignored(f, "REPORTDATA belongs to the paravisor: claims.hash");
    }
    if (wanted.len > 0 && !slice_same(t->quote.body.report_data, wanted)) {
        return differs("REPORTDATA", t->quote.body.report_data, wanted, f);
    }
    if (t->binding.len > 0) {
        return bound(t, f);
    }
    return wanted.len > 0
               ? finding_pass(f, "as asked")
               : finding_ignored(f, "nothing is expected in REPORTDATA: freshness is not judged");
}

/* How many wanted fields of a compound do not hold; `*first` is the first of them. */
static size_t
wrong_fields(const struct tdx_in *t, const struct tdx_golden *g, unsigned *first)
{
    size_t wrong = 0;

    for (unsigned i = 0; i < TDX_FIELDS; i++) {
        if (g->field[i].wanted && !among(&g->field[i], tdx_body_field(&t->quote.body, i))) {
            *first = wrong == 0 ? i : *first;
            wrong++;
        }
    }
    return wrong;
}

static bool
says_nothing(const struct tdx_golden *g)
{
    for (unsigned i = 0; i < TDX_FIELDS; i++) {
        if (g->field[i].wanted) {
            return false;
        }
    }
    return true;
}

const struct tdx_golden *
tdx_golden_of(const struct tdx_in *t)
{
    unsigned first = 0;

    for (size_t i = 0; i < t->want->golden_n; i++) {
        const struct tdx_golden *g = &t->want->golden[i];

        if (!says_nothing(g) && wrong_fields(t, g, &first) == 0) {
            return g;
        }
    }
    return NULL;
}

/* The compound with the fewest wrong fields explains best. */
static enum outcome
nearest(const struct tdx_in *t, struct finding *f)
{
    const struct tdx_golden *best = NULL;
    size_t least = SIZE_MAX;
    unsigned at = 0;
    char wanted[FINDING_TEXT];
    char hex[HEX_MAX];

    for (size_t i = 0; i < t->want->golden_n; i++) {
        unsigned first = 0;
        size_t wrong = wrong_fields(t, &t->want->golden[i], &first);

        if (wrong > 0 && wrong < least) {
            least = wrong;
            best = &t->want->golden[i];
            at = first;
        }
    }
    if (best == NULL) {
        return finding_fail(f, "a reference value in force", "the set has none");
    }
    (void)snprintf(wanted, sizeof wanted, "one reference value entirely; nearest is \"%.60s\"",
                   best->label);
    hex_encode(tdx_body_field(&t->quote.body, at), hex);
    return finding_fail(f, wanted, "%s is %s, not among its values%s", tdx_field_name(at),
                        hex[0] != '\0' ? hex : "not there", least > 1 ? ", nor are others" : "");
}

enum outcome
tdx_rule_reference_value(const struct check_in *in, struct finding *f)
{
    const struct tdx_in *t = in->tdx;
    const struct tdx_golden *g = NULL;

    if (!t->want->golden_wanted) {
        return finding_ignored(f, "the policy names no reference set");
    }
    g = tdx_golden_of(t);
    return g != NULL ? finding_pass(f, "%s", g->label) : nearest(t, f);
}
