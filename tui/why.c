#include "why.h"

#include "explain.h"

static bool explained(const struct logtype *lt, const struct field_def *d, struct slice value,
                      struct explanation *e)
{
    if (value_missing(value))
        value = SL("-");
    return explain_value(slice_str(lt->fmt->name), slice_str(d->name), value, e);
}

void why_record(struct rowview *v, struct strbuf *out)
{
    struct strbuf text = STRBUF_INIT;
    const char *side = NULL, *next;

    if (segment_unparsed(v->seg, v->row)) {
        strbuf_addf(out, "not parsed: %s", reason_text(segment_reason(v->seg, v->row)));
        return;
    }
    if (segment_reason(v->seg, v->row))
        strbuf_addf(out, "Flagged: %s. ", reason_text(segment_reason(v->seg, v->row)));
    explain_record(v->seg->lt, rowview_record(v), &text, &side);
    next = text.buf ? strstr(text.buf, " Next: ") : NULL;
    if (text.len > 0 && side && !strcasestr(text.buf, "side:")) {
        /* Whose side it is comes before what to do about it. */
        size_t head = next ? (size_t)(next - text.buf) : text.len;

        strbuf_add(out, text.buf, head);
        strbuf_addf(out, " Side: %s.", side);
        strbuf_add(out, text.buf + head, text.len - head);
    } else
        strbuf_addsl(out, strbuf_slice(&text));
    strbuf_release(&text);
}

void why_value(const struct logtype *lt, const struct field_def *d, struct slice value,
               struct strbuf *out)
{
    struct explanation e = {0};

    if (explained(lt, d, value, &e) && e.meaning)
        strbuf_adds(out, e.meaning);
}

void why_value_long(const struct logtype *lt, const struct field_def *d, struct slice value,
                    struct strbuf *out)
{
    struct explanation e = {0};

    if (!explained(lt, d, value, &e))
        return;
    if (e.meaning)
        strbuf_addf(out, "\n%s.\n", e.meaning);
    if (e.side)
        strbuf_addf(out, "Side: %s.\n", e.side);
    if (e.next)
        strbuf_addf(out, "Next: %s%s\n", e.next, slice_ends(slice_str(e.next), "?") ? "" : ".");
}
