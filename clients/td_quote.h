/* SPDX-License-Identifier: Apache-2.0 */
/* td_quote.h - a quote of an Azure guest's TD report, by the service of its host.
 *
 * The report belongs to the paravisor, which shows it in the HCL report (attest/azure/azure.h).
 * Source: Azure instance metadata service, path /acc/tdquote: {"report": base64url} there, {"quote": base64url} back. */
#ifndef CLIENTS_TD_QUOTE_H
#define CLIENTS_TD_QUOTE_H

#include "clients/metadata.h"

enum { TD_QUOTE_MS = 20000 };

/* hcl: the HCL report, whose TD report is quoted.  *text: the quote as base64url, owned by the caller (mem_free_text()).
 * ERR_UNABLE, code td_quote: the blob holds no TD report, or nothing usable came in TD_QUOTE_MS. */
enum err td_quote_take(const char *url, struct slice hcl, char **text, struct fault *f) MUST_USE;

#endif
