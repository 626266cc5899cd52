/* The roles and the dark theme come from roles.def; files change roles one by one. Colours are kept
 * as 24-bit values and brought down to what the terminal has when the look of a role is asked for:
 * the nearest of the 6x6x6 cube and the greys, or of the sixteen. If that makes foreground and
 * background one, the foreground becomes black or white, so text never disappears. */
#include "theme.h"

#include <math.h>
#include <stdio.h>

#include "conf.h"

#define DEF COLOR_DEFAULT

enum { THEME_FILE_MAX = 1 << 20 };

struct role_row {
    const char *name;
    char letter;
    struct style style;
};

static const struct role_row roles[ROLE_COUNT] = {
#define ROLE(id, name, letter, fg, bg, attr, mono) {name, letter, {fg, bg, attr, mono, true}},
#include "roles.def"
#undef ROLE
};

static const struct {
    const char *name;
    uint8_t attr;
} attr_names[] = {{"bold", ATTR_BOLD},
                  {"reverse", ATTR_REVERSE},
                  {"underline", ATTR_UNDERLINE},
                  {"dim", ATTR_DIM}};

const char *role_name(enum role r)
{
    return roles[r].name;
}

char role_letter(enum role r)
{
    return roles[r].letter;
}

int role_by_name(struct slice name)
{
    for (int r = 0; r < ROLE_COUNT; r++)
        if (slice_is(name, roles[r].name))
            return r;
    return -1;
}

void theme_init(struct theme *t)
{
    *t = (struct theme){.name = "dark", .fg = 0xd6dde6, .bg = 0x0d1117};
    for (int r = 0; r < ROLE_COUNT; r++)
        t->style[r] = roles[r].style;
}

static bool parse_color(struct slice s, int32_t *color)
{
    int32_t value = 0;

    if (slice_is(s, "default")) {
        *color = COLOR_DEFAULT;
        return true;
    }
    if (s.len != 7 || s.ptr[0] != '#')
        return false;
    for (size_t i = 1; i < s.len; i++) {
        const char *digits = "0123456789abcdef", *d;

        d = strchr(digits, s.ptr[i] >= 'A' && s.ptr[i] <= 'F' ? s.ptr[i] + 32 : s.ptr[i]);
        if (!d || !*d)
            return false;
        value = value << 4 | (int32_t)(d - digits);
    }
    *color = value;
    return true;
}

static bool next_word(struct slice *rest, struct slice *word)
{
    *rest = slice_trim(*rest);
    *word = slice_cut(rest, ' ');
    return word->len > 0;
}

static bool parse_attrs(struct slice s, uint8_t *attr)
{
    struct slice word;

    *attr = 0;
    while (next_word(&s, &word)) {
        size_t i = 0;

        while (i < ARRAY_LEN(attr_names) && !slice_is(word, attr_names[i].name))
            i++;
        if (i == ARRAY_LEN(attr_names))
            return slice_is(word, "none");
        *attr |= attr_names[i].attr;
    }
    return true;
}

static bool parse_style(struct slice value, struct style *st)
{
    struct slice mono = value, color = slice_cut(&mono, '/'), fg, bg;

    st->named = true;
    return next_word(&color, &fg) && parse_color(fg, &st->fg) && next_word(&color, &bg) &&
           parse_color(bg, &st->bg) && parse_attrs(color, &st->attr) &&
           parse_attrs(mono, &st->mono);
}

static int parse_head(struct theme *t, const struct conf *c, const char *file, struct err *err)
{
    if (slice_is(c->name, "name")) {
        snprintf(t->name, sizeof(t->name), SLICE_FMT, SLICE_ARG(c->value));
        return 0;
    }
    if (slice_is(c->name, "foreground") && parse_color(c->value, &t->fg) && t->fg >= 0)
        return 0;
    if (slice_is(c->name, "background") && parse_color(c->value, &t->bg) && t->bg >= 0)
        return 0;
    return err_set(err, ERR_USAGE, "%s:%d: expected name, foreground = #rrggbb or background", file,
                   c->line);
}

static int parse_role(struct theme *t, const struct conf *c, const char *file, struct err *err)
{
    int role = role_by_name(c->name);
    struct style st = {0};

    if (role < 0)
        return err_set(err, ERR_USAGE, "%s:%d: no role is called '" SLICE_FMT "'", file, c->line,
                       SLICE_ARG(c->name));
    if (!parse_style(c->value, &st))
        return err_set(err, ERR_USAGE,
                       "%s:%d: expected FOREGROUND BACKGROUND [attributes] [/ attributes], where "
                       "colours are #rrggbb or default and attributes bold, reverse, underline, "
                       "dim",
                       file, c->line);
    t->style[role] = st;
    return 0;
}

int theme_parse(struct theme *t, struct slice ini, const char *file, struct err *err)
{
    struct theme made = *t;
    struct conf c = {.rest = ini};
    enum conf_item item;
    int rc = 0;

    while (rc == 0 && (item = conf_next(&c)) != CONF_END) {
        if (item == CONF_BAD)
            rc = err_set(err, ERR_USAGE, "%s:%d: expected name = value", file, c.line);
        else if (slice_is(c.section, "theme"))
            rc = parse_head(&made, &c, file, err);
        else if (slice_is(c.section, "roles"))
            rc = parse_role(&made, &c, file, err);
        else
            rc = err_set(err, ERR_USAGE, "%s:%d: expected a section [theme] or [roles]", file,
                         c.line);
    }
    if (rc == 0)
        *t = made;
    return rc;
}

int theme_read(struct theme *t, const char *path, struct err *err)
{
    struct strbuf text = STRBUF_INIT;
    FILE *f = fopen(path, "re");
    char chunk[4096];
    size_t n;
    int rc;

    if (!f)
        return err_sys(err, "cannot open theme", path);
    while (text.len <= THEME_FILE_MAX && (n = fread(chunk, 1, sizeof(chunk), f)) > 0)
        strbuf_add(&text, chunk, n);
    if (ferror(f))
        rc = err_sys(err, "cannot read theme", path);
    else if (text.len > THEME_FILE_MAX)
        rc = err_set(err, ERR_LIMIT, "%s: a theme has at most %d bytes", path, THEME_FILE_MAX);
    else
        rc = theme_parse(t, strbuf_slice(&text), path, err);
    fclose(f);
    strbuf_release(&text);
    return rc;
}

static int distance(int32_t a, int32_t b)
{
    int r = (a >> 16 & 255) - (b >> 16 & 255);
    int g = (a >> 8 & 255) - (b >> 8 & 255);
    int l = (a & 255) - (b & 255);

    return 3 * r * r + 6 * g * g + l * l;
}

static int cube_step(int v)
{
    return v < 48 ? 0 : v < 115 ? 1 : (v - 35) / 40;
}

int theme_index256(int32_t rgb)
{
    static const int32_t level[] = {0, 95, 135, 175, 215, 255};
    int r, g, b, grey;
    int32_t cube_rgb, grey_rgb;

    if (rgb < 0)
        return COLOR_DEFAULT;
    r = cube_step(rgb >> 16 & 255);
    g = cube_step(rgb >> 8 & 255);
    b = cube_step(rgb & 255);
    cube_rgb = level[r] << 16 | level[g] << 8 | level[b];
    grey = ((rgb >> 16 & 255) + (rgb >> 8 & 255) + (rgb & 255)) / 3;
    grey = MIN(MAX((grey - 3) / 10, 0), 23);
    grey_rgb = (8 + 10 * grey) * 0x010101;
    if (distance(rgb, grey_rgb) < distance(rgb, cube_rgb))
        return 232 + grey;
    return 16 + 36 * r + 6 * g + b;
}

int theme_index16(int32_t rgb)
{
    static const int32_t color[16] = {0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x0000ee, 0xcd00cd,
                                      0x00cdcd, 0xe5e5e5, 0x7f7f7f, 0xff6060, 0x60ff60, 0xffff60,
                                      0x5c5cff, 0xff60ff, 0x60ffff, 0xffffff};
    int best = 0;

    if (rgb < 0)
        return COLOR_DEFAULT;
    for (int i = 1; i < 16; i++)
        if (distance(rgb, color[i]) < distance(rgb, color[best]))
            best = i;
    return best;
}

struct look theme_look(const struct theme *t, enum role role, unsigned attr, enum depth depth)
{
    const struct style *st = &t->style[role];
    struct look look = {st->fg, st->bg, (uint8_t)(st->attr | attr)};

    if (depth == DEPTH_MONO)
        return (struct look){COLOR_DEFAULT, COLOR_DEFAULT, (uint8_t)(st->mono | attr)};
    if (depth == DEPTH_TRUE)
        return look;
    look.fg = depth == DEPTH_256 ? theme_index256(st->fg) : theme_index16(st->fg);
    look.bg = depth == DEPTH_256 ? theme_index256(st->bg) : theme_index16(st->bg);
    if (look.fg == look.bg && look.fg != COLOR_DEFAULT)
        look.fg = theme_contrast(st->bg, 0) > theme_contrast(st->bg, 0xffffff) ? 0 : 15;
    return look;
}

static double linear(int v)
{
    double c = v / 255.0;

    return c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

static double luminance(int32_t rgb)
{
    return 0.2126 * linear(rgb >> 16 & 255) + 0.7152 * linear(rgb >> 8 & 255) +
           0.0722 * linear(rgb & 255);
}

double theme_contrast(int32_t a, int32_t b)
{
    double x = luminance(a), y = luminance(b);

    return (MAX(x, y) + 0.05) / (MIN(x, y) + 0.05);
}

int theme_check(const struct theme *t, struct strbuf *why)
{
    int faults = 0;

    for (int r = 0; r < ROLE_COUNT; r++) {
        const struct style *st = &t->style[r];
        int32_t fg = st->fg < 0 ? t->fg : st->fg, bg = st->bg < 0 ? t->bg : st->bg;
        double contrast = theme_contrast(fg, bg);

        if (!st->named) {
            strbuf_addf(why, "%s: %s is not named\n", t->name, roles[r].name);
            faults++;
        }
        if (contrast < 4.5) {
            strbuf_addf(why, "%s: %s has a contrast of %.2f, under 4.5\n", t->name, roles[r].name,
                        contrast);
            faults++;
        }
        if (roles[r].style.mono && !st->mono) {
            strbuf_addf(why, "%s: %s cannot be told from normal without colour\n", t->name,
                        roles[r].name);
            faults++;
        }
    }
    return faults;
}
