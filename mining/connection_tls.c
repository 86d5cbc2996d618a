#include "mining/connection_tls.h"

#include "base/clock.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct connection_trust {
    SSL_CTX *context;
};

struct connection_tls {
    SSL *ssl;
    X509 *bad; /* the certificate that did not hold, or NULL; the session has none then */
    char host[CONNECTION_HOST_SIZE];
};

/* OpenSSL's latest error in words, or the system's. */
static const char *why(char *text, size_t size)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    int number = errno;

    ERR_clear_error();
    if (!reason && number)
        return strerror_r(number, text, size);
    snprintf(text, size, "%s", reason ? reason : "the connection broke");
    return text;
}

/* OpenSSL asks this of each certificate: its answer stays, what it is about is kept for people. */
static int keep_bad(int good, X509_STORE_CTX *store)
{
    const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct connection_tls *tls = ssl ? SSL_get_app_data(ssl) : NULL;
    X509 *certificate = X509_STORE_CTX_get_current_cert(store);

    if (!good && tls && !tls->bad && certificate && X509_up_ref(certificate) == 1)
        tls->bad = certificate;
    return good;
}

struct connection_trust *connection_trust_create(const char *ca_file, bool any,
                                                 char error[static CONNECTION_ERROR_SIZE])
{
    struct connection_trust *trust = calloc(1, sizeof(*trust));
    SSL_CTX *context = trust ? SSL_CTX_new(TLS_client_method()) : NULL;
    char text[128];
    bool good;

    if (!context) {
        snprintf(error, CONNECTION_ERROR_SIZE, "out of memory");
        free(trust);
        return NULL;
    }
    trust->context = context;
    errno = 0;
    if (any)
        good = true;
    else if (ca_file)
        good = SSL_CTX_load_verify_file(context, ca_file) == 1;
    else
        good = SSL_CTX_set_default_verify_paths(context) == 1;
    if (good && SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1) {
        /* So that a server's own certificate may be what is trusted, whoever signed it. */
        X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
        SSL_CTX_set_verify(context, any ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, any ? NULL : keep_bad);
        SSL_CTX_set_mode(context,
                         SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        return trust;
    }
    snprintf(error, CONNECTION_ERROR_SIZE, "the certificates%s%s can't be read: %s",
             ca_file ? " in " : "", ca_file ? ca_file : " of the system", why(text, sizeof(text)));
    connection_trust_destroy(trust);
    return NULL;
}

void connection_trust_destroy(struct connection_trust *trust)
{
    if (!trust)
        return;
    SSL_CTX_free(trust->context);
    free(trust);
}

static bool is_address(const char *host)
{
    uint8_t bytes[16];

    return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

/* Addresses are compared with the certificate's addresses, names with its names; SNI carries names alone (RFC 6066). */
static bool expect_host(SSL *ssl, const char *host)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);

    if (is_address(host))
        return X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1;
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return X509_VERIFY_PARAM_set1_host(param, host, 0) == 1 &&
           SSL_set_tlsext_host_name(ssl, host) == 1;
}

struct connection_tls *connection_tls_create(const struct connection_trust *trust, int fd,
                                             const char *host)
{
    struct connection_tls *tls = calloc(1, sizeof(*tls));

    if (!tls)
        return NULL;
    snprintf(tls->host, sizeof(tls->host), "%s", host);
    tls->ssl = SSL_new(trust->context);
    if (tls->ssl && SSL_set_app_data(tls->ssl, tls) == 1 && SSL_set_fd(tls->ssl, fd) == 1 &&
        expect_host(tls->ssl, host)) {
        SSL_set_connect_state(tls->ssl);
        return tls;
    }
    ERR_clear_error();
    connection_tls_destroy(tls);
    return NULL;
}

void connection_tls_destroy(struct connection_tls *tls)
{
    if (!tls)
        return;
    /* Says good-bye where that is possible at once; nobody waits for the answer. */
    if (tls->ssl && SSL_is_init_finished(tls->ssl))
        SSL_shutdown(tls->ssl);
    ERR_clear_error();
    SSL_free(tls->ssl);
    X509_free(tls->bad);
    free(tls);
}

/* "2009-01-03" of a certificate's time. */
static void format_day(char out[static CLOCK_TEXT_SIZE], const ASN1_TIME *time)
{
    struct tm tm;

    snprintf(out, CLOCK_TEXT_SIZE, "an unknown day");
    if (time && ASN1_TIME_to_tm(time, &tm) == 1)
        snprintf(out, CLOCK_TEXT_SIZE, "%04d-%02d-%02d", (tm.tm_year + 1900) % 10000,
                 (tm.tm_mon + 1) % 100, tm.tm_mday % 100);
}

/* What is wrong with the certificate, in words that say what to do. */
static void explain(const struct connection_tls *tls, long result,
                    char error[static CONNECTION_ERROR_SIZE])
{
    char day[CLOCK_TEXT_SIZE];

    switch (result) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        format_day(day, tls->bad ? X509_get0_notAfter(tls->bad) : NULL);
        snprintf(error, CONNECTION_ERROR_SIZE, "a certificate of its expired on %s", day);
        break;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        format_day(day, tls->bad ? X509_get0_notBefore(tls->bad) : NULL);
        snprintf(error, CONNECTION_ERROR_SIZE,
                 "a certificate of its is not valid before %s; is this machine's clock right?",
                 day);
        break;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        snprintf(error, CONNECTION_ERROR_SIZE, "its certificate is for another host than %.100s",
                 tls->host);
        break;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        snprintf(error, CONNECTION_ERROR_SIZE,
                 "its certificate is signed by nobody who is trusted here (%s); if it is the "
                 "pool's, name its file with --cert",
                 X509_verify_cert_error_string(result));
        break;
    default:
        snprintf(error, CONNECTION_ERROR_SIZE, "its certificate does not hold: %s",
                 X509_verify_cert_error_string(result));
    }
}

/* What a call that returned result means. */
static enum connection_io judge(struct connection_tls *tls, int result,
                                char error[static CONNECTION_ERROR_SIZE])
{
    char text[128];

    switch (SSL_get_error(tls->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return CONNECTION_IO_READ;
    case SSL_ERROR_WANT_WRITE:
        return CONNECTION_IO_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        return CONNECTION_IO_END;
    default:
        snprintf(error, CONNECTION_ERROR_SIZE, "TLS: %s", why(text, sizeof(text)));
        return CONNECTION_IO_ERROR;
    }
}

enum connection_io connection_tls_shake(struct connection_tls *tls,
                                        char error[static CONNECTION_ERROR_SIZE])
{
    enum connection_io io;
    int result;

    ERR_clear_error();
    errno = 0;
    result = SSL_do_handshake(tls->ssl);
    if (result == 1)
        return CONNECTION_IO_DONE;
    io = judge(tls, result, error);
    if (io == CONNECTION_IO_ERROR && SSL_get_verify_mode(tls->ssl) != SSL_VERIFY_NONE &&
        SSL_get_verify_result(tls->ssl) != X509_V_OK)
        explain(tls, SSL_get_verify_result(tls->ssl), error);
    return io;
}

enum connection_io connection_tls_read(struct connection_tls *tls, uint8_t *out, size_t size,
                                       size_t *done, char error[static CONNECTION_ERROR_SIZE])
{
    int result;

    ERR_clear_error();
    errno = 0;
    result = SSL_read_ex(tls->ssl, out, size, done);
    return result == 1 ? CONNECTION_IO_DONE : judge(tls, result, error);
}

enum connection_io connection_tls_write(struct connection_tls *tls, const uint8_t *data,
                                        size_t size, size_t *done,
                                        char error[static CONNECTION_ERROR_SIZE])
{
    int result;

    ERR_clear_error();
    errno = 0;
    result = SSL_write_ex(tls->ssl, data, size, done);
    return result == 1 ? CONNECTION_IO_DONE : judge(tls, result, error);
}
