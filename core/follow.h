/* follow.h - what grows, turns or appears on disk while the session is open. Internal. */
#ifndef AWL_FOLLOW_H
#define AWL_FOLLOW_H

#include "session.h"

/* Ends the following thread, if there is one. */
void follow_stop(struct session *s);

#endif
