/* w3c.c - see w3c.h. */
#include "formats/w3c.h"

static bool next_name(struct slice *names, struct slice *name)
{
    *names = slice_trim(*names);
    if (!names->len)
        return false;
    name->ptr = names->ptr;
    name->len = 0;
    while (name->len < names->len && names->ptr[name->len] != ' ' && names->ptr[name->len] != '\t')
        name->len++;
    names->ptr += name->len;
    names->len -= name->len;
    return true;
}

struct slice w3c_names(struct slice line)
{
    const size_t n = sizeof(W3C_MARK) - 1;

    return slice_starts(line, W3C_MARK) ? slice_of(line.ptr + n, line.len - n)
                                        : (struct slice){NULL, 0};
}

/* Vended delivery has the same names whatever the form, so what the keys of JSON mean comes before
 * the names of the table: client_port is address and port there. */
static int column(struct logtype *lt, struct slice name)
{
    int at = logtype_key(lt, name);

    if (at < 0)
        at = logtype_lookup(lt, name);
    return at >= 0 ? at : logtype_field(lt, name, true);
}

void w3c_read_header(struct logtype *lt, const struct layout **lay, struct slice line)
{
    struct slice names = w3c_names(line), name;
    const struct layout *learned;
    uint16_t field[MAX_COLUMNS];
    unsigned n = 0;

    while (n < MAX_COLUMNS && names.ptr && next_name(&names, &name)) {
        int at = column(lt, name);

        if (at < 0)
            break;
        field[n++] = (uint16_t)at;
    }
    learned = n ? layout_intern(lt, field, n) : NULL;
    if (learned)
        *lay = learned;
}

void w3c_clear_learned(const struct layout *lay, struct record *rec)
{
    unsigned last = 0;

    for (unsigned i = 0; i < lay->n; i++)
        last = MAX(last, lay->field[i]);
    for (; rec->n_val <= last; rec->n_val++)
        rec->val[rec->n_val] = (struct slice){NULL, 0};
}

struct tok_result w3c_split(const struct layout *lay, unsigned extra, struct slice line,
                            struct record *rec)
{
    struct tok_map map = {lay->field, lay->n, extra};
    struct tok_result got;

    w3c_clear_learned(lay, rec);
    got = line.len && memchr(line.ptr, '\t', line.len) ? tok_sep(line, '\t', map, rec->val)
                                                       : tok_runs(line, map, rec->val);
    rec->n_val = MAX(rec->n_val, got.n_val);
    return got;
}

int w3c_probe(const struct probe *p)
{
    struct slice head = p->head, line, names = {NULL, 0}, name;
    unsigned n = 0, known = 0;

    while (!names.ptr && probe_line(&head, &line) && w3c_is_comment(line))
        names = w3c_names(line);
    if (!names.ptr)
        return -1;
    for (; next_name(&names, &name); n++)
        known += logtype_documents(p->lt, name);
    return known >= 2 && known * 3 >= n ? 60 + (int)(35 * known / n) : 0;
}
