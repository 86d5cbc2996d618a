#include "mining/api_impl.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

struct api {
    struct api_access access;
    struct api_source source;
    struct server *server;
    struct log *log;
};

static bool refuse(char *error, struct bytes rule, const char *why)
{
    snprintf(error, API_ERROR_SIZE, "\"%.*s\" %s", rule.size < 80 ? (int)rule.size : 80,
             (const char *)rule.data, why);
    return false;
}

/* "10.0" is 10.0.0.0, as cgminer has it. */
static bool parse_ipv4(uint8_t out[static 16], const char *text)
{
    char padded[64];
    int dots = 0;

    for (const char *at = text; *at; at++)
        dots += *at == '.';
    if (dots > 3 || strlen(text) > 15)
        return false;
    snprintf(padded, sizeof(padded), "%s%s", text, &".0.0.0"[2 * dots]);
    memset(out, 0, 10);
    memset(out + 10, 0xff, 2);
    return inet_pton(AF_INET, padded, out + 12) == 1;
}

/* The number behind a slash, at most most; false where it is none. */
static bool parse_bits(unsigned *bits, const char *text, unsigned most)
{
    *bits = 0;
    if (!*text || strlen(text) > 3)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        *bits = *bits * 10 + (unsigned)(*text - '0');
    }
    return *bits <= most;
}

static bool parse_rule(struct api_rule *rule, struct bytes text, char *error)
{
    char copy[64], *address = copy, *slash;
    bool six;

    if (text.size >= sizeof(copy))
        return refuse(error, text, "is too long for an address");
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    *rule = (struct api_rule){.privileged = false};
    if (copy[0] && copy[1] == ':') {
        rule->privileged = copy[0] == 'W' || copy[0] == 'w';
        if (!rule->privileged && copy[0] != 'R' && copy[0] != 'r')
            return refuse(error, text, "has a group that is neither R nor W");
        address += 2;
    }
    if (!strcmp(address, "0/0"))
        return true;
    slash = strchr(address, '/');
    if (slash)
        *slash = '\0';
    six = *address == '[';
    if (six) {
        size_t size = strlen(address);

        if (address[size - 1] != ']')
            return refuse(error, text, "has no bracket at its address's end");
        address[size - 1] = '\0';
        address++;
    }
    if (six ? inet_pton(AF_INET6, address, rule->address) != 1
            : !parse_ipv4(rule->address, address))
        return refuse(error, text, "holds no address (IPv6 ones stand in brackets)");
    rule->bits = 128;
    if (slash && !parse_bits(&rule->bits, slash + 1, six ? 128 : 32))
        return refuse(error, text, "has no number of bits behind its slash");
    if (slash && !six)
        rule->bits += 96;
    return true;
}

bool api_access_parse(struct api_access *access, const char *text,
                      char error[static API_ERROR_SIZE])
{
    *access = (struct api_access){.count = 0};
    while (*text) {
        struct bytes rule;

        text += strspn(text, " \t,");
        rule = bytes_of(text, strcspn(text, " \t,"));
        if (rule.size == 0)
            break;
        if (access->count == API_MAX_RULES)
            return refuse(error, rule, "is one rule too many");
        if (!parse_rule(&access->rule[access->count++], rule, error))
            return false;
        text += rule.size;
    }
    if (access->count == 0)
        return refuse(error, bytes_of("", 0), "allows nobody");
    return true;
}

enum api_right api_access_of(const struct api_access *access, const uint8_t address[static 16])
{
    for (size_t i = 0; i < access->count; i++) {
        const struct api_rule *rule = &access->rule[i];
        unsigned whole = rule->bits / 8, rest = rule->bits % 8;

        if (memcmp(rule->address, address, whole) == 0 &&
            (rest == 0 || (rule->address[whole] ^ address[whole]) >> (8 - rest) == 0))
            return rule->privileged ? API_WRITE : API_READ;
    }
    return API_NONE;
}

static bool admit(void *arg, const struct server_peer *peer)
{
    const struct api *api = arg;

    if (api_access_of(&api->access, peer->address) != API_NONE)
        return true;
    log_debug(api->log, LOG_RPC, "API: %s is not allowed to ask", peer->name);
    return false;
}

static enum server_verdict on_request(void *arg, const struct server_peer *peer,
                                      struct bytes request, bool all, struct server_answer *answer)
{
    struct api *api = arg;

    return api_answer(&api->source, api_access_of(&api->access, peer->address), request, all,
                      answer);
}

struct api *api_create(const char *bind, const struct api_access *access,
                       const struct api_source *source, struct log *log,
                       char error[static API_ERROR_SIZE])
{
    struct api *api = calloc(1, sizeof(*api));
    struct server_options options = {.bind = bind,
                                     .port = API_PORT,
                                     .log = log,
                                     .what = "API",
                                     .admit_fn = admit,
                                     .request_fn = on_request,
                                     .arg = api};

    snprintf(error, API_ERROR_SIZE, "out of memory");
    if (!api)
        return NULL;
    api->access = *access;
    api->source = *source;
    api->log = log;
    api->server = server_create(&options, error);
    if (api->server)
        return api;
    free(api);
    return NULL;
}

void api_destroy(struct api *api)
{
    if (!api)
        return;
    server_destroy(api->server);
    free(api);
}

const char *api_name(const struct api *api) { return server_name(api->server); }
