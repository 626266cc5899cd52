#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "automaton.h"

#ifdef HAVE_VECTORSCAN

#include <hs.h>
#include <pthread.h>
#include <stdio.h>

#include "xalloc.h"

#define SPARE 16 /* kept for the next thread, so that a walk need not allocate */

struct automaton {
    hs_database_t *db;
    hs_scratch_t *scratch; /* which others are cloned of */
    pthread_mutex_t lock;  /* guards what follows */
    hs_scratch_t *spare[SPARE];
    unsigned n_spare;
};

/* Vectorscan from the fork off Hyperscan (5.4.2) to 5.4.12 passes matches by, with AVX-512 nearly
 * all of such as "q[^a]". */
static bool is_sound(void)
{
    unsigned major = 0, minor = 0, patch = 0;

    if (sscanf(hs_version(), "%u.%u.%u", &major, &minor, &patch) != 3)
        return false;
    return major != 5 || minor != 4 || patch < 3 || patch > 12;
}

/* Whether matches come in the order of their ends, and none is empty. */
static bool is_orderly(const char *pattern)
{
    hs_expr_info_t *info = NULL;
    hs_compile_error_t *error = NULL;
    bool yes = hs_expression_info(pattern, 0, &info, &error) == HS_SUCCESS &&
               !info->unordered_matches && info->min_width > 0;

    free(info);
    hs_free_compile_error(error);
    return yes;
}

static struct automaton *compile(const char *pattern)
{
    struct automaton *a = xcalloc(1, sizeof(*a));
    hs_compile_error_t *error = NULL;

    pthread_mutex_init(&a->lock, NULL);
    if (hs_compile(pattern, 0, HS_MODE_BLOCK, NULL, &a->db, &error) != HS_SUCCESS ||
        hs_alloc_scratch(a->db, &a->scratch) != HS_SUCCESS) {
        automaton_free(a);
        a = NULL;
    }
    hs_free_compile_error(error);
    return a;
}

struct automaton *automaton_new(struct slice pattern)
{
    char *text = slice_dup(pattern);
    struct automaton *a = NULL;

    if (is_sound() && strlen(text) == pattern.len && hs_valid_platform() == HS_SUCCESS &&
        is_orderly(text))
        a = compile(text);
    free(text);
    return a;
}

void automaton_free(struct automaton *a)
{
    if (!a)
        return;
    while (a->n_spare)
        hs_free_scratch(a->spare[--a->n_spare]);
    hs_free_scratch(a->scratch);
    hs_free_database(a->db);
    pthread_mutex_destroy(&a->lock);
    free(a);
}

void *automaton_enter(struct automaton *a)
{
    hs_scratch_t *s = NULL;

    pthread_mutex_lock(&a->lock);
    if (a->n_spare)
        s = a->spare[--a->n_spare];
    pthread_mutex_unlock(&a->lock);
    if (!s && hs_clone_scratch(a->scratch, &s) != HS_SUCCESS)
        BUG("no memory for a search");
    return s;
}

void automaton_leave(struct automaton *a, void *scratch)
{
    pthread_mutex_lock(&a->lock);
    if (a->n_spare < SPARE) {
        a->spare[a->n_spare++] = scratch;
        scratch = NULL;
    }
    pthread_mutex_unlock(&a->lock);
    hs_free_scratch(scratch);
}

static int stop_at(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
                   void *end)
{
    (void)id;
    (void)from;
    (void)flags;
    *(size_t *)end = (size_t)to;
    return 1;
}

int automaton_first(const struct automaton *a, void *scratch, struct slice s, size_t *end)
{
    if (s.len > UINT_MAX)
        return -1;
    switch (hs_scan(a->db, s.ptr, (unsigned)s.len, 0, scratch, stop_at, end)) {
    case HS_SUCCESS:
        return 0;
    case HS_SCAN_TERMINATED:
        return 1;
    default:
        return -1;
    }
}

#else

struct automaton *automaton_new(struct slice pattern)
{
    (void)pattern;
    return NULL;
}

void automaton_free(struct automaton *a)
{
    (void)a;
}

void *automaton_enter(struct automaton *a)
{
    (void)a;
    return NULL;
}

void automaton_leave(struct automaton *a, void *scratch)
{
    (void)a;
    (void)scratch;
}

int automaton_first(const struct automaton *a, void *scratch, struct slice s, size_t *end)
{
    (void)a;
    (void)scratch;
    (void)s;
    (void)end;
    return -1;
}

#endif
