/* header.c - see header.h. */
#include "header.h"

#include <stdatomic.h>

#include "literal.h"
#include "tok_space.h"

#define FIRST_LINES 4 /* of a file: its header is among them */

const struct layout *layout_of_head(struct logtype *lt, struct slice head, struct record *rec)
{
    const struct layout *lay = NULL;
    struct slice line;

    head = slice_past_mark(head);
    for (unsigned i = 0; !lay && i < FIRST_LINES && probe_line(&head, &line); i++)
        lt->fmt->parse(lt, &lay, line, rec);
    return lay;
}

/* What is looked for in all bytes of such files; made once a type, for the life of the process. */
static const struct literals *mark_of(const struct logtype *lt)
{
    static struct literals *_Atomic marks[MAX_TYPES];
    struct literals *known = atomic_load_explicit(&marks[lt->id], memory_order_acquire);
    struct slice text = slice_str(lt->fmt->header_mark);
    struct literals *fresh;

    if (known)
        return known;
    fresh = literals_new(&text, 1, false);
    if (atomic_compare_exchange_strong(&marks[lt->id], &known, fresh))
        return fresh;
    literals_free(fresh); /* another thread was first */
    return known;
}

const struct layout *layout_behind(struct logtype *lt, const struct layout *lay, struct slice bytes,
                                   struct record *rec)
{
    const struct literals *mark = mark_of(lt);
    const char *end = slice_end(bytes);
    size_t at = 0, len;

    bytes = slice_past_mark(bytes);
    while ((at = literals_find(mark, bytes, at, &len)) != SIZE_MAX) {
        const char *feed = memrchr(bytes.ptr, '\n', at), *from = feed ? feed + 1 : bytes.ptr;
        struct slice rest = slice_of(from, (size_t)(end - from)), line;

        probe_line(&rest, &line);
        lt->fmt->parse(lt, &lay, line, rec);
        at = (size_t)(slice_end(line) - bytes.ptr);
    }
    return lay;
}

const struct layout *layout_behind_events(struct logtype *lt, const struct events *events,
                                          const char *start, struct arena *mem, struct record *rec)
{
    const struct layout *lay = NULL;

    for (size_t i = 0; !lay && i < MIN(events->n, (size_t)FIRST_LINES); i++) {
        const struct event *e = &events->item[i];
        struct unwrapped u;

        if (!e->header)
            frame_parse(frame_by_id(e->frame), lt, &lay, slice_of(start + e->off, e->len), mem, &u,
                        rec);
    }
    return lay;
}
