#include "base/clock.h"
#include "mining/server.h"
#include "tests/unit/mining/support.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { BIG = 3 << 20 };

/* Answers a line with itself, "big" with BIG bytes, "drop" not at all. */
static enum server_verdict echo(void *arg, const struct server_peer *peer, struct bytes request,
                                bool all, struct server_answer *answer)
{
    const uint8_t *end = request.size > 0 ? memchr(request.data, '\n', request.size) : NULL;
    size_t size = end ? (size_t)(end - request.data) : request.size;

    atomic_fetch_add((atomic_int *)arg, 1);
    assert_true(peer->address[10] == 0xff && peer->address[12] == 127);
    if (!end && !all)
        return SERVER_MORE;
    if (size == 4 && !memcmp(request.data, "drop", 4))
        return SERVER_DROP;
    if (size == 3 && !memcmp(request.data, "big", 3))
        size = BIG;
    answer->data = malloc(size + 1);
    if (!answer->data)
        return SERVER_DROP;
    memset(answer->data, 'x', size + 1);
    if (size != BIG)
        memcpy(answer->data, request.data, size);
    answer->data[size] = '.';
    answer->size = size + 1;
    return SERVER_ANSWER;
}

struct fixture {
    atomic_int calls;
    struct server *server;
    uint16_t port;
};

/* 127.0.0.2 and others are of this machine too. */
static bool admit(void *arg, const struct server_peer *peer)
{
    (void)arg;
    return peer->address[15] == 1;
}

static int start(void **state)
{
    static struct fixture f;
    struct server_options options = {.bind = "127.0.0.1:0",
                                     .what = "test",
                                     .admit_fn = admit,
                                     .request_fn = echo,
                                     .arg = &f.calls};
    char error[SERVER_ERROR_SIZE];

    atomic_store(&f.calls, 0);
    f.server = server_create(&options, error);
    if (!f.server) {
        print_error("%s\n", error);
        return -1;
    }
    f.port = (uint16_t)strtoul(strrchr(server_name(f.server), ':') + 1, NULL, 10);
    *state = &f;
    return 0;
}

static int stop(void **state)
{
    server_destroy(((struct fixture *)*state)->server);
    return 0;
}

static int dial_from(const char *source, uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in from = {.sin_family = AF_INET};
    struct timeval patience = {.tv_sec = 60};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    assert_int_equal(inet_pton(AF_INET, source, &from.sin_addr), 1);
    assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

static int dial(uint16_t port) { return dial_from("127.0.0.1", port); }

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* Bytes until the server closes; the first of them in out. */
static size_t hear(int fd, char *out, size_t size)
{
    size_t total = 0;
    char more[65536];
    ssize_t got;

    while ((got = recv(fd, more, sizeof(more), 0)) > 0) {
        for (ssize_t i = 0; i < got && total + (size_t)i + 1 < size; i++)
            out[total + (size_t)i] = more[i];
        total += (size_t)got;
    }
    if (size > 0)
        out[total < size ? total : size - 1] = '\0';
    close(fd);
    return total;
}

static void answers_and_closes(void **state)
{
    const struct fixture *f = *state;
    char text[64];
    bool quick;
    int fd;

    /* On a machine that is busy the second part may come so late that the first one counts for all. */
    do {
        uint64_t start = clock_monotonic_ns();

        fd = dial(f->port);
        say(fd, "he");
        say(fd, "llo\nmore that is not wanted");
        quick = clock_monotonic_ns() - start < SERVER_QUIET_MS * UINT64_C(1000000);
        hear(fd, text, sizeof(text));
    } while (!quick);
    assert_string_equal(text, "hello.");
    fd = dial(f->port);
    say(fd, "drop\n");
    assert_int_equal(hear(fd, text, sizeof(text)), 0);
    fd = dial(f->port);
    say(fd, "big\n");
    assert_int_equal(hear(fd, text, sizeof(text)), BIG + 1);
}

/* Where the end of a question does not show: a closed side, a pause, the limit. */
static void questions_end(void **state)
{
    const struct fixture *f = *state;
    char text[64], *much = malloc(SERVER_REQUEST_MAX + 1);
    int fd = dial(f->port);

    say(fd, "half");
    shutdown(fd, SHUT_WR);
    hear(fd, text, sizeof(text));
    assert_string_equal(text, "half.");
    fd = dial(f->port);
    say(fd, "quiet");
    hear(fd, text, sizeof(text));
    assert_string_equal(text, "quiet.");
    assert_non_null(much);
    memset(much, 'y', SERVER_REQUEST_MAX);
    much[SERVER_REQUEST_MAX] = '\0';
    fd = dial(f->port);
    say(fd, much);
    assert_int_equal(hear(fd, text, sizeof(text)), SERVER_REQUEST_MAX + 1);
    free(much);
}

/* Who may not ask gets no answer, and keeps nobody's place. */
static void strangers_are_hung_up_on(void **state)
{
    enum { MANY = SERVER_MAX_CONNECTIONS + 8 };
    const struct fixture *f = *state;
    char text[64];
    int fd[MANY];

    for (int i = 0; i < MANY; i++)
        fd[i] = dial_from("127.0.0.2", f->port);
    for (int i = 0; i < MANY; i++) {
        /* It may be reset by now. */
        if (send(fd[i], "hello\n", 6, MSG_NOSIGNAL) < 0)
            assert_true(errno == EPIPE || errno == ECONNRESET);
        assert_int_equal(hear(fd[i], text, sizeof(text)), 0);
    }
    assert_int_equal(atomic_load(&f->calls), 0);
    fd[0] = dial(f->port);
    say(fd[0], "hello\n");
    hear(fd[0], text, sizeof(text));
    assert_string_equal(text, "hello.");
}

/* More than it takes at a time wait, and come to their turn. */
static void many_connections(void **state)
{
    enum { MANY = SERVER_MAX_CONNECTIONS + 8 };
    const struct fixture *f = *state;
    int fd[MANY];
    char text[64];

    for (int i = 0; i < MANY; i++)
        fd[i] = dial(f->port);
    for (int i = 0; i < SERVER_MAX_CONNECTIONS; i++) {
        say(fd[i], "first\n");
        hear(fd[i], text, sizeof(text));
        assert_string_equal(text, "first.");
    }
    for (int i = SERVER_MAX_CONNECTIONS; i < MANY; i++) {
        say(fd[i], "late\n");
        hear(fd[i], text, sizeof(text));
        assert_string_equal(text, "late.");
    }
}

/* Neither those that say nothing nor those that don't listen hold up the end. */
static void ends_with_connections(void **state)
{
    const struct fixture *f = *state;
    int silent = dial(f->port), deaf = dial(f->port);

    say(deaf, "big\n");
    while (atomic_load(&f->calls) == 0)
        usleep(1000);
    stop(state);
    close(silent);
    close(deaf);
    start(state);
}

static void *ask_often(void *arg)
{
    char text[64];

    for (int i = 0; i < 50; i++) {
        int fd = dial(*(const uint16_t *)arg);

        say(fd, "again\n");
        hear(fd, text, sizeof(text));
        assert_string_equal(text, "again.");
    }
    return NULL;
}

static void many_at_once(void **state)
{
    struct fixture *f = *state;
    pthread_t thread[4];

    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, ask_often, &f->port), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(thread[i], NULL);
}

static void what_cannot_be_bound(void **state)
{
    const struct fixture *f = *state;
    char error[SERVER_ERROR_SIZE], taken[32];
    struct server_options options = {.bind = taken, .what = "test", .request_fn = echo};

    snprintf(taken, sizeof(taken), "127.0.0.1:%u", (unsigned)f->port);
    assert_null(server_create(&options, error));
    assert_non_null(strstr(error, "cannot listen on 127.0.0.1"));
    options.bind = "192.0.2.1:1";
    assert_null(server_create(&options, error));
    options.bind = "a:b:c";
    assert_null(server_create(&options, error));
    assert_non_null(strstr(error, "\"a:b:c\" is not an address:port"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(answers_and_closes, start, stop),
        cmocka_unit_test_setup_teardown(questions_end, start, stop),
        cmocka_unit_test_setup_teardown(strangers_are_hung_up_on, start, stop),
        cmocka_unit_test_setup_teardown(many_connections, start, stop),
        cmocka_unit_test_setup_teardown(ends_with_connections, start, stop),
        cmocka_unit_test_setup_teardown(many_at_once, start, stop),
        cmocka_unit_test_setup_teardown(what_cannot_be_bound, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
