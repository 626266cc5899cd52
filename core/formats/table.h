/* table.h - lines of a field table in short. The order of the arguments is that of struct
 * field_def; DERIVED_FIELD() is derive.h's. */
#ifndef AWL_FORMATS_TABLE_H
#define AWL_FORMATS_TABLE_H

#include "derive.h"
#include "format.h"

#define FIELD(name_, aliases_, kind_, scale_, unit_, flags_, role_, meaning_)                      \
    {                                                                                              \
        .name = (name_), .aliases = (aliases_), .kind = (kind_), .scale = (scale_),                \
        .unit = (unit_), .flags = (flags_), .role = (role_), .meaning = (meaning_)                 \
    }
#define FIELD_TEXT(name, aliases, flags, role, meaning)                                            \
    FIELD(name, aliases, FK_TEXT, 0, UNIT_NONE, flags, role, meaning)
/* A text of its own in (nearly) every record. */
#define FIELD_LONG(name, aliases, role, meaning)                                                   \
    FIELD(name, aliases, FK_TEXT, 0, UNIT_NONE, FF_NOCOL, role, meaning)
/* Of which the fields behind it are parts. */
#define FIELD_WHOLE(name, aliases, flags, meaning)                                                 \
    FIELD(name, aliases, FK_TEXT, 0, UNIT_NONE, FF_NOCOL | FF_COMPOSITE | (flags), FR_NONE, meaning)
#define FIELD_IP(name, aliases, role, meaning)                                                     \
    FIELD(name, aliases, FK_IP, 0, UNIT_NONE, 0, role, meaning)
#define FIELD_COUNT(name, aliases, meaning)                                                        \
    FIELD(name, aliases, FK_NUM, 0, UNIT_NONE, 0, FR_NONE, meaning)
#define FIELD_BYTES(name, aliases, role, meaning)                                                  \
    FIELD(name, aliases, FK_NUM, 0, UNIT_BYTES, 0, role, meaning)
#define FIELD_PORT(name, aliases, meaning)                                                         \
    FIELD(name, aliases, FK_NUM, 0, UNIT_NONE, FF_PORT, FR_NONE, meaning)
#define FIELD_TIME(name, aliases, flags, meaning)                                                  \
    FIELD(name, aliases, FK_TIME, 0, UNIT_NONE, flags, FR_NONE, meaning)

#endif
