/* index_contents.h - the table of contents of an index: names, segments, texts and files.
 *
 * Read from bytes that stay mapped: texts and arrays of what was read lie in them. */
#ifndef AWL_INDEX_CONTENTS_H
#define AWL_INDEX_CONTENTS_H

#include "format.h"
#include "index_file.h"

struct contents_segment {
    struct logtype *lt;
    uint32_t n; /* rows */
    struct index_block block;
};

/* Texts first ... first + n - 1 of a field: n + 1 places of 4 bytes, then the bytes. */
struct contents_texts {
    struct logtype *lt;
    unsigned field;
    uint32_t first, n;
    struct index_block block;
};

struct contents_layout {
    struct logtype *lt;
    uint32_t id; /* layout_by_id() */
};

struct contents_source {
    struct slice name; /* path below the folder */
    uint32_t id;       /* never used for another file */
    uint8_t kind;      /* enum source_kind */
    bool framed;       /* its records are no lines: it cannot be read on */
    bool replaced;     /* not stored: the session has another file in its place */
    uint64_t dev, ino, size;
    int64_t mtime_ns, ctime_ns;
    uint64_t edge[2]; /* plain files: hashes of the first and the last bytes before `end` */
    struct logtype *lt;
    struct slice why;
    uint64_t records, lines, headers, blanks, inflated, end;
    uint64_t unparsed[REASON_COUNT];
    int64_t first_us, last_us;
    uint32_t layout;          /* in force at the end; UINT32_MAX: none */
    struct slice chunk_lines; /* 4 bytes each */
    uint64_t tail_at;         /* see struct feed; UINT64_MAX: the end was not read first */
    uint32_t tail_lines;
    struct slice points; /* zaccess_save(), gzip */
};

struct contents {
    struct contents_segment *segment;
    size_t n_segment, cap_segment, n_loaded; /* the first n_loaded were read, others put since */
    struct contents_texts *texts;
    size_t n_texts, cap_texts;
    struct contents_layout *layout;
    size_t n_layout, cap_layout;
    uint32_t *frame; /* frame_by_id() of each */
    size_t n_frame, cap_frame;
    uint32_t *frame_at, n_frame_at; /* + 1, by frame id; 0: not in the index */
    struct contents_source *source; /* as read */
    size_t n_source;
    uint32_t *slot, n_slot; /* of the names, + 1 */
    uint32_t next_id, n_loaded_id;
};

/* False (and nothing is held): not a table of contents of these log types. */
bool contents_read(struct contents *c, struct slice bytes);
void contents_release(struct contents *c);
struct contents_source *contents_find(const struct contents *c, struct slice name);
uint32_t contents_layout(const struct contents *c, uint32_t i); /* layout id; UINT32_MAX: none */

void contents_add_segment(struct contents *c, const struct contents_segment *s);
void contents_add_texts(struct contents *c, const struct contents_texts *t);
/* The number of a layout or frame of the session in the index; added if it has none. */
uint32_t contents_add_layout(struct contents *c, const struct logtype *lt, uint32_t id);
uint32_t contents_add_frame(struct contents *c, uint32_t id);

/* Writing: begin, when all layouts of the sources are known; the sources one by one; end. */
struct contents_writer {
    struct strbuf out;
    uint64_t n_source;
    size_t count_at;  /* where that number stands in `out` */
    struct slice why; /* of the last source */
};
void contents_begin(struct contents_writer *w, const struct contents *c);
void contents_put_source(struct contents_writer *w, const struct contents_source *s);
struct slice contents_end(struct contents_writer *w);
void contents_writer_release(struct contents_writer *w);

#endif
