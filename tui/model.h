/* model.h - the core as the screen sees it. */
#ifndef AWL_MODEL_H
#define AWL_MODEL_H

#include "query.h"
#include "regex.h"
#include "rowview.h"
#include "value.h"

#endif
