#include "mining/connection_url.h"

#include "base/hex.h"

#include <stdio.h>
#include <string.h>

/* Copies size characters, which none may be a space or a control character, with %XX replaced. */
static bool copy_login(char *out, const char *text, size_t size)
{
    size_t at = 0;

    for (size_t i = 0; i < size; i++) {
        uint8_t byte = (uint8_t)text[i];

        if (text[i] == '%') {
            if (size - i < 3 || !hex_decode(&byte, 1, text + i + 1, 2) || !byte)
                return false;
            i += 2;
        }
        if (at + 1 >= CONNECTION_LOGIN_SIZE || byte < 0x20 || byte == 0x7f)
            return false;
        out[at++] = (char)byte;
    }
    out[at] = '\0';
    return true;
}

static bool read_login(struct connection_url *url, const char *text, const char *end)
{
    const char *colon = memchr(text, ':', (size_t)(end - text));

    url->has_user = true;
    url->has_password = colon != NULL;
    return copy_login(url->user, text, (size_t)((colon ? colon : end) - text)) &&
           (!colon || copy_login(url->password, colon + 1, (size_t)(end - colon - 1)));
}

static bool read_port(uint16_t *port, const char *text, const char *end)
{
    unsigned long number = 0;

    if (text == end || end - text > 5)
        return false;
    for (; text < end; text++) {
        if (*text < '0' || *text > '9')
            return false;
        number = 10 * number + (unsigned long)(*text - '0');
    }
    *port = (uint16_t)number;
    return number >= 1 && number <= UINT16_MAX;
}

static bool is_host_character(char c, bool brackets)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' ||
           c == '-' || c == '_' || (brackets && (c == ':' || c == '%'));
}

static const char *read_address(struct connection_url *url, const char *text, const char *end)
{
    bool brackets = *text == '[';
    const char *host = text + brackets;
    const char *stop = memchr(host, brackets ? ']' : ':', (size_t)(end - host));
    const char *after = stop && brackets ? stop + 1 : stop;
    size_t size = stop ? (size_t)(stop - host) : 0;

    if (!stop || after == end || *after != ':')
        return "it has no port (host:port)";
    if (size == 0 || size >= CONNECTION_HOST_SIZE)
        return "it names no host";
    for (size_t i = 0; i < size; i++)
        if (!is_host_character(host[i], brackets))
            return "its host has characters that names do not have";
    memcpy(url->host, host, size);
    url->host[size] = '\0';
    if (!read_port(&url->port, after + 1, end))
        return "its port is none of 1 to 65535";
    return NULL;
}

static const char *parse(struct connection_url *url, const char *text)
{
    const char *rest = strstr(text, "://"), *end, *at = NULL;
    size_t scheme = rest ? (size_t)(rest - text) : 0;

    if (!rest || scheme == 0 || scheme >= sizeof(url->scheme))
        return "it has no scheme (scheme://host:port)";
    for (size_t i = 0; i < scheme; i++)
        url->scheme[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] | 32 : text[i]);
    rest += 3;
    end = rest + strlen(rest);
    /* Users may hold an at sign and even a slash: what follows the last at sign is the host. */
    for (const char *c = rest; *c; c++)
        if (*c == '@')
            at = c;
    if (end > rest && end[-1] == '/')
        end--;
    if (at && (at >= end || !read_login(url, rest, at)))
        return "its user or password is too long, or has characters that it can't have";
    return read_address(url, at ? at + 1 : rest, end);
}

bool connection_url_parse(struct connection_url *out, const char *text,
                          char error[static CONNECTION_URL_ERROR_SIZE])
{
    struct connection_url url = {.port = 0};
    const char *why = parse(&url, text);

    if (why)
        snprintf(error, CONNECTION_URL_ERROR_SIZE, "%s", why);
    else
        *out = url;
    return !why;
}

void connection_url_name(char *out, size_t size, const struct connection_url *url)
{
    bool brackets = strchr(url->host, ':') != NULL;

    snprintf(out, size, "%s://%s%s%s:%u", url->scheme, brackets ? "[" : "", url->host,
             brackets ? "]" : "", url->port);
}
