/* conf.h - walks the lines of an INI text without copying: sections, names, values.
 *
 * "# ..." and "; ..." are comment lines; a value may follow itself with a blank and ";". Names end
 * at the first "=" that is not the first character, so that a key called "=" can be bound. */
#ifndef AWL_CONF_H
#define AWL_CONF_H

#include "str.h"

struct conf {
    struct slice rest; /* set this to the text, the others to zero */
    int line;
    struct slice section, name, value; /* of the current line, borrowed from the text */
};

enum conf_item { CONF_END, CONF_VALUE, CONF_BAD };

/* Cuts a comment that starts with a blank and a semicolon. */
static inline struct slice conf_value(struct slice v)
{
    for (size_t i = 0; i + 1 < v.len; i++)
        if ((v.ptr[i] == ' ' || v.ptr[i] == '\t') && v.ptr[i + 1] == ';')
            v.len = i;
    return slice_trim(v);
}

/* The next "name = value", with its section and line number; CONF_BAD for a line that is neither
 * that nor a section, blank or comment. */
static inline enum conf_item conf_next(struct conf *c)
{
    while (c->rest.ptr && c->rest.len) {
        struct slice line = slice_trim(slice_cut(&c->rest, '\n'));
        const char *eq;

        c->line++;
        if (!line.len || line.ptr[0] == '#' || line.ptr[0] == ';')
            continue;
        if (line.ptr[0] == '[' && line.ptr[line.len - 1] == ']') {
            c->section = slice_trim(slice_of(line.ptr + 1, line.len - 2));
            continue;
        }
        eq = memchr(line.ptr + 1, '=', line.len - 1);
        if (!eq)
            return CONF_BAD;
        c->name = slice_trim(slice_of(line.ptr, (size_t)(eq - line.ptr)));
        c->value = conf_value(slice_of(eq + 1, (size_t)(line.ptr + line.len - eq - 1)));
        return CONF_VALUE;
    }
    return CONF_END;
}

#endif
