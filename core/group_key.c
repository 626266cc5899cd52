/* group_key.c - the values of a by-key as small numbers. */
#include "group_impl.h"

#include "xalloc.h"

void group_key_init(struct key *k, const struct query_item *item)
{
    *k = (struct key){.item = item, .direct = -1, .texts = dict_new()};
}

void group_key_release(struct key *k)
{
    dict_free(k->texts);
    free(k->val);
    for (unsigned t = 0; t < MAX_TYPES; t++)
        free(k->by_text[t]);
}

int group_key_field(const struct query_item *item, const struct logtype *lt)
{
    const struct expr *e = item->expr;
    int field;

    if (item->bin_us || !e || e->kind != EX_FIELD || e->field->pseudo != PF_NONE)
        return -1;
    field = e->field->per_type[lt->id];
    return field >= 0 && (unsigned)field < lt->n_static && !lt->field[field]->derive ? field : -1;
}

/* --- texts of dictionaries --- */

static struct dict *direct_dict(const struct key *k)
{
    const struct logtype *lt = logtype_get((unsigned)k->direct);

    return field_dict(lt, (unsigned)group_key_field(k->item, lt));
}

/* The only type of the set that has the field; it must have a dictionary of it. */
static int direct_type(const struct query_item *item, const struct rowset *r)
{
    int only = -1;

    for (uint32_t i = 0; i < r->snap->n; i++) {
        const struct logtype *lt = r->snap->seg[i]->lt;
        int field = group_key_field(item, lt);

        if (!r->count[i] || (int)lt->id == only)
            continue;
        if (item->expr && item->expr->kind == EX_FIELD && item->expr->field->pseudo == PF_NONE &&
            item->expr->field->per_type[lt->id] < 0)
            continue; /* always missing */
        if (field < 0 || only >= 0 || lt->field[field]->kind == FK_NUM ||
            lt->field[field]->kind == FK_TIME)
            return -1;
        only = (int)lt->id;
    }
    return only;
}

void group_key_plan(struct key *k, const struct rowset *r)
{
    k->direct = direct_type(k->item, r);
    k->base = k->direct < 0 ? 0 : dict_count(direct_dict(k));
}

uint32_t group_key_known(const struct key *k, unsigned type, uint32_t gid)
{
    return gid < k->n_by_text[type] ? k->by_text[type][gid] - 1 : UINT32_MAX;
}

void group_key_remember(struct key *k, unsigned type, uint32_t gid, uint32_t id)
{
    if (gid >= k->n_by_text[type]) {
        size_t n = MAX((size_t)gid + 1, 2 * k->n_by_text[type]);

        k->by_text[type] = xreallocarray(k->by_text[type], n, sizeof(*k->by_text[type]));
        memset(k->by_text[type] + k->n_by_text[type], 0,
               (n - k->n_by_text[type]) * sizeof(*k->by_text[type]));
        k->n_by_text[type] = n;
    }
    k->by_text[type][gid] = id + 1;
}

/* --- ids --- */

uint32_t group_key_id(struct key *k, struct val v, struct strbuf *text)
{
    uint32_t number, gid;

    if (v.kind == VAL_STR && k->base && dict_find(direct_dict(k), v.str, &gid) && gid < k->base)
        return gid;
    strbuf_reset(text);
    strbuf_addc(text, (char)('0' + v.kind)); /* 5 and "5" are two keys, missing is one */
    val_print(v, text);
    number = dict_add(k->texts, strbuf_slice(text));
    if (number == k->n_val) {
        struct slice kept = dict_text(k->texts, number);

        v.str = v.str.ptr ? slice_of(kept.ptr + 1, kept.len - 1) : v.str;
        GROW(k->val, k->cap_val, k->n_val + 1);
        k->val[k->n_val++] = v;
    }
    return k->base + number;
}

struct val group_key_val(const struct key *k, uint32_t id)
{
    if (id < k->base)
        return (struct val){.kind = VAL_STR, .str = dict_text(direct_dict(k), id)};
    return k->val[id - k->base];
}

size_t group_key_bytes(const struct key *k)
{
    size_t n = k->cap_val * sizeof(*k->val) + dict_bytes(k->texts);

    for (unsigned t = 0; t < MAX_TYPES; t++)
        n += k->n_by_text[t] * sizeof(*k->by_text[t]);
    return n;
}
