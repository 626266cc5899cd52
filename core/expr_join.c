/* expr_join.c - join and lookup: their words, and the names of the two sides of a join.
 *
 * Behind a join "a.x" is x of the side that it calls a. Of the right side only what is named is
 * kept: each name that is met adds a cell to the join. */
#include "expr_impl.h"

/* --- names of the sides --- */

/* Whether "alias." stands at `at`. */
static bool starts_side(const struct parser *p, size_t at, struct slice alias)
{
    return at + alias.len < p->q.len && slice_eq(text_at(p, at, alias.len), alias) &&
           p->q.ptr[at + alias.len] == '.';
}

/* The scope in which the name behind "alias." at `at` is looked up, positioned there: `look` or
 * that of the right side. NULL: it is none. */
static struct parser *side_at(struct parser *p, size_t at, struct parser *look,
                              struct join_scope **scope)
{
    for (struct join_scope *s = p->scope; s; s = s->next) {
        bool right = starts_side(p, at, s->right);

        if (!right && !starts_side(p, at, s->left))
            continue;
        *scope = right ? s : NULL;
        *look = right ? *s->of : *p;
        look->scope = NULL;
        look->at = at + (right ? s->right.len : s->left.len) + 1;
        return look;
    }
    return NULL;
}

static char *side_name(struct parser *p, struct slice side, struct slice name)
{
    struct strbuf text = STRBUF_INIT;
    struct slice inside;
    char *all;

    if (lex_quoted_name(name, 0, &inside) == name.len)
        name = inside;
    strbuf_addf(&text, SLICE_FMT "." SLICE_FMT, SLICE_ARG(side), SLICE_ARG(name));
    all = pool_str(p->pool, strbuf_slice(&text));
    strbuf_release(&text);
    return all;
}

/* The cell of the join that is e of its right side. */
static struct expr *right_cell(struct parser *p, const struct join_scope *s, struct expr *e,
                               struct slice as)
{
    struct query_cmd *c = &p->ast->cmd[s->cmd];
    char *name = side_name(p, s->right, as);
    struct query_item item = {.expr = e, .name = name};

    for (unsigned i = 0; i < c->n_made; i++)
        if (!strcmp(c->made[i], name))
            return bind_cell(p, slice_str(name), (int)c->cell[i]);
    if (c->n_made == MAX_ITEMS)
        return parse_fail(p, p->at, 1, "more than %d columns of one side of a join", MAX_ITEMS);
    if ((c->n_made & (c->n_made - 1)) == 0) {
        struct query_item *wider =
            pool_alloc(p->pool, (c->n_made ? 2 * c->n_made : 1) * sizeof(*wider));

        if (c->n_made)
            memcpy(wider, c->right, c->n_made * sizeof(*wider));
        c->right = wider;
    }
    c->right[c->n_made] = item;
    add_made(p, c, name);
    return bind_cell(p, slice_str(name), (int)p->width - 1);
}

struct expr *bind_joined(struct parser *p, size_t *len)
{
    struct join_scope *scope = NULL;
    struct parser look, *side = p->agg ? NULL : side_at(p, p->at, &look, &scope);
    size_t from;
    struct expr *e;

    *len = 0;
    if (!side)
        return NULL;
    from = side->at;
    e = bind_name(side, len);
    if (e && scope)
        e = right_cell(p, scope, e, text_at(p, from, *len));
    *len += from - p->at;
    if (e) {
        e->at = (unsigned)p->at;
        e->at_len = (unsigned)*len;
    }
    return e;
}

bool joined_unknown(struct parser *p, size_t at, size_t len)
{
    struct join_scope *scope;
    struct parser look, *side = side_at(p, at, &look, &scope);

    if (!side)
        return false;
    if (side->at < at + len)
        bind_unknown(side, side->at, at + len - side->at);
    else
        parse_fail(side, side->at, 1, "a name is expected behind the side of the join");
    p->failed = true;
    return true;
}

/* --- join --- */

/* WORD=VALUE of a join; *value is then its value. */
static bool take_option(struct parser *p, const char *word, struct slice *value)
{
    size_t n, at = p->at;

    if (!take_word(p, word))
        return false;
    if (!take_char(p, '=')) {
        p->at = at;
        return false;
    }
    skip(p);
    n = lex_bare(p->q, p->at);
    *value = text_at(p, p->at, n);
    p->at += n;
    return true;
}

struct sides {
    struct slice type, left, right;
};

static bool take_sides(struct parser *p, struct sides *s)
{
    while (take_option(p, "type", &s->type) || take_option(p, "left", &s->left) ||
           take_option(p, "right", &s->right)) {
        size_t at = p->at - s->type.len;

        if (!slice_eq_nocase(s->type, SL("inner")) && !slice_eq_nocase(s->type, SL("left"))) {
            parse_fail(p, at, s->type.len, "a join is of type inner or left");
            return false;
        }
    }
    if (!s->left.len || !s->right.len || slice_eq(s->left, s->right)) {
        fail_here(p, "a join names both sides");
        parse_hint(p, "join type=inner left=a right=b where a.x = b.y (SOURCE ...)");
        return false;
    }
    return true;
}

/* A key of the right side, which is read when its scope is known. */
struct right_key {
    size_t at, len;
};

/* "right.name": where the name stands. */
static bool skip_right(struct parser *p, struct slice side, struct right_key *key)
{
    struct parser probe = {.q = p->q, .env = p->env, .error = p->error, .pool = p->pool};

    probe.ast = p->ast;
    probe.at = key->at = p->at + side.len + 1;
    bind_name(&probe, &key->len);
    if (!key->len)
        fail_here(&probe, "a name is expected");
    p->failed |= probe.failed;
    p->at = key->at + key->len;
    return !p->failed;
}

static bool take_side(struct parser *p, const struct sides *s, struct query_cmd *cmd,
                      struct right_key *key, bool *left)
{
    skip(p);
    *left = starts_side(p, p->at, s->left);
    if (*left) {
        struct query_item *item = add_item(p, &cmd->item, &cmd->n_item);

        p->at += s->left.len + 1;
        return item && (item->expr = take_field(p));
    }
    if (starts_side(p, p->at, s->right))
        return skip_right(p, s->right, key);
    fail_here(p, "a field of one of the sides is expected");
    parse_hint(p, "where " SLICE_FMT ".x = " SLICE_FMT ".y", SLICE_ARG(s->left),
               SLICE_ARG(s->right));
    return false;
}

/* where left.x = right.y [ and ... ]; the sides of a test may stand either way round. */
static bool take_where(struct parser *p, const struct sides *s, struct query_cmd *cmd,
                       struct right_key *key)
{
    if (!take_word(p, "where")) {
        fail_here(p, "`where` and the fields that are equal are expected");
        parse_hint(p, "where " SLICE_FMT ".x = " SLICE_FMT ".y", SLICE_ARG(s->left),
                   SLICE_ARG(s->right));
        return false;
    }
    for (unsigned n = 0;; n++) {
        bool first, second;
        enum expr_op op;
        size_t at = (skip(p), p->at), len;

        if (n == MAX_JOIN_KEYS)
            return parse_fail(p, p->at, 1, "a join has %d fields at most", MAX_JOIN_KEYS);
        if (!take_side(p, s, cmd, &key[n], &first))
            return false;
        skip(p);
        len = lex_compare(p->q, p->at, &op);
        if (!len || op != OP_EQ)
            return fail_here(p, "a = is expected: a join is on equal fields");
        p->at += len;
        if (!take_side(p, s, cmd, &key[n], &second))
            return false;
        if (first == second)
            return parse_fail(p, at, p->at - at, "both are of the same side");
        if (!take_word(p, "and"))
            return true;
    }
}

/* The query in parentheses; its scope stays, for the names behind the join. */
static struct join_scope *take_right(struct parser *p, const struct sides *s)
{
    struct join_scope *scope = pool_alloc(p->pool, sizeof(*scope));
    struct parser *sub = pool_alloc(p->pool, sizeof(*sub));
    struct column_name *column;

    skip(p);
    if (peek(p) != '(')
        return fail_here(p, "the other side, a query in ( ), is expected");
    if (!parse_nested(p, sub)) {
        free(sub->column);
        return NULL;
    }
    column = pool_alloc(p->pool, sub->n_column * sizeof(*column));
    if (sub->n_column)
        memcpy(column, sub->column, sub->n_column * sizeof(*column));
    free(sub->column);
    sub->column = column;
    sub->cap_column = sub->n_column;
    sub->scope = NULL;
    *scope = (struct join_scope){s->left, s->right, sub, 0, p->scope};
    return scope;
}

static void widen(struct parser *p)
{
    if (p->widened)
        return;
    p->widened = p->ast->n_cmd;
    p->n_plain = p->width;
}

bool cmd_join(struct parser *p)
{
    struct query_cmd cmd = {.kind = QCMD_JOIN};
    struct right_key key[MAX_JOIN_KEYS];
    struct join_scope *scope;
    struct sides s = {.type = SL("inner")};

    if (!take_sides(p, &s) || !take_where(p, &s, &cmd, key) || !(scope = take_right(p, &s)))
        return false;
    cmd.outer = slice_eq_nocase(s.type, SL("left"));
    cmd.sub = scope->of->ast;
    scope->cmd = p->ast->n_cmd;
    *add_cmd(p, QCMD_JOIN) = cmd;
    widen(p);
    for (unsigned i = 0; i < cmd.n_item; i++) {
        struct parser right = *scope->of;
        struct expr *e;

        right.at = key[i].at;
        e = take_field(&right);
        p->failed |= right.failed;
        if (!e || !right_cell(p, scope, e, text_at(p, key[i].at, key[i].len)))
            return false;
    }
    p->scope = scope;
    return true;
}

/* --- lookup --- */

static bool take_table(struct parser *p, struct query_cmd *cmd)
{
    size_t n;
    struct expr *e;

    skip(p);
    if (peek(p) == '"' || peek(p) == '\'') {
        e = take_string(p);
        cmd->file = e ? pool_str(p->pool, e->text) : NULL;
        return e != NULL;
    }
    n = lex_bare(p->q, p->at);
    if (!n) {
        fail_here(p, "the name of a CSV file is expected");
        parse_hint(p, "lookup users.csv id as user_id OUTPUT name, email");
        return false;
    }
    cmd->file = pool_str(p->pool, text_at(p, p->at, n));
    p->at += n;
    return true;
}

/* COLUMN as FIELD [, ...] */
static bool take_lookup_keys(struct parser *p, struct query_cmd *cmd)
{
    cmd->key = pool_alloc(p->pool, MAX_JOIN_KEYS * sizeof(*cmd->key));
    do {
        struct query_item *item;

        if (cmd->n_item == MAX_JOIN_KEYS)
            return parse_fail(p, p->at, 1, "lookup has %d fields at most", MAX_JOIN_KEYS);
        item = add_item(p, &cmd->item, &cmd->n_item);
        cmd->key[cmd->n_item - 1] = take_new_name(p, "a column of the file is expected");
        if (!cmd->key[cmd->n_item - 1])
            return false;
        if (!take_word(p, "as")) {
            fail_here(p, "`as` and a field of the log are expected");
            parse_hint(p, "lookup users.csv id as user_id OUTPUT name, email");
            return false;
        }
        skip(p);
        item->expr = take_field(p);
        if (!item->expr)
            return false;
    } while (take_char(p, ','));
    return true;
}

bool cmd_lookup(struct parser *p)
{
    struct query_cmd *cmd = add_cmd(p, QCMD_LOOKUP);

    widen(p);
    if (!take_table(p, cmd) || !take_lookup_keys(p, cmd))
        return false;
    if (!take_word(p, "OUTPUT")) {
        fail_here(p, "OUTPUT and the columns that are added are expected");
        return false;
    }
    do {
        char *name = take_new_name(p, "a column of the file is expected");

        if (!name)
            return false;
        if (cmd->n_made == MAX_ITEMS)
            return parse_fail(p, p->at, 1, "more than %d columns", MAX_ITEMS);
        add_made(p, cmd, name);
    } while (take_char(p, ','));
    return true;
}

/* --- what is shown --- */

static void show(struct parser *p, struct query_cmd *fields, struct slice name, struct expr *e)
{
    struct query_item *item =
        fields->n_item < MAX_ITEMS && e ? add_item(p, &fields->item, &fields->n_item) : NULL;

    if (item)
        *item = (struct query_item){.expr = e, .name = pool_str(p->pool, name)};
}

/* What the right side shows; of records time and line. */
static void show_right(struct parser *p, struct query_cmd *fields, const struct join_scope *s)
{
    static const char *const of_records[] = {"@timestamp", "@message"};
    struct query_item **item;
    unsigned n = shown_columns(s->of, &item);

    for (unsigned i = 0; i < n; i++)
        show(p, fields, slice_str(side_name(p, s->right, slice_str(item[i]->name))),
             right_cell(p, s, item[i]->expr, slice_str(item[i]->name)));
    for (unsigned i = 0; n == 0 && i < ARRAY_LEN(of_records); i++)
        show(p, fields, slice_str(side_name(p, s->right, slice_str(of_records[i]))),
             right_cell(p, s, bind_system(s->of, of_records[i]), slice_str(of_records[i])));
}

static void show_left(struct parser *p, struct query_cmd *fields)
{
    for (size_t i = 0; p->after_stats && i < p->n_column; i++) {
        struct expr *e = p->column[i].expr;

        if (is_cell(e, fields->n_item) && fields->n_item < p->n_plain)
            show(p, fields, p->column[i].name, e);
    }
    if (p->after_stats)
        return;
    show(p, fields, SL("@timestamp"), bind_system(p, "@timestamp"));
    show(p, fields, SL("@message"), bind_system(p, "@message"));
}

void show_joined(struct parser *p)
{
    struct query_ast *q = p->ast;
    struct query_cmd fields = {.kind = QCMD_FIELDS};
    bool named = false;

    if (!p->widened)
        return;
    for (unsigned i = 0; i < q->n_cmd; i++) {
        bool shows = q->cmd[i].kind == QCMD_FIELDS || q->cmd[i].kind == QCMD_DISPLAY;

        if (shows && (i >= p->widened || q->cmd[i].kind == QCMD_DISPLAY))
            return;
        named = shows || (named && !makes_table(q->cmd[i].kind));
    }
    if (!named)
        show_left(p, &fields);
    for (unsigned i = p->widened - 1; i < q->n_cmd; i++) {
        struct join_scope *s = p->scope;

        while (s && s->cmd != i)
            s = s->next;
        if (s)
            show_right(p, &fields, s);
        for (unsigned k = 0; q->cmd[i].kind == QCMD_LOOKUP && k < q->cmd[i].n_made; k++)
            show(p, &fields, slice_str(q->cmd[i].made[k]),
                 bind_cell(p, slice_str(q->cmd[i].made[k]), (int)q->cmd[i].cell[k]));
    }
    *add_cmd(p, QCMD_FIELDS) = fields;
}
