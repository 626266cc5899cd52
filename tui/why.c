#include "why.h"

void why_record(struct rowview *v, struct strbuf *out)
{
    (void)v;
    (void)out;
}

void why_value(const struct logtype *lt, const struct field_def *d, struct slice value,
               struct strbuf *out)
{
    (void)lt;
    (void)d;
    (void)value;
    (void)out;
}

void why_value_long(const struct logtype *lt, const struct field_def *d, struct slice value,
                    struct strbuf *out)
{
    why_value(lt, d, value, out);
}
