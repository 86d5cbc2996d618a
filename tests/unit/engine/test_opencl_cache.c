/* The cache of OpenCL binaries: what is kept comes back, and nothing else ever does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/opencl/opencl_cache.h"

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char folder[64];
static struct opencl_cache cache;
static const uint8_t key[32] = {1, 2, 3}, other_key[32] = {1, 2, 4};
static const uint8_t binary[] = "a binary";

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/exs-opencl-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    opencl_cache_init(&cache, folder, NULL);
    return cache.folder[0] ? 0 : -1;
}

/* The n-th file in the folder; false where there are fewer. */
static bool file_in_folder(char out[static 512], size_t n)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    bool found = false;

    while (dir && !found && (entry = readdir(dir)))
        if (entry->d_name[0] != '.' && n-- == 0) {
            snprintf(out, 512, "%s/%s", folder, entry->d_name);
            found = true;
        }
    if (dir)
        closedir(dir);
    return found;
}

static int remove_folder(void **state)
{
    char path[512];

    (void)state;
    while (file_in_folder(path, 0))
        if (unlink(path) != 0)
            return -1;
    return rmdir(folder);
}

static void expect_kept(const void *want, size_t want_size)
{
    size_t size;
    uint8_t *got = opencl_cache_load(&cache, key, &size);

    assert_non_null(got);
    assert_int_equal(size, want_size);
    assert_memory_equal(got, want, size);
    free(got);
}

static void expect_nothing(void)
{
    size_t size;

    assert_null(opencl_cache_load(&cache, key, &size));
}

static void keeps_and_gives_back(void **state)
{
    char path[512], beside[512];
    struct stat s;
    size_t size;

    (void)state;
    expect_nothing();
    assert_true(opencl_cache_store(&cache, key, binary, sizeof(binary)));
    expect_kept(binary, sizeof(binary));
    assert_null(opencl_cache_load(&cache, other_key, &size));
    assert_true(opencl_cache_store(&cache, key, binary, 3));
    expect_kept(binary, 3);
    assert_true(file_in_folder(path, 0));
    assert_false(file_in_folder(beside, 1)); /* nothing lies beside it */
    assert_int_equal(stat(path, &s), 0);
    assert_int_equal(s.st_mode & 07777, 0600);
    opencl_cache_remove(&cache, key);
    expect_nothing();
    assert_false(opencl_cache_store(&cache, key, binary, 0));
    assert_false(opencl_cache_store(&cache, key, binary, (size_t)1 << 30));
    assert_false(file_in_folder(path, 0));
}

/* Every byte changed, every length cut, and something added. */
static void takes_no_damaged_file(void **state)
{
    uint8_t file[256], changed[256];
    char path[512];
    size_t size, inside;
    FILE *f;

    (void)state;
    assert_true(opencl_cache_store(&cache, key, binary, sizeof(binary)));
    assert_true(file_in_folder(path, 0));
    f = fopen(path, "rb");
    assert_non_null(f);
    size = fread(file, 1, sizeof(file), f);
    fclose(f);
    assert_int_equal(size, 80 + sizeof(binary));
    assert_non_null(opencl_cache_parse(file, size, key, &inside));
    assert_int_equal(inside, sizeof(binary));
    assert_null(opencl_cache_parse(file, size, other_key, &inside));
    for (size_t i = 0; i < size; i++) {
        memcpy(changed, file, size);
        changed[i] ^= 1;
        assert_null(opencl_cache_parse(changed, size, key, &inside));
        assert_null(opencl_cache_parse(file, i, key, &inside));
    }
    memcpy(changed, file, size);
    changed[size] = 0;
    assert_null(opencl_cache_parse(changed, size + 1, key, &inside));

    f = fopen(path, "r+b");
    assert_non_null(f);
    fputc('x', f);
    fclose(f);
    expect_nothing();
    assert_int_equal(truncate(path, 0), 0);
    expect_nothing();
    /* The next store mends it. */
    assert_true(opencl_cache_store(&cache, key, binary, sizeof(binary)));
    expect_kept(binary, sizeof(binary));
}

/* What others could have written, and what is no file, is not read. */
static void reads_nobody_elses_file(void **state)
{
    char path[512], beside[520];

    (void)state;
    assert_true(opencl_cache_store(&cache, key, binary, sizeof(binary)));
    assert_true(file_in_folder(path, 0));
    assert_int_equal(chmod(path, 0660), 0);
    expect_nothing();
    assert_int_equal(chmod(path, 0606), 0);
    expect_nothing();
    assert_int_equal(chmod(path, 0600), 0);
    expect_kept(binary, sizeof(binary));
    snprintf(beside, sizeof(beside), "%s.x", path);
    assert_int_equal(rename(path, beside), 0);
    assert_int_equal(symlink(beside, path), 0);
    expect_nothing();
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    expect_nothing();
    /* And is replaced, not written through. */
    assert_true(opencl_cache_store(&cache, key, binary, sizeof(binary)));
    expect_kept(binary, sizeof(binary));
}

static void keeps_nothing_in_an_unsafe_folder(void **state)
{
    struct opencl_cache c;
    char path[128], longest[5000];
    size_t size;

    (void)state;
    opencl_cache_init(&c, "", NULL);
    assert_string_equal(c.folder, "");
    assert_false(opencl_cache_store(&c, key, binary, sizeof(binary)));
    assert_null(opencl_cache_load(&c, key, &size));
    opencl_cache_remove(&c, key);
    assert_int_equal(chmod(folder, 0777), 0);
    opencl_cache_init(&c, folder, NULL);
    assert_string_equal(c.folder, "");
    assert_int_equal(chmod(folder, 0700), 0);
    opencl_cache_init(&c, "/dev/null/x", NULL);
    assert_string_equal(c.folder, "");
    opencl_cache_init(&c, "/dev/null", NULL);
    assert_string_equal(c.folder, "");
    memset(longest, 'x', sizeof(longest));
    longest[0] = '/';
    longest[sizeof(longest) - 1] = 0;
    opencl_cache_init(&c, longest, NULL);
    assert_string_equal(c.folder, "");

    /* The default's place: as the XDG specification has it. */
    snprintf(path, sizeof(path), "%s/a", folder);
    setenv("HOME", path, 1);
    setenv("XDG_CACHE_HOME", "relative", 1);
    opencl_cache_init(&c, NULL, NULL);
    snprintf(path, sizeof(path), "%s/a/.cache/excalibur-exs/opencl", folder);
    assert_string_equal(c.folder, path);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(rmdir(path), 0);
        *strrchr(path, '/') = 0;
    }
    snprintf(path, sizeof(path), "%s/b", folder);
    setenv("XDG_CACHE_HOME", path, 1);
    opencl_cache_init(&c, NULL, NULL);
    snprintf(path, sizeof(path), "%s/b/excalibur-exs/opencl", folder);
    assert_string_equal(c.folder, path);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(rmdir(path), 0);
        *strrchr(path, '/') = 0;
    }
    unsetenv("XDG_CACHE_HOME");
    unsetenv("HOME");
    opencl_cache_init(&c, NULL, NULL);
    assert_string_equal(c.folder, "");
}

/* A crash leaves what was being written: that, and nothing else, goes when it is old. */
static void removes_what_crashes_left(void **state)
{
    static const struct {
        const char *name;
        int hours;
        bool goes;
    } cases[] = {
        {"0123456789abcdef0123456789abcdef.bin.aB3xYz", 25, true},
        {"0123456789abcdef0123456789abcdee.bin.aB3xYz", 23, false},
        {"0123456789abcdef0123456789abcded.bin.aB3xYz", -100, false},
        {"0123456789abcdef0123456789abcdef.bin", 1000, false},
        {"0123456789abcdef0123456789abcdef.bin.aB3xY", 1000, false},
        {"0123456789abcdef0123456789abcdef.bin.aB3xYzz", 1000, false},
        {"0123456789abcdef0123456789abcde.bin.aB3xYz", 1000, false},
        {"0123456789abcdef0123456789abcdef0.bin.aB3xYz", 1000, false},
        {"0123456789abcdef0123456789abcdef.bak.aB3xYz", 1000, false},
        {"notes.txt", 1000, false},
    };
    time_t now = time(NULL);
    char path[512];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct timespec then = {now - cases[i].hours * 3600, 0};
        FILE *f;

        snprintf(path, sizeof(path), "%s/%s", folder, cases[i].name);
        f = fopen(path, "w");
        assert_non_null(f);
        assert_int_equal(fclose(f), 0);
        assert_int_equal(utimensat(AT_FDCWD, path, (struct timespec[2]){then, then}, 0), 0);
    }
    opencl_cache_init(&cache, folder, NULL);
    assert_string_equal(cache.folder, folder);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, cases[i].name);
        if ((access(path, F_OK) != 0) != cases[i].goes)
            fail_msg("%s, %d hours old", cases[i].name, cases[i].hours);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keeps_and_gives_back, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(takes_no_damaged_file, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(reads_nobody_elses_file, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(removes_what_crashes_left, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(keeps_nothing_in_an_unsafe_folder, make_folder,
                                        remove_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
