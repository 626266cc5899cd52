/* arn.c - see arn.h. */
#include "arn.h"

const char *arn_part_name(enum arn_part part)
{
    static const char *const names[ARN_PARTS] = {
        [ARN_PARTITION] = "partition",
        [ARN_SERVICE] = "service",
        [ARN_REGION] = "region",
        [ARN_ACCOUNT] = "account",
        [ARN_RESOURCE] = "resource",
        [ARN_TYPE] = "type",
        [ARN_ID] = "id",
    };

    return names[part];
}

/* Services whose resources begin with a name of their own: bucket/key, api/stage/method/path. */
static bool has_no_types(const struct slice *part)
{
    return (slice_is(part[ARN_SERVICE], "s3") && !part[ARN_ACCOUNT].len) ||
           slice_is(part[ARN_SERVICE], "execute-api") || slice_is(part[ARN_SERVICE], "sns") ||
           slice_is(part[ARN_SERVICE], "sqs");
}

static void split_resource(struct slice *part)
{
    struct slice rest = part[ARN_RESOURCE];
    size_t n = 0;

    while (n < rest.len && rest.ptr[n] != '/' && rest.ptr[n] != ':')
        n++;
    part[ARN_ID] = rest;
    if (!n || n == rest.len || has_no_types(part))
        return;
    part[ARN_TYPE] = slice_of(rest.ptr, n);
    part[ARN_ID] = slice_of(rest.ptr + n + 1, rest.len - n - 1);
}

bool arn_split(struct slice s, struct slice part[ARN_PARTS])
{
    for (unsigned i = 0; i < ARN_PARTS; i++)
        part[i] = (struct slice){NULL, 0};
    if (!slice_starts(s, "arn:"))
        return false;
    slice_cut(&s, ':');
    for (unsigned i = ARN_PARTITION; i < ARN_RESOURCE && s.ptr; i++)
        part[i] = slice_cut(&s, ':');
    if (!s.ptr)
        return false;
    part[ARN_RESOURCE] = s;
    split_resource(part);
    return part[ARN_PARTITION].len && part[ARN_SERVICE].len && s.len;
}
