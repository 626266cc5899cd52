/* app.h - the model of the screen: what is shown, where the user is, what keys do.
 *
 * app = f(app, event): app_event() changes the model, app_draw() draws it into a grid, and what
 * has to be done to the terminal (copy, suspend, quit) is left in app.effect for the loop (run.c)
 * to do. The model never waits: it reads the newest finished answer of the engine and only the
 * records in sight. All of it belongs to one thread; the `changed` callback is the only thing
 * other threads may call.
 *
 * Files: app.c life and events · do.c commands · ask.c filter steps, questions and answers ·
 * prompts.c the prompts and what they accept · complete.c their completion · popup.c menus and
 * texts above the panes · screen.c header, status line, frames · views/ one file a pane. */
#ifndef AWL_APP_H
#define AWL_APP_H

#include "columns.h"
#include "fmt.h"
#include "layout.h"
#include "list.h"
#include "place.h"
#include "prompt.h"
#include "search.h"
#include "term.h"
#include "theme.h"
#include "tree.h"
#include "view.h"
#include "write.h"

#define FACETS_MAX 24
#define FACET_TOP 12

/* What the loop has to do after an event. */
struct effect {
    bool quit, suspend, redraw, bell;
    struct strbuf copy; /* to the clipboard if copy.len > 0 */
};

enum prompt_kind { ASK_NOTHING, ASK_FILTER, ASK_SEARCH, ASK_SEARCH_BACK, ASK_TIME, ASK_COMMAND };

/* A menu or a text above the panes. */
#define POPUP_ITEMS 16
struct popup {
    bool open;
    char title[80];
    struct strbuf text; /* paragraphs, each wrapped */
    unsigned n_item, at;
    struct popup_item {
        char key;
        char *label; /* owned */
        char *expr;  /* owned: the filter it stands for */
    } item[POPUP_ITEMS];
};

struct fields_pane {
    unsigned at, top; /* line under the cursor, first line shown */
    unsigned lines;
    int height;
};

struct record_pane {
    unsigned at, top;
    unsigned lines;
    int height;
    struct tree tree; /* the lines of the record shown */
    struct tree_folds folds;
};

struct table_pane {
    unsigned at, top, lines;
    int height;
};

/* The rows of a large table in the order shown, and what it was made from. */
struct table_order {
    uint64_t serial, generation, number;
    unsigned sort;
    uint32_t *row;
};

struct app {
    struct session *session;
    struct engine *engine;
    struct query_env env;
    struct keymap *keys;
    struct theme *theme;
    struct prompt *prompt;
    enum prompt_kind asking;
    struct search *search;
    bool search_backward;
    struct writer *writer; /* NULL: nothing is being written */
    void (*changed)(void *ctx);
    void *changed_ctx;
    char *title;   /* the opened paths, for the header */
    char *command; /* the paths quoted for a shell */

    struct history history;
    struct answer *answer;   /* newest; may be NULL */
    struct answer *told;     /* newest with facets and tables: shown until the next is in */
    struct partial *partial; /* what its query found so far; may be NULL */
    uint64_t asked;          /* serial of the newest question */
    unsigned buckets;        /* histogram bars asked for */
    const char *facet[FACETS_MAX];
    unsigned n_facet;
    uint64_t types; /* bit a log type that has records */
    uint64_t type_rows[MAX_TYPES];
    uint64_t kept_types; /* bit a log type in the filtered rows */
    bool days;           /* the records are not all of one day */

    struct rowview row; /* the one reader of the screen */
    struct strbuf cell; /* scratch of the drawing functions */
    struct columns columns;
    unsigned column, column_off; /* under the cursor; first one shown behind the fixed ones */
    struct list list;
    struct fields_pane fields;
    struct record_pane record;
    struct table_pane table;
    unsigned sort[VIEW_COUNT]; /* of the table views, as each of them numbers its orders */
    struct table_order order;

    enum view_id focus;
    bool maximised;
    struct screen_layout layout;
    struct popup popup;
    bool following, paused;
    uint64_t paused_rows; /* rows of the filter when following was paused */
    bool brushing;
    int64_t brush_us; /* where the brush began */
    struct rowkey mark['z' - 'a' + 1];
    bool marked['z' - 'a' + 1];
    enum zone zone;
    int64_t clock_us;  /* the clock if it is injected, else 0 */
    char message[300]; /* at the bottom until the next key */
    bool message_bad;
    bool after_jump; /* e, w: a jump waits for the answer */
    struct key_match waiting;
    struct effect effect;
};

struct app_options {
    struct session *session;
    struct theme *theme;
    struct keymap *keys; /* owned by the caller */
    char *const *paths;
    int n_paths;
    const char *filter; /* may be NULL */
    bool follow;
    enum zone zone;
    int64_t clock_us;
    void (*changed)(void *ctx); /* wakes the loop; any thread */
    void *ctx;
};

struct app *app_new(const struct app_options *o, struct err *e);
void app_free(struct app *a);
/* Takes a key, a paste, a time-out, news from the engine. True if the screen must be drawn. */
bool app_event(struct app *a, const struct event *ev);
void app_draw(struct app *a, struct grid *g);
/* Background work is running whose progress is shown. */
bool app_working(struct app *a);
/* The screen is not yet what it will be when all work is done; for scripts. */
bool app_busy(struct app *a);

/* --- for the files of the model --- */

void app_say(struct app *a, const char *fmt, ...) PRINTF_LIKE(2, 3);
void app_complain(struct app *a, const char *fmt, ...) PRINTF_LIKE(2, 3);
static inline struct place *app_place(struct app *a)
{
    return history_here(&a->history);
}
static inline const struct rowset *app_rows(const struct app *a)
{
    return a->answer ? a->answer->rows : NULL;
}

/* The facets and tables belong to the newest question. */
static inline bool app_told(const struct app *a)
{
    return a->told && a->told->serial >= a->asked;
}

/* What the query of the newest question found so far, as long as there is no more; NULL: nothing.
 */
static inline struct partial *app_partial(const struct app *a)
{
    return !app_told(a) && a->partial && a->partial->serial >= a->asked ? a->partial : NULL;
}

/* do.c */
void app_do(struct app *a, const struct key_match *m);
void app_show_view(struct app *a, enum view_id view);
/* Moves a table's or a pane's line cursor by the movement commands; true if it was one. */
bool move_lines(const struct key_match *m, unsigned *at, unsigned lines, int height);
void app_goto(struct app *a, const struct rowkey *k);
void app_jump_time(struct app *a, int64_t us);

/* ask.c */
void app_ask(struct app *a);         /* the question of the current place */
void app_take_answer(struct app *a); /* the newest answer, if there is a newer one */
/* Adds a step in a new place of the same view; false (and a message) if it is no valid filter. */
bool app_add_step(struct app *a, const char *expr, const char *label);
/* Shows the table that a valid query makes of the records of the filter, in a new place. */
void app_run_query(struct app *a, const char *query);
void app_test(struct app *a, const char *field, struct slice value, bool include);
/* Keeps the cursor in the place, then makes a new one; app_arrive when it was changed. */
struct place *app_push(struct app *a);
void app_leave(struct app *a);
void app_arrive(struct app *a);
void app_count_types(struct app *a); /* types, days and the columns they ask for */
int64_t app_bucket_of(const struct app *a, int64_t us); /* -1: outside the histogram */
void app_env(struct app *a); /* brings clock, zone and first/last record up to date */
const struct facet *app_facet(const struct app *a, const char *name);

/* prompts.c */
void app_open_prompt(struct app *a, enum prompt_kind kind);
void app_prompt_key(struct app *a, struct key key);
void app_prompt_paste(struct app *a, struct slice text);
void app_search_again(struct app *a, bool backward);
bool app_run_line(struct app *a, struct slice line); /* what ":" accepts */

/* complete.c: fills the completions of the word at the cursor; ctx is the app. */
void complete_filter(void *ctx, struct slice text, size_t cursor, struct completions *c);
void complete_line(void *ctx, struct slice text, size_t cursor, struct completions *c);
bool colon_command(struct slice line); /* one of awl's own, or empty; not a filter or query */

/* popup.c */
void popup_text(struct app *a, const char *title);
void popup_close(struct app *a);
bool popup_key(struct app *a, struct key key); /* true: taken */
void popup_draw(struct app *a, struct grid *g);
void popup_explain(struct app *a);
void popup_pivot(struct app *a);

/* The field and value under the cursor of the focused pane; false if there is none. `*value` is
 * valid until the row reader is used again. */
bool app_cell(struct app *a, const char **field, struct slice *value);
/* The parts of app_cell that the panes answer. */
bool fields_cell(struct app *a, const char **field, struct slice *value);
bool records_cell(struct app *a, const char **field, struct slice *value);
bool record_cell(struct app *a, const char **field, struct slice *value);
/* The row reader on the selected record; NULL if there is none. */
struct rowview *app_selected(struct app *a);

/* copy.c */
void copy_line(struct app *a);
void copy_cell(struct app *a);
void copy_json(struct app *a);
void copy_view(struct app *a);
/* Begins to write the rows of the view (write.h). */
void write_view(struct app *a, const char *path);

/* views/result.c: the result that is on the screen over time; false: it is none, or has no times.
 */
struct chart;
bool result_chart(struct app *a, unsigned bars, struct chart *c);
/* views/histogram.c and views/record.c: what the folded screen shows of them. */
void histogram_line(struct app *a, struct grid *g, struct rect r);
void record_why(struct app *a, struct grid *g, struct rect r);

/* A table cell helper shared by the views: the role of a status text. */
enum role status_role(struct slice status);

#endif
