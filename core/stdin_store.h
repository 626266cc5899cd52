/* stdin_store.h - what came over standard input, kept for reading again. Blocks never move;
 * one thread appends, many read. */
#ifndef AWL_STDIN_STORE_H
#define AWL_STDIN_STORE_H

#include "str.h"

struct stdin_store;

struct stdin_store *stdin_store_new(void);
void stdin_store_free(struct stdin_store *s);
void stdin_store_add(struct stdin_store *s, const void *p, size_t n);
/* Copies up to n bytes from `off`; returns how many are there. */
size_t stdin_store_read(struct stdin_store *s, uint64_t off, void *p, size_t n);

#endif
