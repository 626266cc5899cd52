#include "feed.h"

#include "slab.h"

static struct slab feeds = SLAB_OF(struct feed);

struct feed *feed_new(struct source *src)
{
    struct feed *f = slab_take(&feeds);

    f->src = src;
    f->index_id = UINT32_MAX;
    f->tail_from = UINT64_MAX;
    f->partial_from = UINT64_MAX;
    f->tail_at = SIZE_MAX;
    pthread_mutex_init(&f->lock, NULL);
    return f;
}

void feed_free(struct feed *f)
{
    if (f->reader)
        reader_free(f->reader);
    segment_unref(f->partial);
    source_free(f->src);
    pthread_mutex_destroy(&f->lock);
    free(f->chunk_lines);
    free(f->name);
    slab_give(&feeds, f);
}

uint64_t feed_line_base(struct feed *f, uint32_t chunk)
{
    uint64_t base = 1;

    pthread_mutex_lock(&f->lock);
    if (chunk == TAIL_CHUNK && f->tail_at == SIZE_MAX)
        base = 0;
    for (size_t i = 0; base && i < f->n_chunk; i++) {
        if (i == f->tail_at && (chunk == TAIL_CHUNK || i > chunk))
            break;
        if (i == f->tail_at)
            base += f->tail_lines;
        if (i == chunk)
            break;
        base = f->chunk_lines[i] == UINT32_MAX ? 0 : base + f->chunk_lines[i];
    }
    pthread_mutex_unlock(&f->lock);
    return base;
}

void feed_exhaust(struct feed *f)
{
    f->exhausted = true;
    if (f->tail_from != UINT64_MAX && f->tail_at == SIZE_MAX)
        f->tail_at = f->n_chunk;
}

void feed_restart(struct feed *f)
{
    struct source *s = f->src;

    pthread_mutex_lock(&f->lock);
    f->end = 0;
    f->n_chunk = 0;
    f->lay = NULL;
    f->tail_at = SIZE_MAX;
    f->tail_lines = 0;
    f->taken = false;
    f->exhausted = false;
    s->done = false;
    s->lt = NULL;
    s->bytes_done = s->inflated = s->records = s->lines = s->headers = s->blanks = 0;
    for (unsigned i = 0; i < REASON_COUNT; i++)
        s->unparsed[i] = 0;
    s->first_us = INT64_MAX;
    s->last_us = INT64_MIN;
    pthread_mutex_unlock(&f->lock);
}

void feed_resume(struct feed *f)
{
    uint64_t from = f->end;

    pthread_mutex_lock(&f->lock);
    if (f->tail_from != UINT64_MAX) {
        from = MAX(from, f->tail_end);
        f->tail_from = UINT64_MAX;
    }
    if (f->partial_from != UINT64_MAX)
        from = f->partial_from;
    if (f->reader)
        reader_free(f->reader);
    f->reader = NULL;
    f->end = from;
    f->exhausted = false;
    pthread_mutex_unlock(&f->lock);
}
