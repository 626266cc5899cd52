/* zone.c - files of time zones: moments at which the offset changed, and behind the last one a rule
 * as in POSIX' TZ, such as CET-1CEST,M3.5.0,M10.5.0/3. What cannot be is refused, not repaired. */
#include "zone.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "value.h"
#include "xalloc.h"

#define FOLDER "/usr/share/zoneinfo/"

enum {
    NAME_MAX_LEN = 64,
    FILE_MAX = 64 * 1024,
    ZONES_MAX = 64, /* kept; nobody names more */
    HEADER = 44,
    CHANGES_MAX = 4096,
    OFFSET_MAX = 26 * 3600,
    DAY_S = 86400
};

/* The day-th (0: Sunday) of the week-th week of a month, 5: the last; seconds of its midnight. */
struct rule_date {
    int month, week, day, at_s;
};

struct time_zone {
    unsigned n;
    int64_t *from_s; /* n moments, ascending; from each on: */
    int *offset;
    int first; /* before all of them */
    bool ruled, summer;
    int standard_s, summer_s;
    struct rule_date begin, end; /* of the summer */
};

void time_zone_free(struct time_zone *z)
{
    if (!z)
        return;
    free(z->from_s);
    free(z->offset);
    free(z);
}

/* --- the rule --- */

static bool take_char(struct slice *s, char c)
{
    if (!s->len || s->ptr[0] != c)
        return false;
    *s = slice_of(s->ptr + 1, s->len - 1);
    return true;
}

static bool take_number(struct slice *s, int max, int *out)
{
    size_t n = 0;

    for (*out = 0; n < s->len && n < 3 && is_digit(s->ptr[n]); n++)
        *out = *out * 10 + (s->ptr[n] - '0');
    *s = slice_of(s->ptr + n, s->len - n);
    return n > 0 && *out <= max;
}

/* [+-]hh[:mm[:ss]] */
static bool take_clock(struct slice *s, int *out)
{
    int sign = take_char(s, '-') ? -1 : 1, h, m = 0, sec = 0;

    if (sign > 0)
        take_char(s, '+');
    if (!take_number(s, 167, &h) || (take_char(s, ':') && !take_number(s, 59, &m)) ||
        (take_char(s, ':') && !take_number(s, 59, &sec)))
        return false;
    *out = sign * (h * 3600 + m * 60 + sec);
    return true;
}

static bool take_abbreviation(struct slice *s)
{
    bool quoted = take_char(s, '<');
    size_t n = 0;

    while (n < s->len && (quoted ? s->ptr[n] != '>' : is_letter(s->ptr[n])))
        n++;
    *s = slice_of(s->ptr + n, s->len - n);
    return n > 0 && (!quoted || take_char(s, '>'));
}

static bool take_rule_date(struct slice *s, struct rule_date *d)
{
    d->at_s = 2 * 3600;
    return take_char(s, ',') && take_char(s, 'M') && take_number(s, 12, &d->month) &&
           d->month > 0 && take_char(s, '.') && take_number(s, 5, &d->week) && d->week > 0 &&
           take_char(s, '.') && take_number(s, 6, &d->day) &&
           (!take_char(s, '/') || take_clock(s, &d->at_s));
}

static bool parse_rule(struct time_zone *z, struct slice s)
{
    int west;

    if (!take_abbreviation(&s) || !take_clock(&s, &west) || west < -OFFSET_MAX || west > OFFSET_MAX)
        return false;
    z->standard_s = -west;
    z->summer = s.len > 0;
    if (!z->summer)
        return true;
    if (!take_abbreviation(&s))
        return false;
    z->summer_s = z->standard_s + 3600;
    if (s.len && s.ptr[0] != ',') {
        if (!take_clock(&s, &west) || west < -OFFSET_MAX || west > OFFSET_MAX)
            return false;
        z->summer_s = -west;
    }
    return take_rule_date(&s, &z->begin) && take_rule_date(&s, &z->end) && s.len == 0;
}

static int64_t midnight(int year, int month, int day)
{
    return civil_to_us(year, month, day, 0, 0, 0, 0) / 1000000;
}

/* Local seconds at which a date of the rule is in a year. */
static int64_t date_in(const struct rule_date *d, int year)
{
    int64_t first = midnight(year, d->month, 1);
    int64_t next = midnight(year + d->month / 12, d->month % 12 + 1, 1);
    int weekday = (int)((first / DAY_S % 7 + 4 + 7) % 7); /* 1970 began on a Thursday */
    int64_t at = first + ((d->day - weekday + 7) % 7 + (d->week - 1) * 7) * (int64_t)DAY_S;

    while (at >= next)
        at -= 7 * (int64_t)DAY_S;
    return at + d->at_s;
}

static int rule_offset(const struct time_zone *z, int64_t utc_s)
{
    int year;
    int64_t begin, end;

    if (!z->summer)
        return z->standard_s;
    year = us_to_civil((utc_s + z->standard_s) * 1000000).year;
    begin = date_in(&z->begin, year) - z->standard_s;
    end = date_in(&z->end, year) - z->summer_s;
    if (begin < end)
        return utc_s >= begin && utc_s < end ? z->summer_s : z->standard_s;
    return utc_s >= end && utc_s < begin ? z->standard_s : z->summer_s;
}

/* --- the file --- */

struct counts {
    uint32_t utc, standard, leap, change, type, letter;
};

static uint32_t be32(const char *p)
{
    const unsigned char *b = (const unsigned char *)p;

    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static int64_t be64(const char *p)
{
    return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

/* The block at the front of *s, of times of `width` bytes; *s is what follows it. Of time with leap
 * seconds (the folder `right`) nothing is taken: no log is written in it. */
static bool take_block(struct slice *s, unsigned width, struct counts *c, const char **data)
{
    size_t size;

    if (s->len < HEADER || memcmp(s->ptr, "TZif", 4) != 0)
        return false;
    *c = (struct counts){be32(s->ptr + 20), be32(s->ptr + 24), be32(s->ptr + 28),
                         be32(s->ptr + 32), be32(s->ptr + 36), be32(s->ptr + 40)};
    if (c->leap || c->utc > 256 || c->standard > 256 || c->change > CHANGES_MAX || c->type > 256 ||
        c->letter > CHANGES_MAX)
        return false;
    size = (size_t)c->change * (width + 1) + (size_t)c->type * 6 + c->letter + c->standard + c->utc;
    if (size > s->len - HEADER)
        return false;
    *data = s->ptr + HEADER;
    *s = slice_of(s->ptr + HEADER + size, s->len - HEADER - size);
    return true;
}

static bool fill_changes(struct time_zone *z, const struct counts *c, const char *data)
{
    const char *kind = data + (size_t)c->change * 8, *type = kind + c->change;

    if (c->type == 0)
        return false;
    z->n = c->change;
    z->from_s = xcalloc(MAX(z->n, 1u), sizeof(*z->from_s));
    z->offset = xcalloc(MAX(z->n, 1u), sizeof(*z->offset));
    for (unsigned i = 0; i < c->type; i++) {
        int32_t east = (int32_t)be32(type + (size_t)i * 6);

        if (east < -OFFSET_MAX || east > OFFSET_MAX)
            return false;
    }
    z->first = (int32_t)be32(type);
    for (unsigned i = 0; i < z->n; i++) {
        unsigned of = (unsigned char)kind[i];

        z->from_s[i] = be64(data + (size_t)i * 8);
        if (of >= c->type || (i > 0 && z->from_s[i] <= z->from_s[i - 1]))
            return false;
        z->offset[i] = (int32_t)be32(type + (size_t)of * 6);
    }
    return true;
}

struct time_zone *time_zone_parse(struct slice file)
{
    struct time_zone *z = xcalloc(1, sizeof(*z));
    struct counts c;
    const char *data;
    bool ok = file.len >= HEADER && file.ptr[4] >= '2' && take_block(&file, 4, &c, &data) &&
              take_block(&file, 8, &c, &data) && fill_changes(z, &c, data);

    if (ok && file.len >= 2 && file.ptr[0] == '\n' && file.ptr[file.len - 1] == '\n')
        z->ruled = parse_rule(z, slice_of(file.ptr + 1, file.len - 2));
    if (ok)
        return z;
    time_zone_free(z);
    return NULL;
}

/* Letters, digits, _ + - and slashes within: so no file outside of the folder has a name. */
static bool is_zone_name(struct slice name)
{
    if (!name.len || name.len > NAME_MAX_LEN || !is_letter(name.ptr[0]))
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (!is_letter(name.ptr[i]) && !is_digit(name.ptr[i]) && !strchr("_+-/", name.ptr[i]))
            return false;
    return !memchr(name.ptr, '\0', name.len);
}

static struct time_zone *read_zone(struct slice name)
{
    char path[sizeof(FOLDER) + NAME_MAX_LEN], *bytes = xmalloc(FILE_MAX);
    struct time_zone *z = NULL;
    ssize_t n = 0, got = 1;
    struct stat st;
    int fd;

    snprintf(path, sizeof(path), FOLDER SLICE_FMT, SLICE_ARG(name));
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size < FILE_MAX) {
        while (got > 0 && n < FILE_MAX && (got = read(fd, bytes + n, (size_t)(FILE_MAX - n))) > 0)
            n += got;
        z = got == 0 ? time_zone_parse(slice_of(bytes, (size_t)n)) : NULL;
    }
    if (fd >= 0)
        close(fd);
    free(bytes);
    return z;
}

/* --- zones by name --- */

const struct time_zone *time_zone_find(struct slice name)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static struct {
        char name[NAME_MAX_LEN + 1];
        struct time_zone *zone;
    } known[ZONES_MAX];
    static atomic_uint n; /* those below are never changed again */
    struct time_zone *found;
    unsigned have = atomic_load(&n);

    for (unsigned i = 0; i < have; i++)
        if (slice_is(name, known[i].name))
            return known[i].zone;
    if (!is_zone_name(name) || have == ZONES_MAX || !(found = read_zone(name)))
        return NULL;
    pthread_mutex_lock(&lock);
    have = atomic_load(&n);
    if (have < ZONES_MAX) { /* twice, if two threads ask at once: that does no harm */
        memcpy(known[have].name, name.ptr, name.len);
        known[have].zone = found;
        atomic_store(&n, have + 1);
    } else {
        time_zone_free(found);
        found = NULL;
    }
    pthread_mutex_unlock(&lock);
    return found;
}

int time_zone_offset(const struct time_zone *z, int64_t utc_s)
{
    unsigned low = 0, high = z->n;

    while (low < high) { /* the first change after utc_s */
        unsigned mid = (low + high) / 2;

        if (z->from_s[mid] <= utc_s)
            low = mid + 1;
        else
            high = mid;
    }
    if (low == z->n && z->ruled)
        return rule_offset(z, utc_s);
    return low ? z->offset[low - 1] : z->first;
}

int64_t time_zone_utc(const struct time_zone *z, int64_t local_s)
{
    int before = time_zone_offset(z, local_s - DAY_S), after = time_zone_offset(z, local_s + DAY_S);

    if (time_zone_offset(z, local_s - before) == before)
        return local_s - before;
    if (time_zone_offset(z, local_s - after) == after)
        return local_s - after;
    return local_s - before;
}
