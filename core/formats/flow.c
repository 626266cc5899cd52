/* flow.c - see flow.h. AWS's own samples have double blanks, and header names with dots or
 * underscores for dashes, or in ${} as the format string has them. */
#include "formats/flow.h"

#include "value.h"

static bool is_name_char(char c)
{
    return is_letter(c) || is_digit(c) || c == '-' || c == '_' || c == '.';
}

/* The next blank-separated word, without the ${} of format strings; *is_name if it can be one. */
static bool next_word(struct slice *left, struct slice *word, bool *is_name)
{
    *left = slice_trim(*left);
    if (!left->len)
        return false;
    *word = *left;
    for (word->len = 0;
         word->len < left->len && left->ptr[word->len] != ' ' && left->ptr[word->len] != '\t';)
        word->len++;
    left->ptr += word->len;
    left->len -= word->len;
    if (slice_starts(*word, "${") && slice_ends(*word, "}"))
        *word = slice_of(word->ptr + 2, word->len - 3);
    *is_name = word->len && ((word->ptr[0] >= 'a' && word->ptr[0] <= 'z') ||
                             (word->ptr[0] >= 'A' && word->ptr[0] <= 'Z'));
    for (size_t i = 0; *is_name && i < word->len; i++)
        *is_name = is_name_char(word->ptr[i]);
    return true;
}

static bool same_name(struct slice word, const char *name)
{
    size_t n = strlen(name);

    if (word.len != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (word.ptr[i] != name[i] &&
            !(name[i] == '-' && (word.ptr[i] == '_' || word.ptr[i] == '.')))
            return false;
    return true;
}

/* The place in the table of a header's name, -1 if it is not there. */
static int find_name(const struct field_def *fields, unsigned n, struct slice word)
{
    for (unsigned i = 0; i < n; i++)
        if (same_name(word, fields[i].name))
            return (int)i;
    for (unsigned i = 0; i < n; i++)
        if (fields[i].aliases && slice_is(word, fields[i].aliases))
            return (int)i;
    return -1;
}

/* The names of a header line, which may be one of W3C form. */
static struct slice names_of(struct slice line)
{
    return w3c_is_comment(line) ? w3c_names(line) : line;
}

bool flow_is_header(const struct field_def *fields, unsigned n_fields, struct slice line)
{
    unsigned n = 0, known = 0;
    struct slice word, rest;
    bool is_name;

    line = names_of(line);
    rest = line;
    if (!line.len || (line.ptr[0] >= '0' && line.ptr[0] <= '9') || line.ptr[0] == '-')
        return false;
    for (; next_word(&rest, &word, &is_name); n++)
        if (!is_name)
            return false;
    while (next_word(&line, &word, &is_name))
        known += find_name(fields, n_fields, word) >= 0;
    return n >= 2 && known >= 2 && known * 3 >= n;
}

bool flow_first_line(const struct probe *p, struct slice *line)
{
    struct slice head = p->head;

    while (probe_line(&head, line))
        if (!flow_is_comment(*line))
            return true;
    return false;
}

bool flow_names_gateway(struct slice line)
{
    struct slice word;
    bool is_name;

    while (next_word(&line, &word, &is_name))
        if (slice_starts(word, "tgw-") || slice_starts(word, "tgw_") ||
            slice_starts(word, "packets-lost-") || slice_starts(word, "packets_lost_") ||
            same_name(word, "resource-type"))
            return true;
    return false;
}

void flow_read_header(struct logtype *lt, const struct layout **lay, struct slice line)
{
    const struct layout *learned;
    uint16_t field[MAX_COLUMNS];
    struct slice word;
    bool is_name;
    unsigned n = 0;

    line = names_of(line);
    while (n < MAX_COLUMNS && next_word(&line, &word, &is_name)) {
        int at = find_name(lt->fmt->fields, lt->fmt->n_fields, word);

        at = at >= 0 ? at : logtype_field(lt, word, true);
        if (at < 0)
            break;
        field[n++] = (uint16_t)at;
    }
    learned = n ? layout_intern(lt, field, n) : NULL;
    if (learned)
        *lay = learned;
}

unsigned flow_split(struct logtype *lt, const uint16_t *field, unsigned n, struct slice line,
                    struct record *rec)
{
    struct tok_map map = {field, n, lt->n_static};
    struct tok_result got;
    unsigned last = 0;

    record_begin(rec, lt);
    for (unsigned i = 0; i < n; i++)
        last = MAX(last, field[i]);
    for (; rec->n_val <= last; rec->n_val++)
        rec->val[rec->n_val] = (struct slice){NULL, 0};
    got = tok_runs(line, map, rec->val);
    rec->n_val = MAX(rec->n_val, got.n_val);
    return got.n;
}

bool flow_is_dash(struct slice s)
{
    return s.len == 1 && s.ptr[0] == '-';
}

bool flow_is_status(struct slice s)
{
    return slice_is(s, "OK") || slice_is(s, "NODATA") || slice_is(s, "SKIPDATA");
}

bool flow_is_address(struct slice s)
{
    struct ip ip;

    return !s.ptr || flow_is_dash(s) || parse_ip(s, &ip);
}

bool flow_shape_fits(struct slice version, struct slice status, struct slice src, struct slice dst)
{
    return (!version.ptr || is_digits(version) || flow_is_dash(version)) &&
           (!status.ptr || flow_is_status(status) || flow_is_dash(status)) &&
           flow_is_address(src) && flow_is_address(dst);
}
