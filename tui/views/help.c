/* help.c - the keys as they are bound now, group by group, and the language in a few lines. */
#include "../app.h"

static const char *const language[] = {
    "status=5xx                 a class; also 50x, 200..299, in [4xx, 502]",
    "path=/api/*                a glob; method=POST a word; \"quoted\" is exact",
    "\"timed out\"  /time.?out/i  text and regex anywhere in the line",
    "srcaddr in 10.0.0.0/8      a network; ip = any address of the record",
    "duration > 2s  bytes_out > 5MB     units of time and size",
    "@timestamp > -15m  @timestamp in 13:00..13:10   times in the zone shown",
    "a=1 b=2; and or not ( )   a blank between tests means and",
    "field = -                  missing; ispresent(field) is the opposite",
};

static unsigned group_lines(enum command_group group)
{
    unsigned n = 0;

    for (unsigned c = CMD_NONE + 1; c < CMD_COUNT; c++)
        n += command_group(c) == group;
    return n;
}

/* Draws the n-th line of the help; false past the end. */
static bool draw_line(struct app *a, struct grid *g, struct rect r, int y, unsigned line)
{
    struct strbuf keys = STRBUF_INIT;

    for (unsigned group = 0; group < GROUP_COUNT; group++) {
        unsigned n = group_lines(group) + 2;

        if (line >= n) {
            line -= n;
            continue;
        }
        if (line == 0)
            grid_puts(g, y, r.x + 1, command_group_title(group), r.w - 2, ROLE_TITLE);
        for (unsigned c = CMD_NONE + 1; c < CMD_COUNT && line > 0 && line < n - 1; c++) {
            if (command_group(c) != group || --line > 0)
                continue;
            keymap_keys(a->keys, c, 0, &keys);
            grid_put(g, y, r.x + 3, strbuf_slice(&keys), 20, ROLE_KEY, 0);
            grid_puts(g, y, r.x + 25, command_help(c), r.w - 26, ROLE_NORMAL);
        }
        strbuf_release(&keys);
        return true;
    }
    if (line == 0)
        grid_puts(g, y, r.x + 1, "Filter language", r.w - 2, ROLE_TITLE);
    else if (line <= ARRAY_LEN(language))
        grid_puts(g, y, r.x + 3, language[line - 1], r.w - 4, ROLE_NORMAL);
    return line <= ARRAY_LEN(language);
}

static unsigned count_lines(void)
{
    unsigned n = 1 + ARRAY_LEN(language);

    for (unsigned group = 0; group < GROUP_COUNT; group++)
        n += group_lines(group) + 2;
    return n;
}

static void help_draw(struct app *a, struct grid *g, struct rect r)
{
    unsigned lines = count_lines(), most = lines > (unsigned)r.h ? lines - (unsigned)r.h : 0;

    a->table.lines = most + 1;
    a->table.height = r.h;
    a->table.at = MIN(a->table.at, most);
    for (int i = 0; i < r.h; i++)
        if (!draw_line(a, g, r, r.y + i, a->table.at + (unsigned)i))
            break;
}

static void help_caption(struct app *a, struct strbuf *out)
{
    (void)a;
    strbuf_adds(out, "q or Backspace goes back");
}

static bool help_command(struct app *a, const struct key_match *m)
{
    if (move_lines(m, &a->table.at, a->table.lines, a->table.height))
        return true;
    if (m->cmd != CMD_HELP && m->cmd != CMD_UP)
        return false;
    app_leave(a);
    if (history_back(&a->history))
        app_arrive(a);
    return true;
}

const struct view_class view_help = {
    .name = "help",
    .title = "help",
    .draw = help_draw,
    .command = help_command,
    .caption = help_caption,
};
