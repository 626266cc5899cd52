/* columns.h - which columns the list has for the log types in sight, and the text of a cell.
 *
 * With several types in sight the columns are the common ones (time, type, status, target, method,
 * path, client, took); with one type they are its own. Fields that have no place among the chosen
 * ones follow behind, so that every field can be reached by scrolling to the right. */
#ifndef AWL_COLUMNS_H
#define AWL_COLUMNS_H

#include "fmt.h"
#include "model.h"

#define COLUMNS_MAX 128

enum column_show { SHOW_TIME, SHOW_TYPE, SHOW_FIELD };

struct list_column {
    enum column_show show;
    char title[32];
    uint16_t width; /* smallest useful */
    bool flex;      /* takes what is left */
    bool right;
    bool status;              /* coloured by class */
    bool extra;               /* comes only when the flexible one has room enough */
    int16_t field[MAX_TYPES]; /* field index by log type, -1 none */
};

struct columns {
    unsigned n;
    struct list_column col[COLUMNS_MAX];
};

/* `types` has a bit for each log type in sight; `days`: there is more than one, tell which. */
void columns_choose(struct columns *c, uint64_t types, bool days);
/* Short name of a log type for narrow columns: alb, cf, vpc, s3. */
const char *type_short(const struct logtype *lt);
/* Text of a cell; the slice is valid until the view or the buffer is used again. */
struct slice column_text(const struct list_column *c, struct rowview *v, enum zone z,
                         struct strbuf *buf);
/* The field behind a cell in this row, or NULL. */
const struct field_def *column_field(const struct list_column *c, const struct rowview *v);

/* How bad a record is, for colour and glyph. Doubtful are records that are flagged but have fields.
 */
enum row_class { ROW_OK, ROW_WARN, ROW_BAD, ROW_DOUBTFUL, ROW_UNPARSED };
enum row_class row_class(struct rowview *v);

#endif
