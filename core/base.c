#include "base.h"

#include <stdio.h>

void (*awl_abort_hook)(void);

_Noreturn void bug_at(const char *file, int line, const char *what)
{
    if (awl_abort_hook)
        awl_abort_hook();
    fprintf(stderr, "awl: bug at %s:%d: %s\n", file, line, what);
    abort();
}
