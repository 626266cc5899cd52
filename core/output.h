/* output.h - results as text: table, csv, tsv, json, raw, md. The core prints nothing: bytes go to
 * a sink. */
#ifndef AWL_OUTPUT_H
#define AWL_OUTPUT_H

#include "rowview.h"

#define OUTPUT_FORMATS(X)                                                                          \
    X(TABLE, "table")                                                                              \
    X(CSV, "csv")                                                                                  \
    X(TSV, "tsv")                                                                                  \
    X(JSON, "json")                                                                                \
    X(RAW, "raw")                                                                                  \
    X(MD, "md")

enum output_format {
#define X(id, name) OUTPUT_##id,
    OUTPUT_FORMATS(X)
#undef X
        OUTPUT_COUNT
};

/* OUTPUT_COUNT if there is no such format. */
enum output_format output_format_by_name(const char *name);

/* False: nobody listens any more (a closed pipe), stop. */
typedef bool (*output_sink)(void *ctx, const char *bytes, size_t n);

/* A writer of rows with fixed columns. Tables need all rows before the first line: they are kept.
 */
struct output;
struct output *output_new(enum output_format f, const char *const *name, unsigned n_col,
                          output_sink sink, void *ctx);
/* One row of n_col values. False as the sink. */
bool output_row(struct output *o, const struct val *v);
/* The same; -o json writes what is not NULL in json[n_col] in the place of the value: as it is in a
 * record of JSON, whose numbers, truths and objects stay what they are. */
bool output_row_of_json(struct output *o, const struct val *v, const struct slice *json);
/* Ends the output (tables are written now) and frees it. False as the sink. */
bool output_end(struct output *o);

/* A record whole: -o json with its own AWS names and the common ones, -o raw as it is. `sb` is
 * scratch, reset. */
void output_record_json(struct rowview *v, struct strbuf *sb);

/* A JSON string with quotes; bytes that are no UTF-8 become U+FFFD. */
void json_string(struct strbuf *sb, struct slice s);
/* A number as JSON writes it: shortest form that reads back the same. */
void json_number(struct strbuf *sb, double x);
/* Text for a terminal or a table cell: control characters and broken UTF-8 as \xHH. */
void visible_text(struct strbuf *sb, struct slice s);

#endif
