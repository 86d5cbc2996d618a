/*
 * Client of exs-verify, the verification service: the questions of exs/exs.h,
 * answered by another process of the same machine.
 *
 *     struct exs_verify_client *client;
 *     char error[EXS_ERROR_SIZE];
 *
 *     client = exs_verify_client_connect("/run/exs-verify/socket", 5000, error);
 *     status = exs_verify_client_block(client, &verdict, &question, 60000);
 *     if (status == EXS_VERIFY_OK && verdict.result == EXS_VALID) ...
 *     exs_verify_client_close(client);
 *
 * Many questions may be under way at once; answers come in the order in which they are ready:
 *
 *     while (exs_verify_client_submit_transaction(client, &id, &question) == EXS_VERIFY_OK) ...
 *     while (exs_verify_client_receive(client, &answer, 1000) == EXS_VERIFY_OK)
 *         use(answer.id, &answer.verdict);
 *
 * Needs libc alone. The protocol is docs/verify-protocol.md.
 *
 * Memory. Bytes of a question are copied by the call that takes it, and are the caller's again when
 * it returns. Times are milliseconds; a negative one waits for ever, 0 does not wait.
 *
 * Threads. A client is for one thread at a time; any number of clients may be used at once. Nothing
 * here touches signals (SIGPIPE is not raised). After fork() one of the two processes may go on with it.
 */
#ifndef EXS_VERIFY_CLIENT_H
#define EXS_VERIFY_CLIENT_H

#include "exs.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------- connection */

struct exs_verify_client;

/* What became of a call. After those from MEMORY on the client can only be closed. */
enum exs_verify_status {
    EXS_VERIFY_OK = 0,
    EXS_VERIFY_REFUSED = 1, /* the service could not answer this question: see the answer's error */
    EXS_VERIFY_TIMEOUT = 2, /* the time is up; nothing is lost */
    EXS_VERIFY_FULL = 3,  /* so many questions are under way that answers must be received first */
    EXS_VERIFY_EMPTY = 4, /* there is no answer to wait for */
    EXS_VERIFY_ARGUMENT = 5,  /* NULL where there must be something, a size or name beyond limits */
    EXS_VERIFY_TOO_LARGE = 6, /* the question is larger than the service takes */
    EXS_VERIFY_MEMORY = 7,
    EXS_VERIFY_CLOSED = 8,   /* the service has closed the connection */
    EXS_VERIFY_PROTOCOL = 9, /* what came is no answer of this protocol */
    EXS_VERIFY_SYSTEM = 10,  /* the system refused to read, write or wait */
};

/* One line in English; never NULL, whatever the number. */
EXS_API const char *exs_verify_status_text(enum exs_verify_status status);

/*
 * Connects and exchanges hellos. address is a path (it has a slash) of a Unix socket, or
 * "127.0.0.1:PORT", "[::1]:PORT", "localhost:PORT", "PORT". NULL, with the reason in error, where
 * nobody answers there in time, or not in this protocol and version.
 */
EXS_API EXS_MUST_USE struct exs_verify_client *
exs_verify_client_connect(const char *address, int timeout_ms, char error[EXS_ERROR_SIZE]);

/* Questions under way are lost. NULL is nothing. */
EXS_API void exs_verify_client_close(struct exs_verify_client *client);

/* What the service said of itself; lives as long as the client. */
struct exs_verify_service {
    uint16_t version;      /* of the protocol */
    uint32_t workers;      /* threads that verify */
    uint32_t max_payload;  /* bytes of a question */
    uint32_t max_requests; /* questions of one client under way at once */
    uint64_t max_bytes;    /* of them all */
    char program[64];      /* "exs-verify 0.1.0" */
};
EXS_API const struct exs_verify_service *
exs_verify_client_service(const struct exs_verify_client *client);

/* ---------------------------------------------------------------- questions */

/* Kinds of signatures beside those of exs/exs.h. */
enum {
    EXS_SIGNATURE_ECDSA_DER = 2, /* DER as in scripts, its hash type cut off, parsed as leniently as
                                    consensus did before BIP66 */
    EXS_SIGNATURE_TWEAK = 3, /* BIP341: key (32 bytes) is the x of signature (32 bytes, the internal
                                key) + hash * G, and parity that of its y */
};

struct exs_verify_signature {
    uint32_t kind;           /* EXS_SIGNATURE_* */
    uint32_t parity;         /* of a tweak, 0 or 1; else 0 */
    uint32_t key_size;       /* ECDSA: as it is, at most 255; else 32 */
    uint32_t signature_size; /* ECDSA and Schnorr 64, DER at most 255, tweak 32 */
    const uint8_t *key;
    const uint8_t *hash32; /* what was signed, or the tweak */
    const uint8_t *signature;
};

/* In place of flags: those that consensus has at the place given. */
#define EXS_VERIFY_FLAGS_OF_PLACE UINT32_C(0xffffffff)

/* The scripts of one input, as exs_verify_script. */
struct exs_verify_script_question {
    const uint8_t *tx;
    size_t tx_size;
    uint32_t input;
    uint32_t flags;                /* EXS_SCRIPT_VERIFY_* */
    const struct exs_spent *spent; /* one an input; or one, this input's: then without taproot */
    size_t spent_count;
};

/*
 * A transaction, as exs_verify_transaction. With flags of its own, place may be NULL, or its height
 * EXS_UNKNOWN_HEIGHT: then maturity and lock times are left out, and it is said.
 */
struct exs_verify_transaction_question {
    const uint8_t *tx;
    size_t tx_size;
    const struct exs_block_place *place;
    uint32_t flags;                /* EXS_SCRIPT_VERIFY_*, or EXS_VERIFY_FLAGS_OF_PLACE */
    const struct exs_spent *spent; /* one an input */
    size_t spent_count;
};

enum {
    EXS_VERIFY_SKIP_SCRIPTS = 1 << 0, /* run no script, as of an assumed valid block */
    EXS_VERIFY_SKIP_PROOF_OF_WORK =
        1 << 1,                      /* as for a template: neither it nor a signet's signature */
    EXS_VERIFY_BIP34_KNOWN = 1 << 2, /* the block's chain has the network's known block at BIP34's
                                        height, so that BIP30 need not be checked */
    EXS_VERIFY_KEEP_SIGNATURES = 1
                                 << 3, /* remember good ones: a block that will be verified again */
};

/*
 * A block, as exs_verify_block. An amount of -1 in spent is an output that the caller has not: it
 * is taken from the block, or the input is bad-txns-inputs-missingorspent.
 */
struct exs_verify_block_question {
    const uint8_t *block;
    size_t block_size;
    const struct exs_block_place *place;
    uint32_t options;              /* EXS_VERIFY_*, or 0 */
    const struct exs_spent *spent; /* one an input but the coinbase's, in the block's order */
    size_t spent_count;
};

/* ---------------------------------------------------------------- one at a time */

/*
 * Each asks and waits for its answer. Other answers that come meanwhile are kept for
 * exs_verify_client_receive. After EXS_VERIFY_TIMEOUT the answer is not waited for any
 * more: it is dropped when it comes. After EXS_VERIFY_REFUSED see exs_verify_client_error.
 */
EXS_API enum exs_verify_status
exs_verify_client_signatures(struct exs_verify_client *client, uint8_t *good,
                             const struct exs_verify_signature *signatures, size_t n,
                             int timeout_ms);
EXS_API enum exs_verify_status
exs_verify_client_script(struct exs_verify_client *client, struct exs_verdict *verdict,
                         const struct exs_verify_script_question *question, int timeout_ms);
EXS_API enum exs_verify_status
exs_verify_client_transaction(struct exs_verify_client *client, struct exs_verdict *verdict,
                              const struct exs_verify_transaction_question *question,
                              int timeout_ms);
EXS_API enum exs_verify_status
exs_verify_client_block(struct exs_verify_client *client, struct exs_verdict *verdict,
                        const struct exs_verify_block_question *question, int timeout_ms);
EXS_API enum exs_verify_status exs_verify_client_ping(struct exs_verify_client *client,
                                                      int timeout_ms);

/* Since the service began, but for those that are a state. More may follow in later versions. */
struct exs_verify_statistics {
    uint64_t uptime_ms;
    uint64_t clients; /* now */
    uint64_t clients_total;
    uint64_t clients_refused;
    uint64_t waiting;      /* questions that wait, now */
    uint64_t running;      /* that are worked on, now */
    uint64_t bytes;        /* of questions in memory, now */
    uint64_t signatures;   /* questions answered: of signatures, */
    uint64_t scripts;      /* of a script, */
    uint64_t transactions; /* of a transaction, */
    uint64_t blocks;       /* of a block */
    uint64_t valid;        /* answers: all of it is valid */
    uint64_t invalid;      /* some of it is not */
    uint64_t unanswered;   /* neither: the caller's mistake, no memory, the end */
    uint64_t errors;       /* error frames sent */
    uint64_t microseconds; /* that were spent on questions, by the threads that serve them */
};
EXS_API enum exs_verify_status
exs_verify_client_statistics(struct exs_verify_client *client,
                             struct exs_verify_statistics *statistics, int timeout_ms);

/* ---------------------------------------------------------------- many at a time */

/*
 * Each takes a question, sends of it what the system takes at once, and gives it a number that
 * no other of this client has. None waits. EXS_VERIFY_FULL takes nothing.
 */
EXS_API enum exs_verify_status
exs_verify_client_submit_signatures(struct exs_verify_client *client, uint64_t *id,
                                    const struct exs_verify_signature *signatures, size_t n);
EXS_API enum exs_verify_status
exs_verify_client_submit_script(struct exs_verify_client *client, uint64_t *id,
                                const struct exs_verify_script_question *question);
EXS_API enum exs_verify_status
exs_verify_client_submit_transaction(struct exs_verify_client *client, uint64_t *id,
                                     const struct exs_verify_transaction_question *question);
EXS_API enum exs_verify_status
exs_verify_client_submit_block(struct exs_verify_client *client, uint64_t *id,
                               const struct exs_verify_block_question *question);

/* Kinds of questions and of their answers. */
enum exs_verify_kind {
    EXS_VERIFY_PING = 2,
    EXS_VERIFY_STATISTICS = 3,
    EXS_VERIFY_SIGNATURES = 16,
    EXS_VERIFY_SCRIPT = 17,
    EXS_VERIFY_TRANSACTION = 18,
    EXS_VERIFY_BLOCK = 19,
};

/* Why a question was refused. */
enum exs_verify_error {
    EXS_VERIFY_ERROR_NONE = 0,
    EXS_VERIFY_ERROR_FRAME = 1,     /* a frame's head is none; the connection ends */
    EXS_VERIFY_ERROR_TOO_LARGE = 2, /* a frame beyond the limit; the connection ends */
    EXS_VERIFY_ERROR_HELLO = 3,     /* the first frame was no hello, or a later one; it ends */
    EXS_VERIFY_ERROR_VERSION = 4,   /* of the protocol; the connection ends */
    EXS_VERIFY_ERROR_TYPE = 5,      /* no such question */
    EXS_VERIFY_ERROR_PAYLOAD = 6,   /* the question's bytes are not what they should be */
    EXS_VERIFY_ERROR_CLIENTS = 7,   /* there are too many clients; the connection ends */
    EXS_VERIFY_ERROR_SLOW = 8,      /* a frame did not come to its end; the connection ends */
    EXS_VERIFY_ERROR_MEMORY = 9,    /* the service has none left for this question */
    EXS_VERIFY_ERROR_END = 10,      /* the service ends and leaves this question unanswered */
};

/* One line in English; never NULL, whatever the number. */
EXS_API const char *exs_verify_error_text(enum exs_verify_error error);

struct exs_verify_answer {
    uint64_t id;
    enum exs_verify_kind kind;
    enum exs_verify_error
        error;        /* with EXS_VERIFY_REFUSED alone; then nothing below counts but text */
    const char *text; /* what the service says to it; "" where nothing */
    struct exs_verdict verdict; /* of a script, transaction or block */
    const uint8_t *good;        /* of signatures: 1 good, 0 not, in the question's order */
    size_t good_count;
};

/*
 * The next answer of any question submitted, of EXS_VERIFY_OK and EXS_VERIFY_REFUSED. What it points
 * to lives until the next call on the client. Sends meanwhile what is still to be sent.
 */
EXS_API enum exs_verify_status exs_verify_client_receive(struct exs_verify_client *client,
                                                         struct exs_verify_answer *answer,
                                                         int timeout_ms);

/* Questions whose answers were not received yet. */
EXS_API size_t exs_verify_client_pending(const struct exs_verify_client *client);

/*
 * For an event loop of the caller's: the socket, which stays the client's, and what to wait for with
 * poll(2), POLLIN and POLLOUT; then call exs_verify_client_receive with no time until it says
 * EXS_VERIFY_TIMEOUT or EXS_VERIFY_EMPTY.
 */
EXS_API int exs_verify_client_fd(const struct exs_verify_client *client);
EXS_API short exs_verify_client_events(const struct exs_verify_client *client);

/* What went wrong last, for people; "" at first. Lives until the next call on the client. */
EXS_API const char *exs_verify_client_error(const struct exs_verify_client *client);

#ifdef __cplusplus
}
#endif

#endif
