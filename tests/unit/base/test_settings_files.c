/* Settings from YAML and bitcoin.conf, and which source goes before which. */
#include "base/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

static const struct setting table[] = {
    {.name = "chain", .path = "network", .type = SETTING_STRING, .fallback = "main", .help = "C"},
    {.name = "server", .path = "rpc.enabled", .type = SETTING_BOOL, .help = "Serve"},
    {.name = "rpcport",
     .path = "rpc.port",
     .type = SETTING_INT,
     .min = 1,
     .max = 65535,
     .fallback = "8332",
     .help = "Port",
     .flags = SETTING_NETWORK},
    {.name = "rpcallowip", .path = "rpc.allow", .type = SETTING_LIST, .help = "Allowed"},
    {.name = "rpcpassword",
     .path = "rpc.password",
     .type = SETTING_STRING,
     .help = "Password",
     .flags = SETTING_SECRET},
    {.name = "prune",
     .path = "storage.prune",
     .type = SETTING_INT,
     .min = 0,
     .max = 1000000,
     .help = "Prune"},
    {.name = "dbcache",
     .path = "performance.db_cache",
     .type = SETTING_INT,
     .min = 4,
     .max = 65536,
     .fallback = "450",
     .help = "Cache"},
    {.name = "budget", .path = "mining.cpu.budget", .type = SETTING_PERCENT, .help = "Budget"},
    {.name = "pool",
     .path = "mining.pools",
     .type = SETTING_LIST,
     .fallback = "none",
     .help = "Pools",
     .flags = SETTING_REPLACES},
    {.name = "testname", .type = SETTING_STRING, .help = "Without a path"},
};

static struct settings *create(void)
{
    struct settings *s = settings_create(table, sizeof table / sizeof *table);

    assert_non_null(s);
    return s;
}

static bool read_yaml(struct settings *s, const char *text)
{
    return settings_read_yaml(s, "config.yaml", bytes_of(text, strlen(text)));
}

static bool read_conf(struct settings *s, const char *text)
{
    return settings_read_conf(s, "bitcoin.conf", bytes_of(text, strlen(text)));
}

static bool read_argument(struct settings *s, const char *text)
{
    char *copy = strdup(text);
    char *argv[] = {(char[]){"program"}, copy};
    bool good = settings_read_arguments(s, 2, argv, SETTINGS_MIXED);

    free(copy);
    return good;
}

/* The form of the operator's guide. */
static void reads_yaml(void **state)
{
    struct settings *s = create();

    (void)state;
    assert_true(read_yaml(s, "# config.yaml\n"
                             "network: regtest\n"
                             "rpc:\n"
                             "  enabled: true\n"
                             "  port: 18443   # a comment\n"
                             "  allow:\n"
                             "    - 127.0.0.1\n"
                             "    - \"::1\"\n"
                             "  password: 'with: colon # and hash'\n"
                             "\n"
                             "performance:\n"
                             "  db_cache: 0x200\n"
                             "storage:\n"
                             "  prune: false\n"
                             "mining:\n"
                             "  cpu: {budget: 40%}\n"
                             "  pools: [a, b]\n"
                             "testname: \"\"\n"));
    assert_string_equal(settings_string(s, "chain"), "regtest");
    assert_true(settings_bool(s, "server"));
    assert_true(settings_int(s, "rpcport") == 18443);
    assert_string_equal(settings_source(s, "rpcport"), "config.yaml:5");
    assert_int_equal(settings_list_size(s, "rpcallowip"), 2);
    assert_string_equal(settings_list(s, "rpcallowip", 0), "127.0.0.1");
    assert_string_equal(settings_list(s, "rpcallowip", 1), "::1");
    assert_string_equal(settings_source(s, "rpcallowip"), "config.yaml:7");
    assert_string_equal(settings_string(s, "rpcpassword"), "with: colon # and hash");
    assert_true(settings_int(s, "dbcache") == 512);
    assert_true(settings_int(s, "prune") == 0);
    assert_true(settings_given(s, "prune"));
    assert_true(settings_double(s, "budget") == 40);
    assert_int_equal(settings_list_size(s, "pool"), 2);
    assert_true(settings_given(s, "testname"));
    settings_destroy(s);
}

static void takes_small_yaml(void **state)
{
    static const char *const texts[] = {
        "",
        "# nothing\n",
        "---\n",
        "---\n...\n",
        "~",
        "{}",
        "rpc:\n",
        "rpc: {}",
        "rpc: ~",
        "rpc.port: 1\n",
        "rpc:\n  allow: []\n",
        "rpc:\n  allow: one\n",
        "rpc: {port: 1, enabled: 0}\n",
        "\xef\xbb\xbfrpc.port: 1\r\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct settings *s = create();

        print_message("%zu\n", i);
        assert_true(read_yaml(s, texts[i]));
        settings_destroy(s);
    }
}

static void explains_yaml_errors(void **state)
{
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"rpc:\n  port: 70000\n", "config.yaml:2: rpc.port: 70000 is not within 1 to 65535"},
        {"rpc:\n  port: x\n",
         "config.yaml:2: rpc.port: \"x\" is not a whole number within 1 to 65535"},
        {"rpc:\n  prot: 1\n", "config.yaml:2: unknown setting rpc.prot; did you mean rpc.port?"},
        {"rcp:\n  port: 1\n", "config.yaml:1: unknown setting rcp"},
        {"xyz: 1", "config.yaml:1: unknown setting xyz"},
        {"rpc:\n  port: 1\n  port: 1\n", "config.yaml:3: rpc.port is given twice, first in line 2"},
        {"rpc:\n  port: 1\nrpc:\n  enabled: 1\n",
         "config.yaml:3: rpc is given twice, first in line 1"},
        {"rpc:\n  port: 1\nrpc.port: 2\n",
         "config.yaml:3: rpc.port is given twice, first in line 2"},
        {"rpc:\n  port:\n", "config.yaml:2: rpc.port: has no value"},
        {"rpc:\n  port: ~\n", "config.yaml:2: rpc.port: has no value"},
        {"rpc: 1\n", "config.yaml:1: rpc: settings must follow, not a value"},
        {"rpc:\n  port:\n    x: 1\n",
         "config.yaml:3: rpc.port: a value must follow, not further settings"},
        {"rpc:\n  port: [1]\n", "config.yaml:2: rpc.port: a sequence where none can be"},
        {"rpc:\n  allow:\n    - [1]\n", "config.yaml:3: rpc.allow: a sequence where none can be"},
        {"rpc:\n  allow:\n    - a: b\n",
         "config.yaml:3: rpc.allow: a mapping where a text must be"},
        {"rpc:\n  allow:\n    -\n", "config.yaml:3: rpc.allow: has no value"},
        {"- a\n", "config.yaml:1: a sequence where none can be"},
        {"text\n", "config.yaml:1: not a mapping of settings"},
        {"network: &a x\nrpc:\n  password: *a\n",
         "config.yaml:3: rpc.password: aliases are not supported"},
        {"{? [a]: b}", "config.yaml:1: a sequence where none can be"},
        {"{? {a: b}: c}", "config.yaml:1: a mapping where a text must be"},
        {"*a: b\n", "config.yaml:1: aliases are not supported"},
        {"\"\": b\n", "config.yaml:1: an empty key, or one that is no text"},
        {"network: a\n---\nnetwork: b\n", "config.yaml:2: a second document"},
        {"network: \"a\\0b\"\n", "config.yaml:1: network: a value with a zero byte in it"},
        {"\"netw\\0ork\": a\n", "config.yaml:1: an empty key, or one that is no text"},
        {"network: [a\n", "config.yaml:1: network: a sequence where none can be"},
        {"rpc:\n\tport: 1\n",
         "config.yaml:2: not YAML: found character that cannot start any token"},
        {"network: 'a\n", "config.yaml:2: not YAML: found unexpected end of stream"},
        {"network: \xff\n", "config.yaml:1: not YAML: invalid leading UTF-8 octet at byte 9"},
        {"rpc:\n  password: &a\n    - hunter2\n",
         "config.yaml:2: rpc.password: a sequence where none can be"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct settings *s = create();

        print_message("%zu\n", i);
        assert_false(read_yaml(s, cases[i].text));
        assert_string_equal(settings_error(s), cases[i].error);
        settings_destroy(s);
    }
}

static void reads_conf(void **state)
{
    struct settings *s = create();

    (void)state;
    assert_true(read_conf(s, "# a comment\r\n"
                             "server=1 # another\n"
                             "\n"
                             "  rpcport = 1234\t\n"
                             "rpcallowip=10.0.0.1\n"
                             "rpcallowip=10.0.0.2\n"
                             "rpcpassword=a=b\n"
                             "noprune=1\n"
                             "chain=\n"
                             "testname=last line without its end"));
    assert_true(settings_bool(s, "server"));
    assert_true(settings_int(s, "rpcport") == 1234);
    assert_string_equal(settings_source(s, "rpcport"), "bitcoin.conf:4");
    assert_int_equal(settings_list_size(s, "rpcallowip"), 2);
    assert_string_equal(settings_list(s, "rpcallowip", 1), "10.0.0.2");
    assert_string_equal(settings_string(s, "rpcpassword"), "a=b");
    assert_true(settings_int(s, "prune") == 0);
    assert_string_equal(settings_string(s, "chain"), "");
    assert_string_equal(settings_string(s, "testname"), "last line without its end");
    assert_null(settings_warning(s, 0));
    settings_destroy(s);
}

static void explains_conf_errors(void **state)
{
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"\n-server=1\n",
         "bitcoin.conf:2: settings in a configuration file have no dash before them"},
        {"server\n", "bitcoin.conf:1: \"server\" has no value: server=VALUE"},
        {"rpcpassword hunter2\n",
         "bitcoin.conf:1: \"rpcpassword\" has no value: rpcpassword=VALUE"},
        {"rpcpassword:hunter2\n",
         "bitcoin.conf:1: \"rpcpassword\" has no value: rpcpassword=VALUE"},
        {"rpcport=0\n", "bitcoin.conf:1: rpcport: 0 is not within 1 to 65535"},
        {"norpcport=1\n", "bitcoin.conf:1: norpcport: 0 is not within 1 to 65535"},
        {"regtest.rpcport=0\n", "bitcoin.conf:1: regtest.rpcport: 0 is not within 1 to 65535"},
        {"server=\nrpcport=x\n",
         "bitcoin.conf:2: rpcport: \"x\" is not a whole number within 1 to 65535"},
        {"server=maybe\n", "bitcoin.conf:1: server: \"maybe\" is not a yes or no (1 or 0)"},
        {"rpcpassword=a#b\n", "bitcoin.conf:1: rpcpassword: a # in it, or behind it, is ambiguous"},
        {"includeconf=x\n", "bitcoin.conf:1: includeconf is not supported: copy the lines of that "
                            "file to this one"},
    };
    struct settings *s;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        s = create();
        assert_false(read_conf(s, cases[i].text));
        assert_string_equal(settings_error(s), cases[i].error);
        settings_destroy(s);
    }
    s = create();
    assert_false(settings_read_conf(s, "bitcoin.conf", bytes_of("server=1\0", 9)));
    assert_string_equal(settings_error(s), "bitcoin.conf: a zero byte in it: not a text");
    settings_destroy(s);
}

static void warns_of_what_it_ignores(void **state)
{
    struct settings *s = create();

    (void)state;
    assert_true(read_conf(s, "serve=1\nxyzzy=1\n[regtst]\nserver=1\n[test]\nrpcprt=1\n=1\n"));
    assert_string_equal(settings_warning(s, 0),
                        "bitcoin.conf:1: unknown setting serve is ignored; did you mean server?");
    assert_string_equal(settings_warning(s, 1), "bitcoin.conf:2: unknown setting xyzzy is ignored");
    assert_string_equal(settings_warning(s, 2),
                        "bitcoin.conf:3: section [regtst] is not recognized");
    assert_string_equal(settings_warning(s, 3),
                        "bitcoin.conf:6: unknown setting rpcprt is ignored; did you mean rpcport?");
    assert_string_equal(settings_warning(s, 4), "bitcoin.conf:7: unknown setting  is ignored");
    assert_null(settings_warning(s, 5));
    assert_false(settings_bool(s, "server"));
    settings_destroy(s);
}

static void honours_sections(void **state)
{
    struct settings *s = create();

    (void)state;
    assert_true(read_conf(s, "rpcport=1\ndbcache=10\nregtest.dbcache=11\nrpcallowip=all\n"
                             "[main]\nrpcport=2\n"
                             "[test]\nrpcport=3\nrpcallowip=t\n"
                             "[regtest]\nrpcallowip=r\ntest.prune=7\n"));
    assert_true(settings_int(s, "rpcport") == 2);
    assert_true(settings_int(s, "dbcache") == 10);
    assert_int_equal(settings_list_size(s, "rpcallowip"), 1);
    settings_select_section(s, "test");
    assert_true(settings_int(s, "rpcport") == 3);
    assert_true(settings_int(s, "prune") == 7);
    assert_int_equal(settings_list_size(s, "rpcallowip"), 2);
    assert_string_equal(settings_list(s, "rpcallowip", 0), "t");
    assert_string_equal(settings_list(s, "rpcallowip", 1), "all");
    settings_select_section(s, "regtest"); /* outside sections, the port is for main alone */
    assert_true(settings_int(s, "rpcport") == 8332);
    assert_string_equal(settings_source(s, "rpcport"), "default");
    assert_true(settings_int(s, "dbcache") == 11);
    assert_true(settings_int(s, "prune") == 0);
    assert_string_equal(settings_list(s, "rpcallowip", 0), "r");
    settings_destroy(s);
}

/* Of a file the first counts, of the command line the last; a negation voids what came before. */
static void chooses_as_core(void **state)
{
    struct settings *s = create();

    (void)state;
    assert_true(read_conf(s, "dbcache=10\ndbcache=11\n"
                             "chain=a\nnochain=1\nchain=b\nchain=c\n"
                             "server=1\nnoserver=1\n"
                             "rpcallowip=a\nnorpcallowip=1\nrpcallowip=b\n"));
    assert_true(settings_int(s, "dbcache") == 10);
    assert_string_equal(settings_string(s, "chain"), "b");
    assert_false(settings_bool(s, "server"));
    assert_int_equal(settings_list_size(s, "rpcallowip"), 1);
    assert_string_equal(settings_list(s, "rpcallowip", 0), "b");
    assert_true(read_argument(s, "-dbcache=20"));
    assert_true(read_argument(s, "-dbcache=21"));
    assert_true(settings_int(s, "dbcache") == 21);
    assert_true(read_argument(s, "-rpcallowip=c"));
    assert_string_equal(settings_list(s, "rpcallowip", 0), "c");
    assert_string_equal(settings_list(s, "rpcallowip", 1), "b");
    assert_true(read_argument(s, "-norpcallowip"));
    assert_int_equal(settings_list_size(s, "rpcallowip"), 0);
    assert_string_equal(settings_source(s, "rpcallowip"), "command line");
    settings_destroy(s);
}

static void orders_sources(void **state)
{
    struct settings *s = create();

    (void)state;
    assert_string_equal(settings_list(s, "pool", 0), "none");
    assert_null(settings_list(s, "pool", 1));
    assert_true(read_yaml(s, "performance: {db_cache: 100}\nmining: {pools: [a, b]}\n"
                             "rpc: {allow: [y]}\n"));
    assert_true(read_conf(s, "dbcache=200\nserver=1\npool=c\nrpcallowip=z\n"));
    assert_true(settings_int(s, "dbcache") == 100);
    assert_true(settings_bool(s, "server"));
    assert_int_equal(settings_list_size(s, "pool"), 2);
    assert_int_equal(settings_list_size(s, "rpcallowip"), 2);
    assert_true(read_argument(s, "-pool=d"));
    assert_true(read_argument(s, "-dbcache=300"));
    assert_true(read_argument(s, "-rpcallowip=x"));
    assert_int_equal(settings_list_size(s, "pool"), 1);
    assert_string_equal(settings_list(s, "pool", 0), "d");
    assert_int_equal(settings_list_size(s, "rpcallowip"), 3);
    assert_string_equal(settings_list(s, "rpcallowip", 0), "x");
    assert_string_equal(settings_list(s, "rpcallowip", 1), "y");
    assert_string_equal(settings_list(s, "rpcallowip", 2), "z");
    assert_true(settings_int(s, "dbcache") == 300);
    assert_true(read_argument(s, "-nopool"));
    assert_null(settings_list(s, "pool", 0)); /* nor the default */
    settings_destroy(s);
}

static void write_file(const char *path, const void *data, size_t size)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void reads_files(void **state)
{
    char folder[] = "/tmp/test_settings.XXXXXX";
    char path[64], yaml[64], expected[200];
    struct settings *s = create();
    char *large = malloc(SETTINGS_FILE_SIZE_MAX + 1);

    (void)state;
    assert_non_null(large);
    memset(large, '\n', SETTINGS_FILE_SIZE_MAX + 1);
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/file", folder);
    snprintf(yaml, sizeof yaml, "%s/file.yml", folder);

    write_file(path, "server=1\nfoo=1\n", 15);
    assert_true(settings_read_conf_file(s, path));
    snprintf(expected, sizeof expected, "%s:1", path);
    assert_string_equal(settings_source(s, "server"), expected);
    write_file(path, "network: x\n", 11);
    assert_true(settings_read_yaml_file(s, path));
    assert_string_equal(settings_string(s, "chain"), "x");

    write_file(path, large, SETTINGS_FILE_SIZE_MAX);
    assert_true(settings_read_yaml_file(s, path));
    assert_true(settings_read_conf_file(s, path));
    write_file(path, large, SETTINGS_FILE_SIZE_MAX + 1);
    snprintf(expected, sizeof expected, "%s: more than 1048576 bytes", path);
    assert_false(settings_read_yaml_file(s, path));
    assert_string_equal(settings_error(s), expected);
    assert_false(settings_read_conf_file(s, path));
    assert_string_equal(settings_error(s), expected);

    assert_true(rename(path, yaml) == 0);
    write_file(yaml, "network: y\n", 11);
    assert_true(settings_read_file(s, yaml));
    assert_false(settings_read_conf_file(s, yaml));
    unlink(yaml);
    write_file(path, "server=1\n", 9);
    assert_true(settings_read_file(s, path));
    assert_false(settings_read_yaml_file(s, path));

    unlink(path);
    snprintf(expected, sizeof expected, "%s: cannot be opened: No such file or directory", path);
    assert_false(settings_read_yaml_file(s, path));
    assert_string_equal(settings_error(s), expected);
    snprintf(expected, sizeof expected, "%s: cannot be read: Is a directory", folder);
    assert_false(settings_read_conf_file(s, folder));
    assert_string_equal(settings_error(s), expected);
    rmdir(folder);
    free(large);
    settings_destroy(s);
}

/* Brackets without end, and a mapping in a mapping: refused at once, not digested. */
static void survives_nesting(void **state)
{
    static const char *const units[] = {"[", "{a: ", "- ", "? ", "rpc: {", "!!x ", "&a "};
    char *text = malloc(SETTINGS_FILE_SIZE_MAX);

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        struct settings *s = create();
        size_t unit = strlen(units[i]);

        for (size_t j = 0; j < SETTINGS_FILE_SIZE_MAX; j++)
            text[j] = units[i][j % unit];
        assert_false(settings_read_yaml(s, "deep", bytes_of(text, SETTINGS_FILE_SIZE_MAX)));
        settings_destroy(s);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_yaml),           cmocka_unit_test(takes_small_yaml),
        cmocka_unit_test(explains_yaml_errors), cmocka_unit_test(reads_conf),
        cmocka_unit_test(explains_conf_errors), cmocka_unit_test(warns_of_what_it_ignores),
        cmocka_unit_test(honours_sections),     cmocka_unit_test(chooses_as_core),
        cmocka_unit_test(orders_sources),       cmocka_unit_test(reads_files),
        cmocka_unit_test(survives_nesting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
