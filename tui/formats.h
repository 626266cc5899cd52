/* formats.h - the user's own log types: found, loaded, listed. */
#ifndef AWL_TUI_FORMATS_H
#define AWL_TUI_FORMATS_H

#include "cli.h"

/* Loads all of $XDG_CONFIG_HOME/awl/formats/NAME.ini in the order of their names. What is wrong
 * with one is told and it is left out. */
void formats_load(void);
/* awl formats: every log type; awl formats FILE...: checks descriptions without adding them. */
int cli_formats(const struct options *o);

#endif
