/* frame.h - what records come in: bare lines, JSON documents, CloudWatch Logs containers.
 *
 * A frame says how the bytes of one record become what its log type reads (the payload), and what
 * the container knows beside it: a time, the log stream and group. Frames are immutable, interned
 * for the life of the process and shared by threads; a run of rows keeps the id of its frame, so a
 * row on screen is unwrapped as it was when it was indexed. split.h finds where records begin and
 * end. Rules: section 16 of the formats README, user guide of Amazon CloudWatch Logs. */
#ifndef AWL_FRAME_H
#define AWL_FRAME_H

#include "format.h"

/* How a file is cut into records. */
enum frame_kind {
    FRAME_LINES,  /* at line feeds */
    FRAME_JSON,   /* JSON values one after another, wrapped or not, blanks or nothing between */
    FRAME_EXPORT, /* "TIME MESSAGE": S3 export task, aws logs tail --format short */
    FRAME_TAIL,   /* "TIME STREAM MESSAGE": aws logs tail */
    FRAME_SAM,    /* "STREAM TIME MESSAGE": sam logs, awslogs */
    FRAME_CSV,    /* Logs Insights results with a header line */
    FRAME_COLON,  /* "NAME:LINE", as grep writes it, also "NAME:NUMBER:LINE" */
    FRAME_SYSLOG, /* "...: LINE": all up to the first colon with a blank is a foreign header */
    FRAME_TOKEN,  /* "WORD LINE" */
    FRAME_EVENTS, /* events between tabs: aws logs filter-log-events and others --output text */
    FRAME_EXEC,   /* lines of an API Gateway execution log, whose bodies have lines of their own */
};

/* FRAME_JSON: where the payload is in a JSON value. */
enum frame_payload {
    PAYLOAD_WHOLE,    /* it is the record */
    PAYLOAD_MESSAGE,  /* member message: logEvents[] and events[] of CloudWatch Logs */
    PAYLOAD_DETAIL,   /* member detail: an EventBridge event */
    PAYLOAD_LOOKUP,   /* member CloudTrailEvent: aws cloudtrail lookup-events */
    PAYLOAD_INSIGHTS, /* member @message: Logs Insights results as JSON */
    PAYLOAD_RESULTS,  /* [{field, value}, ...]: aws logs get-query-results */
    PAYLOAD_SKIP,     /* a probe of the service, no record */
};

#define CSV_COLUMNS                                                                                \
    4 /* time, message, stream, log: place of each in the line, -1 if it has none                  \
       */

struct frame {
    unsigned id;
    enum frame_kind kind;
    enum frame_payload payload;
    struct slice group, stream, owner; /* told once for many records; ptr NULL if not known */
    int8_t csv[CSV_COLUMNS];
};

#define FRAME_ID_LINES 0 /* bare lines: the frame of every process */

/* The frame with the content of *f (its id does not count). When too many streams are about, a
 * frame without names. */
const struct frame *frame_intern(const struct frame *f);
const struct frame *frame_by_id(unsigned id); /* bare lines for an id that is none */

struct unwrapped {
    struct slice payload; /* in the raw record, or in the arena */
    int64_t ts;           /* the container's, or TIME_NONE */
    struct slice stream, group;
};
/* The inside of one record; `mem` is cleared first. A record that is not as its frame says is its
 * own payload. */
void frame_unwrap(const struct frame *f, struct slice raw, struct arena *mem,
                  struct unwrapped *out);
/* Unwraps and parses; the container's time counts where the payload has none, or as its type says.
 * *u is filled. */
enum parse_result frame_parse(const struct frame *f, struct logtype *lt, const struct layout **lay,
                              struct slice raw, struct arena *mem, struct unwrapped *u,
                              struct record *rec);
/* Frames of text: whether a record begins with this line (else it continues the one before). */
bool frame_begins(enum frame_kind kind, struct slice line);
/* Whether what begins so is no event but what a command tells beside them: tokens, streams. */
bool frame_is_aside(enum frame_kind kind, struct slice raw);
/* The next value of a CSV line, quotes and doubled quotes undone; false at its end. */
bool csv_next(struct slice *rest, struct arena *mem, struct slice *value);

#endif
