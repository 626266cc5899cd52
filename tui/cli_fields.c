/* cli_fields.c - awl fields and awl explain: what is known of log types. */
#include <stdio.h>

#include "cli_impl.h"
#include "explain.h"

static const char *kind_name(const struct field_def *f)
{
    static const char *const names[] = {"text", "number", "time", "address"};

    return names[f->kind];
}

static const char *unit_name(const struct field_def *f)
{
    static const char *const names[] = {NULL, "s", "ms", "B"};

    return names[f->unit];
}

static void write_fields(struct output *out, struct logtype *lt)
{
    for (unsigned i = 0; i < lt->n_static; i++) {
        const struct field_def *f = lt->field[i];
        struct val row[] = {
            cli_text(lt->fmt->name), cli_text(f->name),      cli_text(field_role_name(f->role)),
            cli_text(kind_name(f)),  cli_text(unit_name(f)), cli_text(f->aliases),
            cli_text(f->meaning)};

        output_row(out, row);
    }
}

static int no_type(const char *name)
{
    fprintf(stderr, "awl: no log type %s; there are", name);
    for (unsigned i = 0; i < logtype_count(); i++)
        fprintf(stderr, " %s", logtype_get(i)->fmt->name);
    fputc('\n', stderr);
    return EXIT_TROUBLE;
}

int cli_fields(const struct options *o)
{
    static const char *const columns[] = {"type", "field",   "common", "kind",
                                          "unit", "aliases", "meaning"};
    enum output_format f;
    struct output *out;

    if (!cli_format(o, &f))
        return EXIT_TROUBLE;
    for (int i = 0; i < o->n_arg; i++)
        if (!logtype_by_name(slice_str(o->arg[i])))
            return no_type(o->arg[i]);
    if (!cli_open_sink(o))
        return EXIT_TROUBLE;
    out = output_new(f, columns, ARRAY_LEN(columns), sink_write, &cli_result);
    for (int i = 0; i < o->n_arg; i++)
        write_fields(out, logtype_by_name(slice_str(o->arg[i])));
    for (unsigned i = 0; o->n_arg == 0 && i < logtype_count(); i++)
        write_fields(out, logtype_get(i));
    output_end(out);
    return cli_finish(EXIT_MATCH);
}

int cli_explain(const struct options *o)
{
    struct explanation x;

    if (o->n_arg != 3) {
        fprintf(stderr, "awl: explain wants a type, a field and a value: "
                        "awl explain alb elb_status_code 504\n");
        return EXIT_TROUBLE;
    }
    if (!logtype_by_name(slice_str(o->arg[0])))
        return no_type(o->arg[0]);
    if (!explain_value(slice_str(o->arg[0]), slice_str(o->arg[1]), slice_str(o->arg[2]), &x)) {
        fprintf(stderr, "awl: nothing is known of %s = %s in %s\n", o->arg[1], o->arg[2],
                o->arg[0]);
        return EXIT_NOTHING;
    }
    printf("%s = %s: %s\n", o->arg[1], o->arg[2], x.meaning);
    if (x.side)
        printf("side: %s\n", x.side);
    if (x.next)
        printf("next: %s\n", x.next);
    return cli_finish(EXIT_MATCH);
}
