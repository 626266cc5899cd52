/* fuzz_split.c - any bytes as a container: cutting makes the same records wherever chunks end, none
 * lies outside of the bytes, none overlaps another, and all of them unwrap and parse or do not. */
#include "detect.h"
#include "xalloc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void cut(struct splitter s, struct slice text, size_t step, struct events *all)
{
    struct events some = {0};
    size_t from = 0, to = 0;

    all->n = 0;
    while (to < text.len || from < text.len) {
        size_t done;

        to = MIN(to + step, text.len);
        done = split_records(&s, slice_of(text.ptr + from, to - from), to == text.len, &some);
        BUG_ON(done > to - from);
        for (size_t i = 0; i < some.n; i++) {
            GROW(all->item, all->cap, all->n + 1);
            all->item[all->n] = some.item[i];
            all->item[all->n++].off += (uint32_t)from;
        }
        from += done;
    }
    free(some.item);
}

static void check_events(struct logtype *lt, struct slice text, const struct events *e)
{
    struct record *rec = record_new();
    struct arena mem = {0};
    uint64_t end = 0;

    for (size_t i = 0; i < e->n; i++) {
        const struct layout *lay = NULL;
        struct unwrapped u;

        BUG_ON(e->item[i].off < end || e->item[i].len == 0);
        end = (uint64_t)e->item[i].off + e->item[i].len;
        BUG_ON(end > text.len);
        (void)frame_parse(frame_by_id(e->item[i].frame), lt, &lay,
                          slice_of(text.ptr + e->item[i].off, e->item[i].len), &mem, &u, rec);
    }
    arena_release(&mem);
    record_free(rec);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct strbuf why = STRBUF_INIT;
    struct events whole = {0}, steps = {0};
    struct splitter s;
    struct slice text;
    struct logtype *lt;

    if (size < 2 || size > 32768)
        return 0;
    text = slice_of((const char *)data + 1, size - 1);
    lt = detect_content(SL("logs/x"), text, true, &s, &why);
    cut(s, text, text.len, &whole);
    check_events(lt, text, &whole);
    cut(s, text, 1 + data[0], &steps);
    BUG_ON(steps.n != whole.n);
    for (size_t i = 0; i < whole.n; i++)
        BUG_ON(steps.item[i].off != whole.item[i].off || steps.item[i].len != whole.item[i].len ||
               steps.item[i].frame != whole.item[i].frame);
    strbuf_release(&why);
    free(whole.item);
    free(steps.item);
    return 0;
}
