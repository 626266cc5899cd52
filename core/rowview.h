/* rowview.h - one record, whole: its raw line and its fields. For rows on screen, results, and
 * everything that a column does not answer. */
#ifndef AWL_ROWVIEW_H
#define AWL_ROWVIEW_H

#include "expr.h"
#include "frame.h"
#include "session.h"

/* Reads rows; one a thread. Holds the last pinned block, so neighbours are cheap. */
struct rowview {
    struct session *session;
    struct segment *seg; /* borrowed from the caller's snapshot */
    uint32_t row;
    struct source *src;
    struct slice raw;        /* the record's bytes, valid until the next load; "" if unreadable */
    struct unwrapped inside; /* of its container; set with raw */
    struct arena mem;        /* what it was unwrapped into */
    struct arena derived;    /* texts of derived fields of this row */
    struct record rec;       /* parsed from inside; n_val 0 if it did not parse */
    bool parsed;             /* rec is filled (done on first need) */
    bool readable;
    struct blob_pin pin;
    uint32_t pin_source; /* what the pin covers */
    uint64_t pin_off;
    struct slice pin_bytes;
    bool pinned;
    uint64_t bytes_read;   /* of records, so far */
    struct strbuf scratch; /* for computed texts: @source, @file; reset on load */
};

void rowview_init(struct rowview *v, struct session *s);
void rowview_release(struct rowview *v);
/* Positions on a row; lazy: reads nothing yet. */
void rowview_at(struct rowview *v, struct segment *seg, uint32_t row);
struct slice rowview_bytes(struct rowview *v); /* reads the record, byte for byte */
/* The same without a CR at its end and without the container around it: what its type parses. */
struct slice rowview_raw(struct rowview *v);
const struct record *rowview_record(struct rowview *v); /* reads and parses it */
/* Raw text of a field by index in the row's own log type; from the column's dictionary where it
 * has one (then no byte of the log is touched), else from the line. ptr NULL if absent. */
struct slice rowview_field(struct rowview *v, int field);
/* The text of a field as a typed value; VAL_MISSING for "-". */
struct val text_val(const struct field_def *f, struct slice s);
/* Typed value of any reference: a field, @timestamp, @message, ... */
struct val rowview_value(struct rowview *v, const struct field_ref *f);
/* The common field, by role; missing if the type has none. */
struct slice rowview_role(struct rowview *v, enum field_role role);
uint64_t rowview_line(struct rowview *v);
/* What a file says of all its records; "" if it says nothing. False: `pseudo` is no such fact.
 * Streams and groups are, where no container around the record names them. */
bool source_fact(const struct source *src, enum pseudo_field pseudo, struct slice *out);
/* Row access for expr_eval over this view. */
struct row_access rowview_access(struct rowview *v);

#endif
