/* unpack.h - bytes that can only be read from their start: zstd, a file of a zip (zip.h), and
 * packed payloads within JSON (unpack_event.h). What comes out is kept by the source
 * (stdin_store.h) for the rows on screen. */
#ifndef AWL_UNPACK_H
#define AWL_UNPACK_H

#include "err.h"
#include "str.h"

enum pack_kind { PACK_NONE, PACK_ZSTD, PACK_ZIP, PACK_EVENT };

#define PACK_HEAD 1024
/* By its first bytes, up to PACK_HEAD of them. */
enum pack_kind pack_kind(struct slice head);
/* Whether a kind may follow from more bytes than these two. */
bool pack_may_begin(struct slice two);
bool pack_supported(enum pack_kind kind); /* zstd only where its library was there */

/* Reads bytes of the archive at an offset: how many (0: behind the end), < 0 with *e set. */
typedef ssize_t (*pack_input_fn)(void *ctx, uint64_t off, void *buf, size_t n, struct err *e);

struct unpacker;
struct zip_file;
/* `file`: which one of a zip, as long as the unpacker; NULL for others. */
struct unpacker *unpacker_new(enum pack_kind kind, const struct zip_file *file, pack_input_fn input,
                              void *ctx);
void unpacker_free(struct unpacker *u);
/* Up to n bytes: the number, 0 at the end, < 0 for damage; what was given before stays good. */
ssize_t unpacker_read(struct unpacker *u, void *buf, size_t n, struct err *e);

#endif
