/* zip.h - the files of a zip archive: a list of them from its central directory (APPNOTE 4.3), and
 * the bytes of each, which are held against the size and the checksum that stand there. */
#ifndef AWL_ZIP_H
#define AWL_ZIP_H

#include "unpack.h"

struct zip_file {
    char *name;
    uint64_t at, packed, size; /* where its header is in the archive; bytes in there; unpacked */
    uint32_t crc;
    unsigned method; /* 0 stored, 8 deflated; others cannot be read */
    bool encrypted;
};

struct zip_list {
    struct zip_file *file;
    size_t n;
};

/* All files of an archive of `size` bytes but folders and hidden ones. */
int zip_list(uint64_t size, pack_input_fn input, void *ctx, struct zip_list *out, struct err *e);
void zip_list_free(struct zip_list *l);

struct zip_reader;
struct zip_reader *zip_reader_new(const struct zip_file *f, pack_input_fn input, void *ctx);
void zip_reader_free(struct zip_reader *r);
/* Up to n bytes: the number, 0 at the end, < 0 if there is damage or awl cannot unpack it; what was
 * given before stays good. */
ssize_t zip_read(struct zip_reader *r, void *buf, size_t n, struct err *e);

#endif
