/* index_texts.c - blocks of texts, and what number a text of the index has in the session. */
#include "index_texts.h"

#include "parallel.h"
#include "segment.h"
#include "xalloc.h"

#define BLOCK_BYTES (1u << 20) /* about; of texts. So writing them needs no memory to speak of */

/* How the texts of one field are numbered in the index; of `same` ones only n_written counts. */
struct field_texts {
    uint32_t n, n_written; /* texts of the index; those that stand in its blocks */
    uint32_t *to_session;
    size_t cap;
    uint32_t *to_index; /* by the session's id; 0: none yet, else + 1 */
    size_t n_index;
};

/* --- reading --- */

/* The texts of a block, which begins with where each of them does; off is NULL if it is damaged. */
static struct dict_block read_texts(const struct index_file *file, const struct contents_texts *t)
{
    struct slice s = index_file_bytes(file, &t->block);
    uint64_t table = ((uint64_t)t->n + 1) * sizeof(uint32_t);
    const uint32_t *off = (const uint32_t *)(const void *)s.ptr;
    uint32_t falls = 0;

    if (!s.ptr || s.len < table || !index_file_sound(file, &t->block, s.len) || off[0] != 0 ||
        off[t->n] > s.len - table)
        return (struct dict_block){NULL, NULL, 0};
    for (uint32_t i = 0; i < t->n; i++)
        falls |= off[i] > off[i + 1];
    return (struct dict_block){falls ? NULL : off, s.ptr + table, t->n};
}

struct texts_job {
    const struct index_file *file;
    const struct contents *c;
    struct dict_block *block;
};

static void read_block(void *ctx, uint32_t i)
{
    struct texts_job *j = ctx;

    j->block[i] = read_texts(j->file, &j->c->texts[i]);
}

static struct field_texts *texts_of(struct index_texts *all, const struct logtype *lt,
                                    unsigned field)
{
    if (!all->of[lt->id])
        all->of[lt->id] = xcalloc(MAX(lt->n_static, 1u), sizeof(**all->of));
    return &all->of[lt->id][field];
}

static void texts_append(struct field_texts *t, uint32_t session)
{
    GROW(t->to_session, t->cap, (size_t)t->n + 1);
    t->to_session[t->n++] = session;
    if (session >= t->n_index) {
        size_t n = MAX((size_t)session + 1, 2 * t->n_index);

        t->to_index = xreallocarray(t->to_index, n, sizeof(*t->to_index));
        memset(t->to_index + t->n_index, 0, (n - t->n_index) * sizeof(*t->to_index));
        t->n_index = n;
    }
    t->to_index[session] = t->n;
}

/* Brings the texts of a block into the session's dictionary, which has others already. */
static void intern_texts(struct field_texts *t, struct dict *d, const struct dict_block *b)
{
    for (uint32_t i = 0; i < b->n; i++)
        texts_append(t, dict_add(d, slice_of(b->bytes + b->off[i], b->off[i + 1] - b->off[i])));
}

/* The blocks of the field of block i, which is its first one, become its dictionary. */
static void adopt_texts(const struct texts_job *j, uint32_t i)
{
    const struct contents_texts *t = j->c->texts;
    struct dict_block *all = xcalloc(j->c->n_texts, sizeof(*all));
    uint32_t n = 0;

    for (uint32_t k = i; k < j->c->n_texts; k++)
        if (t[k].lt == t[i].lt && t[k].field == t[i].field)
            all[n++] = j->block[k];
    dict_adopt(field_dict(t[i].lt, t[i].field), all, n);
    free(all);
}

/* Whether all blocks are sound, and those of a field follow one another. */
static bool all_sound(struct index_texts *all, const struct texts_job *j)
{
    for (uint32_t i = 0; i < j->c->n_texts; i++) {
        const struct contents_texts *t = &j->c->texts[i];
        struct field_texts *mine = texts_of(all, t->lt, t->field);

        if (t->n == 0 || t->first != mine->n_written || !j->block[i].off)
            return false;
        mine->n_written += t->n;
    }
    return true;
}

bool index_texts_load(struct index_texts *all, struct index_file *file, const struct contents *c)
{
    uint32_t n = (uint32_t)c->n_texts;
    struct texts_job j = {.file = file, .c = c, .block = xcalloc(MAX(n, 1u), sizeof(*j.block))};
    bool ok;

    parallel_each(n, read_block, &j);
    ok = all_sound(all, &j);
    for (uint32_t i = 0; ok && i < n; i++) {
        const struct contents_texts *t = &c->texts[i];

        if (!all->same)
            intern_texts(texts_of(all, t->lt, t->field), field_dict(t->lt, t->field), &j.block[i]);
        else if (t->first == 0)
            adopt_texts(&j, i);
    }
    if (ok && n && all->same)
        index_file_keep(file);
    free(j.block);
    return ok;
}

/* --- one number for the other --- */

uint32_t index_texts_in(struct index_texts *all, const struct logtype *lt, unsigned field,
                        uint32_t id)
{
    const struct field_texts *t = texts_of(all, lt, field);

    return id < t->n ? t->to_session[id] : UINT32_MAX;
}

uint32_t index_texts_out(struct index_texts *all, const struct logtype *lt, unsigned field,
                         uint32_t id)
{
    struct field_texts *t = texts_of(all, lt, field);

    if (id >= t->n_index || !t->to_index[id])
        texts_append(t, id);
    return t->to_index[id] - 1;
}

/* --- writing --- */

/* Writes texts from number `first` on, as many of n as are BLOCK_BYTES, or one. Returns how many;
 * 0: it cannot be written. */
static uint32_t write_block(struct index_file *file, struct contents *all, struct contents_texts c,
                            uint32_t n, const uint32_t *session)
{
    const struct dict *d = field_dict(c.lt, c.field);
    struct strbuf table = STRBUF_INIT, bytes = STRBUF_INIT;
    uint32_t at = 0;
    bool ok;

    strbuf_add(&table, &at, sizeof(at));
    while (c.n < n && bytes.len < BLOCK_BYTES) {
        strbuf_addsl(&bytes, dict_text(d, session ? session[c.n] : c.first + c.n));
        c.n++;
        at = (uint32_t)bytes.len;
        strbuf_add(&table, &at, sizeof(at));
    }
    strbuf_addsl(&table, strbuf_slice(&bytes));
    ok = bytes.len < UINT32_MAX &&
         index_file_append(file, strbuf_slice(&table), table.len, &c.block);
    if (ok)
        contents_add_texts(all, &c);
    strbuf_release(&table);
    strbuf_release(&bytes);
    return ok ? c.n : 0;
}

bool index_texts_write(struct index_texts *all, struct index_file *file, struct contents *c)
{
    for (unsigned t = 0; t < logtype_count(); t++) {
        struct logtype *lt = logtype_get(t);

        for (unsigned f = 0; f < lt->n_static; f++) {
            uint32_t n = all->same    ? dict_count(field_dict(lt, f))
                         : all->of[t] ? all->of[t][f].n
                                      : 0;
            struct field_texts *mine = n ? texts_of(all, lt, f) : NULL;

            while (mine && mine->n_written < n) {
                struct contents_texts block = {.lt = lt, .field = f, .first = mine->n_written};
                uint32_t more = write_block(file, c, block, n - mine->n_written,
                                            all->same ? NULL : mine->to_session + mine->n_written);

                if (!more)
                    return false;
                mine->n_written += more;
            }
        }
    }
    return true;
}

void index_texts_drop(struct index_texts *all)
{
    for (unsigned t = 0; t < MAX_TYPES; t++) {
        for (unsigned f = 0; all->of[t] && f < logtype_get(t)->n_static; f++) {
            free(all->of[t][f].to_session);
            free(all->of[t][f].to_index);
        }
        free(all->of[t]);
        all->of[t] = NULL;
    }
}
