/* arn.h - the parts of an Amazon Resource Name: arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE, the
 * resource being TYPE/ID, TYPE:ID or an id alone. */
#ifndef AWL_ARN_H
#define AWL_ARN_H

#include "str.h"

enum arn_part {
    ARN_PARTITION,
    ARN_SERVICE,
    ARN_REGION,
    ARN_ACCOUNT,
    ARN_RESOURCE, /* the rest whole, with colons and slashes of its own */
    ARN_TYPE,     /* of the resource; the name of a bucket, queue or topic has none before it */
    ARN_ID,       /* what is behind the type */
    ARN_PARTS
};

/* "partition" ... "id" */
const char *arn_part_name(enum arn_part part);
/* What the text has of these parts: those that are empty or not there have no length. False if it
 * is no ARN; parts that it has are set all the same. */
bool arn_split(struct slice s, struct slice part[ARN_PARTS]);

#endif
