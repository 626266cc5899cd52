/* What is redacted, what is not, and that the same stays the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "redact.h"

static struct redactor *r;

static const char *redacted(const char *text)
{
    static struct strbuf out[4];
    static unsigned n;
    struct strbuf *sb = &out[n++ % 4];

    strbuf_reset(sb);
    redact(r, slice_str(text), sb);
    return sb->buf ? sb->buf : "";
}

static void replaced(void **state)
{
    static const char *const gone[] = {
        "192.0.2.17",
        "ip 10.1.2.3:443",
        "ip-10-0-12-7.ec2.internal",
        "2001:db8::17",
        "fe80:0:0:0:1:2:3:4",
        "123456789012",
        "arn:aws:iam::123456789012:role/Admin",
        "arn:aws:s3:::private-bucket/key.txt",
        "AKIAIOSFODNN7EXAMPLE",
        "/x?X-Amz-Signature=0a1b2c3d4e5f",
        "{\"apiKey\":\"secretofthecart\"}",
        "{\"identity_apiKey\": \"secretofthecart\"}",
        "{\\\"identity.apiKey\\\":\\\"secretofthecart\\\"}",
        "{X-Api-Key=secretofthecart, accept=x}",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_LEN(gone); i++) {
        const char *a = redacted(gone[i]), *b = redacted(gone[i]);

        assert_string_not_equal(a, gone[i]);
        assert_string_equal(a, b);
    }
    assert_int_equal(strlen(redacted("arn:aws:iam::123456789012:user/a")),
                     strlen("arn:aws:iam::123456789012:user/a"));
    assert_non_null(strstr(redacted("arn:aws:iam::123456789012:role/Admin"), ":role/"));
    assert_null(strstr(redacted("arn:aws:iam::123456789012:role/Admin"), "Admin"));
    assert_null(strstr(redacted("arn:aws:s3:::private-bucket/key.txt"), "private"));
    assert_memory_equal(redacted("AKIAIOSFODNN7EXAMPLE"), "AKIA", 4);
}

/* An account is the same alone and in an ARN; an address with its port, in JSON, at the end. */
static void consistent(void **state)
{
    char want[64];

    (void)state;
    strcpy(want, redacted("123456789012"));
    assert_non_null(strstr(redacted("arn:aws:iam::123456789012:root"), want));
    strcpy(want, redacted("192.0.2.1"));
    assert_non_null(strstr(redacted("{\"ip\":\"192.0.2.1\"}"), want));
    assert_non_null(strstr(redacted("192.0.2.1:80"), want));
    assert_non_null(strstr(redacted("to 192.0.2.1."), want));
}

static void kept(void **state)
{
    static const char *const texts[] = {
        "",
        "GET /api/cart HTTP/1.1",
        "2024-01-02T03:04:05.678901Z",
        "12:30:05",
        "1704164645678",
        "504 -1 0.001",
        "{\"apiKeyId\":\"secretofthecart\"}",
        "{\"apiKey\":\"-\"}",
        "API Key  authorized because method",
        "AWS::S3::Object",
        "1.2.3",
        "999.1.1.1",
        "Root=1-65932ae5-0a1b2c3d4e5f60718293a4b5",
        "aa:bb:cc:dd:ee:ff",
        "AROMA",
        "arn",
        "x123456789012",
        "1234567890123",
        "caf\xc3\xa9 \xff",
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_LEN(texts); i++)
        assert_string_equal(redacted(texts[i]), texts[i]);
}

/* Different addresses stay different, those of one network in one network. */
static void networks(void **state)
{
    char a[32], b[32];

    (void)state;
    for (unsigned i = 0; i < 255; i++) {
        char x[32], y[32];

        snprintf(x, sizeof(x), "10.20.30.%u", i);
        snprintf(y, sizeof(y), "10.20.30.%u", i + 1);
        strcpy(a, redacted(x));
        strcpy(b, redacted(y));
        assert_string_not_equal(a, b);
        assert_int_equal(strlen(a), strlen(x));
        assert_int_equal(strrchr(a, '.') - a, strrchr(b, '.') - b);
        assert_memory_equal(a, b, (size_t)(strrchr(a, '.') - a));
    }
}

static int setup(void **state)
{
    (void)state;
    r = redactor_new(42);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    redactor_free(r);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replaced),
        cmocka_unit_test(consistent),
        cmocka_unit_test(kept),
        cmocka_unit_test(networks),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
