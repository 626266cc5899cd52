/* session_priv.h - the inside of a session, for session.c and follow.c alone. */
#ifndef AWL_SESSION_PRIV_H
#define AWL_SESSION_PRIV_H

#include <pthread.h>

#include "session.h"

struct feed;
struct follow;
struct index;

struct session {
    struct session_options opt;
    struct catalog *catalog;
    char **root;
    size_t n_root, cap_root;
    atomic_bool stop;

    struct index **index; /* made before the threads look at them */
    size_t n_index, cap_index;
    struct index **root_index; /* of each root; NULL: none */
    _Atomic size_t next_load;  /* segment of all indexes */
    atomic_uint next_check;    /* segment of the snapshot with all of these */

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t work;  /* a feed was added, or all are found */
    pthread_cond_t idle;  /* a worker ended */
    struct feed **feed;
    size_t n_feed, cap_feed;
    size_t next_feed, first_open;
    struct progress settled; /* the sums of the first n_settled feeds */
    size_t n_settled;
    bool following; /* anything may change again */
    bool walked;
    bool full;                          /* memory was used up */
    bool opened;                        /* the indexes */
    bool loading;                       /* files wait until what the indexes have of them is in */
    unsigned n_load_done, n_check_done; /* threads that have done their part of that */
    struct segment **loaded;            /* what they brought in, until it is in the catalog */
    uint32_t n_loaded, cap_loaded;
    unsigned running;
    uint64_t total;
    char **problem;
    size_t n_problem, cap_problem;
    size_t n_warning; /* of the problems: files that were read, but are not as they should be */

    pthread_t thread[66];
    unsigned n_thread;
    struct follow *follow;
};

void session_changed(struct session *s);
/* What was read of files does not stand any more; `following`: from now on it may change again. */
void session_unsettle(struct session *s, bool following);
void session_add_problem(struct session *s, const char *text);
/* The index that a path to be opened belongs to (NULL: none) and what the path is called in it. */
struct index *session_index_of(struct session *s, const char *path, const char **name);
/* Opens and appends a file, or all those of a zip; a problem if it cannot be read. */
void session_add_file(struct session *s, const char *path, const char *name);
/* Tells what is odd about a file that was read to its end. */
void session_check_end(struct session *s, struct feed *f);
struct feed *session_feed(struct session *s, uint32_t id);

#endif
