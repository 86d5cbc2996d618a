/*
 * The client of include/exs/verify_client.h: against the service, whose answers are played here,
 * and against peers that are none.
 */
#include "include/exs/verify_client.h"
#include "validation/service/service.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LONG_MS = 120000 }; /* for what must come */

static char folder[64], path[96];

/* What the played answers wait for, so that a test can have questions under way for as long as it likes. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    bool closed;
    int inside;
} gate = {.lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER};

static void pass_gate(void)
{
    pthread_mutex_lock(&gate.lock);
    gate.inside++;
    pthread_cond_broadcast(&gate.moved);
    while (gate.closed)
        pthread_cond_wait(&gate.moved, &gate.lock);
    gate.inside--;
    pthread_mutex_unlock(&gate.lock);
}

static void set_gate(bool closed)
{
    pthread_mutex_lock(&gate.lock);
    gate.closed = closed;
    pthread_cond_broadcast(&gate.moved);
    pthread_mutex_unlock(&gate.lock);
}

static void wait_inside(int count)
{
    pthread_mutex_lock(&gate.lock);
    while (gate.inside < count)
        pthread_cond_wait(&gate.moved, &gate.lock);
    pthread_mutex_unlock(&gate.lock);
}

/* A script's input is its fee, so that each answer shows whose it is; flags of 1 wait, of 2 fail. */
static void answer_script(struct service_answer *answer, struct bytes payload)
{
    struct exs_verdict verdict = {.result = EXS_VALID, .input = EXS_NO_INDEX};
    struct exs_verify_script_question q;
    struct arena arena;

    arena_init(&arena, 0);
    assert_int_equal(wire_script_read(&q, &arena, payload), WIRE_OK);
    if (q.flags == 1)
        pass_gate();
    verdict.fees = q.input;
    answer->type = EXS_VERIFY_SCRIPT | WIRE_ANSWER;
    answer->size = wire_verdict_write(NULL, &verdict, "why", "NAME");
    if (q.flags != 2) {
        answer->payload = malloc(answer->size);
        wire_verdict_write(answer->payload, &verdict, "why", "NAME");
    }
    arena_free(&arena);
}

/* A signature is good where its key is. */
static void answer_signatures(struct service_answer *answer, struct bytes payload)
{
    struct exs_verify_signature *signatures;
    struct arena arena;
    uint8_t *good;
    size_t n;

    arena_init(&arena, 0);
    assert_int_equal(wire_signatures_read(&signatures, &n, &arena, payload), WIRE_OK);
    good = arena_alloc(&arena, n);
    for (size_t i = 0; i < n; i++)
        good[i] = signatures[i].key[0];
    answer->type = EXS_VERIFY_SIGNATURES | WIRE_ANSWER;
    answer->size = wire_good_write(NULL, good, n);
    answer->payload = malloc(answer->size);
    wire_good_write(answer->payload, good, n);
    arena_free(&arena);
}

static void play(void *arg, struct service_answer *answer, enum exs_verify_kind kind,
                 struct bytes payload)
{
    static const char text[] = "not played";

    (void)arg;
    if (kind == EXS_VERIFY_SCRIPT) {
        answer_script(answer, payload);
    } else if (kind == EXS_VERIFY_SIGNATURES) {
        answer_signatures(answer, payload);
    } else {
        answer->type = WIRE_ERROR;
        answer->size = wire_error_write(NULL, EXS_VERIFY_ERROR_PAYLOAD, text);
        answer->payload = malloc(answer->size);
        wire_error_write(answer->payload, EXS_VERIFY_ERROR_PAYLOAD, text);
    }
}

static int begin(void **state)
{
    char error[SERVICE_ERROR_SIZE];
    struct listener *listener;
    struct service_options options = {.listeners = &listener,
                                      .listener_count = 1,
                                      .program = "played",
                                      .workers = 3,
                                      .dispatchers = 4,
                                      .max_clients = 8,
                                      .max_requests = 8,
                                      .max_payload = 100000,
                                      .max_bytes = 200000,
                                      .frame_timeout_s = 60,
                                      .drain_timeout_s = 60,
                                      .answer_fn = play};

    set_gate(false);
    listener = listener_unix(path, 0600, error);
    assert_non_null(listener);
    *state = service_create(&options, error);
    return *state ? 0 : -1;
}

static int end(void **state)
{
    set_gate(false);
    service_destroy(*state);
    return 0;
}

static struct exs_verify_client *connect_client(void)
{
    char error[EXS_ERROR_SIZE];
    struct exs_verify_client *client = exs_verify_client_connect(path, LONG_MS, error);

    if (!client)
        fail_msg("%s", error);
    return client;
}

static struct exs_verify_script_question question(uint32_t input, uint32_t flags)
{
    return (struct exs_verify_script_question){.input = input, .flags = flags};
}

static enum exs_verify_status submit(struct exs_verify_client *client, uint64_t *id, uint32_t input,
                                     uint32_t flags)
{
    struct exs_verify_script_question q = question(input, flags);

    return exs_verify_client_submit_script(client, id, &q);
}

static void one_at_a_time(void **state)
{
    static const uint8_t good_key[33] = {1}, bad_key[33] = {0}, hash[32], rs[64];
    const struct exs_verify_signature signatures[] = {
        {EXS_SIGNATURE_ECDSA, 0, 33, 64, good_key, hash, rs},
        {EXS_SIGNATURE_ECDSA, 0, 33, 64, bad_key, hash, rs},
        {EXS_SIGNATURE_ECDSA, 0, 33, 64, good_key, hash, rs},
    };
    struct exs_verify_client *client = connect_client();
    struct exs_verify_script_question q = question(77, 0);
    struct exs_verify_transaction_question t = {.flags = 1};
    struct exs_verify_statistics statistics;
    struct exs_verdict verdict;
    uint8_t good[3] = {9, 9, 9};

    (void)state;
    assert_int_equal(exs_verify_client_service(client)->workers, 3);
    assert_int_equal(exs_verify_client_service(client)->max_payload, 100000);
    assert_string_equal(exs_verify_client_service(client)->program, "played");
    assert_int_equal(exs_verify_client_ping(client, LONG_MS), EXS_VERIFY_OK);
    assert_int_equal(exs_verify_client_script(client, &verdict, &q, LONG_MS), EXS_VERIFY_OK);
    assert_true(verdict.result == EXS_VALID && verdict.fees == 77);
    assert_int_equal(exs_verify_client_signatures(client, good, signatures, 3, LONG_MS),
                     EXS_VERIFY_OK);
    assert_memory_equal(good, "\1\0\1", 3);
    assert_int_equal(exs_verify_client_signatures(client, NULL, NULL, 0, LONG_MS), EXS_VERIFY_OK);
    /* What the service refuses, by an error of the answer's own and for want of one. */
    assert_int_equal(exs_verify_client_transaction(client, &verdict, &t, LONG_MS),
                     EXS_VERIFY_REFUSED);
    assert_string_equal(exs_verify_client_error(client), "not played");
    q.flags = 2;
    assert_int_equal(exs_verify_client_script(client, &verdict, &q, LONG_MS), EXS_VERIFY_REFUSED);
    assert_string_equal(exs_verify_client_error(client),
                        exs_verify_error_text(EXS_VERIFY_ERROR_MEMORY));
    assert_int_equal(exs_verify_client_statistics(client, &statistics, LONG_MS), EXS_VERIFY_OK);
    assert_int_equal(statistics.clients, 1);
    assert_int_equal(statistics.errors, 2);
    assert_int_equal(statistics.scripts, 2);
    exs_verify_client_close(client);
}

/* An answer comes when it is ready; which one it is, its number says. */
static void many_at_a_time(void **state)
{
    struct exs_verify_client *client = connect_client();
    struct exs_verify_answer answer;
    uint64_t slow, ids[3];

    (void)state;
    assert_int_equal(exs_verify_client_receive(client, &answer, LONG_MS), EXS_VERIFY_EMPTY);
    set_gate(true);
    assert_int_equal(submit(client, &slow, 1, 1), EXS_VERIFY_OK);
    wait_inside(1);
    for (int i = 0; i < 3; i++)
        assert_int_equal(submit(client, &ids[i], (uint32_t)i + 10, 0), EXS_VERIFY_OK);
    assert_int_equal(exs_verify_client_pending(client), 4);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(exs_verify_client_receive(client, &answer, LONG_MS), EXS_VERIFY_OK);
        assert_true(answer.id >= ids[0] && answer.id <= ids[2]);
        assert_true(answer.verdict.fees == (int64_t)(answer.id - ids[0]) + 10);
        assert_int_equal(answer.kind, EXS_VERIFY_SCRIPT);
        assert_string_equal(answer.text, "why");
    }
    assert_int_equal(exs_verify_client_receive(client, &answer, 0), EXS_VERIFY_TIMEOUT);
    set_gate(false);
    assert_int_equal(exs_verify_client_receive(client, &answer, LONG_MS), EXS_VERIFY_OK);
    assert_true(answer.id == slow && answer.verdict.fees == 1);
    assert_int_equal(exs_verify_client_receive(client, &answer, LONG_MS), EXS_VERIFY_EMPTY);
    exs_verify_client_close(client);
}

/* A blocking call between others leaves their answers where they are, and drops its own late one. */
static void both_ways(void **state)
{
    struct exs_verify_client *client = connect_client();
    struct exs_verify_script_question late = question(5, 1), q = question(6, 0);
    struct exs_verify_answer answer;
    struct exs_verdict verdict;
    uint64_t id;

    (void)state;
    assert_int_equal(submit(client, &id, 4, 0), EXS_VERIFY_OK);
    assert_int_equal(exs_verify_client_script(client, &verdict, &q, LONG_MS), EXS_VERIFY_OK);
    assert_true(verdict.fees == 6);
    set_gate(true);
    assert_int_equal(exs_verify_client_script(client, &verdict, &late, 1), EXS_VERIFY_TIMEOUT);
    set_gate(false);
    assert_int_equal(exs_verify_client_script(client, &verdict, &q, LONG_MS), EXS_VERIFY_OK);
    assert_int_equal(exs_verify_client_pending(client), 1);
    assert_int_equal(exs_verify_client_receive(client, &answer, LONG_MS), EXS_VERIFY_OK);
    assert_true(answer.id == id && answer.verdict.fees == 4);
    assert_int_equal(exs_verify_client_receive(client, &answer, LONG_MS), EXS_VERIFY_EMPTY);
    exs_verify_client_close(client);
}

static void limits(void **state)
{
    static uint8_t large[100000];
    struct exs_verify_client *client = connect_client();
    struct exs_verify_script_question q = question(0, 0);
    struct exs_verify_block_question b = {.block = NULL};
    struct exs_verify_answer answer;
    uint64_t id;

    (void)state;
    set_gate(true);
    for (int i = 0; i < 8; i++)
        assert_int_equal(submit(client, &id, 0, 1), EXS_VERIFY_OK);
    assert_int_equal(submit(client, &id, 0, 1), EXS_VERIFY_FULL);
    set_gate(false);
    for (int i = 0; i < 8; i++)
        assert_int_equal(exs_verify_client_receive(client, &answer, LONG_MS), EXS_VERIFY_OK);
    q.tx = large;
    q.tx_size = sizeof(large) - 16;
    assert_int_equal(exs_verify_client_submit_script(client, &id, &q), EXS_VERIFY_OK);
    q.tx_size = sizeof(large) - 15;
    assert_int_equal(exs_verify_client_submit_script(client, &id, &q), EXS_VERIFY_TOO_LARGE);
    q.tx = NULL;
    assert_int_equal(exs_verify_client_submit_script(client, &id, &q), EXS_VERIFY_ARGUMENT);
    assert_int_equal(exs_verify_client_submit_block(client, &id, &b), EXS_VERIFY_ARGUMENT);
    assert_int_equal(exs_verify_client_submit_signatures(client, &id, NULL, 1),
                     EXS_VERIFY_ARGUMENT);
    assert_int_equal(exs_verify_client_receive(client, &answer, LONG_MS), EXS_VERIFY_OK);
    exs_verify_client_close(client);
}

/* However much one client asks, another is served while the first one's questions wait. */
static void others_are_served(void **state)
{
    struct exs_verify_client *greedy = connect_client(), *modest = connect_client();
    struct exs_verify_script_question q = question(3, 0);
    struct exs_verdict verdict;
    uint64_t id;

    (void)state;
    set_gate(true);
    for (int i = 0; i < 8; i++)
        assert_int_equal(submit(greedy, &id, 0, 1), EXS_VERIFY_OK);
    wait_inside(2);
    assert_int_equal(exs_verify_client_script(modest, &verdict, &q, LONG_MS), EXS_VERIFY_OK);
    assert_true(verdict.fees == 3);
    pthread_mutex_lock(&gate.lock);
    assert_int_equal(gate.inside, 2); /* half of the dispatchers, and no more */
    pthread_mutex_unlock(&gate.lock);
    exs_verify_client_close(greedy); /* gone with questions that run and that wait */
    assert_int_equal(exs_verify_client_ping(modest, LONG_MS), EXS_VERIFY_OK);
    set_gate(false);
    assert_int_equal(exs_verify_client_script(modest, &verdict, &q, LONG_MS), EXS_VERIFY_OK);
    exs_verify_client_close(modest);
}

/* The end answers what was read, then closes. */
static void the_end(void **state)
{
    struct exs_verify_client *client = connect_client();
    struct exs_verify_answer answer;
    enum exs_verify_status status;
    uint64_t id;
    int answered = 0;

    for (int i = 0; i < 7; i++)
        assert_int_equal(submit(client, &id, 0, 0), EXS_VERIFY_OK);
    assert_int_equal(exs_verify_client_ping(client, LONG_MS), EXS_VERIFY_OK);
    service_destroy(*state);
    *state = NULL;
    while ((status = exs_verify_client_receive(client, &answer, LONG_MS)) == EXS_VERIFY_OK)
        answered++;
    assert_int_equal(answered, 7);
    /* The connection's end may have come with the last answer, or be noticed by whoever asks again. */
    assert_true(status == EXS_VERIFY_EMPTY || status == EXS_VERIFY_CLOSED);
    assert_int_equal(exs_verify_client_ping(client, LONG_MS), EXS_VERIFY_CLOSED);
    assert_int_equal(submit(client, &id, 0, 0), EXS_VERIFY_CLOSED);
    exs_verify_client_close(client);
}

/* For event loops: what to wait for, and how to go on. */
static void event_loops(void **state)
{
    struct exs_verify_client *client = connect_client();
    struct exs_verify_answer answer;
    struct pollfd wait = {.fd = exs_verify_client_fd(client)};
    enum exs_verify_status status;
    uint64_t id;

    (void)state;
    assert_int_equal(submit(client, &id, 21, 0), EXS_VERIFY_OK);
    while ((status = exs_verify_client_receive(client, &answer, 0)) == EXS_VERIFY_TIMEOUT) {
        wait.events = exs_verify_client_events(client);
        assert_true(wait.events & POLLIN);
        assert_int_equal(poll(&wait, 1, LONG_MS), 1);
    }
    assert_int_equal(status, EXS_VERIFY_OK);
    assert_true(answer.verdict.fees == 21);
    exs_verify_client_close(client);
}

/* ---------------------------------------------------------------- peers that are none */

/* Answers a hello and a question with given bytes, whatever they say. */
struct impostor {
    struct listener *listener;
    const uint8_t *first, *second;
    size_t first_size, second_size;
    pthread_t thread;
};

static void *impostor_main(void *arg)
{
    const struct impostor *i = arg;
    struct pollfd wait = {.fd = listener_fd(i->listener), .events = POLLIN};
    uint8_t heard[4096];
    int fd;

    poll(&wait, 1, -1);
    fd = accept(wait.fd, NULL, NULL);
    if (recv(fd, heard, sizeof(heard), 0) > 0 && i->first_size &&
        send(fd, i->first, i->first_size, MSG_NOSIGNAL) > 0 && i->second_size &&
        recv(fd, heard, sizeof(heard), 0) > 0)
        send(fd, i->second, i->second_size, MSG_NOSIGNAL);
    close(fd);
    return NULL;
}

static void impostor_begin(struct impostor *i)
{
    char error[LISTENER_ERROR_SIZE], there[128];

    snprintf(there, sizeof(there), "%s.impostor", path);
    i->listener = listener_unix(there, 0600, error);
    assert_non_null(i->listener);
    assert_int_equal(pthread_create(&i->thread, NULL, impostor_main, i), 0);
}

static void impostor_end(struct impostor *i)
{
    pthread_join(i->thread, NULL);
    listener_close(i->listener);
}

/* A frame in out; its size. */
static size_t frame(uint8_t *out, uint8_t type, uint64_t id, const void *payload, size_t size)
{
    const struct wire_header header = {(uint32_t)size, type, id};

    wire_header_write(out, &header);
    memcpy(out + WIRE_HEADER_SIZE, payload, size);
    return WIRE_HEADER_SIZE + size;
}

/* The answer to a hello that anybody would believe. */
static size_t hello(uint8_t *out)
{
    const struct exs_verify_service service = {.version = WIRE_VERSION,
                                               .max_payload = 1000,
                                               .max_requests = 2,
                                               .max_bytes = 1000,
                                               .program = "x"};
    uint8_t payload[64];

    return frame(out, WIRE_HELLO | WIRE_ANSWER, 1, payload, wire_service_write(payload, &service));
}

static void wrong_hellos(void **state)
{
    uint8_t bytes[6][128], payload[64];
    const char *said[] = {"a frame that is none",
                          "an answer to what was not asked",
                          "its hello is none of this protocol",
                          "there are too many clients",
                          "the service has closed the connection",
                          "an answer to what was not asked"};
    size_t sizes[6] = {0}, size;
    char error[EXS_ERROR_SIZE], there[128];

    (void)state;
    memset(bytes[0], 'H', 64);
    sizes[0] = 64;
    sizes[1] = frame(bytes[1], WIRE_HELLO | WIRE_ANSWER, 2, "", 0);
    sizes[2] = frame(bytes[2], WIRE_HELLO | WIRE_ANSWER, 1, "abc", 3);
    size = wire_error_write(payload, EXS_VERIFY_ERROR_CLIENTS, "there are too many clients");
    sizes[3] = frame(bytes[3], WIRE_ERROR, 0, payload, size);
    sizes[5] = frame(bytes[5], EXS_VERIFY_PING | WIRE_ANSWER, 1, "", 0);
    snprintf(there, sizeof(there), "%s.impostor", path);
    for (int i = 0; i < 6; i++) {
        struct impostor impostor = {.first = bytes[i], .first_size = sizes[i]};

        impostor_begin(&impostor);
        assert_null(exs_verify_client_connect(there, LONG_MS, error));
        assert_string_equal(error, said[i]);
        impostor_end(&impostor);
    }
}

/* An answer to another question, of another kind, or that can't be read is nobody's answer. */
static void wrong_answers(void **state)
{
    static const struct {
        uint8_t type;
        uint64_t id;
        size_t size; /* of zeros */
        enum exs_verify_status status;
    } cases[] = {
        {EXS_VERIFY_SCRIPT | WIRE_ANSWER, 2, 52, EXS_VERIFY_OK},
        {EXS_VERIFY_SCRIPT | WIRE_ANSWER, 2, 51, EXS_VERIFY_PROTOCOL},
        {EXS_VERIFY_SCRIPT | WIRE_ANSWER, 3, 52, EXS_VERIFY_PROTOCOL},
        {EXS_VERIFY_BLOCK | WIRE_ANSWER, 2, 52, EXS_VERIFY_PROTOCOL},
        {EXS_VERIFY_SCRIPT, 2, 52, EXS_VERIFY_PROTOCOL},
        {WIRE_ERROR, 2, 4, EXS_VERIFY_PROTOCOL},
        {WIRE_ERROR, 9, 4, EXS_VERIFY_PROTOCOL},
    };
    static const uint8_t zeros[64];
    char error[EXS_ERROR_SIZE], there[128];

    (void)state;
    snprintf(there, sizeof(there), "%s.impostor", path);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct exs_verify_script_question q = question(0, 0);
        struct exs_verify_client *client;
        struct exs_verdict verdict;
        uint8_t first[128], second[128];
        struct impostor impostor = {.first = first, .second = second};

        impostor.first_size = hello(first);
        impostor.second_size = frame(second, cases[i].type, cases[i].id, zeros, cases[i].size);
        impostor_begin(&impostor);
        client = exs_verify_client_connect(there, LONG_MS, error);
        assert_non_null(client);
        if (exs_verify_client_script(client, &verdict, &q, LONG_MS) != cases[i].status)
            fail_msg("case %zu: %s", i, exs_verify_client_error(client));
        exs_verify_client_close(client);
        impostor_end(&impostor);
    }
}

/* Answers to fewer or more signatures than were asked, and ones that are longer than any of ours. */
static void wrong_counts(void **state)
{
    static const uint8_t bytes[80] = {2};
    const struct exs_verify_signature asked[2] = {
        {EXS_SIGNATURE_SCHNORR, 0, 32, 64, bytes, bytes, bytes},
        {EXS_SIGNATURE_SCHNORR, 0, 32, 64, bytes, bytes, bytes}};
    const struct {
        uint32_t good, size;
        enum exs_verify_status status;
        const char *said;
    } cases[] = {
        {2, 6, EXS_VERIFY_OK, NULL},
        {1, 5, EXS_VERIFY_PROTOCOL, "an answer that can't be read"},
        {3, 7, EXS_VERIFY_PROTOCOL, "an answer that can't be read"},
        {2, WIRE_ANSWER_MAX + 2, EXS_VERIFY_PROTOCOL, "an answer that can't be read"},
        {2, WIRE_ANSWER_MAX + 3, EXS_VERIFY_PROTOCOL, "a frame that is none"},
        {2, UINT32_MAX, EXS_VERIFY_PROTOCOL, "a frame that is none"},
    };
    static uint8_t payload[WIRE_ANSWER_MAX + 8], second[sizeof(payload) + WIRE_HEADER_SIZE];
    char error[EXS_ERROR_SIZE], there[128];

    (void)state;
    snprintf(there, sizeof(there), "%s.impostor", path);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct exs_verify_client *client;
        struct exs_verify_answer answer;
        uint8_t first[128];
        struct impostor impostor = {.first = first, .second = second};
        uint64_t id;

        impostor.first_size = hello(first);
        write_le32(payload, cases[i].good);
        impostor.second_size = frame(second, EXS_VERIFY_SIGNATURES | WIRE_ANSWER, 2, payload,
                                     cases[i].size < sizeof(payload) ? cases[i].size : 7);
        write_le32(second, cases[i].size);
        impostor_begin(&impostor);
        client = exs_verify_client_connect(there, LONG_MS, error);
        assert_non_null(client);
        assert_int_equal(exs_verify_client_submit_signatures(client, &id, asked, 2), EXS_VERIFY_OK);
        assert_int_equal(exs_verify_client_receive(client, &answer, LONG_MS), cases[i].status);
        if (cases[i].status != EXS_VERIFY_OK)
            assert_string_equal(exs_verify_client_error(client), cases[i].said);
        exs_verify_client_close(client);
        impostor_end(&impostor);
    }
}

static void no_arguments(void **state)
{
    const struct exs_verify_signature none = {0};
    struct exs_verify_client *client = connect_client();
    struct exs_verdict verdict;
    uint64_t id;

    (void)state;
    assert_int_equal(exs_verify_client_script(client, &verdict, NULL, 0), EXS_VERIFY_ARGUMENT);
    assert_int_equal(exs_verify_client_transaction(client, &verdict, NULL, 0), EXS_VERIFY_ARGUMENT);
    assert_int_equal(exs_verify_client_block(client, &verdict, NULL, 0), EXS_VERIFY_ARGUMENT);
    assert_int_equal(exs_verify_client_signatures(client, NULL, &none, 1, 0), EXS_VERIFY_ARGUMENT);
    assert_int_equal(exs_verify_client_submit_signatures(client, &id, NULL, 1),
                     EXS_VERIFY_ARGUMENT);
    assert_int_equal(exs_verify_client_pending(client), 0);
    exs_verify_client_close(client);
}

static void wrong_addresses(void **state)
{
    char error[EXS_ERROR_SIZE], longest[200];

    (void)state;
    memset(longest, '/', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    assert_null(exs_verify_client_connect(longest, 0, error));
    assert_null(exs_verify_client_connect("/nonexistent/socket", 0, error));
    assert_string_equal(error, "No such file or directory");
    assert_null(exs_verify_client_connect("a:b:c", 0, error));
    assert_non_null(strstr(error, "neither a path nor an address:port"));
    assert_null(exs_verify_client_connect("127.0.0.1", 0, error));
    assert_null(exs_verify_client_connect(NULL, 0, error));
    exs_verify_client_close(NULL);
}

static void texts(void **state)
{
    (void)state;
    for (int i = 0; i <= EXS_VERIFY_SYSTEM; i++)
        assert_string_not_equal(exs_verify_status_text((enum exs_verify_status)i),
                                "unknown status");
    assert_string_equal(exs_verify_status_text((enum exs_verify_status)99), "unknown status");
    for (int i = 0; i <= EXS_VERIFY_ERROR_END; i++)
        assert_string_not_equal(exs_verify_error_text((enum exs_verify_error)i), "unknown error");
    assert_string_equal(exs_verify_error_text((enum exs_verify_error)99), "unknown error");
}

static int make_folder(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    snprintf(folder, sizeof(folder), "/tmp/exs-client-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof(path), "%s/socket", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_at_a_time, begin, end),
        cmocka_unit_test_setup_teardown(many_at_a_time, begin, end),
        cmocka_unit_test_setup_teardown(both_ways, begin, end),
        cmocka_unit_test_setup_teardown(limits, begin, end),
        cmocka_unit_test_setup_teardown(others_are_served, begin, end),
        cmocka_unit_test_setup_teardown(the_end, begin, end),
        cmocka_unit_test_setup_teardown(event_loops, begin, end),
        cmocka_unit_test(wrong_hellos),
        cmocka_unit_test(wrong_answers),
        cmocka_unit_test(wrong_counts),
        cmocka_unit_test_setup_teardown(no_arguments, begin, end),
        cmocka_unit_test(wrong_addresses),
        cmocka_unit_test(texts),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
