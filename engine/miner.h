/*
 * The mining search: tries every header that a work allows, once, on the
 * workers of a pool and on devices (GPUs) beside them, and queues those that
 * meet the target.
 *
 *     owner --set_work--> current work --units--> a lane on each worker --hits--> queue --poll--> owner
 *
 * A work is a header whose nonce, rollable version bits, time and extranonce
 * may vary. It is cut into units (extranonce, time, a set of versions, a range of
 * nonces), numbered in that order with the nonces fastest; a lane takes the
 * next number, scans it in slices of some 150 microseconds, and between slices
 * looks for a higher class of tasks and for new work. A lane that yields goes
 * on where it stopped; one that gets new work drops its unit.
 *
 * A device (miner_device.h) is a lane as well, the first of them after the last
 * worker's. It takes more at once, as one that does 2^32 nonces in a second
 * should, and its batches take longer than slices. What a device that failed had
 * not done is done by others, or by itself once it is back.
 *
 * All functions may be called on any thread that is not a pool worker; each
 * takes the miner's lock for less than some microseconds. Only header and
 * release functions and the observer run on workers, and on devices' threads.
 */
#ifndef ENGINE_MINER_H
#define ENGINE_MINER_H

#include "base/uint256.h"
#include "engine/miner_device.h"
#include "engine/pool.h"
#include "kernels/kernels.h"

enum {
    MINER_QUEUE_SIZE = 1024, /* results that wait to be polled */
    MINER_ERROR_SIZE = 256,
    MINER_DUTY_FULL = 1000,
};

struct miner;

/*
 * Completes the header for an extranonce: header comes as the work has it, and
 * is to get the Merkle root (bytes 36 to 67) of the coinbase with that
 * extranonce. Version, time and nonce are the search's own and are overwritten.
 * Called on several workers at once, by each once for an extranonce that it
 * comes to; must give the same bytes for the same extranonce.
 */
typedef void miner_header_fn(void *arg, uint64_t extranonce, uint8_t header[static 80]);

/* Told once, on any thread and without locks held, that arg won't be used again. */
typedef void miner_release_fn(void *arg);

/* What to search. Copied by miner_set_work. */
struct miner_work {
    uint64_t tag;       /* the caller's name for this work, given back with each result */
    uint8_t header[80]; /* the template; its time is the first one that is tried */
    struct uint256 target;
    uint32_t version_mask;  /* bits of the version that may vary: BIP320's 0x1fffe000, or 0 */
    uint32_t extra_seconds; /* how far beyond the header's time the search may go (cut at 2^32) */
    uint32_t nonce_first;   /* the nonces to try are nonce_first, nonce_first + 1, ... */
    uint64_t nonce_count;   /* so many of them; 0: all up to 2^32 */
    uint64_t extranonce_first; /* the extranonces to try, the last included */
    uint64_t extranonce_last;
    bool stop_at_first; /* end at the first hit, so that this work gives one result */
    miner_header_fn
        *header_fn; /* NULL where the extranonce changes nothing: only the first is tried */
    miner_release_fn *release_fn; /* or NULL */
    void *arg;                    /* for both */
};

/* The part of a unit that one slice did, for tests that prove what was searched. */
struct miner_range {
    uint64_t tag;
    uint64_t extranonce;
    uint32_t time;
    uint32_t nonce_first;
    uint64_t nonce_count;
    size_t versions;
    uint32_t version[SEARCH_MAX_VERSIONS];
    size_t lane;
};

/* Called on a worker after each slice, hits of which are queued after it returns. */
typedef void miner_observe_fn(void *arg, const struct miner_range *range);

/* All zero but kernels is what a program without devices wants. */
struct miner_options {
    const struct kernels *kernels; /* must outlive the miner */
    size_t lanes;                  /* workers 0 to lanes - 1 search; 0: all of the pool's */
    uint64_t unit_nonces;          /* nonces a unit, 1 to 2^32; 0: 2^24 */
    miner_observe_fn *observe_fn;  /* or NULL */
    void *observe_arg;
    const struct miner_device *devices; /* device_count of them, at most MINER_MAX_DEVICES */
    size_t device_count;
    miner_device_told_fn *told_fn; /* or NULL */
    void *told_arg;
};

/*
 * A miner without work. The pool must outlive it, and may be NULL where devices
 * shall search alone. NULL, with the reason in error, where memory, a thread or
 * a file descriptor can't be had.
 */
struct miner *miner_create(struct pool *pool, const struct miner_options *options,
                           char error[static MINER_ERROR_SIZE]);

/*
 * Ends the search, waits for the slices and batches under way, frees the miner
 * and releases its work. A device's call that does not return within ten seconds
 * more is left behind (guard.h): its arg must then live on.
 */
void miner_destroy(struct miner *miner);

/*
 * Replaces the work, and wakes the lanes if there was none. Every lane whose
 * worker does not run a higher class takes it up within a millisecond. False,
 * and nothing changed (release_fn is not called), where memory is exhausted,
 * the nonce range goes beyond 2^32 or the extranonces end before they begin.
 */
bool miner_set_work(struct miner *miner, const struct miner_work *work)
    __attribute__((warn_unused_result));

/* Takes the work away; the lanes sleep. */
void miner_clear_work(struct miner *miner);

/* Lets the lanes sleep, and go on where they were. New work is kept for later meanwhile. */
void miner_pause(struct miner *miner);
void miner_resume(struct miner *miner);

/*
 * How much of its CPU's time a lane may run, in thousandths: MINER_DUTY_FULL is
 * all, as after miner_create; 0 lets it sleep, and leaves what it has begun to
 * other lanes. In between it runs and sleeps some 50 times a second; what it
 * uses, by the CPU's clock, is over time what it may. Higher classes of tasks
 * don't count and aren't hindered; new work is taken up while it sleeps. Devices
 * use other things than CPU time: with their lanes this does nothing.
 * False, and nothing changed, where the thread for this can't be had.
 */
bool miner_set_duty(struct miner *miner, size_t lane, unsigned permille)
    __attribute__((warn_unused_result));

enum miner_event_type {
    MINER_FOUND,     /* a header that meets its work's target */
    MINER_EXHAUSTED, /* all of the current work was searched; told once a work */
};

struct miner_event {
    enum miner_event_type type;
    uint64_t tag;
    /*
     * Whether the work was no longer the current one at the moment of the poll:
     * exact, as long as the same thread sets work and polls.
     */
    bool stale;
    /* MINER_FOUND alone: */
    uint8_t header[80];
    uint64_t extranonce;
    size_t lane;
};

/*
 * Takes the next event; false where there is none. Nothing is ever dropped: a
 * lane that finds the queue full sleeps until it is polled, so poll it empty
 * whenever miner_fd says so.
 */
bool miner_poll(struct miner *miner, struct miner_event *event);

/* A file descriptor that is readable while events may wait: for poll(2) and the like alone. */
int miner_fd(const struct miner *miner);

/* What a lane has done. */
struct miner_lane_stats {
    uint64_t hashes;         /* headers tried: nonces times versions */
    uint64_t cpu_ns;         /* CPU time used; may lag by 10 ms */
    uint64_t works;          /* works taken up */
    uint64_t last_switch_ns; /* from the last miner_set_work to its first slice on this lane */
    uint64_t max_switch_ns;  /* the longest so far; sleeping lanes' and paused times included */
};

/* How many there are: the workers', then the devices'. */
size_t miner_lanes(const struct miner *miner);
struct miner_lane_stats miner_lane_stats(const struct miner *miner, size_t lane);

/* How many of the lanes are devices', the last ones; and what the lane of a device is. */
size_t miner_devices(const struct miner *miner);
struct miner_device_stats miner_device_stats(const struct miner *miner, size_t device);

/*
 * CPU time used for the search since the miner was created, in ns: by the
 * workers' lanes and for their duty cycles. May lag by 10 ms a lane.
 */
uint64_t miner_cpu_ns(const struct miner *miner);

/* Headers tried by all lanes since the miner was created; feed it to a struct meter for rates. */
uint64_t miner_hashes(const struct miner *miner);

#endif
