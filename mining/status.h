/*
 * What a mining run tells of itself and lets others ask of it: the same for solo
 * mining and for pools, so that displays, the API and metrics need to know
 * neither.
 *
 *     solo, stratum --fill--> mining_status --> live line, API, metrics
 *     API --------------ask--> mining_control --> solo, stratum
 *
 * A source is where work comes from and results go to: a node or a pool.
 */
#ifndef MINING_STATUS_H
#define MINING_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MINING_MAX_SOURCES = 16,
    MINING_MAX_REASONS = 8,
    MINING_URL_SIZE = 256,
    MINING_USER_SIZE = 128,
    MINING_REASON_SIZE = 64,
    MINING_CONTROL_TEXT_SIZE = 256,
};

/* Results, solo: blocks; with a pool: shares. Difficulties are Bitcoin's: 1 is 2^32 hashes, nearly. */
struct mining_counts {
    uint64_t accepted, rejected;
    uint64_t stale;  /* found for work that was no longer wanted, and not sent */
    uint64_t lost;   /* sent, and never answered */
    uint64_t blocks; /* results that met the network's target */
    double accepted_difficulty, rejected_difficulty, stale_difficulty; /* sums */
};

/* Why results were rejected, and how often. */
struct mining_reason {
    char text[MINING_REASON_SIZE];
    uint64_t count;
};

struct mining_source_status {
    char url[MINING_URL_SIZE];   /* without user and password */
    char user[MINING_USER_SIZE]; /* empty where none is needed */
    bool is_pool;                /* Stratum, not getblocktemplate */
    bool alive;                  /* gives work now */
    bool active;                 /* its work is searched now */
    bool enabled;
    unsigned priority;                   /* 0 is the preferred one */
    uint64_t works;                      /* templates or jobs received */
    uint64_t failures;                   /* connections and calls that failed */
    double difficulty;                   /* that a result must meet; 0 where there is no work */
    double last_difficulty;              /* of the last accepted result's target */
    double best_difficulty;              /* that a result's hash reached */
    uint64_t last_accepted_s;            /* Unix time, 0: never */
    bool has_long_poll;                  /* is told of new work: long poll, or a pool's notify */
    char text[MINING_CONTROL_TEXT_SIZE]; /* why it is not alive */
    struct mining_counts counts;
    /* Why results were rejected, the most frequent first; empty strings beyond. */
    struct mining_reason reasons[MINING_MAX_REASONS];
};

struct mining_status {
    struct mining_counts counts; /* of all sources */
    int32_t height;              /* of the block that is sought; 0: not known */
    double network_difficulty;   /* 0: not known */
    double best_difficulty;      /* that a hash of ours reached */
    uint64_t best_s;             /* when, Unix time */
    uint32_t version_mask;       /* the bits that are rolled now */
    uint32_t version;            /* of the headers that are searched, before that; 0: not known */
    char previous[65];           /* the hash of the block that is built on; empty: not known */
    size_t source_count;
    struct mining_source_status source[MINING_MAX_SOURCES];
};

/*
 * Counts a reason among reasons, which begin as zeros. Control characters and what
 * is not UTF-8 are left out of text. The last place collects what finds none.
 */
void mining_reasons_add(struct mining_reason reasons[static MINING_MAX_REASONS], const char *text);

/* Copies them, the most frequent first. */
void mining_reasons_sort(struct mining_reason out[static MINING_MAX_REASONS],
                         const struct mining_reason reasons[static MINING_MAX_REASONS]);

/* Adds the counts of c to sum. */
void mining_counts_add(struct mining_counts *sum, const struct mining_counts *c);

/* text to out without control characters and what is not UTF-8, cut to size, which is above zero. */
void mining_clean_text(char *out, size_t size, const char *text);

/*
 * What may be asked of a run, on any thread. index is a source's in
 * mining_status. Each returns false, with the reason in text, where it cannot
 * be done; a function that a kind of run does not offer is NULL.
 */
struct mining_control {
    void *arg;
    void (*status)(void *arg, struct mining_status *out);
    bool (*switch_source)(void *arg, size_t index, char text[static MINING_CONTROL_TEXT_SIZE]);
    bool (*enable_source)(void *arg, size_t index, bool enable,
                          char text[static MINING_CONTROL_TEXT_SIZE]);
    bool (*add_source)(void *arg, const char *url, const char *user, const char *password,
                       char text[static MINING_CONTROL_TEXT_SIZE]);
    bool (*remove_source)(void *arg, size_t index, char text[static MINING_CONTROL_TEXT_SIZE]);
};

#endif
