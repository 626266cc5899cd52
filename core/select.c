/* select.c - some of many values by rank, without sorting them. */
#include "select.h"

/* The value that stands at place k when all are sorted; reorders those from `lo` on, of which none
 * may be smaller than one before them. Median of three, and what is smaller and larger to its
 * sides, until k is found; then all behind k are no smaller. */
static double select_nth(double *v, size_t lo, size_t n, size_t k)
{
    size_t hi = n - 1;

    while (lo < hi) {
        double a = v[lo], b = v[lo + (hi - lo) / 2], c = v[hi];
        double pivot = MAX(MIN(a, b), MIN(MAX(a, b), c));
        size_t i = lo, j = hi;

        for (;;) {
            double swap;

            while (v[i] < pivot)
                i++;
            while (v[j] > pivot)
                j--;
            if (i >= j)
                break;
            swap = v[i];
            v[i++] = v[j];
            v[j--] = swap;
        }
        if (k <= j)
            hi = j;
        else
            lo = j + 1;
    }
    return v[k];
}

/* --- many values: only those of the bins with the wanted ones are put in order --- */

#define SELECT_BINS 1024u
#define SELECT_MIN 512u /* fewer are put in order as they are */

/* Doubles as numbers that are in the same order; -0 is 0. */
static inline uint64_t order_of(double x)
{
    union {
        double x;
        uint64_t bits;
    } v = {.x = x + 0.0};

    return v.bits >> 63 ? ~v.bits : v.bits | UINT64_C(1) << 63;
}

struct selection {
    const double *v;
    size_t n;
    uint64_t least;
    unsigned shift;
    uint32_t in_bin[SELECT_BINS];
    bool wanted[SELECT_BINS];
};

static inline uint32_t selection_bin(const struct selection *s, double x)
{
    return (uint32_t)((order_of(x) - s->least) >> s->shift);
}

static void selection_count(struct selection *s)
{
    double least[2] = {s->v[0], s->v[0]}, most[2] = {s->v[0], s->v[0]};
    uint64_t span;

    for (size_t i = 0; i + 2 <= s->n; i += 2)
        for (size_t k = 0; k < 2; k++) {
            least[k] = MIN(least[k], s->v[i + k]);
            most[k] = MAX(most[k], s->v[i + k]);
        }
    s->least = order_of(MIN(MIN(least[0], least[1]), s->v[s->n - 1]));
    span = order_of(MAX(MAX(most[0], most[1]), s->v[s->n - 1])) - s->least;
    while (span >> s->shift >= SELECT_BINS)
        s->shift++;
    for (size_t i = 0; i < s->n; i++)
        s->in_bin[selection_bin(s, s->v[i])]++;
}

/* Marks the bins of the wanted values; returns how many values are in these. */
static size_t selection_mark(struct selection *s, struct wanted *w, unsigned n)
{
    size_t before = 0, kept = 0;
    uint32_t bin = 0;

    for (unsigned i = 0; i < n; i++) {
        for (; w[i].k - before >= s->in_bin[bin]; bin++) {
            before += s->in_bin[bin];
            kept += s->wanted[bin] ? s->in_bin[bin] : 0;
        }
        s->wanted[bin] = true;
        w[i].kept = kept + w[i].k - before;
    }
    return kept + s->in_bin[bin];
}

void select_wanted(double *v, size_t n, struct wanted *w, unsigned n_wanted, double *room)
{
    struct selection s = {.v = v, .n = n};
    size_t kept = 0, lo = 0, all;

    if (n < SELECT_MIN) {
        for (unsigned i = 0; i < n_wanted; lo = w[i++].k)
            w[i].x = select_nth(v, lo, n, w[i].k);
        return;
    }
    selection_count(&s);
    all = selection_mark(&s, w, n_wanted);
    for (size_t i = 0; i < n; i++) {
        room[kept] = v[i];
        kept += s.wanted[selection_bin(&s, v[i])];
        if (kept == all)
            break;
    }
    for (unsigned i = 0; i < n_wanted; lo = w[i++].kept)
        w[i].x = select_nth(room, lo, all, w[i].kept);
}
