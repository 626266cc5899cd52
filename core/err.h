/* err.h - what went wrong outside the program: a code, and a sentence that names file and place.
 * Functions that can fail take a struct err * (never NULL) and return 0 or a negative code. */
#ifndef AWL_ERR_H
#define AWL_ERR_H

#include "base.h"

enum err_code {
    ERR_OK = 0,
    ERR_SYS = -1,    /* a system call failed; the message has strerror */
    ERR_FORMAT = -2, /* bytes that cannot be what they claim to be */
    ERR_USAGE = -3,  /* the caller's words: a query, an option, a name */
    ERR_LIMIT = -4,  /* a stated limit was reached */
    ERR_CANCEL = -5, /* somebody asked to stop */
};

struct err {
    int code;
    char msg[512]; /* one line, no newline, may hold raw bytes of a file name: escape to show */
};

int err_set(struct err *e, int code, const char *fmt, ...) PRINTF_LIKE(3, 4); /* returns code */
int err_sys(struct err *e, const char *what, const char *path); /* "what path: strerror(errno)" */

#endif
