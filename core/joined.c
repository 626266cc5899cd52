/* joined.c - a hash table of rows: each distinct key has a number in a dictionary, the rows of a
 * key are a chain in the order in which they came. */
#include "joined.h"

#include "dict.h"
#include "xalloc.h"

struct chain {
    uint32_t first, last;
};

struct joined {
    unsigned width;
    const struct dict *texts;
    struct dict *keys;
    struct chain *chain; /* by number of the key */
    uint32_t *next;      /* by row */
    struct val *cell;
    size_t cap_chain, cap_next, cap_cell;
    uint32_t n;
    struct strbuf key; /* at hand: each part as it prints, its length before it */
    bool missing;      /* a part of it */
};

struct joined *joined_new(unsigned width, const struct dict *texts)
{
    struct joined *j = xcalloc(1, sizeof(*j));

    j->width = width;
    j->texts = texts;
    j->keys = dict_new();
    return j;
}

void joined_free(struct joined *j)
{
    if (!j)
        return;
    dict_free(j->keys);
    free(j->chain);
    free(j->next);
    free(j->cell);
    strbuf_release(&j->key);
    free(j);
}

void joined_key(struct joined *j, unsigned k, struct val v)
{
    uint64_t len = 0;
    size_t at;

    if (k == 0) {
        strbuf_reset(&j->key);
        j->missing = false;
    }
    at = j->key.len;
    j->missing |= v.kind == VAL_MISSING || v.kind == VAL_JSON;
    strbuf_add(&j->key, &len, sizeof(len));
    val_print(v, &j->key);
    len = j->key.len - at;
    memcpy(j->key.buf + at, &len, sizeof(len));
}

static bool too_large(const struct joined *j)
{
    size_t row = sizeof(*j->next) + j->width * sizeof(*j->cell);

    return j->n * row + dict_bytes(j->keys) + dict_bytes(j->texts) > JOINED_MAX_BYTES;
}

bool joined_add(struct joined *j, const struct val *cell)
{
    uint32_t before = dict_count(j->keys), id;

    if (j->missing)
        return true;
    if (too_large(j))
        return false;
    id = dict_add(j->keys, strbuf_slice(&j->key));
    GROW(j->chain, j->cap_chain, (size_t)id + 1);
    GROW(j->next, j->cap_next, (size_t)j->n + 1);
    GROW(j->cell, j->cap_cell, ((size_t)j->n + 1) * j->width);
    if (id < before)
        j->next[j->chain[id].last] = j->n;
    else
        j->chain[id].first = j->n;
    j->chain[id].last = j->n;
    j->next[j->n] = JOINED_NONE;
    memcpy(j->cell + (size_t)j->n * j->width, cell, j->width * sizeof(*cell));
    j->n++;
    return true;
}

uint32_t joined_find(struct joined *j)
{
    uint32_t id;

    return !j->missing && dict_find(j->keys, strbuf_slice(&j->key), &id) ? j->chain[id].first
                                                                         : JOINED_NONE;
}

uint32_t joined_next(const struct joined *j, uint32_t row)
{
    return j->next[row];
}

const struct val *joined_row(const struct joined *j, uint32_t row)
{
    return j->cell + (size_t)row * j->width;
}
