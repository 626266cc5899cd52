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

#define FIELD_NONE (-1)  /* of a node: only the way to others, so far */
#define FIELD_NEVER (-2) /* its value cannot be learned: no room, or too long a path */

struct json_node {
    struct slice key;
    unsigned parent;
    _Atomic int field;     /* or FIELD_NONE, FIELD_NEVER */
    _Atomic bool elements; /* has children that are elements of an array */
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

static inline uint32_t key_hash(struct slice key, unsigned parent)
{
    uint64_t a = 0, b = 0;

    if (key.len >= 8) {
        memcpy(&a, key.ptr, 8);
        memcpy(&b, key.ptr + key.len - 8, 8);
    } else {
        for (size_t i = 0; i < key.len; i++)
            a = a << 8 | (unsigned char)key.ptr[i];
    }
    a = (a ^ (b << 23 | b >> 41) ^ parent) * UINT64_C(0x9e3779b97f4a7c15) + key.len;
    return (uint32_t)(a >> 32) ^ (uint32_t)(a >> 13);
}

static inline bool same_key(struct slice a, struct slice b)
{
    return a.len == b.len && memcmp(a.ptr, b.ptr, a.len) == 0;
}

static inline unsigned json_find_node(struct json_tree *t, unsigned parent, struct slice key)
{
    uint32_t i = key_hash(key, parent) % JSON_SLOTS;
    unsigned k;

    for (; (k = atomic_load_explicit(&t->slot[i], memory_order_acquire)); i = (i + 1) % JSON_SLOTS)
        if (t->node[k].parent == parent && same_key(t->node[k].key, key))
            return k;
    return 0;
}

#endif
