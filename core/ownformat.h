/* ownformat.h - log types that the user describes in an INI file, and orders of columns for
 * built-in types whose files do not say theirs. docs/OWN-FORMATS.md is the user's page.
 *
 * A description is either right as a whole, its samples included, or it is left out with a word:
 * file, line and reason. Types are added before any file is opened and live with the process. */
#ifndef AWL_OWNFORMAT_H
#define AWL_OWNFORMAT_H

#include "format.h"

struct own_report {
    char name[64];    /* of the type; "" if it has none */
    unsigned samples; /* that parse */
    bool based;       /* columns for the built-in type `name` rather than a type */
};

/* Reads one description (`text` is the file, `file` its name for messages) and, unless
 * `check_only`, adds it. 0, or < 0 with *e: "FILE:LINE: what is wrong". */
int own_format_load(struct slice text, const char *file, bool check_only, struct own_report *report,
                    struct err *e) MUST_CHECK;

#endif
