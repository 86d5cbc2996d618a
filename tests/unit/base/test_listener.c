#include "base/listener.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/exs-listener-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static const char *path_of(const char *name)
{
    static char path[100];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    close(fd);
    return -1;
}

static void addresses(void **state)
{
    static const struct {
        const char *text, *host; /* NULL: refused */
        uint16_t port;
    } cases[] = {
        {"127.0.0.1:4028", "127.0.0.1", 4028},
        {"127.0.0.1", "127.0.0.1", 7},
        {"localhost:1", "localhost", 1},
        {"4028", "127.0.0.1", 4028},
        {"[::1]:9332", "::1", 9332},
        {"[::]", "::", 7},
        {"", NULL, 0},
        {":1", NULL, 0},
        {"::1", NULL, 0},
        {"[::1", NULL, 0},
        {"[::1]9", NULL, 0},
        {"[]:9", NULL, 0},
        {"a:", NULL, 0},
        {"a:65536", NULL, 0},
        {"a:-1", NULL, 0},
        {"a:1x", NULL, 0},
        {"99999", NULL, 0},
    };
    char host[LISTENER_HOST_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        uint16_t port = 7;
        bool good = listener_parse_address(host, &port, cases[i].text);

        if (good != (cases[i].host != NULL))
            fail_msg("\"%s\"", cases[i].text);
        if (good) {
            assert_string_equal(host, cases[i].host);
            assert_int_equal(port, cases[i].port);
        }
    }
}

static void loopback_alone(void **state)
{
    char error[LISTENER_ERROR_SIZE];
    struct listener *listener = listener_tcp("127.0.0.1:0", 0, true, error);

    (void)state;
    assert_non_null(listener);
    assert_memory_equal(listener_name(listener), "127.0.0.1:", 10);
    assert_string_not_equal(listener_name(listener) + 10, "0");
    assert_true(fcntl(listener_fd(listener), F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(listener_fd(listener), F_GETFD) & FD_CLOEXEC);
    assert_null(listener_tcp(listener_name(listener), 0, true, error));
    assert_non_null(strstr(error, "cannot listen on 127.0.0.1 port"));
    listener_close(listener);
    listener = listener_tcp("127.1.2.3", 0, true, error);
    assert_non_null(listener);
    listener_close(listener);
    assert_null(listener_tcp("0.0.0.0:0", 0, true, error));
    assert_non_null(strstr(error, "0.0.0.0 is no loopback address"));
    assert_null(listener_tcp("[::]:0", 0, true, error));
    assert_non_null(strstr(error, ":: is no loopback address"));
    assert_null(listener_tcp("192.0.2.1:1", 0, true, error));
    assert_null(listener_tcp("a:b:c", 0, true, error));
    assert_non_null(strstr(error, "\"a:b:c\" is not an address:port"));
}

static void unix_sockets(void **state)
{
    char error[LISTENER_ERROR_SIZE];
    const char *path = path_of("socket");
    struct listener *listener = listener_unix(path, 0640, error);
    struct stat s;
    int fd;

    (void)state;
    assert_non_null(listener);
    assert_string_equal(listener_name(listener), path);
    assert_int_equal(lstat(path, &s), 0);
    assert_true(S_ISSOCK(s.st_mode));
    assert_int_equal(s.st_mode & 0777, 0640);
    fd = connect_to(path);
    assert_true(fd >= 0);
    close(fd);
    /* It lives: nobody else gets its place, and it keeps its file. */
    assert_null(listener_unix(path, 0600, error));
    assert_non_null(strstr(error, "another program listens there"));
    fd = connect_to(path);
    assert_true(fd >= 0);
    close(fd);
    listener_close(listener);
    assert_int_equal(lstat(path, &s), -1);
}

/* What a killed program leaves is replaced. */
static void stale_files(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char error[LISTENER_ERROR_SIZE];
    const char *path = path_of("stale");
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    struct listener *listener;
    struct stat s;

    (void)state;
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 1), 0);
    close(fd);
    assert_int_equal(connect_to(path), -1);
    listener = listener_unix(path, 0600, error);
    assert_non_null(listener);
    fd = connect_to(path);
    assert_true(fd >= 0);
    close(fd);
    listener_close(listener);
    assert_int_equal(lstat(path, &s), -1);
}

static void what_is_not_ours_stays(void **state)
{
    char error[LISTENER_ERROR_SIZE];
    char path[100];
    struct listener *listener, *second;
    struct stat s;
    int fd;

    (void)state;
    snprintf(path, sizeof(path), "%s", path_of("file"));
    fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, "x", 1), 1);
    close(fd);
    assert_null(listener_unix(path, 0600, error));
    assert_non_null(strstr(error, "no socket"));
    assert_int_equal(lstat(path, &s), 0);
    assert_int_equal(s.st_size, 1);
    unlink(path);
    /* A link to nowhere is a file that is there, too. */
    assert_int_equal(symlink("/nonexistent/x", path), 0);
    assert_null(listener_unix(path, 0600, error));
    assert_int_equal(lstat(path, &s), 0);
    unlink(path);
    /* A file that somebody else put there meanwhile outlives the listener. */
    listener = listener_unix(path, 0600, error);
    assert_non_null(listener);
    unlink(path);
    second = listener_unix(path, 0600, error);
    assert_non_null(second);
    listener_close(listener);
    assert_int_equal(lstat(path, &s), 0);
    listener_close(second);
    assert_int_equal(lstat(path, &s), -1);
}

static void what_cannot_be_had(void **state)
{
    char error[LISTENER_ERROR_SIZE], longest[200];
    struct listener *listener;
    int fd;

    (void)state;
    memset(longest, 'x', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    assert_null(listener_unix(longest, 0600, error));
    assert_non_null(strstr(error, "1 to 107 bytes, not 199"));
    assert_null(listener_unix("", 0600, error));
    assert_null(listener_unix("/nonexistent/a/b", 0600, error));
    assert_non_null(strstr(error, "/nonexistent/a/: No such file"));
    /* Another program that is at it in the same folder is waited for, but not for ever. */
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_null(listener_unix(path_of("locked"), 0600, error));
    assert_non_null(strstr(error, "keeps this folder locked"));
    close(fd);
    listener = listener_unix(path_of("locked"), 0600, error);
    assert_non_null(listener);
    listener_close(listener);
    listener_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses),
        cmocka_unit_test(loopback_alone),
        cmocka_unit_test(unix_sockets),
        cmocka_unit_test(stale_files),
        cmocka_unit_test(what_is_not_ours_stays),
        cmocka_unit_test(what_cannot_be_had),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
