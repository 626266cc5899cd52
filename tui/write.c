#include "write.h"

#include <pthread.h>
#include <stdio.h>

#include "output.h"
#include "xalloc.h"

struct writer {
    struct session *session;
    struct rowset *rows;
    FILE *file;
    bool json;
    void (*done)(void *ctx);
    void *ctx;
    pthread_t thread;
    struct rowview view;
    struct strbuf line;
    atomic_bool cancel, finished;
    _Atomic uint64_t written;
    struct err err;
};

static bool write_row(void *ctx, struct rowref ref)
{
    struct writer *w = ctx;

    rowview_at(&w->view, w->rows->snap->seg[ref.seg], ref.row);
    strbuf_reset(&w->line);
    if (w->json) {
        output_record_json(&w->view, &w->line);
    } else {
        strbuf_addsl(&w->line, rowview_raw(&w->view));
        strbuf_addc(&w->line, '\n');
    }
    atomic_fetch_add_explicit(&w->written, 1, memory_order_relaxed);
    return fwrite(w->line.buf, 1, w->line.len, w->file) == w->line.len && !atomic_load(&w->cancel);
}

static void *writer_main(void *arg)
{
    struct writer *w = arg;

    rowview_init(&w->view, w->session);
    order_each(w->rows, write_row, w);
    rowview_release(&w->view);
    if (ferror(w->file) | fclose(w->file))
        err_sys(&w->err, "write", "the file");
    else if (atomic_load(&w->cancel))
        err_set(&w->err, ERR_CANCEL, "stopped");
    atomic_store(&w->finished, true);
    w->done(w->ctx);
    return NULL;
}

struct writer *writer_new(struct session *s, struct rowset *rows, const char *path,
                          void (*done)(void *ctx), void *ctx, struct err *e)
{
    FILE *file = fopen(path, "wxe");
    struct writer *w;

    if (!file) {
        err_sys(e, "write", path);
        return NULL;
    }
    w = xcalloc(1, sizeof(*w));
    w->session = s;
    w->rows = rows;
    w->file = file;
    w->json = slice_ends(slice_str(path), ".json");
    w->done = done;
    w->ctx = ctx;
    rowset_ref(rows);
    if (pthread_create(&w->thread, NULL, writer_main, w) != 0) {
        err_set(e, ERR_SYS, "no thread to write with");
        rowset_unref(rows);
        fclose(file);
        free(w);
        return NULL;
    }
    return w;
}

void writer_cancel(struct writer *w)
{
    atomic_store(&w->cancel, true);
}

bool writer_poll(struct writer *w, uint64_t *rows, const char **failed)
{
    *rows = atomic_load(&w->written);
    *failed = "";
    if (!atomic_load(&w->finished))
        return false;
    *failed = w->err.msg;
    return true;
}

void writer_free(struct writer *w)
{
    if (!w)
        return;
    writer_cancel(w);
    pthread_join(w->thread, NULL);
    rowset_unref(w->rows);
    strbuf_release(&w->line);
    free(w);
}
