/* test_watch.c - what happens to files while they are followed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "source.h"
#include "xalloc.h"

#define WAIT_MS 3000

static char dir[PATH_MAX];
static bool deaf; /* as where there is no inotify: everything is seen by polling */

/* In place of the C library's. */
int inotify_init1(int flags)
{
    return deaf ? -1 : (int)syscall(SYS_inotify_init1, flags);
}

static int make_dir(void **state)
{
    const char *tmp = getenv("TMPDIR");

    (void)state;
    snprintf(dir, sizeof(dir), "%s/awl-watch-XXXXXX", tmp ? tmp : "/tmp");
    return mkdtemp(dir) ? chdir(dir) : -1;
}

static int drop_dir(void **state)
{
    char cmd[PATH_MAX + 16];

    (void)state;
    snprintf(cmd, sizeof(cmd), "rm -rf '%s'", dir);
    return chdir("/") || system(cmd);
}

static void append(const char *name, const char *text)
{
    FILE *f = fopen(name, "ab");

    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void know(struct watch *w, const char *name)
{
    struct stat st;

    assert_int_equal(stat(name, &st), 0);
    watch_know(w, name, st.st_dev, st.st_ino, (uint64_t)st.st_size);
}

/* The next event; waits for it. */
static void expect(struct watch *w, enum watch_kind kind, const char *path)
{
    struct watch_event ev;
    struct timespec t;
    time_t end;

    clock_gettime(CLOCK_MONOTONIC, &t);
    for (end = t.tv_sec + WAIT_MS / 1000; t.tv_sec < end; clock_gettime(CLOCK_MONOTONIC, &t)) {
        if (watch_next(w, &ev, WAIT_MS) != 1)
            continue;
        if (ev.kind != kind || strcmp(ev.path, path) != 0)
            fail_msg("%d %s, not %d %s", (int)ev.kind, ev.path, (int)kind, path);
        return;
    }
    fail_msg("nothing: not %d %s", (int)kind, path);
}

static void expect_nothing(struct watch *w)
{
    struct watch_event ev;

    for (unsigned i = 0; i < 3; i++)
        if (watch_next(w, &ev, 20) != 0)
            fail_msg("%d %s", (int)ev.kind, ev.path);
}

static void test_one_file(void **state)
{
    struct watch *w = watch_new(50);

    (void)state;
    append("a.log", "one\n");
    watch_add_root(w, "a.log");
    know(w, "a.log");
    expect_nothing(w);
    append("a.log", "two\n");
    expect(w, WATCH_GROWN, "a.log");
    append("b.log", "not asked for\n");
    expect_nothing(w);
    assert_int_equal(truncate("a.log", 2), 0);
    expect(w, WATCH_TRUNCATED, "a.log");
    append("new", "a longer file than before\n");
    assert_int_equal(rename("new", "a.log"), 0);
    expect(w, WATCH_REPLACED, "a.log");
    unlink("a.log");
    expect(w, WATCH_GONE, "a.log");
    append("a.log", "again\n");
    expect(w, WATCH_REPLACED, "a.log");
    expect_nothing(w);
    watch_free(w);
    unlink("a.log");
    unlink("b.log");
}

static void test_grown_before_known(void **state)
{
    struct watch *w = watch_new(50);
    struct stat st;

    (void)state;
    append("early", "one\n");
    assert_int_equal(stat("early", &st), 0);
    append("early", "two\n");
    watch_add_root(w, "early");
    watch_know(w, "early", st.st_dev, st.st_ino, (uint64_t)st.st_size);
    expect(w, WATCH_GROWN, "early");
    expect_nothing(w);
    watch_free(w);
    unlink("early");
}

static void test_rotation(void **state)
{
    struct watch *w = watch_new(50);

    (void)state;
    mkdir("r", 0700);
    append("r/a.log", "one\n");
    watch_add_root(w, "r/");
    know(w, "r/a.log");
    expect_nothing(w);
    assert_int_equal(rename("r/a.log", "r/a.log.1"), 0);
    append("r/a.log", "two\n");
    expect(w, WATCH_REPLACED, "r/a.log");
    expect(w, WATCH_NEW_FILE, "r/a.log.1");
    watch_free(w);
}

static void test_folders(void **state)
{
    struct watch *w = watch_new(50);

    (void)state;
    mkdir("f", 0700);
    mkdir("f/sub", 0700);
    assert_int_equal(symlink("..", "f/sub/loop"), 0);
    watch_add_root(w, "f");
    expect_nothing(w);
    append("f/sub/x", "1\n");
    expect(w, WATCH_NEW_FILE, "f/sub/x");
    append("f/.hidden", "1\n");
    expect_nothing(w);
    mkdir("late", 0700);
    append("late/y", "1\n");
    assert_int_equal(rename("late", "f/late"), 0);
    expect(w, WATCH_NEW_FILE, "f/late/y");
    append("f/late/y", "2\n");
    expect(w, WATCH_GROWN, "f/late/y");
    mkdir("f/deep", 0700);
    append("f/deep/z", "1\n");
    expect(w, WATCH_NEW_FILE, "f/deep/z");
    assert_int_equal(chmod("f/deep", 0755), 0);
    expect_nothing(w);
    append("f/deep/z", "2\n");
    expect(w, WATCH_GROWN, "f/deep/z");
    watch_free(w);
}

static void test_names_of_the_current_folder(void **state)
{
    struct watch *w = watch_new(50);

    (void)state;
    watch_add_root(w, "f");
    watch_add_root(w, ".");
    append("here", "1\n");
    for (;;) { /* what lay there is told first */
        struct watch_event ev;

        assert_int_equal(watch_next(w, &ev, WAIT_MS), 1);
        assert_int_equal(ev.kind, WATCH_NEW_FILE);
        if (strcmp(ev.path, "./here") == 0)
            break;
    }
    watch_free(w);
}

static void test_many_files_at_once(void **state)
{
    struct watch *w = watch_new(50);
    char name[64];
    unsigned n = 0;
    struct watch_event ev;

    (void)state;
    mkdir("many", 0700);
    watch_add_root(w, "many");
    expect_nothing(w);
    for (unsigned i = 0; i < 500; i++) {
        snprintf(name, sizeof(name), "many/%u", i);
        append(name, "1\n");
    }
    for (unsigned i = 0; i < 2000 && n < 500; i++)
        if (watch_next(w, &ev, 100) == 1)
            n += ev.kind == WATCH_NEW_FILE;
    assert_int_equal(n, 500);
    watch_free(w);
}

static void *waker(void *arg)
{
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    watch_wake(arg);
    return NULL;
}

static void test_wake(void **state)
{
    struct watch *w = watch_new(60000);
    struct watch_event ev;
    pthread_t t;

    (void)state;
    mkdir("quiet", 0700);
    watch_add_root(w, "quiet");
    pthread_create(&t, NULL, waker, w);
    assert_int_equal(watch_next(w, &ev, WAIT_MS), 0 - 1);
    pthread_join(t, NULL);
    watch_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_file),
        cmocka_unit_test(test_grown_before_known),
        cmocka_unit_test(test_rotation),
        cmocka_unit_test(test_folders),
        cmocka_unit_test(test_names_of_the_current_folder),
        cmocka_unit_test(test_many_files_at_once),
        cmocka_unit_test(test_wake),
    };

    int bad = cmocka_run_group_tests_name("watch", tests, make_dir, drop_dir);

    deaf = true;
    return bad + cmocka_run_group_tests_name("watch by polling", tests, make_dir, drop_dir);
}
