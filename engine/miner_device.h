/*
 * What the miner asks of a device that searches nonces beside the workers: a
 * GPU, say. The miner has the rest: which part of which work a device gets, that
 * what a device could not do is done by others, and when a device is tried anew.
 *
 *     miner --job, nonces--> guard's thread --scan--> device
 *           <-- headers whose hash begins with zeros --/
 *
 * A device is trusted with nothing. It is asked for more than blocks or shares:
 * for every header whose hash begins with some zero bits, so many that a few are
 * to be expected of each batch. Each is hashed again here; one that does not
 * begin so is counted as an error of the hardware. And one who finds far fewer
 * than chance allows does not search what it says it does.
 *
 * A device has one to MINER_MAX_STREAMS streams, batches that it takes side by
 * side: while the one is read and the next prepared it is busy with the other.
 * Each has a thread of its own here, with a second one that makes the calls, so
 * that a driver that hangs takes nobody with it.
 */
#ifndef ENGINE_MINER_DEVICE_H
#define ENGINE_MINER_DEVICE_H

#include "kernels/search.h"

enum {
    MINER_MAX_STREAMS = 4,
    MINER_MAX_DEVICES = 64,
    MINER_DEVICE_TEXT_SIZE = 256,
    MINER_DEVICE_MAX_NONCES = 1 << 30, /* of a scan */
};

enum miner_scan {
    MINER_SCAN_DONE,
    MINER_SCAN_OVERFLOW, /* found more than SEARCH_MAX_HITS: none counts, to be done in parts */
    MINER_SCAN_FAILED,   /* nothing is known of any of it */
};

/*
 * Tries count nonces from first on, 1 to MINER_DEVICE_MAX_NONCES and at most up
 * to 2^32, with each of the job's versions, 1 to SEARCH_MAX_VERSIONS. Fills hits
 * with those, in any order, whose hash as a little-endian number has at least
 * zero_bits (0 to 32) zero bits at its top; the job's target does not matter.
 * Waits until that is done. On failure says why in text.
 *
 * Called on some thread, by each stream by itself, for the streams of a device
 * at the same time. All arguments but arg are only there until it returns.
 */
typedef enum miner_scan miner_scan_fn(void *arg, size_t stream, struct search_hits *hits,
                                      const struct search_job *job, unsigned zero_bits,
                                      uint32_t first, uint64_t count,
                                      char text[static MINER_DEVICE_TEXT_SIZE]);

/*
 * Brings the device back after a failure, and makes sure that it computes
 * rightly. Called while none of its streams scans. False, with the reason in
 * text, where it does not come back; it may be asked again later.
 */
typedef bool miner_restart_fn(void *arg, char text[static MINER_DEVICE_TEXT_SIZE]);

/* Copied by miner_create; name and arg must outlive the miner. 0 takes the default. */
struct miner_device {
    const char *name; /* for people */
    void *arg;        /* for both functions */
    miner_scan_fn *scan;
    miner_restart_fn *restart; /* NULL: nothing but to try again */
    size_t streams;            /* 1 to MINER_MAX_STREAMS; default 2 */
    uint32_t step;             /* nonces of which a batch is better a multiple; default 1 */
    double ns_per_hash;        /* how fast it is, where that is known; it is learnt anyway */
    unsigned batch_ms;         /* how long a scan shall take, waiting for others included; 40 */
    unsigned limit_ms;         /* a call that takes longer has hung, for good; 60 000 */
    unsigned retry_ms;         /* from the first failure to the next try, then twice that and so on,
                                  up to 64 times; 1000 */
    unsigned tries;            /* failures after which it is given up; 6. They are forgotten after
                                  600 times retry_ms of good work. */
};

enum miner_device_state {
    MINER_DEVICE_RUNNING,
    MINER_DEVICE_FAILED,   /* will be tried anew */
    MINER_DEVICE_GIVEN_UP, /* failed too often, or hung */
};

/* What a device has done, besides what every lane's statistics say. */
struct miner_device_stats {
    enum miner_device_state state;
    uint64_t failures; /* how often it failed */
    uint64_t errors;   /* results that were none: wrong, twice, or beyond what was asked for */
    uint64_t
        found; /* results that were right, of those that are only there to be counted as well */
    double expected; /* how many of those chance lets expect of what it searched */
    char text[MINER_DEVICE_TEXT_SIZE]; /* of the last failure; empty: none */
};

/*
 * Told, on a device's thread and without locks held, that its state has changed:
 * device counts from 0 in the order of miner_options, text says why.
 */
typedef void miner_device_told_fn(void *arg, size_t device, enum miner_device_state state,
                                  const char *text);

#endif
