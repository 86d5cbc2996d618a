/* Connections over loopback: lines, their limits, peers that end or stall, and certificates that hold or do not. */
#include "tests/unit/mining/support.h"

#include "base/clock.h"
#include "mining/connection.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SECOND_NS UINT64_C(1000000000)
/* Generous: it bounds a test that fails, and no test waits for it. */
#define PATIENCE_NS (120 * SECOND_NS)

#define NO_NAME "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.invalid"

enum { LINE_MAX_SIZE = 100000 };

struct server {
    int fd;
    uint16_t port;
    pthread_t thread;
    void (*talk)(int fd);
    SSL_CTX *tls; /* or NULL */
};

static atomic_bool over; /* the server may end */

static void put(int fd, const char *text, size_t size)
{
    while (size) {
        ssize_t sent = send(fd, text, size, MSG_NOSIGNAL);

        if (sent <= 0)
            return;
        text += sent;
        size -= (size_t)sent;
    }
}

static void *serve(void *arg)
{
    struct server *server = arg;
    int fd = accept(server->fd, NULL, NULL);

    if (fd < 0)
        return NULL;
    if (server->tls) {
        SSL *ssl = SSL_new(server->tls);
        char text[64];
        int size;

        SSL_set_fd(ssl, fd);
        if (SSL_accept(ssl) == 1 && (size = SSL_read(ssl, text, sizeof(text))) > 0)
            SSL_write(ssl, text, size);
        SSL_shutdown(ssl);
        SSL_free(ssl);
    } else {
        server->talk(fd);
    }
    close(fd);
    return NULL;
}

static void start(struct server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);

    atomic_store(&over, false);
    server->fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(server->fd >= 0);
    assert_int_equal(bind(server->fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(server->fd, 4), 0);
    assert_int_equal(getsockname(server->fd, (struct sockaddr *)&address, &size), 0);
    server->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void stop(struct server *server)
{
    atomic_store(&over, true);
    /* Where nobody has connected, accept returns. */
    shutdown(server->fd, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->fd);
}

static struct connection *dial(const char *host, uint16_t port,
                               const struct connection_trust *trust)
{
    struct connection_options options = {.host = host,
                                         .port = port,
                                         .trust = trust,
                                         .stage_ns = PATIENCE_NS,
                                         .line_max = LINE_MAX_SIZE};
    struct connection *c = connection_create(&options, clock_monotonic_ns());

    assert_non_null(c);
    return c;
}

/* One step, after waiting for something to do. */
static enum connection_state go_on(struct connection *c)
{
    struct pollfd p = {.fd = connection_fd(c), .events = connection_events(c)};

    if (!connection_has_more(c))
        poll(&p, 1, 1000);
    return connection_advance(c, clock_monotonic_ns());
}

static enum connection_state open_it(struct connection *c)
{
    enum connection_state state;

    while ((state = connection_advance(c, clock_monotonic_ns())) == CONNECTION_OPENING)
        go_on(c);
    return state;
}

/* Goes on until there is a line; false where it failed before. */
static bool await_line(struct connection *c, struct bytes *line)
{
    enum connection_state state = CONNECTION_OPEN;

    while (!connection_line(c, line)) {
        if (state == CONNECTION_FAILED)
            return false;
        state = go_on(c);
    }
    return true;
}

static void assert_line(struct connection *c, const char *text)
{
    struct bytes line;

    if (!await_line(c, &line))
        fail_msg("no line, but: %s", connection_error(c));
    assert_true(bytes_equal(line, bytes_of(text, strlen(text))));
}

static void assert_fails(struct connection *c, const char *word)
{
    struct bytes line;

    while (await_line(c, &line))
        ;
    if (!strstr(connection_error(c), word))
        fail_msg("%s is not in: %s", word, connection_error(c));
}

static void talk_in_pieces(int fd)
{
    static const char text[] = "one\n\ntwo\r\nthree\nrest";
    char byte;

    for (const char *c = text; *c; c++) {
        put(fd, c, 1);
        poll(NULL, 0, 1);
    }
    /* What comes back, up to a full stop. */
    while (recv(fd, &byte, 1, 0) == 1 && byte != '.')
        put(fd, &byte, 1);
    put(fd, "\nend", 4);
}

static void lines_come_and_go(void **state)
{
    struct server server = {.talk = talk_in_pieces};
    struct connection *c;

    (void)state;
    start(&server);
    c = dial("127.0.0.1", server.port, NULL);
    assert_int_equal(open_it(c), CONNECTION_OPEN);
    assert_line(c, "one");
    assert_line(c, "");
    assert_line(c, "two\r");
    assert_line(c, "three");
    assert_true(connection_send(c, bytes_of(" and", 4)));
    assert_true(connection_send(c, bytes_of(" more.", 6)));
    assert_line(c, "rest and more");
    assert_fails(c, "closed");
    assert_false(connection_send(c, bytes_of("x", 1)));
    connection_destroy(c);
    stop(&server);
}

static void talk_long(int fd)
{
    static char text[LINE_MAX_SIZE + 1];

    memset(text, 'x', sizeof(text));
    put(fd, text, LINE_MAX_SIZE);
    put(fd, "\n", 1);
    put(fd, text, LINE_MAX_SIZE + 1);
    put(fd, "\n", 1);
}

static void long_lines_end_it(void **state)
{
    struct server server = {.talk = talk_long};
    struct connection *c;
    struct bytes line;

    (void)state;
    start(&server);
    c = dial("localhost", server.port, NULL);
    assert_int_equal(open_it(c), CONNECTION_OPEN);
    assert_true(await_line(c, &line));
    assert_int_equal(line.size, LINE_MAX_SIZE);
    assert_fails(c, "more than 100000 bytes");
    connection_destroy(c);
    stop(&server);
}

/* A peer that reads nothing does not see either that the other end was closed: it is told. */
static void talk_never(int fd)
{
    (void)fd;
    while (!atomic_load(&over))
        poll(NULL, 0, 10);
}

static void what_is_not_read_has_a_limit(void **state)
{
    struct server server = {.talk = talk_never};
    static char text[10000];
    struct connection *c;
    size_t sent = 0;

    (void)state;
    start(&server);
    c = dial("127.0.0.1", server.port, NULL);
    assert_int_equal(open_it(c), CONNECTION_OPEN);
    while (connection_send(c, bytes_of(text, sizeof(text))))
        sent += sizeof(text);
    assert_true(sent >= CONNECTION_OUT_MAX - sizeof(text));
    assert_non_null(strstr(connection_error(c), "does not read"));
    connection_destroy(c);

    /* Less than that waits until its time is over. */
    stop(&server);
    start(&server);
    c = dial("127.0.0.1", server.port, NULL);
    assert_int_equal(open_it(c), CONNECTION_OPEN);
    while (!(connection_events(c) & POLLOUT))
        assert_true(connection_send(c, bytes_of(text, sizeof(text))));
    assert_int_equal(connection_advance(c, clock_monotonic_ns()), CONNECTION_OPEN);
    assert_int_equal(connection_advance(c, clock_monotonic_ns() + 2 * PATIENCE_NS),
                     CONNECTION_FAILED);
    assert_non_null(strstr(connection_error(c), "has not read"));
    connection_destroy(c);
    stop(&server);
}

static void nobody_is_there(void **state)
{
    struct server server = {.talk = talk_never};
    struct connection *c;

    (void)state;
    start(&server);
    stop(&server);
    c = dial("127.0.0.1", server.port, NULL);
    assert_int_equal(open_it(c), CONNECTION_FAILED);
    assert_non_null(strstr(connection_error(c), "can't be reached"));
    connection_destroy(c);
    /* A label of 64 bytes is in no name: no server has to be asked. */
    c = dial(NO_NAME, 1, NULL);
    assert_int_equal(open_it(c), CONNECTION_FAILED);
    assert_non_null(strstr(connection_error(c), "can't be resolved"));
    connection_destroy(c);
    /* One that nobody waits for. */
    connection_destroy(dial(NO_NAME, 1, NULL));
}

static void talk_after_tls(int fd)
{
    char bytes[512];

    while (recv(fd, bytes, sizeof(bytes), 0) > 0)
        ;
}

static void stages_have_their_time(void **state)
{
    struct server server = {.talk = talk_after_tls};
    char error[CONNECTION_ERROR_SIZE];
    struct connection_trust *trust = connection_trust_create(NULL, true, error);
    struct connection *c;

    (void)state;
    assert_non_null(trust);
    start(&server);
    c = dial("127.0.0.1", server.port, trust);
    do
        go_on(c);
    while (connection_events(c) & POLLOUT);
    assert_int_equal(connection_advance(c, clock_monotonic_ns() + 2 * PATIENCE_NS),
                     CONNECTION_FAILED);
    assert_non_null(strstr(connection_error(c), "within 120 s"));
    connection_destroy(c);
    stop(&server);
    connection_trust_destroy(trust);
}

/* Certificates. */

static EVP_PKEY *key;

/* One for names ("DNS:localhost"), valid between two times relative to now, which signs itself. */
static X509 *make_certificate(const char *names, long from_s, long to_s)
{
    X509 *x = X509_new();
    X509_NAME *name = X509_get_subject_name(x);
    X509V3_CTX context;
    X509_EXTENSION *extension;

    assert_non_null(x);
    X509_set_version(x, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), from_s);
    X509_gmtime_adj(X509_getm_notAfter(x), to_s);
    X509_set_pubkey(x, key);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"test", -1, -1, 0);
    X509_set_issuer_name(x, name);
    X509V3_set_ctx(&context, x, x, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, NID_subject_alt_name, names);
    assert_non_null(extension);
    X509_add_ext(x, extension, -1);
    X509_EXTENSION_free(extension);
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    return x;
}

static void write_pem(char *path, X509 *x)
{
    int fd = mkstemp(path);
    FILE *file = fdopen(fd, "w");

    assert_non_null(file);
    assert_int_equal(PEM_write_X509(file, x), 1);
    assert_int_equal(fclose(file), 0);
}

static const struct {
    const char *names;
    long from_s, to_s;
    const char *host;
    bool trusted, any;
    const char *error; /* NULL: it holds */
} certificates[] = {
    {"DNS:localhost", -60, 3600, "localhost", true, false, NULL},
    {"IP:127.0.0.1", -60, 3600, "127.0.0.1", true, false, NULL},
    {"DNS:localhost", -7200, -3600, "localhost", true, false, "expired on 20"},
    {"DNS:localhost", 3600, 7200, "localhost", true, false, "not valid before 20"},
    {"DNS:elsewhere.example", -60, 3600, "localhost", true, false, "another host than localhost"},
    {"DNS:127.0.0.1", -60, 3600, "127.0.0.1", true, false, "another host than 127.0.0.1"},
    {"DNS:localhost", -60, 3600, "localhost", false, false, "--cert"},
    {"DNS:elsewhere.example", -7200, -3600, "localhost", false, true, NULL},
};

static void certificates_are_checked(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(certificates) / sizeof(*certificates); i++) {
        X509 *x =
            make_certificate(certificates[i].names, certificates[i].from_s, certificates[i].to_s);
        X509 *other = make_certificate("DNS:other.example", -60, 3600);
        struct server server = {.tls = SSL_CTX_new(TLS_server_method())};
        char path[] = "/tmp/exs-test-XXXXXX", error[CONNECTION_ERROR_SIZE];
        struct connection_trust *trust;
        struct connection *c;

        assert_int_equal(SSL_CTX_use_certificate(server.tls, x), 1);
        assert_int_equal(SSL_CTX_use_PrivateKey(server.tls, key), 1);
        write_pem(path, certificates[i].trusted ? x : other);
        trust = connection_trust_create(path, certificates[i].any, error);
        assert_non_null(trust);
        start(&server);
        c = dial(certificates[i].host, server.port, trust);
        if (!certificates[i].error) {
            if (open_it(c) != CONNECTION_OPEN)
                fail_msg("case %zu: %s", i, connection_error(c));
            assert_true(connection_send(c, bytes_of("hello\n", 6)));
            assert_line(c, "hello");
            assert_fails(c, "closed");
        } else if (open_it(c) != CONNECTION_FAILED ||
                   !strstr(connection_error(c), certificates[i].error)) {
            fail_msg("case %zu: %s", i, connection_error(c));
        }
        connection_destroy(c);
        stop(&server);
        connection_trust_destroy(trust);
        SSL_CTX_free(server.tls);
        X509_free(x);
        X509_free(other);
        unlink(path);
    }
}

static void bad_files_of_certificates_are_refused(void **state)
{
    char error[CONNECTION_ERROR_SIZE];

    (void)state;
    assert_null(connection_trust_create("/nonexistent/certificates", false, error));
    assert_non_null(strstr(error, "/nonexistent/certificates"));
    assert_null(connection_trust_create("/dev/null", false, error));
}

/* A proxy that takes everything and is the far end too. */
static void talk_as_proxy(int fd)
{
    uint8_t bytes[64];

    if (recv(fd, bytes, 3, MSG_WAITALL) != 3)
        return;
    put(fd, "\x05\x00", 2);
    /* Version, connect, reserved, a name of 12 bytes, a port. */
    if (recv(fd, bytes, 4 + 1 + 12 + 2, MSG_WAITALL) != 19 || memcmp(bytes + 5, "pool.invalid", 12))
        return;
    put(fd, "\x05\x00\x00\x01\x01\x02\x03\x04\x00\x07hi\n", 13);
}

static void a_proxy_resolves_and_connects(void **state)
{
    struct server server = {.talk = talk_as_proxy};
    struct connection_url proxy = {.scheme = "socks5h", .host = "127.0.0.1"};
    struct connection_options options = {.host = "pool.invalid",
                                         .port = 3333,
                                         .proxy = &proxy,
                                         .stage_ns = PATIENCE_NS,
                                         .line_max = LINE_MAX_SIZE};
    struct connection *c;

    (void)state;
    start(&server);
    proxy.port = server.port;
    c = connection_create(&options, clock_monotonic_ns());
    assert_non_null(c);
    if (open_it(c) != CONNECTION_OPEN && *connection_error(c) &&
        !strstr(connection_error(c), "closed"))
        fail_msg("%s", connection_error(c));
    assert_line(c, "hi");
    connection_destroy(c);
    stop(&server);
}

static int make_key(void **state)
{
    (void)state;
    key = EVP_EC_gen("P-256");
    return key ? 0 : -1;
}

static int drop_key(void **state)
{
    (void)state;
    EVP_PKEY_free(key);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_come_and_go),
        cmocka_unit_test(long_lines_end_it),
        cmocka_unit_test(what_is_not_read_has_a_limit),
        cmocka_unit_test(nobody_is_there),
        cmocka_unit_test(stages_have_their_time),
        cmocka_unit_test(certificates_are_checked),
        cmocka_unit_test(bad_files_of_certificates_are_refused),
        cmocka_unit_test(a_proxy_resolves_and_connects),
    };

    sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    return cmocka_run_group_tests(tests, make_key, drop_key);
}
