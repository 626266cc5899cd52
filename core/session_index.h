/* session_index.h - the indexes of a session's paths. Internal to the session. */
#ifndef AWL_SESSION_INDEX_H
#define AWL_SESSION_INDEX_H

#include "session_priv.h"

/* Opens an index for the folder of each opened path. Before any file is found. */
void indexes_open(struct session *s);
/* All files were found. */
void indexes_walked(struct session *s);
/* What all threads of the session call together: bringing in what the indexes have (false:
 * nothing), and, once all of it is in, comparing it with its checksums. What is damaged is gone
 * afterwards. */
bool indexes_load(struct session *s);
void indexes_check(struct session *s);
void indexes_commit(struct session *s);
void indexes_close(struct session *s);

#endif
