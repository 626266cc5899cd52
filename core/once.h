/* once.h - bytes that come once: over a pipe, or out of a file that can only be unpacked from its
 * start. gzip within is inflated, whatever is packed and comes over a pipe is unpacked. */
#ifndef AWL_ONCE_H
#define AWL_ONCE_H

#include "source.h"
#include "unpack.h"

struct once;
/* `input` reads the bytes of a file that is packed; a pipe is read by itself. */
struct once *once_new(struct source *src, pack_input_fn input, void *ctx);
void once_free(struct once *o);
/* As unpacker_read(). A zip that comes over a pipe gives nothing: it goes to the store of the
 * source whole, which is PACK_ZIP from then on. */
ssize_t once_read(struct once *o, void *buf, size_t n, struct err *e);
uint64_t once_came(const struct once *o); /* bytes over the pipe so far */

#endif
