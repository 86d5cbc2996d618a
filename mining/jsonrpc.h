/*
 * A client of Bitcoin Core's JSON-RPC, over one HTTP connection that is kept.
 *
 *     struct jsonrpc *rpc = jsonrpc_create(&options, text);
 *     json_t *info = jsonrpc_call(rpc, "getblockchaininfo", NULL, 0, &error);
 *     if (!info)
 *         complain(error.text);
 *
 * The server is not trusted: an answer's size and its time are bounded, its
 * JSON may nest 2048 deep, redirects are not followed, a proxy is used only where
 * one is given, and what it
 * says is passed on as text alone, of which control characters are cut.
 *
 * One call at a time a client: a client belongs to one thread, but for
 * jsonrpc_cancel and jsonrpc_reset.
 */
#ifndef MINING_JSONRPC_H
#define MINING_JSONRPC_H

#include "base/bytes.h"
#include "base/log.h"

#include <jansson.h>

enum {
    JSONRPC_TEXT_SIZE = 384,
    JSONRPC_TIMEOUT_MS = 30000,
    JSONRPC_CONNECT_TIMEOUT_MS = 5000,
    /* A template is at most some 10 MB: 4 MB of transactions in hexadecimal, and their fields. */
    JSONRPC_ANSWER_MAX = 64 << 20,
};

enum jsonrpc_kind {
    JSONRPC_OK,
    JSONRPC_TRANSPORT,    /* no connection, or it broke: worth another try */
    JSONRPC_TIMEOUT,      /* no answer, or not all of it, in time: likewise */
    JSONRPC_UNAUTHORISED, /* 401 or 403, or a cookie file that can't be read */
    JSONRPC_HTTP,         /* another status without a JSON-RPC error in it: 503 means busy */
    JSONRPC_RPC,          /* the method failed: code and message are the server's */
    JSONRPC_MALFORMED,    /* not a JSON-RPC answer, or too large */
    JSONRPC_CANCELLED,    /* by jsonrpc_cancel */
    JSONRPC_MEMORY,       /* ours is exhausted */
};

struct jsonrpc_error {
    enum jsonrpc_kind kind;
    long status;                  /* of HTTP, 0 where there was none */
    int64_t code;                 /* of JSONRPC_RPC: Core's -8, -9, -10, -32601 ... */
    char text[JSONRPC_TEXT_SIZE]; /* one line for people, without the server's name */
};

struct jsonrpc_options {
    const char *url; /* http(s)://[user:password@]host[:port][/path] */
    /* Who is calling, where url does not say: the first of these that is not NULL. */
    const char *cookie_file; /* where Core writes "__cookie__:secret"; read at each call */
    const char *user;
    const char *password;    /* NULL: "" */
    uint16_t default_port;   /* where url has none; 0: the scheme's */
    long connect_timeout_ms; /* 0: JSONRPC_CONNECT_TIMEOUT_MS */
    size_t answer_max;       /* bytes; 0: JSONRPC_ANSWER_MAX */
    const char *proxy;   /* http://, socks5:// or socks5h://[user:password@]host:port; NULL: none */
    const char *ca_file; /* certificates (PEM) to trust with https; NULL: the system's */
    bool any_certificate; /* do not check certificates and names at all */
    struct log *log;      /* gets what is said in trace lines of LOG_RPC; or NULL */
};

struct jsonrpc;

/*
 * A client; options' strings are copied. Does not connect yet. NULL, with the
 * reason in text (which holds no password), where url is none or memory lacks.
 */
struct jsonrpc *jsonrpc_create(const struct jsonrpc_options *options,
                               char text[static JSONRPC_TEXT_SIZE]);
void jsonrpc_destroy(struct jsonrpc *rpc);

/* The URL without user and password: for logs. Lives as long as the client. */
const char *jsonrpc_name(const struct jsonrpc *rpc);

/*
 * Calls method with params, a JSON array as text, or NULL for none. Waits
 * timeout_ms for the whole answer (0: JSONRPC_TIMEOUT_MS). Returns the result, to
 * be freed by json_decref (JSON null is a result too); NULL where the call
 * failed, and error says how.
 */
json_t *jsonrpc_call(struct jsonrpc *rpc, const char *method, const char *params, long timeout_ms,
                     struct jsonrpc_error *error);

/*
 * Ends the call under way, or else the next one, with JSONRPC_CANCELLED at
 * once; further ones too, until jsonrpc_reset. Any thread.
 */
void jsonrpc_cancel(struct jsonrpc *rpc);
void jsonrpc_reset(struct jsonrpc *rpc);

/*
 * Reads an answer with this id. A NULL result comes with an error, as in
 * jsonrpc_call. status is that of HTTP. Pure but for memory.
 */
json_t *jsonrpc_parse(struct bytes answer, uint64_t id, long status, struct jsonrpc_error *error);

#endif
