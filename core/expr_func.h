/* expr_func.h - what the files of scalar functions share; nobody else includes it. */
#ifndef AWL_EXPR_FUNC_H
#define AWL_EXPR_FUNC_H

#include <math.h>

#include "expr_impl.h"

struct func_table {
    const struct func *func;
    unsigned n;
};
/* "+02:00", "-0530", "UTC", "Z": seconds east. False: another zone. */
bool zone_seconds(struct slice s, int *out);
extern const struct func_table funcs_basic, funcs_codes, funcs_json;

/* A function of the table. */
#define CALL(name)                                                                                 \
    static struct val name(const struct expr *e UNUSED, const struct val *arg UNUSED,              \
                           struct strbuf *out UNUSED)

static inline struct val missing(void)
{
    return (struct val){.kind = VAL_MISSING};
}

static inline struct val number(double d)
{
    return isfinite(d) ? (struct val){.kind = VAL_NUM, .num = d} : missing();
}

static inline struct val boolean(bool b)
{
    return (struct val){.kind = VAL_BOOL, .num = b};
}

static inline struct val flag(bool b)
{
    return number(b ? 1 : 0);
}

static inline struct val text(struct slice s)
{
    return (struct val){.kind = VAL_STR, .str = s};
}

static inline struct val made(const struct strbuf *out)
{
    return text(strbuf_slice(out));
}

/* The text of a value; numbers and times are written into `own`. */
static inline struct slice text_of(const struct val *v, struct strbuf *own)
{
    if (v->kind == VAL_MISSING)
        return SL("");
    if (v->str.ptr)
        return v->str;
    val_print(*v, own);
    return strbuf_slice(own);
}

#define MAX_MADE (1 << 20) /* texts stop growing here */

#endif
