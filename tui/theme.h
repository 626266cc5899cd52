/* theme.h - how each role looks, read from an INI file:
 *
 *   [theme]
 *   name = dark
 *   foreground = #d6dde6        what "default" is taken to be when contrast is computed
 *   background = #0d1117
 *   [roles]
 *   error5xx = #ff8b84 default bold / bold
 *              fg      bg      attributes / attributes without colour
 *
 * Colours are #rrggbb or `default`. A file that names only some roles changes only those. */
#ifndef AWL_THEME_H
#define AWL_THEME_H

#include "cell.h"
#include "err.h"

enum depth { DEPTH_MONO, DEPTH_16, DEPTH_256, DEPTH_TRUE };

enum { COLOR_DEFAULT = -1 };

struct style {
    int32_t fg, bg; /* 0xRRGGBB or COLOR_DEFAULT */
    uint8_t attr;   /* with colour */
    uint8_t mono;   /* without */
    bool named;     /* the theme names it itself */
};

struct theme {
    char name[32];
    int32_t fg, bg; /* what default stands for in contrast checks and pictures */
    struct style style[ROLE_COUNT];
};

/* What a terminal of some depth is to show. Colours: DEPTH_TRUE 0xRRGGBB, 256 and 16 an index. */
struct look {
    int32_t fg, bg;
    uint8_t attr;
};

const char *role_name(enum role r);
char role_letter(enum role r);
int role_by_name(struct slice name); /* -1: none */

void theme_init(struct theme *t); /* the compiled-in dark theme */
/* Applies an INI text over *t; file is the name used in messages. */
int theme_parse(struct theme *t, struct slice ini, const char *file, struct err *err) MUST_CHECK;
int theme_read(struct theme *t, const char *path, struct err *err) MUST_CHECK;

struct look theme_look(const struct theme *t, enum role role, unsigned attr, enum depth depth);
int theme_index256(int32_t rgb);
int theme_index16(int32_t rgb);

double theme_contrast(int32_t a, int32_t b); /* WCAG 2: 1 .. 21 */
/* Appends a line to why for every role that is unnamed, below 4.5:1, or, among the roles that must
 * stand out, no different from normal without colour. Returns the number of lines. */
int theme_check(const struct theme *t, struct strbuf *why);

#endif
