/* header.c - see header.h. */
#include "header.h"

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

const struct layout *layout_behind(struct logtype *lt, const struct layout *lay, struct slice bytes,
                                   struct record *rec)
{
    const char *end = slice_end(bytes), *p, *mark = lt->fmt->header_mark;
    struct slice line, rest;

    bytes = slice_past_mark(bytes);
    p = bytes.ptr;
    while ((p = memmem(p, (size_t)(end - p), mark, strlen(mark)))) {
        const char *from = memrchr(bytes.ptr, '\n', (size_t)(p - bytes.ptr));

        from = from ? from + 1 : bytes.ptr;
        rest = slice_of(from, (size_t)(end - from));
        probe_line(&rest, &line);
        lt->fmt->parse(lt, &lay, line, rec);
        p = line.ptr + line.len;
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
