/* Configuration files as bytes. */
#include "base/settings_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Reads up to size bytes; pipes (a shell's process substitution) give theirs in pieces. Negative: errno. */
static ssize_t read_whole(int fd, uint8_t *out, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t got = read(fd, out + done, size - done);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        done += (size_t)got;
    }
    return (ssize_t)done;
}

static bool ends_with(const char *text, const char *end)
{
    size_t size = strlen(text), want = strlen(end);

    return size >= want && !strcmp(text + size - want, end);
}

bool settings_read_file(struct settings *s, const char *path)
{
    if (ends_with(path, ".yaml") || ends_with(path, ".yml"))
        return settings_read_yaml_file(s, path);
    return settings_read_conf_file(s, path);
}

bool settings_load(struct settings *s, struct bytes *text, const char *path)
{
    const size_t room = SETTINGS_FILE_SIZE_MAX + 1; /* one byte more shows that it is too large */
    uint8_t *data = arena_alloc(&s->arena, room);
    ssize_t size;
    int fd;

    s->error[0] = 0;
    if (!data)
        return settings_fail_memory(s);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return settings_fail(s, NULL, "%s: cannot be opened: %s", path, strerror(errno));
    size = read_whole(fd, data, room);
    if (size < 0)
        settings_fail(s, NULL, "%s: cannot be read: %s", path, strerror(errno));
    close(fd);
    if (size < 0)
        return false;
    *text = bytes_of(data, (size_t)size);
    return true;
}
