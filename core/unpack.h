/* unpack.h - archives that can only be read from their start: zstd, and the files of a zip one
 * after another. What comes out is kept by the source (stdin_store.h) for the rows on screen. */
#ifndef AWL_UNPACK_H
#define AWL_UNPACK_H

#include "err.h"
#include "str.h"

enum pack_kind { PACK_NONE, PACK_ZSTD, PACK_ZIP };

/* By its first four bytes. */
enum pack_kind pack_kind(const unsigned char magic[4]);
bool pack_supported(enum pack_kind kind); /* zstd only where its library was there */

/* Reads bytes of the archive at an offset: how many (0: behind the end), < 0 with *e set. */
typedef ssize_t (*pack_input_fn)(void *ctx, uint64_t off, void *buf, size_t n, struct err *e);

struct unpacker;
struct unpacker *unpacker_new(enum pack_kind kind, uint64_t size, pack_input_fn input, void *ctx);
void unpacker_free(struct unpacker *u);
/* Up to n bytes: the number, 0 at the end, < 0 for damage; what was given before stays good. */
ssize_t unpacker_read(struct unpacker *u, void *buf, size_t n, struct err *e);

#endif
