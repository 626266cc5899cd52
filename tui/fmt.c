#include "fmt.h"

#include <stdio.h>
#include <time.h>

#include "value.h"

char *fmt_count(char out[FMT_LEN], uint64_t n)
{
    char digits[24];
    int len = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n);
    char *p = out;

    for (int i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0)
            *p++ = ',';
        *p++ = digits[i];
    }
    *p = '\0';
    return out;
}

static char *scaled(char out[FMT_LEN], double v, const char *sep, const char *unit)
{
    snprintf(out, FMT_LEN, v < 9.95 ? "%.1f%s%s" : "%.0f%s%s", v, sep, unit);
    return out;
}

char *fmt_short(char out[FMT_LEN], uint64_t n)
{
    if (n < 1000)
        snprintf(out, FMT_LEN, "%u", (unsigned)n);
    else if (n < 999500)
        scaled(out, (double)n / 1e3, "", "k");
    else if (n < 999500000)
        scaled(out, (double)n / 1e6, "", "M");
    else
        scaled(out, (double)n / 1e9, "", "G");
    return out;
}

char *fmt_bytes(char out[FMT_LEN], uint64_t n)
{
    static const char *const unit[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    double v = (double)n;
    unsigned u = 0;

    while (v >= 999.5 && u + 1 < ARRAY_LEN(unit)) {
        v /= 1000;
        u++;
    }
    if (u == 0)
        snprintf(out, FMT_LEN, "%u B", (unsigned)n);
    else
        scaled(out, v, " ", unit[u]);
    return out;
}

char *fmt_seconds(char out[FMT_LEN], double s)
{
    if (!(s >= 0))
        snprintf(out, FMT_LEN, "-");
    else if (s < 0.9995)
        snprintf(out, FMT_LEN, s > 0 && s < 0.00995 ? "%.1fms" : "%.0fms", s * 1000);
    else if (s < 100)
        snprintf(out, FMT_LEN, "%.3fs", s);
    else
        snprintf(out, FMT_LEN, "%.0fs", s);
    return out;
}

char *fmt_width(char out[FMT_LEN], int64_t us)
{
    static const struct {
        int64_t us;
        const char *one, *many;
    } unit[] = {
        {INT64_C(86400000000), "day", "days"}, {INT64_C(3600000000), "hour", "h"},
        {INT64_C(60000000), "minute", "min"},  {INT64_C(1000000), "second", "s"},
        {INT64_C(1000), "ms", "ms"},
    };

    for (unsigned i = 0; i < ARRAY_LEN(unit); i++) {
        if (us < unit[i].us || us % unit[i].us != 0)
            continue;
        if (us == unit[i].us)
            snprintf(out, FMT_LEN, "%s", unit[i].one);
        else
            snprintf(out, FMT_LEN, "%lld %s", (long long)(us / unit[i].us), unit[i].many);
        return out;
    }
    snprintf(out, FMT_LEN, "%lld us", (long long)us);
    return out;
}

static time_t to_seconds(int64_t us)
{
    return (time_t)(us / 1000000 - (us % 1000000 < 0));
}

int zone_offset(enum zone z, int64_t us)
{
    struct tm tm;
    time_t t = to_seconds(us);

    if (z == ZONE_UTC || !localtime_r(&t, &tm))
        return 0;
    return (int)tm.tm_gmtoff;
}

char *fmt_zone(char out[FMT_LEN], enum zone z, int64_t us)
{
    struct tm tm;
    time_t t = to_seconds(us);

    if (z == ZONE_UTC || !localtime_r(&t, &tm))
        snprintf(out, FMT_LEN, "UTC");
    else
        snprintf(out, FMT_LEN, "%.12s", tm.tm_zone ? tm.tm_zone : "local");
    return out;
}

static struct civil civil_in(enum zone z, int64_t us)
{
    return us_to_civil(us + (int64_t)zone_offset(z, us) * 1000000);
}

char *fmt_clock(char out[FMT_LEN], enum zone z, int64_t us)
{
    struct civil c = civil_in(z, us);

    snprintf(out, FMT_LEN, "%02d:%02d:%02d.%03d", c.hour, c.min, c.sec, c.us / 1000);
    return out;
}

char *fmt_hms(char out[FMT_LEN], enum zone z, int64_t us)
{
    struct civil c = civil_in(z, us);

    snprintf(out, FMT_LEN, "%02d:%02d:%02d", c.hour, c.min, c.sec);
    return out;
}

char *fmt_hm(char out[FMT_LEN], enum zone z, int64_t us)
{
    struct civil c = civil_in(z, us);

    snprintf(out, FMT_LEN, "%02d:%02d", c.hour, c.min);
    return out;
}

char *fmt_moment(char out[FMT_LEN], enum zone z, int64_t us)
{
    struct civil c = civil_in(z, us);

    snprintf(out, FMT_LEN, "%04d-%02d-%02d %02d:%02d:%02d.%03d", c.year, c.mon, c.day, c.hour,
             c.min, c.sec, c.us / 1000);
    return out;
}

char *fmt_day_hm(char out[FMT_LEN], enum zone z, int64_t us)
{
    struct civil c = civil_in(z, us);

    snprintf(out, FMT_LEN, "%02d-%02d %02d:%02d", c.mon, c.day, c.hour, c.min);
    return out;
}

bool fmt_same_day(enum zone z, int64_t a, int64_t b)
{
    struct civil x = civil_in(z, a), y = civil_in(z, b);

    return x.day == y.day && x.mon == y.mon && x.year == y.year;
}

char *fmt_day(char out[FMT_LEN], enum zone z, int64_t us)
{
    struct civil c = civil_in(z, us);

    snprintf(out, FMT_LEN, "%04d-%02d-%02d", c.year, c.mon, c.day);
    return out;
}
