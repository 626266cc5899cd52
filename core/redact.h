/* redact.h - takes out of a text what should not leave the house: addresses, account numbers, the
 * names in ARNs, access keys, API keys that are named so and the signatures of signed URLs.
 *
 * The same thing is replaced by the same other thing of the same kind and length all through one
 * output (tables stay in line, counts and groups stay right), by another in the next output: the
 * key is new for each redactor. Neighbouring addresses stay neighbours. Everything else, private
 * names outside of ARNs included, stays as it is. */
#ifndef AWL_REDACT_H
#define AWL_REDACT_H

#include "str.h"

struct redactor;
struct redactor *redactor_new(uint64_t key);
void redactor_free(struct redactor *r);
/* Appends the text with everything replaced; whole tokens must be in one call. */
void redact(const struct redactor *r, struct slice text, struct strbuf *out);
/* Whether a field of that name, or the last part of it ("identity.apiKey"), holds an API key: alone
 * it does not look like one. */
bool redact_names_secret(struct slice field);
/* Appends what stands for a value of such a field. */
void redact_secret(const struct redactor *r, struct slice value, struct strbuf *out);

#endif
