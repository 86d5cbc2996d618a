/* The JSON-RPC client: answers of every kind, and a server that behaves in every way. */
#include "mining/jsonrpc.h"

#include "base/clock.h"
#include "tests/unit/mining/support.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Answers to the request with id 7: the kind of error, and what its text holds. */
static const struct {
    long status;
    const char *answer;
    enum jsonrpc_kind kind;
    int64_t code;
    const char *text;
} answers[] = {
    {200, "{\"result\":5,\"error\":null,\"id\":7}", JSONRPC_OK, 0, ""},
    {200, "{\"result\":null,\"error\":null,\"id\":7}", JSONRPC_OK, 0, ""},
    {200, "{\"jsonrpc\":\"2.0\",\"result\":\"x\",\"id\":7}", JSONRPC_OK, 0, ""},
    {500, "{\"result\":null,\"error\":{\"code\":-8,\"message\":\"bad\"},\"id\":7}", JSONRPC_RPC, -8,
     "bad"},
    {200, "{\"result\":null,\"error\":{\"code\":-8,\"message\":\"a\\u001b[2Jb\"},\"id\":7}",
     JSONRPC_RPC, -8, "a [2Jb"},
    {404, "{\"error\":{\"code\":-32601,\"message\":\"Method not found\"},\"id\":null}", JSONRPC_RPC,
     -32601, "Method not found"},
    {500, "{\"error\":\"plain\",\"id\":7}", JSONRPC_RPC, 0, "plain"},
    {500, "{\"error\":\"\",\"id\":7}", JSONRPC_RPC, 0, "without a message"},
    {500, "{\"error\":{},\"id\":7}", JSONRPC_RPC, 0, "without a message"},
    {200, "{\"result\":5,\"error\":null,\"id\":8}", JSONRPC_MALFORMED, 0, "another request"},
    {200, "{\"result\":5,\"error\":null,\"id\":\"7\"}", JSONRPC_MALFORMED, 0, "another request"},
    {200, "{\"result\":5,\"error\":null,\"id\":null}", JSONRPC_MALFORMED, 0, "another request"},
    {200, "{\"result\":5,\"result\":6,\"id\":7}", JSONRPC_MALFORMED, 0, "not JSON"},
    {200, "{\"id\":7}", JSONRPC_MALFORMED, 0, "not JSON-RPC"},
    {200, "[]", JSONRPC_MALFORMED, 0, "not JSON-RPC"},
    {200, "5", JSONRPC_MALFORMED, 0, "not JSON"},
    {200, "", JSONRPC_MALFORMED, 0, "not JSON"},
    {200, "{\"result\":{\"a\":", JSONRPC_MALFORMED, 0, "not JSON"},
    {200, "{\"result\":5,\"id\":7} x", JSONRPC_MALFORMED, 0, "not JSON"},
    {200, "<html>", JSONRPC_MALFORMED, 0, "not JSON"},
    {200, "{\"result\":\"\\u0000\",\"id\":7}", JSONRPC_MALFORMED, 0, "not JSON"},
    {200, "{\"result\":99999999999999999999,\"id\":7}", JSONRPC_MALFORMED, 0, "not JSON"},
    {401, "", JSONRPC_UNAUTHORISED, 0, "HTTP 401"},
    {401, "{\"result\":5,\"error\":null,\"id\":7}", JSONRPC_UNAUTHORISED, 0, "HTTP 401"},
    {403, "", JSONRPC_UNAUTHORISED, 0, "rpcallowip"},
    {503, "Work queue depth exceeded", JSONRPC_HTTP, 0, "busy"},
    {302, "moved", JSONRPC_HTTP, 0, "302"},
    {500, "{}", JSONRPC_HTTP, 0, "500"},
};

static void test_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
        struct jsonrpc_error error = {.kind = JSONRPC_MEMORY};
        json_t *result = jsonrpc_parse(bytes_of(answers[i].answer, strlen(answers[i].answer)), 7,
                                       answers[i].status, &error);

        if (error.kind != answers[i].kind || (error.kind == JSONRPC_OK) != (result != NULL) ||
            (!result && (error.code != answers[i].code || !strstr(error.text, answers[i].text))))
            fail_msg("%ld %s: kind %d, \"%s\"", answers[i].status, answers[i].answer, error.kind,
                     error.text);
        json_decref(result);
    }
}

static void test_deep_answer(void **state)
{
    enum { DEPTH = 1 << 20 };
    struct jsonrpc_error error;
    char *text = malloc(DEPTH);

    (void)state;
    assert_non_null(text);
    memset(text, '[', DEPTH);
    assert_null(jsonrpc_parse(bytes_of(text, DEPTH), 7, 200, &error));
    assert_int_equal(error.kind, JSONRPC_MALFORMED);
    free(text);
}

static void test_urls(void **state)
{
    static const struct {
        const char *url, *name;
    } urls[] = {
        {"http://127.0.0.1:8332/", "http://127.0.0.1:8332/"},
        {"http://u:secret@127.0.0.1:8332/", "http://127.0.0.1:8332/"},
        {"http://u:se%40ret@host/", "http://host:1234/"},
        {"127.0.0.1", "http://127.0.0.1:1234/"},
        {"https://node.example/wallet/w", "https://node.example:1234/wallet/w"},
        {"http://[::1]:18443", "http://[::1]:18443/"},
        {"ftp://host/", NULL},
        {"file:///etc/passwd", NULL},
        {"http://host:99999/", NULL},
        {"http://", NULL},
        {"", NULL},
    };
    char text[JSONRPC_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++) {
        struct jsonrpc_options options = {.url = urls[i].url, .default_port = 1234};
        struct jsonrpc *rpc = jsonrpc_create(&options, text);

        if (!urls[i].name) {
            assert_null(rpc);
            assert_non_null(strstr(text, "URL"));
            continue;
        }
        assert_non_null(rpc);
        assert_string_equal(jsonrpc_name(rpc), urls[i].name);
        jsonrpc_destroy(rpc);
    }
    jsonrpc_destroy(NULL);
}

/* A server that answers each request with the reply, closes where it is told to, and notes what it was asked. */
struct server {
    int listener;
    uint16_t port;
    const char *reply; /* NULL: none, ever */
    size_t cut;        /* send only so many bytes and close; 0: all */
    atomic_uint connections, requests;
    atomic_bool stop;
    char last[4096]; /* the last request; read it when the call has returned */
    pthread_t thread;
};

static bool read_request(struct server *s, int fd)
{
    size_t size = 0;

    while (!atomic_load(&s->stop) && size < sizeof(s->last) - 1) {
        struct pollfd p = {fd, POLLIN, 0};
        ssize_t got;
        char *body;

        if (poll(&p, 1, 20) <= 0)
            continue;
        got = recv(fd, s->last + size, sizeof(s->last) - 1 - size, 0);
        if (got <= 0)
            return false;
        size += (size_t)got;
        s->last[size] = '\0';
        body = strstr(s->last, "\r\n\r\n");
        if (body && strchr(body, '}'))
            return true;
    }
    return false;
}

static void serve(struct server *s, int fd)
{
    char text[65536];

    while (read_request(s, fd)) {
        unsigned id = atomic_fetch_add(&s->requests, 1) + 1;
        size_t size;

        if (!s->reply)
            continue;
        size = strcspn(s->reply, "#");
        size = (size_t)snprintf(text, sizeof(text), "%.*s%u%s", (int)size, s->reply, id,
                                s->reply + size + 1);
        send(fd, text, s->cut ? s->cut : size, MSG_NOSIGNAL);
        if (s->cut)
            return;
    }
}

static void *server_main(void *arg)
{
    struct server *s = arg;

    while (!atomic_load(&s->stop)) {
        struct pollfd p = {s->listener, POLLIN, 0};
        int fd = poll(&p, 1, 20) > 0 ? accept(s->listener, NULL, NULL) : -1;

        if (fd < 0)
            continue;
        atomic_fetch_add(&s->connections, 1);
        serve(s, fd);
        close(fd);
    }
    return NULL;
}

static void start(struct server *s, const char *reply, size_t cut)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(at);

    memset(s, 0, sizeof(*s));
    s->reply = reply;
    s->cut = cut;
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(s->listener, (struct sockaddr *)&at, size), 0);
    assert_int_equal(listen(s->listener, 8), 0);
    assert_int_equal(getsockname(s->listener, (struct sockaddr *)&at, &size), 0);
    s->port = ntohs(at.sin_port);
    assert_int_equal(pthread_create(&s->thread, NULL, server_main, s), 0);
}

static void stop(struct server *s)
{
    atomic_store(&s->stop, true);
    pthread_join(s->thread, NULL);
    close(s->listener);
}

static struct jsonrpc *client(const struct server *s, const struct jsonrpc_options *more)
{
    char url[64], text[JSONRPC_TEXT_SIZE];
    struct jsonrpc_options options = more ? *more : (struct jsonrpc_options){0};
    struct jsonrpc *rpc;

    snprintf(url, sizeof(url), "http://127.0.0.1:%u/", s->port);
    options.url = url;
    rpc = jsonrpc_create(&options, text);
    assert_non_null(rpc);
    return rpc;
}

/* # stands for the request's number, which is its id. */
#define OK "HTTP/1.1 200 OK\r\nContent-Length: 35\r\n\r\n{\"result\":true,\"error\":null,\"id\":#}"

static void test_keeps_connection(void **state)
{
    struct server s;
    struct jsonrpc_error error;
    struct jsonrpc *rpc;

    (void)state;
    start(&s, OK, 0);
    rpc = client(&s, &(struct jsonrpc_options){.user = "user", .password = "pass"});
    for (int i = 0; i < 5; i++) {
        json_t *result = jsonrpc_call(rpc, "submitblock", "[\"00\"]", 5000, &error);

        if (!result)
            fail_msg("%s", error.text);
        assert_true(json_is_true(result));
        json_decref(result);
    }
    jsonrpc_destroy(rpc);
    stop(&s);
    assert_int_equal(s.connections, 1);
    assert_int_equal(s.requests, 5);
    assert_non_null(strstr(s.last, "Authorization: Basic dXNlcjpwYXNz\r\n"));
    assert_non_null(strstr(s.last, "\"method\":\"submitblock\",\"params\":[\"00\"]}"));
    assert_null(strstr(s.last, "Expect"));
}

static void expect_failure(const char *reply, size_t cut, const struct jsonrpc_options *options,
                           enum jsonrpc_kind kind)
{
    struct server s;
    struct jsonrpc_error error;
    struct jsonrpc *rpc;

    start(&s, reply, cut);
    rpc = client(&s, options);
    assert_null(jsonrpc_call(rpc, "getblockcount", NULL, 300, &error));
    if (error.kind != kind)
        fail_msg("%d: %s", error.kind, error.text);
    jsonrpc_destroy(rpc);
    stop(&s);
}

static void test_bad_servers(void **state)
{
    (void)state;
    expect_failure(NULL, 0, NULL, JSONRPC_TIMEOUT);
    expect_failure(OK, 10, NULL, JSONRPC_TRANSPORT);
    expect_failure(OK, 50, NULL, JSONRPC_TRANSPORT);
    expect_failure("garbage\r\n\r\n#", 0, NULL, JSONRPC_TRANSPORT);
    expect_failure("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n#", 0, NULL, JSONRPC_TIMEOUT);
    expect_failure("HTTP/1.1 401 No\r\nContent-Length: 0\r\nX: #\r\n\r\n", 0, NULL,
                   JSONRPC_UNAUTHORISED);
    expect_failure("HTTP/1.1 302 Go\r\nLocation: http://127.0.0.1:1/#\r\nContent-Length: 0\r\n\r\n",
                   0, NULL, JSONRPC_HTTP);
    expect_failure(OK, 0, &(struct jsonrpc_options){.answer_max = 34}, JSONRPC_MALFORMED);
    expect_failure(OK, 0, &(struct jsonrpc_options){.cookie_file = "/nonexistent/.cookie"},
                   JSONRPC_UNAUTHORISED);
}

static void test_no_server(void **state)
{
    struct server s;
    struct jsonrpc_error error;
    struct jsonrpc *rpc;

    (void)state;
    start(&s, OK, 0);
    stop(&s);
    rpc = client(&s, NULL);
    assert_null(jsonrpc_call(rpc, "getblockcount", NULL, 1000, &error));
    assert_int_equal(error.kind, JSONRPC_TRANSPORT);
    jsonrpc_destroy(rpc);
}

static void test_cookie(void **state)
{
    char path[] = "/tmp/exs-cookie-XXXXXX";
    int fd = mkstemp(path);
    struct server s;
    struct jsonrpc_error error;
    struct jsonrpc *rpc;

    (void)state;
    assert_true(fd >= 0);
    start(&s, OK, 0);
    rpc =
        client(&s, &(struct jsonrpc_options){.cookie_file = path, .user = "no", .password = "no"});
    assert_null(jsonrpc_call(rpc, "a", NULL, 1000, &error)); /* empty */
    assert_int_equal(error.kind, JSONRPC_UNAUTHORISED);
    assert_int_equal(write(fd, "__cookie__:one", 14), 14);
    json_decref(jsonrpc_call(rpc, "a", NULL, 1000, &error));
    assert_int_equal(error.kind, JSONRPC_OK);
    assert_int_equal(pwrite(fd, "__cookie__:two\n", 15, 0), 15);
    json_decref(jsonrpc_call(rpc, "a", NULL, 1000, &error));
    assert_int_equal(error.kind, JSONRPC_OK);
    jsonrpc_destroy(rpc);
    stop(&s);
    assert_non_null(strstr(s.last, "Authorization: Basic X19jb29raWVfXzp0d28=\r\n"));
    close(fd);
    unlink(path);
}

static void *cancel_main(void *arg)
{
    usleep(50 * 1000);
    jsonrpc_cancel(arg);
    return NULL;
}

static void test_cancel(void **state)
{
    struct server s;
    struct jsonrpc_error error;
    struct jsonrpc *rpc;
    pthread_t thread;
    uint64_t began = clock_monotonic_ns();
    json_t *result;

    (void)state;
    start(&s, NULL, 0);
    rpc = client(&s, NULL);
    assert_int_equal(pthread_create(&thread, NULL, cancel_main, rpc), 0);
    assert_null(jsonrpc_call(rpc, "a", NULL, 20000, &error));
    assert_int_equal(error.kind, JSONRPC_CANCELLED);
    assert_true(clock_monotonic_ns() - began < UINT64_C(5000000000));
    pthread_join(thread, NULL);
    assert_null(jsonrpc_call(rpc, "a", NULL, 20000, &error));
    assert_int_equal(error.kind, JSONRPC_CANCELLED);
    jsonrpc_destroy(rpc);
    stop(&s);

    start(&s, OK, 0);
    rpc = client(&s, NULL);
    jsonrpc_cancel(rpc);
    jsonrpc_reset(rpc);
    result = jsonrpc_call(rpc, "a", NULL, 20000, &error);
    assert_non_null(result);
    json_decref(result);
    jsonrpc_destroy(rpc);
    stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),     cmocka_unit_test(test_deep_answer),
        cmocka_unit_test(test_urls),        cmocka_unit_test(test_keeps_connection),
        cmocka_unit_test(test_bad_servers), cmocka_unit_test(test_no_server),
        cmocka_unit_test(test_cookie),      cmocka_unit_test(test_cancel),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
