/* replay.c - feeds files to a fuzz target by an ordinary test: every file of
 * $srcdir/tests/fuzz/corpus/NAME, then a few thousand made-up inputs from a fixed seed. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned n_inputs;

static void feed(const uint8_t *data, size_t size)
{
    /* a copy of the exact size: one byte too far is seen by the sanitizer */
    uint8_t *copy = malloc(size ? size : 1);

    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
    n_inputs++;
}

static void feed_file(const char *path)
{
    static uint8_t buf[1 << 20];
    FILE *f = fopen(path, "rb");
    size_t n;

    if (!f)
        return;
    n = fread(buf, 1, sizeof(buf), f);
    fclose(f);
    feed(buf, n);
    for (size_t cut = 1; cut < n && cut < 64; cut++)
        feed(buf, n - cut);
}

static void feed_folder(const char *dir)
{
    DIR *d = opendir(dir);
    struct dirent *e;
    char path[4096 + 260];

    while (d && (e = readdir(d))) {
        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
        feed_file(path);
    }
    if (d)
        closedir(d);
}

static void feed_noise(void)
{
    static const char alphabet[] =
        " \"'\\-/.:[](){}<>=!|&%#*+,;0123456789abcxyzABC\t\n\r\x01\x1b\xc3\xa9\xff";
    uint64_t seed = 1;
    uint8_t buf[512];

    for (unsigned i = 0; i < 2000; i++) {
        size_t n = 0;

        seed = seed * 6364136223846793005u + 1442695040888963407u;
        n = (size_t)(seed >> 33) % sizeof(buf);
        for (size_t k = 0; k < n; k++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            buf[k] = (uint8_t)alphabet[(seed >> 33) % (sizeof(alphabet) - 1)];
        }
        feed(buf, n);
    }
}

int main(int argc, char **argv)
{
    const char *src = getenv("srcdir"), *name = strstr(argv[0], "replay_");
    char dir[4096];

    snprintf(dir, sizeof(dir), "%s/tests/fuzz/corpus/%s", src ? src : ".",
             name ? name + strlen("replay_") : "");
    for (int i = 1; i < argc; i++)
        feed_file(argv[i]);
    feed_folder(dir);
    feed_noise();
    printf("%u inputs\n", n_inputs);
    return 0;
}
