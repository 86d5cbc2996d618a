/* URLs of pools and proxies, and SOCKS5 byte by byte. */
#include "tests/unit/mining/support.h"

#include "mining/connection_socks5.h"
#include "mining/connection_url.h"
#include "mining/stratum.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *text, *scheme, *user, *password, *host;
    uint16_t port;
    const char *name;
} good_urls[] = {
    {"stratum+tcp://pool.example:3333", "stratum+tcp", NULL, NULL, "pool.example", 3333,
     "stratum+tcp://pool.example:3333"},
    {"STRATUM+SSL://Pool.Example:1/", "stratum+ssl", NULL, NULL, "Pool.Example", 1,
     "stratum+ssl://Pool.Example:1"},
    {"socks5h://me:secret@[::1]:65535", "socks5h", "me", "secret", "::1", 65535,
     "socks5h://[::1]:65535"},
    {"a://u%40x:p%3A%2f@1.2.3.4:5", "a", "u@x", "p:/", "1.2.3.4", 5, "a://1.2.3.4:5"},
    {"a://u@v/w:x@h:5", "a", "u@v/w", "x", "h", 5, "a://h:5"},
    {"a://:@h:5", "a", "", "", "h", 5, "a://h:5"},
    {"a://u@h:5", "a", "u", NULL, "h", 5, "a://h:5"},
    {"a://u:p:q@h:5", "a", "u", "p:q", "h", 5, "a://h:5"},
    {"a://[fe80::1%eth0]:5", "a", NULL, NULL, "fe80::1%eth0", 5, "a://[fe80::1%eth0]:5"},
};

static void good_urls_are_read(void **state)
{
    char error[CONNECTION_URL_ERROR_SIZE], name[128];

    (void)state;
    for (size_t i = 0; i < sizeof(good_urls) / sizeof(*good_urls); i++) {
        struct connection_url url;

        if (!connection_url_parse(&url, good_urls[i].text, error))
            fail_msg("%s: %s", good_urls[i].text, error);
        assert_string_equal(url.scheme, good_urls[i].scheme);
        assert_string_equal(url.host, good_urls[i].host);
        assert_int_equal(url.port, good_urls[i].port);
        assert_int_equal(url.has_user, good_urls[i].user != NULL);
        assert_int_equal(url.has_password, good_urls[i].password != NULL);
        assert_string_equal(url.user, good_urls[i].user ? good_urls[i].user : "");
        assert_string_equal(url.password, good_urls[i].password ? good_urls[i].password : "");
        connection_url_name(name, sizeof(name), &url);
        assert_string_equal(name, good_urls[i].name);
    }
}

static void bad_urls_are_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "pool.example:3333",
        "://h:5",
        "a://",
        "a://h",
        "a://h:",
        "a://h:0",
        "a://h:65536",
        "a://h:123456",
        "a://h:5x",
        "a://h:5//",
        "a://h:5/path",
        "a://:5",
        "a://@:5",
        "a://[::1]",
        "a://[::1:5",
        "a://[]:5",
        "a://::1:5",
        "a://h h:5",
        "a://h\n:5",
        "a://u%:5@h:5",
        "a://u%0@h:5",
        "a://u%00@h:5",
        "a://u%zz@h:5",
        "a://u\x01@h:5",
        "abcdefghijklmnopq://h:5",
        "a://h:-5",
        "a://u@",
        "a://h?x:5",
    };
    char error[CONNECTION_URL_ERROR_SIZE], text[CONNECTION_HOST_SIZE + 16];
    struct connection_url url;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        *error = '\0';
        if (connection_url_parse(&url, texts[i], error))
            fail_msg("%s is taken", texts[i]);
        assert_true(*error);
    }
    for (size_t over = 0; over <= 1; over++) {
        size_t size = CONNECTION_HOST_SIZE - 1 + over;

        memcpy(text, "a://", 4);
        memset(text + 4, 'h', size);
        memcpy(text + 4 + size, ":5", 3);
        assert_int_equal(connection_url_parse(&url, text, error), !over);
    }
}

static void pools_are_told_from_nodes(void **state)
{
    (void)state;
    assert_true(stratum_is_url("stratum+tcp://h:5"));
    assert_true(stratum_is_url("Stratum+SSL://h:5"));
    assert_true(stratum_is_url("stratum://h:5"));
    assert_false(stratum_is_url("stratum"));
    assert_false(stratum_is_url("http://h:5"));
    assert_false(stratum_is_url(""));
}

/* What a proxy says, what the client says to each part, and how it ends. Hexadecimal, a space between parts. */
static const struct {
    const char *user, *password, *name;
    const char *proxy, *client;
    enum socks5_step end;
    const char *error;
} dialogues[] = {
    {NULL, NULL, "pool.example", "0500 05000001010203040d05",
     "050100 050100030c706f6f6c2e6578616d706c650d05", SOCKS5_DONE, NULL},
    {NULL, NULL, NULL, "0500 050000040000000000000000000000000000000000aa",
     "050100 05010001010203040d05", SOCKS5_DONE, NULL},
    {"me", "pw", NULL, "0502 0100 0500000302686900aa",
     "05020002 01026d65027077 05010001010203040d05", SOCKS5_DONE, NULL},
    {"me", NULL, NULL, "0500 050000030000aa", "05020002 05010001010203040d05", SOCKS5_DONE, NULL},
    {"me", "pw", NULL, "0502 0101", "05020002 01026d65027077", SOCKS5_FAILED, "refuses user"},
    {"me", "pw", NULL, "05ff", "05020002", SOCKS5_FAILED, "neither no login"},
    {NULL, NULL, NULL, "05ff", "050100", SOCKS5_FAILED, "wants a login"},
    {NULL, NULL, NULL, "0502", "050100", SOCKS5_FAILED, "not offered"},
    {NULL, NULL, NULL, "0501", "050100", SOCKS5_FAILED, "not offered"},
    {NULL, NULL, NULL, "0400", "050100", SOCKS5_FAILED, "does not speak"},
    {NULL, NULL, NULL, "4854", "050100", SOCKS5_FAILED, "does not speak"},
    {NULL, NULL, NULL, "0500 0505", "050100 05010001010203040d05", SOCKS5_FAILED, "refused"},
    {NULL, NULL, NULL, "0500 0504000100000000", "050100 05010001010203040d05", SOCKS5_FAILED,
     "can't reach the host"},
    {NULL, NULL, NULL, "0500 05ff", "050100 05010001010203040d05", SOCKS5_FAILED, "failed"},
    {NULL, NULL, NULL, "0500 0500000901", "050100 05010001010203040d05", SOCKS5_FAILED,
     "makes no sense"},
    {NULL, NULL, NULL, "0500 0400000101", "050100 05010001010203040d05", SOCKS5_FAILED,
     "does not speak"},
};

static uint8_t byte_of(const char *hex)
{
    unsigned value = 0;

    for (size_t i = 0; i < 2; i++)
        value = value << 4 | (unsigned)(hex[i] <= '9' ? hex[i] - '0' : hex[i] - 'a' + 10);
    return (uint8_t)value;
}

/* Appends what the client has to send to said. */
static void note(struct socks5 *s, char *said, size_t size)
{
    size_t at = strlen(said);

    if (s->out_size && at)
        said[at++] = ' ';
    for (size_t i = 0; i < s->out_size; i++)
        at += (size_t)snprintf(said + at, size - at, "%02x", s->out[i]);
    s->out_size = 0;
}

static void socks5_is_spoken(void **state)
{
    static const uint8_t address[] = {1, 2, 3, 4};

    (void)state;
    for (size_t i = 0; i < sizeof(dialogues) / sizeof(*dialogues); i++) {
        const struct socks5_login login = {dialogues[i].user, dialogues[i].password};
        const struct socks5_target target = {.address =
                                                 bytes_of(address, dialogues[i].name ? 0 : 4),
                                             .name = dialogues[i].name,
                                             .port = 3333};
        enum socks5_step step = SOCKS5_MORE;
        char said[1024] = "";
        struct socks5 s;

        socks5_start(&s, &login, &target);
        note(&s, said, sizeof(said));
        for (const char *c = dialogues[i].proxy; *c && step == SOCKS5_MORE; c += 2) {
            uint8_t byte;

            c += *c == ' ';
            byte = byte_of(c);
            assert_true(socks5_wants(&s) >= 1);
            step = socks5_take(&s, bytes_of(&byte, 1));
            note(&s, said, sizeof(said));
        }
        if (step != dialogues[i].end || strcmp(said, dialogues[i].client) != 0)
            fail_msg("case %zu: %d, %s", i, step, said);
        if (step == SOCKS5_DONE)
            assert_int_equal(socks5_wants(&s), 0);
        if (dialogues[i].error && !strstr(s.error, dialogues[i].error))
            fail_msg("case %zu: %s", i, s.error);
    }
}

static void the_longest_login_fits(void **state)
{
    char text[256];
    const struct socks5_login login = {text, text};
    const struct socks5_target target = {.name = text, .port = 1};
    const uint8_t method[] = {5, 2}, good[] = {1, 0};
    struct socks5 s;

    (void)state;
    memset(text, 'x', 255);
    text[255] = '\0';
    socks5_start(&s, &login, &target);
    s.out_size = 0;
    assert_int_equal(socks5_take(&s, bytes_of(method, 2)), SOCKS5_MORE);
    assert_int_equal(s.out_size, 3 + 255 + 255);
    s.out_size = 0;
    assert_int_equal(socks5_take(&s, bytes_of(good, 2)), SOCKS5_MORE);
    assert_int_equal(s.out_size, 4 + 1 + 255 + 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_urls_are_read),        cmocka_unit_test(bad_urls_are_refused),
        cmocka_unit_test(pools_are_told_from_nodes), cmocka_unit_test(socks5_is_spoken),
        cmocka_unit_test(the_longest_login_fits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
