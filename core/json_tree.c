/* json_tree.c - see json_tree.h. */
#include "json_tree.h"

#include <pthread.h>

#include "json_scan.h"
#include "xalloc.h"

#define MAX_KEY 128   /* longer keys are not learned */
#define MAX_PATH 256  /* nor longer paths */
#define MAX_ASKED 256 /* fields made by json_field(), a type */

static _Atomic(struct json_tree *) trees[MAX_TYPES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Under the lock. 0 if there is no room. */
static unsigned add_node(struct json_tree *t, unsigned parent, struct slice key)
{
    unsigned k = json_find_node(t, parent, key);
    uint32_t i = key_hash(key, parent) % JSON_SLOTS;

    if (k)
        return k;
    if (t->n == JSON_NODES || key.len > MAX_KEY) {
        atomic_store(&t->full, t->n == JSON_NODES);
        return 0;
    }
    while (atomic_load_explicit(&t->slot[i], memory_order_relaxed))
        i = (i + 1) % JSON_SLOTS;
    k = t->n++;
    t->node[k].key = slice_of(slice_dup(key), key.len);
    t->node[k].parent = parent;
    atomic_init(&t->node[k].field, FIELD_NONE);
    atomic_init(&t->node[k].elements, false);
    atomic_store_explicit(&t->slot[i], (uint16_t)k, memory_order_release);
    return k;
}

static bool is_element(struct slice step)
{
    return slice_is(step, "[]") || is_digits(step);
}

/* Under the lock: the node at a path, made where it is missing; 0 if there is no room. */
static unsigned add_path(struct json_tree *t, struct slice path)
{
    unsigned k = 0;

    while (path.len) {
        struct slice step = json_next_step(&path);
        unsigned next = add_node(t, k, step);

        if (!next)
            return 0;
        if (is_element(step))
            atomic_store(&t->node[k].elements, true);
        k = next;
    }
    return k;
}

static struct json_tree *new_tree(struct logtype *lt)
{
    struct json_tree *t = xcalloc(1, sizeof(*t));
    const char *const *pair = lt->fmt->json_keys;

    t->n = 1;
    for (; pair && pair[0]; pair += 2)
        atomic_store(&t->node[add_path(t, slice_str(pair[0]))].field,
                     logtype_field(lt, slice_str(pair[1]), false));
    for (unsigned f = 0; f < lt->n_static; f++) {
        unsigned k =
            lt->field[f]->flags & FF_BY_KEY ? 0 : add_path(t, slice_str(lt->field[f]->name));

        if (atomic_load(&t->node[k].field) < 0)
            atomic_store(&t->node[k].field, (int)f);
    }
    atomic_store(&t->node[0].field, FIELD_NONE);
    return t;
}

struct json_tree *json_tree_of(struct logtype *lt)
{
    struct json_tree *t;

    BUG_ON(lt->id >= MAX_TYPES);
    t = atomic_load_explicit(&trees[lt->id], memory_order_acquire);
    if (t)
        return t;
    pthread_mutex_lock(&lock);
    t = atomic_load(&trees[lt->id]);
    if (!t) {
        t = new_tree(lt);
        atomic_store_explicit(&trees[lt->id], t, memory_order_release);
    }
    pthread_mutex_unlock(&lock);
    return t;
}

void json_forget(const struct logtype *lt)
{
    struct json_tree *t = atomic_exchange(&trees[lt->id], NULL);

    for (unsigned k = 1; t && k < t->n; k++)
        free((char *)(uintptr_t)t->node[k].key.ptr);
    free(t);
}

/* "a.b.c" of a node, at the end of buf; empty if it is too long. */
static struct slice path_of(const struct json_tree *t, unsigned k, char buf[MAX_PATH])
{
    size_t at = MAX_PATH;

    for (; k; k = t->node[k].parent) {
        struct slice key = t->node[k].key;

        if (key.len + 1 > at)
            return SL("");
        if (at < MAX_PATH)
            buf[--at] = '.';
        at -= key.len;
        memcpy(buf + at, key.ptr, key.len);
    }
    return slice_of(buf + at, MAX_PATH - at);
}

/* Under the lock: a field for the value of node k. */
static int add_field(struct logtype *lt, struct json_tree *t, unsigned k)
{
    char buf[MAX_PATH];
    struct slice path = path_of(t, k, buf);
    int f = path.len ? logtype_field(lt, path, true) : FIELD_NEVER;

    if (f < 0 && path.len)
        atomic_store(&t->full, true);
    atomic_store(&t->node[k].field, f < 0 ? FIELD_NEVER : f);
    return f;
}

unsigned json_learn(struct logtype *lt, struct json_tree *t, unsigned parent, struct slice key,
                    bool value)
{
    unsigned k;

    if (!key.len || key.len > MAX_KEY || memchr(key.ptr, '\0', key.len) ||
        atomic_load_explicit(&t->full, memory_order_relaxed))
        return 0;
    pthread_mutex_lock(&lock);
    k = add_node(t, parent, key);
    if (k && value && atomic_load(&t->node[k].field) == FIELD_NONE) {
        int f = parent == 0 ? logtype_alias(lt, key) : -1;

        if (f >= 0)
            atomic_store(&t->node[k].field, f);
        else
            add_field(lt, t, k);
    }
    pthread_mutex_unlock(&lock);
    return k;
}

/* Whether a path names an object whose members are known, or goes through a member that is had as a
 * whole, or through elements of an array. What an index told of is known by its field alone. */
static bool is_reachable(const struct json_tree *t, struct logtype *lt, struct slice path)
{
    struct slice rest = path, top = json_next_step(&rest);
    bool whole = logtype_field(lt, top, false) >= 0, indexed = false;

    if (logtype_has_parts(lt, path))
        return true;
    for (struct slice more = rest; more.len;)
        indexed |= is_element(json_next_step(&more));
    return rest.len && (whole || (indexed && json_find_node(t, 0, top)));
}

int json_field(struct logtype *lt, struct slice path)
{
    struct json_tree *t = json_tree_of(lt);
    unsigned k;
    int f = -1;

    if (!is_reachable(t, lt, path))
        return -1;
    pthread_mutex_lock(&lock);
    k = t->n_asked < MAX_ASKED ? add_path(t, path) : 0;
    if (k)
        f = atomic_load(&t->node[k].field);
    if (k && f == FIELD_NONE) {
        t->n_asked++;
        f = add_field(lt, t, k);
    }
    pthread_mutex_unlock(&lock);
    return MAX(f, -1);
}
