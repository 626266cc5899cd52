/* cli_impl.h - what the files of the commands share; nobody else includes it. */
#ifndef AWL_CLI_IMPL_H
#define AWL_CLI_IMPL_H

#include <stdatomic.h>
#include <time.h>

#include "cli.h"
#include "session.h"
#include "sink.h"

extern atomic_bool cli_interrupted; /* ^C: what runs now stops */
extern struct sink cli_result;      /* where the result goes, once cli_open_sink() said yes */

void cli_interrupt(int sig);     /* a handler that sets it */
int64_t cli_clock(clockid_t id); /* microseconds */
/* "awl: text" on standard error. */
void cli_complain(const char *text);
bool cli_open_sink(const struct options *o);
/* Ends what was written; the exit code. A file is kept unless there was trouble or the result is
 * not whole. */
int cli_finish(int code);
/* A cell of a table; missing if there is no text. */
static inline struct val cli_text(const char *s)
{
    return (struct val){.kind = s && *s ? VAL_STR : VAL_MISSING, .str = slice_str(s)};
}
/* Opens paths and indexes them. NULL, and a word on standard error, if none could be opened. */
struct session *cli_open(const struct options *o, char **path, int n);

#endif
