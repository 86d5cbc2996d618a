/*
 * Binaries of programs on disk, one a file:
 *
 *     "EXSOCL1\n"  8 bytes
 *     key         32 bytes, SHA-256 of all that the binary depends on
 *     digest      32 bytes, SHA-256 of the binary
 *     size         8 bytes, little-endian
 *     binary
 *
 * A binary is code that a driver will run, so that a digest is no protection
 * against who can write it: only files of this user, that nobody else may write
 * to, in such a folder, are read. Files are written beside and renamed, so that
 * none is ever seen in parts. What a crash leaves beside is removed a day later.
 */
#include "engine/opencl/opencl_cache.h"

#include "base/clock.h"
#include "base/hex.h"
#include "kernels/kernels.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char magic[8] = "EXSOCL1\n";

enum {
    KEY_AT = 8,
    DIGEST_AT = 40,
    SIZE_AT = 72,
    HEAD = 80,
    MAX_FILE = 64 << 20,
    PATH_SIZE = 4096 + 80,
    NAME_DIGITS = 32,
    LEFT_SECONDS = 24 * 60 * 60, /* no file is being written for so long */
};

static void digest_of(uint8_t out[static 32], const uint8_t *data, size_t size)
{
    struct sha256 hash;

    sha256_init(&hash, kernels_generic.sha256_compress->run);
    sha256_update(&hash, data, size);
    sha256_final(&hash, out);
}

const uint8_t *opencl_cache_parse(const uint8_t *file, size_t file_size,
                                  const uint8_t key[static 32], size_t *size)
{
    uint8_t digest[32];

    if (file_size <= HEAD || memcmp(file, magic, sizeof(magic)) != 0 ||
        memcmp(file + KEY_AT, key, 32) != 0 || read_le64(file + SIZE_AT) != file_size - HEAD)
        return NULL;
    digest_of(digest, file + HEAD, file_size - HEAD);
    if (memcmp(digest, file + DIGEST_AT, sizeof(digest)) != 0)
        return NULL;
    *size = file_size - HEAD;
    return file + HEAD;
}

/* ---- the folder ---- */

/* The user's own, which nobody else may write to. */
static bool is_safe(const struct stat *s)
{
    return s->st_uid == geteuid() && (s->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* Makes a folder and those above it, as far as they are missing. */
static bool make_folders(char *path)
{
    for (char *at = path + 1; *at; at++) {
        bool made;

        if (*at != '/')
            continue;
        *at = 0;
        made = mkdir(path, 0700) == 0 || errno == EEXIST;
        *at = '/';
        if (!made)
            return false;
    }
    return mkdir(path, 0700) == 0 || errno == EEXIST;
}

/* False where there is no place for it, or its name is too long. */
static bool default_folder(char *out, size_t size)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    int n;

    /* The XDG base directory specification: a relative path is to be ignored. */
    if (cache && cache[0] == '/')
        n = snprintf(out, size, "%s/excalibur-exs/opencl", cache);
    else if (home && home[0] == '/')
        n = snprintf(out, size, "%s/.cache/excalibur-exs/opencl", home);
    else
        return false;
    return n > 0 && (size_t)n < size;
}

/* Whether it is a name that opencl_cache_store gives to what it is writing. */
static bool is_beside(const char *name)
{
    return strspn(name, "0123456789abcdef") == NAME_DIGITS &&
           strncmp(name + NAME_DIGITS, ".bin.", 5) == 0 && strlen(name + NAME_DIGITS + 5) == 6;
}

static void remove_left(const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    const struct clock real = {0}; /* the files' */
    int64_t now = clock_wall_s(&real);
    struct stat s;

    while (dir && (entry = readdir(dir)))
        if (is_beside(entry->d_name) &&
            fstatat(dirfd(dir), entry->d_name, &s, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(s.st_mode) && now - s.st_mtime > LEFT_SECONDS)
            unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir)
        closedir(dir);
}

void opencl_cache_init(struct opencl_cache *cache, const char *folder, struct log *log)
{
    struct stat s;
    const char *why = NULL;

    cache->folder[0] = 0;
    if (folder && !*folder)
        return;
    if (folder && strlen(folder) < sizeof(cache->folder)) {
        memcpy(cache->folder, folder, strlen(folder) + 1);
    } else if (folder || !default_folder(cache->folder, sizeof(cache->folder))) {
        cache->folder[0] = 0;
        log_info(log, LOG_ENGINE, "OpenCL binaries are not kept: there is no folder for them");
        return;
    }
    if (!make_folders(cache->folder) || stat(cache->folder, &s) != 0)
        why = strerror(errno);
    else if (!S_ISDIR(s.st_mode))
        why = "no folder";
    else if (!is_safe(&s))
        why = "others may write to it";
    if (!why) {
        remove_left(cache->folder);
        return;
    }
    log_warning(log, LOG_ENGINE, "OpenCL binaries are not kept in %s: %s", cache->folder, why);
    cache->folder[0] = 0;
}

/* ---- files ---- */

static void file_path(char out[static PATH_SIZE], const struct opencl_cache *cache,
                      const uint8_t key[static 32])
{
    char name[NAME_DIGITS + 1];

    hex_encode(name, key, NAME_DIGITS / 2);
    snprintf(out, PATH_SIZE, "%s/%s.bin", cache->folder, name);
}

/* The rest of an open file, for free; NULL where it is not ours, too large or can't be read. */
static uint8_t *read_file(int fd, size_t *size)
{
    struct stat s;
    uint8_t *data;
    size_t done = 0;

    if (fstat(fd, &s) != 0 || !S_ISREG(s.st_mode) || !is_safe(&s) || s.st_size <= HEAD ||
        s.st_size > MAX_FILE)
        return NULL;
    *size = (size_t)s.st_size;
    data = malloc(*size);
    while (data && done < *size) {
        ssize_t n = read(fd, data + done, *size - done);

        if (n <= 0) {
            free(data);
            return NULL;
        }
        done += (size_t)n;
    }
    return data;
}

uint8_t *opencl_cache_load(const struct opencl_cache *cache, const uint8_t key[static 32],
                           size_t *size)
{
    char path[PATH_SIZE];
    uint8_t *file, *binary = NULL;
    const uint8_t *inside;
    size_t file_size;
    int fd;

    if (!cache->folder[0])
        return NULL;
    file_path(path, cache, key);
    /* Not waiting: somebody may have put a pipe there. */
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return NULL;
    file = read_file(fd, &file_size);
    close(fd);
    inside = file ? opencl_cache_parse(file, file_size, key, size) : NULL;
    if (inside && (binary = malloc(*size)))
        memcpy(binary, inside, *size);
    free(file);
    return binary;
}

static bool write_all(int fd, const uint8_t *data, size_t size)
{
    while (size) {
        ssize_t n = write(fd, data, size);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        data += n;
        size -= (size_t)n;
    }
    return true;
}

bool opencl_cache_store(const struct opencl_cache *cache, const uint8_t key[static 32],
                        const uint8_t *binary, size_t size)
{
    char path[PATH_SIZE], beside[PATH_SIZE + 8];
    uint8_t head[HEAD];
    bool good;
    int fd, error;

    if (!cache->folder[0] || !size || size > MAX_FILE - HEAD) {
        errno = EINVAL;
        return false;
    }
    memcpy(head, magic, sizeof(magic));
    memcpy(head + KEY_AT, key, 32);
    digest_of(head + DIGEST_AT, binary, size);
    write_le64(head + SIZE_AT, size);
    file_path(path, cache, key);
    snprintf(beside, sizeof(beside), "%s.XXXXXX", path);
    fd = mkostemp(beside, O_CLOEXEC); /* of mode 0600 */
    if (fd < 0)
        return false;
    good = write_all(fd, head, sizeof(head)) && write_all(fd, binary, size);
    /* A file that a power failure cuts fails its digest: no need to wait for the disk. */
    good = close(fd) == 0 && good && rename(beside, path) == 0;
    error = errno;
    if (!good)
        unlink(beside);
    errno = error;
    return good;
}

void opencl_cache_remove(const struct opencl_cache *cache, const uint8_t key[static 32])
{
    char path[PATH_SIZE];

    if (!cache->folder[0])
        return;
    file_path(path, cache, key);
    unlink(path);
}
