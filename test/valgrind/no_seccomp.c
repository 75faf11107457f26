/* SPDX-License-Identifier: Apache-2.0 */
/* no_seccomp.c - for runs under valgrind only: libseccomp's calls that do nothing.
 *
 * valgrind 3.19 does not know seccomp(2), and translates code at run time, which the mint's filter forbids.  Preloaded into valgrind's runs,
 * this lets the mint be looked at; the product itself has no way to run without its filter.
 *
 *     gcc -shared -fPIC -o no_seccomp.so no_seccomp.c;  LD_PRELOAD=./no_seccomp.so valgrind ...
 */
#include <seccomp.h>

static char nothing; /* something to point at */

scmp_filter_ctx
seccomp_init(uint32_t action)
{
    (void)action;
    return &nothing;
}

int
seccomp_rule_add(scmp_filter_ctx ctx, uint32_t action, int call, unsigned int n, ...)
{
    (void)ctx;
    (void)action;
    (void)call;
    (void)n;
    return 0;
}

int
seccomp_load(scmp_filter_ctx ctx)
{
    (void)ctx;
    return 0;
}

void
seccomp_release(scmp_filter_ctx ctx)
{
    (void)ctx;
}
