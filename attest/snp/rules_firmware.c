/* SPDX-License-Identifier: Apache-2.0 */
/* rules_firmware.c - TCBs, firmware versions and mitigations; see checks.h.
 *
 * REPORTED is what the key proves, CURRENT what runs, COMMITTED what the host cannot go below any more, LAUNCH what ran when the
 * guest was started. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "attest/snp/checks.h"
#include "attest/snp/product.h"

struct snp_tcb
snp_tcb_proven(const struct snp_in *s)
{
    if (s->vek_only) {
        return s->vek.out.tcb;
    }
    return snp_tcb_of(s->product, s->report.reported);
}

enum outcome
snp_rule_tcb_reserved(const struct check_in *in, struct finding *f)
{
    const struct snp_report *r = &in->snp->report;
    const struct {
        const char *name;
        const uint8_t *raw;
    } tcbs[] = {
        {"CURRENT_TCB", r->current},
        {"REPORTED_TCB", r->reported},
        {"COMMITTED_TCB", r->committed},
        {"LAUNCH_TCB", r->launch},
    };

    for (size_t i = 0; i < sizeof tcbs / sizeof tcbs[0]; i++) {
        int at = snp_tcb_stray(in->snp->product, tcbs[i].raw);

        if (at >= 0) {
            return finding_fail(f, "bytes that belong to no component zero",
                                "byte %d of %s is 0x%02x (%s)", at, tcbs[i].name, tcbs[i].raw[at],
                                snp_product_name(in->snp->product));
        }
    }
    return finding_pass(f, "zero");
}

struct version_text {
    char text[16];
};

static struct version_text
version(uint32_t v)
{
    struct version_text out;

    (void)snprintf(out.text, sizeof out.text, "%u.%u.%u", v >> 16 & 0xff, v >> 8 & 0xff, v & 0xff);
    return out;
}

enum outcome
snp_rule_tcb_order(const struct check_in *in, struct finding *f)
{
    const struct snp_report *r = &in->snp->report;
    struct snp_tcb current = snp_tcb_of(in->snp->product, r->current);
    struct snp_tcb reported = snp_tcb_of(in->snp->product, r->reported);
    struct snp_tcb committed = snp_tcb_of(in->snp->product, r->committed);
    int bad = snp_tcb_below(&current, &reported, SNP_COMPONENT_ALL);

    if (bad >= 0) {
        return finding_fail(f, "REPORTED not above CURRENT", "%s is %u reported, %u current",
                            snp_tcb_part_name((size_t)bad), snp_tcb_part(&reported, (size_t)bad),
                            snp_tcb_part(&current, (size_t)bad));
    }
    bad = snp_tcb_below(&current, &committed, SNP_COMPONENT_ALL);
    if (bad >= 0) {
        return finding_fail(f, "COMMITTED not above CURRENT", "%s is %u committed, %u current",
                            snp_tcb_part_name((size_t)bad), snp_tcb_part(&committed, (size_t)bad),
                            snp_tcb_part(&current, (size_t)bad));
    }
    if (r->firmware_current < r->firmware_committed) {
        return finding_fail(f, "COMMITTED not above CURRENT",
                            "firmware is %s committed, %s current",
                            version(r->firmware_committed).text, version(r->firmware_current).text);
    }
    return finding_pass(f, "in order");
}

/* One TCB against the bound that the policy gives for it. */
struct minimum {
    const char *which; /* for the message: "", "launch ", "committed " */
    const struct snp_tcb_bound *bound;
    struct snp_tcb tcb;
};

static enum outcome
too_low(const struct snp_in *s, const struct minimum *m, size_t part, struct finding *f)
{
    const struct snp_product_facts *p = snp_product_facts(s->product);
    const char *name = snp_tcb_part_name(part);
    char wanted[FINDING_TEXT];

    (void)snprintf(wanted, sizeof wanted, ">= %u (%s)", snp_tcb_part(&m->bound->tcb, part),
                   snp_product_name(s->product));
    if (p != NULL && !(p->components & 1U << part)) {
        return finding_fail(f, wanted, "%s%s is not of this product", m->which, name);
    }
    return finding_fail(f, wanted, "%s%s is %u", m->which, name, snp_tcb_part(&m->tcb, part));
}

enum outcome
snp_rule_tcb_minimum(const struct check_in *in, struct finding *f)
{
    const struct snp_in *s = in->snp;
    const struct minimum minima[] = {
        {"", &s->want->tcb_min, snp_tcb_proven(s)},
        {"launch ", &s->want->tcb_launch_min, snp_tcb_of(s->product, s->report.launch)},
        {"committed ", &s->want->tcb_committed_min, snp_tcb_of(s->product, s->report.committed)},
    };
    size_t n = s->vek_only ? 1 : sizeof minima / sizeof minima[0];
    unsigned asked = 0;

    if (s->vek.is_ca) {
        return finding_ignored(f, "an intermediate has no TCB");
    }
    for (size_t i = 0; i < n; i++) {
        int bad = snp_tcb_below(&minima[i].tcb, &minima[i].bound->tcb, minima[i].bound->given);

        if (bad >= 0) {
            return too_low(s, &minima[i], (size_t)bad, f);
        }
        asked |= minima[i].bound->given;
    }
    return asked == 0 ? finding_ignored(f, "the policy gives no minimum")
                      : finding_pass(f, "at or above the minimum");
}

enum outcome
snp_rule_tcb_implausible(const struct check_in *in, struct finding *f)
{
    const struct snp_in *s = in->snp;
    const struct snp_product_facts *p = snp_product_facts(s->product);
    const struct snp_tcb tcb = snp_tcb_proven(s);
    unsigned given = s->want->tcb_max.given;

    if (s->vek.is_ca) {
        return finding_ignored(f, "an intermediate has no TCB");
    }
    if (p == NULL) {
        return finding_fail(f, "Milan, Genoa or Turin", "no product to judge by");
    }

    int bad = snp_tcb_below(&s->want->tcb_max.tcb, &tcb, given);
    const struct snp_tcb *bound = &s->want->tcb_max.tcb;

    if (bad < 0) {
        bad = snp_tcb_below(&p->plausible, &tcb, SNP_COMPONENT_ALL & ~given);
        bound = &p->plausible;
    }
    if (bad >= 0) {
        char wanted[FINDING_TEXT];

        (void)snprintf(wanted, sizeof wanted, "<= %u (%s%s)", snp_tcb_part(bound, (size_t)bad),
                       p->name, bound == &p->plausible ? ", no such firmware exists" : "");
        return finding_fail(f, wanted, "%s is %u", snp_tcb_part_name((size_t)bad),
                            snp_tcb_part(&tcb, (size_t)bad));
    }
    return finding_pass(f, "plausible");
}

enum outcome
snp_rule_tcb_provisional(const struct check_in *in, struct finding *f)
{
    const struct snp_in *s = in->snp;
    const struct snp_report *r = &s->report;
    struct snp_tcb current = snp_tcb_of(s->product, r->current);
    struct snp_tcb committed = snp_tcb_of(s->product, r->committed);
    int bad = snp_tcb_below(&committed, &current, SNP_COMPONENT_ALL);

    if (memcmp(r->current, r->committed, sizeof r->current) == 0 &&
        r->firmware_current == r->firmware_committed) {
        return finding_pass(f, "all of it committed");
    }
    if (s->want->allow_provisional) {
        return finding_ignored(f, "the policy allows firmware that the host can still take back");
    }
    if (bad >= 0) {
        return finding_fail(f, "all of it committed", "%s is %u current, %u committed",
                            snp_tcb_part_name((size_t)bad), snp_tcb_part(&current, (size_t)bad),
                            snp_tcb_part(&committed, (size_t)bad));
    }
    return finding_fail(f, "all of it committed", "firmware is %s current, %s committed",
                        version(r->firmware_current).text, version(r->firmware_committed).text);
}

enum outcome
snp_rule_firmware_minimum(const struct check_in *in, struct finding *f)
{
    const struct snp_in *s = in->snp;
    struct version_text seen = version(s->report.firmware_current);
    char wanted[FINDING_TEXT];

    if (s->want->firmware_min == 0) {
        return finding_ignored(f, "the policy gives no minimum");
    }
    if (s->report.firmware_current < s->want->firmware_min) {
        (void)snprintf(wanted, sizeof wanted, ">= %s", version(s->want->firmware_min).text);
        return finding_fail(f, wanted, "firmware is %s", seen.text);
    }
    return finding_pass(f, "%s", seen.text);
}

enum outcome
snp_rule_mit_vector(const struct check_in *in, struct finding *f)
{
    const struct snp_report *r = &in->snp->report;
    uint64_t mask = in->snp->want->mit_mask;
    uint64_t both = r->mit_launch & r->mit_current;
    char wanted[FINDING_TEXT];

    if (mask == 0) {
        return finding_ignored(f, "the policy asks for no mitigation");
    }
    (void)snprintf(wanted, sizeof wanted, "0x%" PRIx64 " in LAUNCH and CURRENT", mask);
    if (!r->has_mit) {
        return finding_fail(f, wanted, "unknown before version 5, this is %" PRIu32, r->version);
    }
    if ((both & mask) != mask) {
        return finding_fail(f, wanted,
                            "launch 0x%" PRIx64 ", current 0x%" PRIx64 ", lacks 0x%" PRIx64,
                            r->mit_launch, r->mit_current, mask & ~both);
    }
    return finding_pass(f, "0x%" PRIx64, both);
}
