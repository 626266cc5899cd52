/* model.h - the core as the screen sees it. Every file of tui/ that uses the core includes this
 * and not the core's own headers, because five enumerators have the same name on both sides: here
 * the core's get a name of their own, and cell.h and keys.h keep theirs. */
#ifndef AWL_MODEL_H
#define AWL_MODEL_H

#define ROLE_STATUS FIELD_STATUS
#define ROLE_ERROR FIELD_ERROR
#define ROLE_COUNT FIELD_ROLE_COUNT
#define CMD_FILTER QUERY_FILTER
#define CMD_SORT QUERY_SORT
#include "query.h"
#include "regex.h"
#include "rowview.h"
#include "value.h"
#undef ROLE_STATUS
#undef ROLE_ERROR
#undef ROLE_COUNT
#undef CMD_FILTER
#undef CMD_SORT

#endif
