/* expr_diff.c - diff [previousDay | previousWeek | previousMonth]: its words and its columns. */
#include "expr_impl.h"
#include "pattern.h"

static bool take_with(struct parser *p, enum diff_with *with)
{
    static const char *const word[] = {
        [DIFF_DAY] = "previousDay", [DIFF_WEEK] = "previousWeek", [DIFF_MONTH] = "previousMonth"};

    *with = DIFF_BEFORE;
    for (unsigned i = DIFF_DAY; i < ARRAY_LEN(word); i++)
        if (take_word(p, word[i]))
            *with = (enum diff_with)i;
    if (*with != DIFF_BEFORE || at_end(p) || peek(p) == '|' || peek(p) == ')')
        return true;
    fail_here(p, "previousDay, previousWeek, previousMonth or nothing is expected");
    parse_hint(p, "diff alone compares with the time just before, as long as the one at hand");
    return false;
}

/* Three columns: of one item "now", "before", "change", of several with their names before that. */
static void name_windows(struct parser *p, struct query_cmd *diff, const char *item, bool alone)
{
    static const char *const window[] = {"now", "before", "change"};

    for (unsigned w = 0; w < ARRAY_LEN(window); w++) {
        struct strbuf text = STRBUF_INIT;

        strbuf_addf(&text, "%s%s%s", alone ? "" : item, alone ? "" : " ", window[w]);
        diff->made[diff->n_made++] = pool_str(p->pool, strbuf_slice(&text));
        strbuf_release(&text);
    }
}

static void name_columns(struct parser *p, struct query_cmd *diff, const struct query_cmd *group)
{
    diff->made = pool_alloc(p->pool, (group->n_by + 3 * group->n_item + N_PATTERN_DIFF) *
                                         sizeof(*diff->made));
    for (unsigned k = 0; k < group->n_by; k++)
        diff->made[diff->n_made++] = group->by[k].name;
    for (unsigned i = 0; i < group->n_item; i++)
        name_windows(p, diff, group->item[i].name, group->n_item == 1);
    for (unsigned i = 0; group->kind == QCMD_PATTERN && i < N_PATTERN_DIFF; i++)
        diff->made[diff->n_made++] = pool_str(p->pool, slice_str(pattern_diff_columns[i]));
}

/* The value now also goes by the name that it had; those of patterns by CloudWatch's. */
static void diff_scope(struct parser *p, const struct query_cmd *diff,
                       const struct query_cmd *group)
{
    begin_table(p);
    for (unsigned i = 0; i < diff->n_made; i++)
        add_cell(p, diff->made[i]);
    for (unsigned i = 0; i < group->n_item; i++)
        add_column(p, group->item[i].name, true, p->column[group->n_by + 3 * i].expr);
    if (group->kind == QCMD_PATTERN) {
        add_column(p, "@sampleCount", true, p->column[1].expr);
        add_column(p, "@diffEventCount", true, p->column[3].expr);
    }
}

/* Records are compared by their patterns. */
bool cmd_diff(struct parser *p)
{
    struct query_cmd diff = {.kind = QCMD_DIFF};
    size_t at = p->at - strlen("diff");
    struct query_ast *q = p->ast;
    const struct query_cmd *group;

    if (!take_with(p, &diff.with))
        return false;
    if (!p->after_stats) {
        add_cmd(p, QCMD_PATTERN)->from = bind_system(p, "@message");
        parse_notice(p, "diff of records is that of their patterns: pattern @message | diff");
    }
    group = &q->cmd[q->n_cmd - 1];
    if (group->kind != QCMD_PATTERN && group->kind != QCMD_STATS) {
        parse_fail(p, at, strlen("diff"),
                   "diff compares what stats or pattern made, and stands behind it");
        parse_hint(p, "stats count(*) by path | diff | sort change desc");
        return false;
    }
    if (group->n_by + 3 * group->n_item > MAX_ITEMS)
        return parse_fail(p, at, strlen("diff"), "diff of more than %d columns", MAX_ITEMS);
    name_columns(p, &diff, group);
    diff_scope(p, &diff, group);
    *add_cmd(p, QCMD_DIFF) = diff;
    return true;
}
