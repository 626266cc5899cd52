/* recycle.h - buffers of bytes that were read, used again by the next file: new memory has to be
 * zeroed page by page, which takes as long as filling it, and what is freed in between by other
 * threads leaves holes. Thread-safe. */
#ifndef AWL_RECYCLE_H
#define AWL_RECYCLE_H

#include "str.h"

/* *b (empty, without memory) gets the memory of one that was given, if there is any. */
void recycle_take(struct strbuf *b);
/* *b is as at first. What is too much of it is freed. */
void recycle_give(struct strbuf *b);
/* Nothing is read any more: frees all. */
void recycle_rest(void);

#endif
