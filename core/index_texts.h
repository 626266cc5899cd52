/* index_texts.h - the dictionaries of an index: blocks of texts (docs/INDEX-FORMAT.md), and which
 * number of the session's dictionary a text of the index has. */
#ifndef AWL_INDEX_TEXTS_H
#define AWL_INDEX_TEXTS_H

#include "index_contents.h"
#include "index_file.h"

struct field_texts;

/* All zero at first. Guarded by the caller. */
struct index_texts {
    bool same; /* texts have the numbers of the session, whose dictionaries were empty */
    struct field_texts *of[MAX_TYPES]; /* of each field of a type; NULL: none yet */
};

/* Checks the blocks of the table of contents, on all cores, and brings their texts into the
 * session. False: damaged. */
bool index_texts_load(struct index_texts *all, struct index_file *file, const struct contents *c);
/* The number in the session of a text of the index, UINT32_MAX if there is none; and back, where a
 * text that the index has not gets the next number. Not for `same` ones. */
uint32_t index_texts_in(struct index_texts *all, const struct logtype *lt, unsigned field,
                        uint32_t id);
uint32_t index_texts_out(struct index_texts *all, const struct logtype *lt, unsigned field,
                         uint32_t id);
/* Appends blocks of the texts that no block has. False: it cannot be written. */
bool index_texts_write(struct index_texts *all, struct index_file *file, struct contents *c);
void index_texts_drop(struct index_texts *all);

#endif
