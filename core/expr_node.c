/* expr_node.c - what the tree of a query is made of: its pool, its nodes, its first error. */
#include <stdio.h>

#include "expr_impl.h"

void *pool_alloc(struct expr_pool *pool, size_t n)
{
    GROW(pool->block, pool->cap_block, pool->n_block + 1);
    pool->block[pool->n_block] = xcalloc(1, n ? n : 1);
    return pool->block[pool->n_block++];
}

char *pool_str(struct expr_pool *pool, struct slice s)
{
    char *copy = pool_alloc(pool, s.len + 1);

    if (s.len)
        memcpy(copy, s.ptr, s.len);
    return copy;
}

struct slice pool_text(struct expr_pool *pool, struct slice s)
{
    return slice_of(pool_str(pool, s), s.len);
}

void pool_free(struct expr_pool *pool)
{
    for (size_t i = 0; i < pool->n_re; i++)
        regex_free(pool->re[i]);
    for (size_t i = 0; i < pool->n_block; i++)
        free(pool->block[i]);
    free(pool->re);
    free(pool->block);
    free(pool);
}

void *parse_fail(struct parser *p, size_t at, size_t len, const char *fmt, ...)
{
    va_list ap;

    if (p->failed)
        return NULL;
    p->failed = true;
    p->error->at = (unsigned)MIN(at, p->q.len);
    p->error->len = (unsigned)MAX(len, (size_t)1);
    p->error->hint[0] = 0;
    va_start(ap, fmt);
    vsnprintf(p->error->msg, sizeof(p->error->msg), fmt, ap);
    va_end(ap);
    return NULL;
}

void parse_hint(struct parser *p, const char *fmt, ...)
{
    va_list ap;

    if (p->error->hint[0])
        return;
    va_start(ap, fmt);
    vsnprintf(p->error->hint, sizeof(p->error->hint), fmt, ap);
    va_end(ap);
}

void parse_notice(struct parser *p, const char *fmt, ...)
{
    char *notice = p->ast->notice;
    size_t used = strlen(notice);
    va_list ap;

    if (used && used + 3 < sizeof(p->ast->notice)) {
        memcpy(notice + used, "; ", 3);
        used += 2;
    }
    va_start(ap, fmt);
    vsnprintf(notice + used, sizeof(p->ast->notice) - used, fmt, ap);
    va_end(ap);
}

struct expr *expr_new(struct parser *p, enum expr_kind kind, size_t at, size_t end)
{
    struct expr *e = pool_alloc(p->pool, sizeof(*e));

    e->kind = kind;
    e->at = (unsigned)at;
    e->at_len = (unsigned)(MAX(end, at) - at);
    return e;
}

void expr_add_arg(struct parser *p, struct expr *e, struct expr *arg)
{
    if ((e->n & (e->n - 1)) == 0) {
        struct expr **wider = pool_alloc(p->pool, (e->n ? 2 * e->n : 1) * sizeof(*wider));

        if (e->n)
            memcpy(wider, e->arg, e->n * sizeof(*wider));
        e->arg = wider;
    }
    e->arg[e->n++] = arg;
    e->at_len = MAX(e->at + e->at_len, arg->at + arg->at_len) - e->at;
}

struct expr *expr_copy(struct parser *p, const struct expr *e)
{
    struct expr *copy = pool_alloc(p->pool, sizeof(*copy));

    *copy = *e;
    copy->n = 0;
    for (unsigned i = 0; i < e->n; i++)
        expr_add_arg(p, copy, e->arg[i]);
    return copy;
}

struct expr *expr_op1(struct parser *p, enum expr_kind kind, struct expr *a)
{
    struct expr *e = expr_new(p, kind, a->at, a->at + a->at_len);

    expr_add_arg(p, e, a);
    return e;
}

struct expr *expr_op2(struct parser *p, enum expr_kind kind, enum expr_op op, struct expr *a,
                      struct expr *b)
{
    struct expr *e = expr_op1(p, kind, a);

    e->op = op;
    e->text = kind == EX_CMP ? b->text : (struct slice){NULL, 0};
    expr_add_arg(p, e, b);
    return e;
}

struct expr *expr_regex(struct parser *p, struct expr *left, struct slice pattern, bool icase,
                        size_t at, size_t end)
{
    struct strbuf text = STRBUF_INIT;
    struct expr *e = expr_op1(p, EX_MATCH, left);
    struct err err = {0};

    strbuf_adds(&text, icase ? "(?i)" : "");
    strbuf_addsl(&text, pattern);
    e->text = pool_text(p->pool, strbuf_slice(&text));
    strbuf_release(&text);
    e->at_len = (unsigned)MAX(end - e->at, (size_t)e->at_len);
    e->re = regex_new(e->text, false, &err);
    if (!e->re)
        return parse_fail(p, at, end - at, "%s", err.msg);
    GROW(p->pool->re, p->pool->cap_re, p->pool->n_re + 1);
    p->pool->re[p->pool->n_re++] = e->re;
    return e;
}
