/* source.h - the files that are open: identity, what the S3 key tells, and the bytes.
 *
 * A source is one file (or standard input). Bytes are always addressed in the INFLATED file, so
 * the rest of awl does not know of gzip. No descriptor is kept: every read opens, reads, closes,
 * or uses a mapping. Files may shrink, be replaced or vanish at any time; then reads fail softly
 * (ERR_SYS / short slice) and source.changed is set. */
#ifndef AWL_SOURCE_H
#define AWL_SOURCE_H

#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <pthread.h>

#include "err.h"
#include "format.h"
#include "zip.h"

enum source_kind {
    SOURCE_PLAIN,
    SOURCE_GZIP,
    SOURCE_STDIN,  /* or a named pipe */
    SOURCE_PACKED, /* unpack.h: zstd, a file of a zip; kept in memory once it is unpacked */
};

/* What the key of the object tells (README of formats, 2.1). Slices into source.path or "". */
struct s3_identity {
    struct slice account, region, service, resource;
};

struct source {
    uint32_t id;        /* index in the session; order of equal timestamps */
    char *_Atomic path; /* as opened; changes when a rotated file is found again; of a file of a zip
                           ARCHIVE/NAME, so that its type and origin are told by that */
    char **old_path;    /* those before; kept, since others may be reading them */
    size_t n_old_path, cap_old_path;
    char *name; /* path below the opened argument, for @file */
    enum source_kind kind;
    dev_t dev;
    ino_t ino;
    _Atomic uint64_t size; /* bytes on disk when opened, or when it was seen to grow */
    int64_t mtime_us;
    int64_t mtime_ns, ctime_ns; /* when it was opened */
    int pipe;                   /* SOURCE_STDIN: read from here; else -1 */
    struct s3_identity ident;
    char *origin;       /* "account/region/resource" for @source; "" if unknown */
    struct logtype *lt; /* of most records; set by detection, before any record */
    char why[120];      /* one sentence: why this type */

    _Atomic uint64_t bytes_done;             /* bytes on disk read so far (progress) */
    _Atomic uint64_t inflated;               /* inflated bytes so far */
    _Atomic uint64_t records;                /* records, unparsed ones included */
    _Atomic uint64_t lines, headers, blanks; /* lines = lines of records + headers + blanks */
    _Atomic uint64_t unparsed[REASON_COUNT];
    _Atomic int64_t first_us, last_us; /* over records with a time; first > last if none */
    _Atomic bool done;                 /* read to its end (for now) */
    _Atomic bool cancel;               /* set from outside: reading a pipe ends within a moment */
    _Atomic bool changed;              /* cut or replaced on disk since it was read */
    pthread_mutex_t lock;              /* guards error and the members below */
    char *error;                       /* why it could not be read (to its end); NULL if well */

    struct zaccess *zaccess;   /* gzip access points, built while reading, and what was left out;
                                  NULL for plain files, none in it where bytes are kept */
    enum pack_kind pack;       /* SOURCE_PACKED: what it is */
    char *archive;             /* of a file of a zip: the archive's path, its size (that also of a
                                  zip that came over a pipe), */
    uint64_t archive_size;     /* and what it is there; else NULL and 0 */
    struct zip_file *zipped;   /* whose name is NULL */
    struct stdin_store *store; /* SOURCE_STDIN, SOURCE_PACKED: all bytes so far; they never move */
    /* Of a file of a zip that came over a pipe: the archive, which is that pipe's store. */
    struct stdin_store *archive_store;
};

/* Opens identity only (stat + magic bytes); returns NULL with *e if unreadable. */
struct source *source_open(const char *path, const char *name, struct err *e);
/* A file whose kind is known, so that it need not be read to be opened. */
struct source *source_known(const char *path, const char *name, enum source_kind kind,
                            const struct stat *st);
void source_free(struct source *s);
/* The files of a zip, which is SOURCE_PACKED itself or was read whole from a pipe, and a source for
 * each. */
int source_list_zip(struct source *zip, struct zip_list *out, struct err *e);
struct source *source_of_zip(const struct source *zip, const struct zip_file *f);
/* What lies on disk: the file, or the archive that it is in. */
const char *source_file(const struct source *s);
/* Waits, with no lock held, until a pipe has something to read or has ended; false if *stop or
 * cancel came first. True at once for files. */
bool source_wait(struct source *s, const atomic_bool *stop);
/* The file is called otherwise now: it was rotated. */
void source_rename(struct source *s, const char *path);
/* Lines that did not parse; their reasons with the count of each go behind *reasons (NULL: not
 * wanted). */
uint64_t source_unparsed(const struct source *s, struct strbuf *reasons);
void source_fail(struct source *s, const char *fmt, ...) PRINTF_LIKE(2, 3); /* sets error, once */
void s3_identify(const char *path, struct s3_identity *out);
/* The stream that an export task of CloudWatch Logs wrote to the key, as it stands there: with -
 * for each /, which cannot be told from a - of its own. NULL if it is no such key. */
struct slice s3_export_stream(struct slice path);

/* Walks paths: files as they are, folders recursively, sorted by name, symlink loops cut, hidden
 * files skipped inside folders. Calls back for each regular file; a problem with one path goes to
 * `bad` and the walk goes on. Returns false if `stop` became true. */
typedef void (*source_found_fn)(void *ctx, const char *path, const char *name);
typedef void (*source_bad_fn)(void *ctx, const char *path, const struct err *e);
bool source_walk(const char *root, source_found_fn found, source_bad_fn bad, void *ctx,
                 const atomic_bool *stop);

/* --- sequential reading, for the indexer --- */

/* A reader hands out consecutive chunks of whole lines (the last line of the file may lack its
 * terminator); of a file that begins with a bracket, and so may be one line of JSON, chunks that
 * end anywhere: what of them is not used is given back by reader_unread(). Plain files: any thread
 * may call reader_next, chunks are independent; gzip: chunks come from one inflation, serialised
 * inside. */
struct reader;
struct chunk {
    const char *ptr; /* valid until chunk_release */
    size_t len;
    uint64_t off; /* inflated offset of ptr[0] */
    unsigned seq; /* 0, 1, 2 ... in file order */
    bool last;    /* nothing follows; what is appended later is for a new reader */
    bool paused;  /* a pipe has no more for the moment */
    void *owner;
};
/* From inflated offset `from` (0, or where a growing plain file ended). `chunk_size` is a wish; a
 * line longer than it makes the chunk larger, up to 256 MiB, beyond which it is cut. */
struct reader *reader_new(struct source *s, uint64_t from, size_t chunk_size);
/* 1: *c filled; 0: the end; <0: error, *e filled; what was read before stays good (a damaged gzip
 * gives the lines before the damage first, then the error naming the place). */
int reader_next(struct reader *r, struct chunk *c, struct err *e) MUST_CHECK;
void chunk_release(struct reader *r, struct chunk *c);
/* Does some of the work of chunks to come, if there is any that another thread can do. With no lock
 * held; while reader_next is called by others. */
void reader_ahead(struct reader *r);
/* Chunks end anywhere from here on; a reader that starts within a file cannot tell by itself. */
void reader_cut_anywhere(struct reader *r);
bool reader_cuts_anywhere(const struct reader *r);
/* Takes back the last `n` bytes of *c, the newest chunk given; they come first in the next one. If
 * they are all of it the next one is larger. Not while another thread calls reader_next. */
void reader_unread(struct reader *r, struct chunk *c, size_t n);
#define MAX_CHUNK (256u << 20)
void reader_free(struct reader *r);

/* --- random reading, for rows on screen and raw-text search --- */

/* A view of [off, off+len) of the inflated source. Pinned until blob_unpin: a mapping of the file,
 * or a block of the bounded cache (64 MiB over all sources). May be shorter than asked when the
 * file was cut. Thread-safe. */
struct blob_pin {
    void *block;
};
int blob_view(struct source *s, uint64_t off, size_t len, struct slice *out, struct blob_pin *pin,
              struct err *e) MUST_CHECK;
void blob_unpin(struct blob_pin *pin);
void blob_forget(struct source *s); /* drops what is cached of it */
/* SIGBUS on a cut mapping: pages of zeros instead of death, source.changed set. And the cache gives
 * way when memory is short (membudget.h). Once is enough, before all else. */
void blob_init(void);

/* --- watching, for follow --- */

enum watch_kind { WATCH_GROWN, WATCH_TRUNCATED, WATCH_REPLACED, WATCH_NEW_FILE, WATCH_GONE };
struct watch_event {
    enum watch_kind kind;
    char path[PATH_MAX];
};
/* inotify on the files and folders (recursively), polling every `poll_ms` where it fails or is not
 * told of changes (network file systems): both are checked. watch_next waits up to timeout_ms. */
struct watch;
struct watch *watch_new(unsigned poll_ms);
void watch_add_root(struct watch *w, const char *path); /* file or folder as opened */
/* Tells the watch what is known of a file, so that it can see growth and replacement. */
void watch_know(struct watch *w, const char *path, dev_t dev, ino_t ino, uint64_t size);
int watch_next(struct watch *w, struct watch_event *ev,
               int timeout_ms);   /* 1 event, 0 none, <0 stop */
void watch_wake(struct watch *w); /* makes watch_next return -1; async-signal-safe */
void watch_free(struct watch *w);

#endif
