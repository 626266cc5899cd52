/* tok_space.h - what the formats of positional fields share: splitting a line at blanks, with and
 * without quotes, and taking apart the composites (address:port, request line, URL).
 *
 * The tokenizers store field i at val[map[i]] and what is surplus at val[extra + k]: no second
 * copy. They clear nothing: record_begin() does, once a record. */
#ifndef AWL_TOK_SPACE_H
#define AWL_TOK_SPACE_H

#include "format.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* The first `c` in [p, end), or `end`. Inline and without set-up cost: fields are short. */
static inline const char *find_byte(const char *p, const char *end, char c)
{
#ifdef __SSE2__
    const __m128i pattern = _mm_set1_epi8(c);

    for (; end - p >= 16; p += 16) {
        __m128i w = _mm_loadu_si128((const __m128i *)(const void *)p);
        unsigned hits = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(w, pattern));

        if (hits)
            return p + __builtin_ctz(hits);
    }
#endif
    while (p < end && *p != c)
        p++;
    return p;
}

struct tok_map {
    const uint16_t *field; /* position -> field */
    unsigned n;
    unsigned extra; /* field of the first surplus value */
};

struct tok_result {
    unsigned n;     /* fields seen; a rest taken whole by the last extra counts as one */
    unsigned n_val; /* one more than the highest extra stored, or `extra` if there is none */
    bool open;      /* a quote does not end */
};

/* ONE blank between fields. A field that starts with `"` ends at the next `"` that is followed by
 * a blank or the end and is not preceded by an odd number of backslashes. */
struct tok_result tok_quoted(struct slice line, struct tok_map map, struct slice *val);
/* `sep` between fields, each one of them; a separator at the very end starts no field. */
struct tok_result tok_sep(struct slice line, char sep, struct tok_map map, struct slice *val);
/* Runs of blanks and tabs between fields, no quotes. */
struct tok_result tok_runs(struct slice line, struct tok_map map, struct slice *val);

/* "1.2.3.4:80" at the last colon; "-" and text without a colon are all address. */
void split_addr_port(struct slice s, struct slice *addr, struct slice *port);
bool is_addr_port(
    struct slice s); /* its shape: a digit or hex digit first, digits behind a colon */

/* What is not in the URL is absent. Without a scheme it starts with its path. */
struct url_parts {
    struct slice scheme, host, port, path, query;
};
struct url_parts split_url(struct slice url);

struct request_parts {
    struct slice verb, url, proto;
    struct url_parts part; /* of the URL */
};
/* METHOD URL VERSION; the URL may have blanks in it, the version may be missing. */
struct request_parts split_request(struct slice request);

bool is_digits(struct slice s); /* one or more, and nothing else */
bool is_status(struct slice s); /* three digits or "-"; a single digit as old lines have it */

#define PROBE_LINES 24 /* records that detection looks at */
/* How the first lines fit: 0, or 50 and more. `named` says that the path names the type. */
int score_lines(unsigned fit, unsigned seen, bool named);
/* The next non-empty line of *head; false at its end. */
bool probe_line(struct slice *head, struct slice *line);
bool starts_with_bracket(struct slice line); /* of JSON, blanks before it or not */
/* Scores by parsing the first lines as the type `name` without a header. */
int probe_records(const struct probe *p, const char *name, bool named);
bool path_has(const struct probe *p, const char *part);
/* The S3 key of an ELB log: whether it has `kind` ("app." "net." or "" for neither) for a name. */
bool path_is_elb(const struct probe *p, const char *kind);

#endif
