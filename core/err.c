#include "err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *e, int code, const char *fmt, ...)
{
    va_list ap;

    e->code = code;
    va_start(ap, fmt);
    vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
    va_end(ap);
    return code;
}

int err_sys(struct err *e, const char *what, const char *path)
{
    char text[128];
    int n = errno;

    return err_set(e, ERR_SYS, "%s: %s: %s", path, what, strerror_r(n, text, sizeof(text)));
}
