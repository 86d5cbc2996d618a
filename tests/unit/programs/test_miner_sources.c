#include "programs/miner_options.h"
#include "programs/miner_sources.h"
#include "tests/unit/mining/support.h"

#include <stdio.h>

enum { MOST = 40 };

/* Reads a command line of words, and then YAML, into sources. */
static bool read_both(struct settings **s, struct miner_sources *sources, const char *const *words,
                      const char *yaml, char *error)
{
    char copies[MOST][64], *argv[MOST + 1] = {copies[0]};
    int count = 1;

    snprintf(copies[0], sizeof(copies[0]), "exs-miner");
    for (; words && words[count - 1]; count++) {
        snprintf(copies[count], sizeof(copies[count]), "%s", words[count - 1]);
        argv[count] = copies[count];
    }
    *s = miner_options_create();
    assert_non_null(*s);
    if (!miner_options_read(*s, count, argv, error))
        fail_msg("%s", error);
    if (yaml && !settings_read_yaml(*s, "test.yaml", bytes_of(yaml, strlen(yaml))))
        fail_msg("%s", settings_error(*s));
    return miner_sources_read(sources, *s, 1234, error);
}

static void expect_error(const char *const *words, const char *yaml, const char *said)
{
    char error[MINER_SOURCES_ERROR_SIZE] = "";
    struct miner_sources sources;
    struct settings *s;

    assert_false(read_both(&s, &sources, words, yaml, error));
    if (!strstr(error, said))
        fail_msg("\"%s\" is not in \"%s\"", said, error);
    miner_sources_free(&sources);
    settings_destroy(s);
}

/* The arguments as the list of processes then has them. */
static void passwords_are_overwritten(void **state)
{
    char words[][64] = {"exs-miner",
                        "-o",
                        "stratum+tcp://user:pa/ss@w@host:1",
                        "--url=u:hush@b",
                        "-x",
                        "socks5://u:hu/sh@p:1",
                        "-p",
                        "hush",
                        "--pass=hush",
                        "-O",
                        "user:hush",
                        "--debug"};
    static const char *const left[] = {"exs-miner", "-o", "stratum+tcp://*@host:1",
                                       "--url=*@b", "-x", "socks5://*@p:1",
                                       "-p",        "*",  "--pass=*",
                                       "-O",        "*",  "--debug"};
    enum { COUNT = sizeof(words) / sizeof(*words) };
    char error[MINER_OPTIONS_ERROR_SIZE], *argv[COUNT + 1] = {NULL};
    struct settings *s = miner_options_create();

    (void)state;
    _Static_assert(sizeof(left) / sizeof(*left) == COUNT, "one for each");
    assert_non_null(s);
    for (int i = 0; i < COUNT; i++)
        argv[i] = words[i];
    if (!miner_options_read(s, COUNT, argv, error))
        fail_msg("%s", error);
    for (int i = 0; i < COUNT; i++) {
        char shown[64];
        size_t size = 0;

        for (const char *at = words[i]; *at; at++)
            if (*at != '*' || at == words[i] || at[-1] != '*')
                shown[size++] = *at;
        shown[size] = '\0';
        assert_string_equal(shown, left[i]);
    }
    assert_string_equal(settings_list(s, "url", 0), "stratum+tcp://user:pa/ss@w@host:1");
    settings_destroy(s);
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void pools(void **state)
{
    char error[MINER_SOURCES_ERROR_SIZE];
    struct miner_sources sources;
    struct settings *s;

    (void)state;
    assert_true(read_both(&s, &sources,
                          WORDS("-o", "stratum+tcp://a:1", "-o", "STRATUM+SSL://b:2", "-u", "w1",
                                "-u", "w2", "-p", "x", "--quota", "3"),
                          NULL, error));
    assert_true(sources.pools);
    assert_int_equal(sources.count, 2);
    assert_string_equal(sources.pool[1].url, "STRATUM+SSL://b:2");
    assert_string_equal(sources.pool[0].user, "w1");
    assert_string_equal(sources.pool[1].user, "w2");
    assert_string_equal(sources.pool[1].password, "x");
    assert_int_equal(sources.pool[0].quota, 3);
    assert_int_equal(sources.pool[1].quota, 1);
    miner_sources_free(&sources);
    settings_destroy(s);
    assert_true(
        read_both(&s, &sources, WORDS("-o", "stratum+tcp://a:1", "-O", "w:p:q"), NULL, error));
    assert_string_equal(sources.pool[0].user, "w");
    assert_string_equal(sources.pool[0].password, "p:q");
    miner_sources_free(&sources);
    settings_destroy(s);
}

static void pools_of_a_file(void **state)
{
    static const char yaml[] = "pool:\n  url: [stratum+tcp://a:1, stratum+tcp://b:2]\n"
                               "  user: w\n  password: [x, y]\n";
    char error[MINER_SOURCES_ERROR_SIZE];
    struct miner_sources sources;
    struct settings *s;

    (void)state;
    assert_true(read_both(&s, &sources, NULL, yaml, error));
    assert_true(sources.pools && sources.count == 2);
    assert_string_equal(sources.pool[1].user, "w");
    assert_string_equal(sources.pool[1].password, "y");
    miner_sources_free(&sources);
    settings_destroy(s);
    /* The command line goes before. */
    assert_true(read_both(&s, &sources, WORDS("-o", "stratum+tcp://c:3", "-u", "me"), yaml, error));
    assert_int_equal(sources.count, 1);
    assert_string_equal(sources.pool[0].url, "stratum+tcp://c:3");
    assert_string_equal(sources.pool[0].user, "me");
    assert_null(sources.pool[0].password);
    miner_sources_free(&sources);
    settings_destroy(s);
}

static void nodes(void **state)
{
    char error[MINER_SOURCES_ERROR_SIZE];
    struct miner_sources sources;
    struct settings *s;

    (void)state;
    assert_true(read_both(&s, &sources,
                          WORDS("-o", "http://a/", "-o", "b:2", "--cookie", "c", "-x",
                                "socks5://p:1", "--cert", "f", "--nocheck-cert"),
                          NULL, error));
    assert_true(!sources.pools && sources.count == 2);
    assert_string_equal(sources.node[1].rpc.url, "b:2");
    assert_string_equal(sources.node[1].rpc.cookie_file, "c");
    assert_string_equal(sources.node[0].rpc.proxy, "socks5://p:1");
    assert_string_equal(sources.node[0].rpc.ca_file, "f");
    assert_true(sources.node[0].rpc.any_certificate);
    assert_int_equal(sources.node[0].rpc.default_port, 1234);
    miner_sources_free(&sources);
    settings_destroy(s);
    assert_true(read_both(&s, &sources, NULL, NULL, error));
    assert_int_equal(sources.count, 0);
    miner_sources_free(&sources);
    settings_destroy(s);
}

static void what_makes_no_sense(void **state)
{
    const char *many[2 * SOLO_MAX_NODES + 3] = {NULL};

    (void)state;
    expect_error(WORDS("-o", "http://a/", "-o", "stratum+tcp://b:1"), NULL, "one of the two");
    expect_error(WORDS("-o", "stratum+tcp://b:1", "-o", "a:1"), NULL, "one of the two");
    expect_error(NULL, "rpc:\n  url: a\npool:\n  url: stratum+tcp://b:1\n", "exclude each other");
    expect_error(NULL, "pool:\n  url: http://a/\n", "rpc.url");
    expect_error(WORDS("-o", "stratum+tcp://b:1", "-O", "x"), NULL, "colon");
    expect_error(WORDS("-o", "stratum+tcp://b:1", "--quota", "0"), NULL, "--quota");
    expect_error(WORDS("-o", "stratum+tcp://b:1", "--quota", "1x"), NULL, "--quota");
    for (size_t i = 0; i < 2 * (SOLO_MAX_NODES + 1); i++)
        many[i] = i % 2 ? "http://a/" : "-o";
    expect_error(many, NULL, "more than 16 times");
}

static void strategies(void **state)
{
    static const struct {
        const char *option, *name;
        enum stratum_strategy strategy;
    } cases[] = {{"failover", "Failover", STRATUM_FAILOVER},
                 {"Load-Balance", "Load Balance", STRATUM_LOAD_BALANCE},
                 {"round-robin", "Round Robin", STRATUM_ROUND_ROBIN},
                 {"other", NULL, STRATUM_FAILOVER}};
    char error[MINER_SOURCES_ERROR_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct miner_sources sources;
        enum stratum_strategy strategy = STRATUM_FAILOVER;
        const char *name = NULL;
        struct settings *s;

        read_both(&s, &sources, WORDS("--pool-strategy", cases[i].option), NULL, error);
        assert_int_equal(miner_sources_strategy(&strategy, &name, s), cases[i].name != NULL);
        assert_int_equal(strategy, cases[i].strategy);
        if (cases[i].name)
            assert_string_equal(name, cases[i].name);
        miner_sources_free(&sources);
        settings_destroy(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passwords_are_overwritten), cmocka_unit_test(pools),
        cmocka_unit_test(pools_of_a_file),           cmocka_unit_test(nodes),
        cmocka_unit_test(what_makes_no_sense),       cmocka_unit_test(strategies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
