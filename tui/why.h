/* why.h - the explanations of the core as paragraphs for the screen. */
#ifndef AWL_WHY_H
#define AWL_WHY_H

#include "model.h"

/* What happened, whose side, what to look at next; nothing is added for an ordinary record. */
void why_record(struct rowview *v, struct strbuf *out);
/* What one value means in a few words; nothing is added if there is nothing to say. */
void why_value(const struct logtype *lt, const struct field_def *d, struct slice value,
               struct strbuf *out);
/* All that is known of a value, in paragraphs. */
void why_value_long(const struct logtype *lt, const struct field_def *d, struct slice value,
                    struct strbuf *out);

#endif
