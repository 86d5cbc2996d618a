/*
 * The log: one line an event.
 *
 *     2026-01-02T03:04:05.678Z [net:debug] peer 3 sent inv (37 bytes)
 *     {"time":"2026-01-02T03:04:05.678Z","level":"debug","category":"net","message":"peer 3 ..."}
 *
 * Errors, warnings and informations are always logged; debug and trace lines
 * where their category is enabled, as with Core's -debug=CATEGORY and
 * -loglevel. Each line is one write(2), also where many threads log. Control
 * characters, and bytes that are not UTF-8, are escaped (\x1b; in JSON \u001b,
 * or U+FFFD), so that no peer can forge a line or command a terminal. Never log a key, a password or a
 * cookie.
 *
 * A log belongs to the program, which passes it down. Every function here is
 * safe on any thread (but log_destroy, which comes last) and takes a null log,
 * which swallows everything. None may be called in a signal handler.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/clock.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest line, end included; what is longer is cut: it ends in "...", or says "cut":true. */
#define LOG_LINE_SIZE 4096

enum log_level {
    LOG_LEVEL_ERROR,   /* the program, or an operation that somebody asked for, failed */
    LOG_LEVEL_WARNING, /* goes on, but somebody should look */
    LOG_LEVEL_INFO,    /* what an operator wants to read by default */
    LOG_LEVEL_DEBUG,   /* where its category is enabled */
    LOG_LEVEL_TRACE,   /* where its category is enabled and its level is trace */
};

/*
 * What a line is about; a set of them is their bits. The names for people are
 * in log.c, most of them Core's.
 */
enum log_category {
    LOG_GENERAL = 0, /* no category: its debug lines are logged where all are */
    LOG_NET = 1 << 0,
    LOG_MEMPOOL = 1 << 1,
    LOG_HTTP = 1 << 2,
    LOG_BENCH = 1 << 3,
    LOG_ZMQ = 1 << 4,
    LOG_WALLETDB = 1 << 5,
    LOG_RPC = 1 << 6,
    LOG_ESTIMATEFEE = 1 << 7,
    LOG_ADDRMAN = 1 << 8,
    LOG_SELECTCOINS = 1 << 9,
    LOG_REINDEX = 1 << 10,
    LOG_CMPCTBLOCK = 1 << 11,
    LOG_RAND = 1 << 12,
    LOG_PRUNE = 1 << 13,
    LOG_PROXY = 1 << 14,
    LOG_MEMPOOLREJ = 1 << 15,
    LOG_LIBEVENT = 1 << 16,
    LOG_COINDB = 1 << 17,
    LOG_VALIDATION = 1 << 18,
    LOG_BLOCKSTORAGE = 1 << 19,
    LOG_TXPACKAGES = 1 << 20,
    LOG_SCAN = 1 << 21,
    LOG_LOCK = 1 << 22,
    LOG_ENGINE = 1 << 23,
    LOG_MINING = 1 << 24,
    LOG_STRATUM = 1 << 25,
    LOG_ALL = (1 << 26) - 1,
};

struct log;

struct log_options {
    const struct clock *clock; /* dates the lines; must outlive the log */
    const char *path;          /* appended to, created with mode 0600; NULL: no file */
    int fd;                    /* also written to, never closed; -1: none */
    bool json;                 /* JSON lines instead of text */
    bool source;               /* file and line of the program in each line */
};

/* NULL, and errno set, where memory lacks or the file cannot be opened. */
struct log *log_create(const struct log_options *options);
void log_destroy(struct log *log);

/*
 * Opens the file anew under its path (after rotation; on SIGHUP, from the main
 * loop). False, errno set and the old file kept where that fails.
 */
bool log_reopen(struct log *log);

/* Lines that could not be written (disk full, pipe closed) since the start. */
uint64_t log_lost(const struct log *log);

/*
 * The categories whose debug lines are logged, and those of them whose trace
 * lines are logged too.
 */
void log_enable(struct log *log, uint32_t categories);
void log_disable(struct log *log, uint32_t categories);
void log_enable_trace(struct log *log, uint32_t categories);
uint32_t log_enabled_categories(const struct log *log);

/*
 * The bits of a category's name; "all" and "1" are all, "none" and "0" no bits.
 * False where there is no such name.
 */
bool log_category_parse(uint32_t *categories, const char *name);

/* The name of one category, "general" for no bit; NULL where it is none. */
const char *log_category_name(uint32_t category);

/* "error" to "trace"; false where the name is none of them. */
bool log_level_parse(enum log_level *level, const char *name);
const char *log_level_name(enum log_level level);

/* Whether such a line would be written: for what is dear to compute. */
bool log_would(const struct log *log, enum log_level level, enum log_category category);

/*
 * log_info(log, LOG_MINING, "block %s found", hash): the arguments are not
 * evaluated where the line would not be written. Warnings from one place are
 * held to LOG_WARNING_BURST within LOG_WARNING_WINDOW_S seconds; how many were
 * held back is said with the next.
 */
#define LOG_WARNING_BURST 20
#define LOG_WARNING_WINDOW_S 60
#define log_error(log, category, ...) log_write_if(log, LOG_LEVEL_ERROR, category, __VA_ARGS__)
#define log_warning(log, category, ...) log_write_if(log, LOG_LEVEL_WARNING, category, __VA_ARGS__)
#define log_info(log, category, ...) log_write_if(log, LOG_LEVEL_INFO, category, __VA_ARGS__)
#define log_debug(log, category, ...) log_write_if(log, LOG_LEVEL_DEBUG, category, __VA_ARGS__)
#define log_trace(log, category, ...) log_write_if(log, LOG_LEVEL_TRACE, category, __VA_ARGS__)

#define log_write_if(log, level, category, ...)                                                    \
    do {                                                                                           \
        if (log_would(log, level, category))                                                       \
            log_write(log, level, category, __FILE__, __LINE__, __VA_ARGS__);                      \
    } while (0)

/* What the macros call. errno is left as it was. */
void log_write(struct log *log, enum log_level level, enum log_category category, const char *file,
               int line, const char *format, ...) __attribute__((format(printf, 6, 7)));

#endif
