/* dict.h - every distinct text of one field of one log type, numbered.
 *
 * One dictionary per (log type, field) for the whole session; ids are given in order of arrival
 * and never change, so facets of different segments add up by id. Readers take no lock: texts
 * stand in chunks that never move. Interning is under one mutex, in batches by the builders (once
 * a distinct text a segment, not once a row). */
#ifndef AWL_DICT_H
#define AWL_DICT_H

#include "str.h"

struct dict;

struct dict *dict_new(void);
void dict_free(struct dict *d);
uint64_t dict_hash(struct slice s);
/* Ids of n texts with their hashes (dict_hash). Thread-safe. */
void dict_intern(struct dict *d, const struct slice *text, const uint64_t *hash, uint32_t *id,
                 unsigned n);
/* The id of one text, which gets one if it has none. Thread-safe. */
uint32_t dict_add(struct dict *d, struct slice text);
/* The dictionary's copy of a text. */
struct slice dict_keep(struct dict *d, struct slice text);
/* The id of a text; false if it has none. */
bool dict_find(struct dict *d, struct slice text, uint32_t *id);
/* n texts: text i is bytes [off[i], off[i + 1]). */
struct dict_block {
    const uint32_t *off;
    const char *bytes;
    uint32_t n;
};
/* The first texts of an empty dictionary, all of them different. Their bytes must live as long as
 * it does. Not while others intern. */
void dict_adopt(struct dict *d, const struct dict_block *block, uint32_t n);
uint32_t dict_count(const struct dict *d);                 /* ids below this are valid */
struct slice dict_text(const struct dict *d, uint32_t id); /* lives as long as the dictionary */
size_t dict_bytes(const struct dict *d);                   /* memory held */
/* Nobody will intern for a while: frees what only that and dict_find need, until then. */
void dict_rest(struct dict *d);

#endif
