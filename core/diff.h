/* diff.h - the groups of now beside those of the time before: the command `diff`.
 *
 * The window is what the filters say of @timestamp (to the newest record if they name no end). The
 * commands before `diff` run twice: as they are, and with every moment that @timestamp is compared
 * with moved back. Then the tables meet by their keys. */
#ifndef AWL_DIFF_H
#define AWL_DIFF_H

#include "agg.h"

struct diff_window {
    int64_t from_us, to_us; /* [from, to) */
    int64_t back_us;        /* how far the other window is back */
};

/* The first `n_cmd` commands of q within the filter of `within` (may be NULL). False: nothing says
 * where the window begins. newest_us: the newest record. */
bool diff_window(const struct query_ast *q, unsigned n_cmd, const struct query_ast *within,
                 const struct query_cmd *diff, int64_t newest_us, struct diff_window *w);
/* Moves the moments that @timestamp is compared with in these commands. The tree must be the
 * caller's alone meanwhile. */
void diff_move(struct query_ast *q, unsigned n_cmd, int64_t us);
/* Both are used up. Rows by the size of the first change, then by the keys. */
struct group_table *diff_join(struct group_table *now, struct group_table *before,
                              const struct query_cmd *diff, int64_t back_us);

#endif
