#include "mining/connection_socks5.h"

#include <assert.h>

enum {
    VERSION = 5,
    LOGIN_VERSION = 1,
    METHOD_NONE = 0,
    METHOD_LOGIN = 2,
    METHOD_REFUSED = 0xff,
    COMMAND_CONNECT = 1,
    TYPE_IPV4 = 1,
    TYPE_NAME = 3,
    TYPE_IPV6 = 4,
    /* Version, reply, reserved, type, and the first byte of the address: what says how much there is. */
    REPLY_HEAD = 5,
};

static void put(struct socks5 *s, uint8_t byte) { s->out[s->out_size++] = byte; }

static void put_bytes(struct socks5 *s, const void *data, size_t size)
{
    assert(size <= sizeof(s->out) - s->out_size);
    memcpy(s->out + s->out_size, data, size);
    s->out_size += size;
}

static void put_text(struct socks5 *s, const char *text)
{
    size_t size = strlen(text);

    assert(size <= 255);
    put(s, (uint8_t)size);
    put_bytes(s, text, size);
}

void socks5_start(struct socks5 *s, const struct socks5_login *login,
                  const struct socks5_target *target)
{
    *s = (struct socks5){.login = *login, .target = *target};
    put(s, VERSION);
    put(s, login->user ? 2 : 1);
    put(s, METHOD_NONE);
    if (login->user)
        put(s, METHOD_LOGIN);
}

static size_t address_size(const struct socks5 *s)
{
    switch (s->in[3]) {
    case TYPE_IPV4:
        return 4;
    case TYPE_IPV6:
        return 16;
    default:
        return 1 + (size_t)s->in[4];
    }
}

size_t socks5_wants(const struct socks5 *s)
{
    if (s->state != SOCKS5_REPLY)
        return 2 - s->in_size;
    if (s->in_size < REPLY_HEAD)
        return REPLY_HEAD - s->in_size;
    return 4 + address_size(s) + 2 - s->in_size;
}

static enum socks5_step fail(struct socks5 *s, const char *why)
{
    s->error = why;
    return SOCKS5_FAILED;
}

static void ask(struct socks5 *s)
{
    s->state = SOCKS5_REPLY;
    put(s, VERSION);
    put(s, COMMAND_CONNECT);
    put(s, 0);
    if (s->target.address.size) {
        put(s, s->target.address.size == 4 ? TYPE_IPV4 : TYPE_IPV6);
        put_bytes(s, s->target.address.data, s->target.address.size);
    } else {
        put(s, TYPE_NAME);
        put_text(s, s->target.name);
    }
    put(s, (uint8_t)(s->target.port >> 8));
    put(s, (uint8_t)s->target.port);
}

static enum socks5_step take_method(struct socks5 *s)
{
    if (s->in[0] != VERSION)
        return fail(s, "the proxy does not speak SOCKS5");
    switch (s->in[1]) {
    case METHOD_NONE:
        ask(s);
        return SOCKS5_MORE;
    case METHOD_LOGIN:
        if (!s->login.user)
            return fail(s, "the proxy chose a way to log in that was not offered");
        s->state = SOCKS5_LOGIN;
        put(s, LOGIN_VERSION);
        put_text(s, s->login.user);
        put_text(s, s->login.password ? s->login.password : "");
        return SOCKS5_MORE;
    case METHOD_REFUSED:
        return fail(s, s->login.user ? "the proxy takes neither no login nor user and password"
                                     : "the proxy wants a login: give it user and password");
    default:
        return fail(s, "the proxy chose a way to log in that was not offered");
    }
}

static enum socks5_step take_reply(struct socks5 *s)
{
    static const char *const why[] = {
        [1] = "the proxy failed",
        [2] = "the proxy's rules forbid the connection",
        [3] = "the proxy can't reach the network",
        [4] = "the proxy can't reach the host, or its name is unknown",
        [5] = "the pool refused the proxy's connection",
        [6] = "the proxy's packets died on their way",
        [7] = "the proxy makes no connections",
        [8] = "the proxy does not know this kind of address",
    };
    uint8_t type = s->in[3];

    if (s->in[0] != VERSION)
        return fail(s, "the proxy does not speak SOCKS5");
    if (s->in[1])
        return fail(s, s->in[1] < sizeof(why) / sizeof(*why)
                           ? why[s->in[1]]
                           : "the proxy failed, it does not say how");
    if (type != TYPE_IPV4 && type != TYPE_IPV6 && type != TYPE_NAME)
        return fail(s, "the proxy's answer makes no sense");
    return socks5_wants(s) ? SOCKS5_MORE : SOCKS5_DONE;
}

enum socks5_step socks5_take(struct socks5 *s, struct bytes bytes)
{
    assert(bytes.size <= socks5_wants(s));
    memcpy(s->in + s->in_size, bytes.data, bytes.size);
    s->in_size += bytes.size;
    if (s->state == SOCKS5_REPLY)
        /* A refusal may come without the address that the format wants. */
        return s->in_size >= REPLY_HEAD || (s->in_size >= 2 && s->in[1]) ? take_reply(s)
                                                                         : SOCKS5_MORE;
    if (s->in_size < 2)
        return SOCKS5_MORE;
    s->in_size = 0;
    if (s->state == SOCKS5_METHOD)
        return take_method(s);
    if (s->in[1])
        return fail(s, "the proxy refuses user and password");
    ask(s);
    return SOCKS5_MORE;
}
