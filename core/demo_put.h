/* demo_put.h - the hot path of the generator: bytes into a buffer that is known to have room.
 * Every function returns the place behind what it wrote. No printf, no locale, no bounds checks:
 * the caller reserves DEMO_LINE_MAX bytes before a line. */
#ifndef AWL_DEMO_PUT_H
#define AWL_DEMO_PUT_H

#include "str.h"

#define DEMO_LINE_MAX 4096

static const char put_digits2[201] = "00010203040506070809101112131415161718192021222324"
                                     "25262728293031323334353637383940414243444546474849"
                                     "50515253545556575859606162636465666768697071727374"
                                     "75767778798081828384858687888990919293949596979899";

static inline char *put(char *p, const char *s, size_t n)
{
    memcpy(p, s, n);
    return p + n;
}

#define PUT_LIT(p, lit) put((p), (lit), sizeof(lit) - 1)

static inline char *put_sl(char *p, struct slice s)
{
    return put(p, s.ptr, s.len);
}

static inline char *put_2(char *p, unsigned v)
{
    return put(p, put_digits2 + 2 * v, 2);
}

static inline char *put_3(char *p, unsigned v)
{
    *p = (char)('0' + v / 100);
    return put_2(p + 1, v % 100);
}

static inline char *put_6(char *p, unsigned v)
{
    p = put_2(p, v / 10000);
    p = put_2(p, v / 100 % 100);
    return put_2(p, v % 100);
}

static inline char *put_u(char *p, uint64_t v)
{
    char tmp[20];
    unsigned n = 0;

    do
        tmp[n++] = (char)('0' + v % 10);
    while (v /= 10);
    while (n)
        *p++ = tmp[--n];
    return p;
}

static inline char *put_hex(char *p, uint64_t v, unsigned digits)
{
    for (unsigned i = 0; i < digits; i++)
        *p++ = "0123456789abcdef"[v >> 60 & 15], v <<= 4;
    return p;
}

/* The low 5 bits of each step pick a letter; `n` up to 12 a call. */
static inline char *put_caps(char *p, uint64_t v, unsigned n)
{
    for (unsigned i = 0; i < n; i++, v >>= 5)
        *p++ = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"[v & 31];
    return p;
}

static inline char *put_base64(char *p, uint64_t v, unsigned n)
{
    for (unsigned i = 0; i < n; i++, v >>= 6)
        *p++ = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[v & 63];
    return p;
}

/* Milliseconds as seconds with three decimals; below zero is the mark "-1". */
static inline char *put_ms(char *p, int64_t ms)
{
    if (ms < 0)
        return PUT_LIT(p, "-1");
    p = put_u(p, (uint64_t)ms / 1000);
    *p++ = '.';
    return put_3(p, (unsigned)(ms % 1000));
}

static inline char *put_clock(char *p, unsigned sec, char sep)
{
    p = put_2(p, sec / 3600);
    *p++ = sep;
    p = put_2(p, sec / 60 % 60);
    *p++ = sep;
    return put_2(p, sec % 60);
}

#endif
