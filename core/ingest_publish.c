/* ingest_publish.c - what builders hold, in the catalog: in pieces while they fill, whole then. */
#include "index.h"
#include "ingest.h"
#include "xalloc.h"

/* Publishes builder t as far as it was filled. */
static void show(struct ingest *in, unsigned t)
{
    struct builder *b = in->builder[t];
    struct shown *s = &in->shown[t];
    uint32_t n = builder_rows(b), n_old = s->rows > s->from, n_fresh = 0;
    struct segment *old = n_old ? s->part[--s->n] : NULL, *fresh[2];

    if (n - s->from >= PART_ROWS) { /* whole words of bits */
        fresh[n_fresh++] = builder_seal(b, s->from, n / 64 * 64);
        s->from = n / 64 * 64;
    }
    if (n > s->from)
        fresh[n_fresh++] = builder_seal(b, s->from, n);
    for (uint32_t i = 0; i < n_fresh; i++) {
        segment_ref(fresh[i]);
        s->part[s->n++] = fresh[i];
    }
    s->rows = n;
    catalog_exchange(in->catalog, &old, n_old, fresh, n_fresh);
    segment_unref(old);
}

void ingest_publish(struct ingest *in, unsigned t)
{
    struct builder *b = in->builder[t];
    struct shown *s = &in->shown[t];
    struct segment *seg = builder_seal(b, 0, builder_rows(b)), *mapped;

    segment_ref(seg);
    catalog_exchange(in->catalog, s->part, s->n, &seg, 1);
    while (s->n)
        segment_unref(s->part[--s->n]);
    s->rows = s->from = 0;
    mapped = in->index ? index_put(in->index, seg) : NULL;
    if (mapped)
        catalog_replace(in->catalog, seg, mapped);
    segment_unref(seg);
    in->finished++;
    builder_reset(b);
}

bool ingest_show(struct ingest *in)
{
    bool any = false;

    for (unsigned t = 0; t < ARRAY_LEN(in->builder); t++) {
        if (in->builder[t] && builder_rows(in->builder[t]) > in->shown[t].rows) {
            show(in, t);
            any = true;
        }
    }
    return any;
}

void ingest_index(struct ingest *in, struct index *index)
{
    if (in->index == index)
        return;
    ingest_seal(in);
    in->index = index;
}

void ingest_seal(struct ingest *in)
{
    for (unsigned t = 0; t < ARRAY_LEN(in->builder); t++)
        if (in->builder[t] && builder_rows(in->builder[t]) > 0)
            ingest_publish(in, t);
}

struct segment *ingest_publish_alone(struct ingest *in)
{
    for (unsigned t = 0; t < ARRAY_LEN(in->builder); t++) {
        struct builder *b = in->builder[t];

        if (b && builder_rows(b) > 0) {
            struct segment *seg = builder_seal(b, 0, builder_rows(b));

            segment_ref(seg);
            catalog_replace(in->catalog, NULL, seg);
            builder_reset(b);
            return seg;
        }
    }
    return NULL;
}
