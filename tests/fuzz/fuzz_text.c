/* Any bytes: the units cover the source exactly, are printable, and agree on their widths. */
#include <locale.h>

#include "cell.h"
#include "text.h"

static void check_units(struct slice s, bool ascii)
{
    struct text_unit u;
    size_t src = 0, width = 0, total = s.len;

    for (struct slice rest = s; text_next(&rest, ascii, &u);) {
        BUG_ON(u.src_len == 0 || u.out_len == 0 || u.out_len >= TEXT_UNIT);
        BUG_ON(u.width == 0 || strlen(u.out) != u.out_len);
        for (size_t i = 0; i < u.out_len; i++) {
            unsigned char c = (unsigned char)u.out[i];

            BUG_ON(c < ' ' || c == 0x7F || (ascii && c >= 0x80));
        }
        src += u.src_len;
        width += u.width;
    }
    BUG_ON(src != total || width != text_width(s, ascii));
}

static void check_wrap(struct slice s, bool ascii, size_t width)
{
    struct slice line;

    for (struct slice rest = s; rest.len;) {
        size_t before = rest.len;

        BUG_ON(!text_wrap(&rest, ascii, width, &line));
        BUG_ON(rest.len >= before || line.len > before);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice s = slice_of((const char *)data, size);
    struct grid *g;

    if (size > 1 << 16 || !setlocale(LC_CTYPE, "C.UTF-8"))
        return 0;
    g = grid_new(2, 40);
    for (int ascii = 0; ascii < 2; ascii++) {
        g->ascii = ascii;
        check_units(s, ascii);
        check_wrap(s, ascii, size % 30);
        BUG_ON(grid_put(g, 0, (int)(size % 50) - 5, s, 30, ROLE_VALUE, 0) > 30);
        BUG_ON(grid_put_right(g, 1, 2, 20, s, ROLE_VALUE, 0) > 20);
    }
    grid_free(g);
    return 0;
}
