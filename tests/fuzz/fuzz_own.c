/* fuzz_own.c - any bytes as the description of an own log type, and as a record of it. */
#include "ownformat.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct own_report report;
    struct err e = {0};

    if (own_format_load(slice_of((const char *)data, size), "x.ini", true, &report, &e) < 0)
        BUG_ON(!e.code || !e.msg[0]);
    return 0;
}
