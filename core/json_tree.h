/* json_tree.h - where the members of a log type's JSON records go: a tree of keys made from its
 * field table, and of what was learned since. Internal to core/json*.c.
 *
 * Nodes are in one array, found by (parent, key) in an open-addressed table. It only grows; readers
 * take no lock (a slot is published with release order once its node is whole), so every thread
 * that parses learns for all. Nodes and fields are bounded: members beyond are passed over. */
#ifndef AWL_JSON_TREE_H
#define AWL_JSON_TREE_H

#include <stdatomic.h>

#include "json.h"

#define JSON_NODES 4096
#define JSON_SLOTS (2 * JSON_NODES)

#define JSON_GUESSES 2

#define FIELD_NONE (-1)  /* of a node: only the way to others, so far */
#define FIELD_NEVER (-2) /* its value cannot be learned: no room, or too long a path */

struct json_node {
    struct slice key;
    unsigned parent;
    _Atomic int field;     /* or FIELD_NONE, FIELD_NEVER */
    _Atomic bool elements; /* has children that are elements of an array */
    /* The members that were met first in it, and first behind it; 0: none. Records of a type have
     * their members in much the same order, so most keys are found by looking here. Written once:
     * threads that read records of several kinds must not take these lines from each other. */
    _Atomic uint16_t inside[JSON_GUESSES], behind[JSON_GUESSES];
};

struct json_tree {
    _Atomic uint16_t slot[JSON_SLOTS]; /* node, 0 = free */
    struct json_node node[JSON_NODES]; /* node[0] is the record itself */
    unsigned n;                        /* under `lock`, as is all writing */
    unsigned n_asked;
    atomic_bool full;
};

/* The tree of a type, made when it is first asked for. */
struct json_tree *json_tree_of(struct logtype *lt);
/* The member `key` of node `parent`, met for the first time: its node, with a field if it is a
 * value to be had. 0 if it is not learned. */
unsigned json_learn(struct logtype *lt, struct json_tree *t, unsigned parent, struct slice key,
                    bool value);

static inline uint64_t key_word(const char *p, size_t len)
{
    uint64_t word = 0;

    memcpy(&word, p, len);
    return word;
}

static inline uint32_t key_hash(struct slice key, unsigned parent)
{
    const char *end = key.ptr + key.len;
    uint64_t a, b;

    if (key.len >= 8) {
        a = key_word(key.ptr, 8);
        b = key_word(end - 8, 8);
    } else if (key.len >= 4) {
        a = key_word(key.ptr, 4);
        b = key_word(end - 4, 4);
    } else {
        a = key.len ? (unsigned char)key.ptr[0] : 0;
        b = key.len ? key_word(end - 1, 1) << 8 | (unsigned char)key.ptr[key.len / 2] : 0;
    }
    a = (a ^ (b << 23 | b >> 41) ^ parent) * UINT64_C(0x9e3779b97f4a7c15) + key.len;
    return (uint32_t)(a >> 32) ^ (uint32_t)(a >> 13);
}

static inline unsigned json_find_node(const struct json_tree *t, unsigned parent, struct slice key)
{
    uint32_t i = key_hash(key, parent) % JSON_SLOTS;
    unsigned k;

    for (; (k = atomic_load_explicit(&t->slot[i], memory_order_acquire)); i = (i + 1) % JSON_SLOTS)
        if (t->node[k].parent == parent && t->node[k].key.len == key.len &&
            same_bytes(t->node[k].key.ptr, key.ptr, key.len))
            return k;
    return 0;
}

/* The node among the guesses whose key stands at p with a quote behind it, 0 if it is none of them.
 * Only keys that records have had are ever guessed, so the quote is not escaped. */
static inline unsigned json_guess(const struct json_tree *t, const _Atomic uint16_t *guess,
                                  const char *p, const char *end)
{
    for (unsigned i = 0; i < JSON_GUESSES; i++) {
        unsigned k = atomic_load_explicit(&guess[i], memory_order_acquire);
        struct slice key = t->node[k].key;

        if (!k)
            return 0;
        if ((size_t)(end - p) > key.len && p[key.len] == '"' && same_bytes(p, key.ptr, key.len))
            return k;
    }
    return 0;
}

static inline void json_note_guess(_Atomic uint16_t *guess, unsigned k)
{
    for (unsigned i = 0; i < JSON_GUESSES; i++)
        if (!atomic_load_explicit(&guess[i], memory_order_relaxed)) {
            atomic_store_explicit(&guess[i], (uint16_t)k, memory_order_release);
            return;
        }
}

#endif
