/* session_index.h - the indexes of a session's paths. Internal to the session. */
#ifndef AWL_SESSION_INDEX_H
#define AWL_SESSION_INDEX_H

#include "session_priv.h"

/* Opens an index for the folder of each opened path. Before any file is found. */
void indexes_open(struct session *s);
/* All files were found. */
void indexes_walked(struct session *s);
/* Shares the work of bringing in what the indexes have; returns when all of it is in. */
void indexes_load(struct session *s);
void indexes_commit(struct session *s);
void indexes_close(struct session *s);

#endif
