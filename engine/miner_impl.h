/* What the files of the miner share: its structures, and what a lane does. For miner*.c alone. */
#ifndef ENGINE_MINER_IMPL_H
#define ENGINE_MINER_IMPL_H

#include "engine/meter.h"
#include "engine/miner.h"

#include <pthread.h>

/* What a lane takes at once: these nonces, each with all these versions. */
struct miner_unit {
    uint64_t extranonce;
    uint32_t time;
    uint32_t nonce_first;
    uint64_t nonce_count;
    uint64_t weight; /* what it counts in its work's open_units */
    size_t versions;
    uint32_t version[SEARCH_MAX_VERSIONS];
};

/*
 * A work's space as a number of mixed radix: extranonce, time, set of versions,
 * chunk of nonces, the last the fastest. Units are its values from 0 on, so
 * that handing out each number once searches everything once.
 */
struct miner_space {
    const struct search_impl *search; /* what scans it */
    uint32_t version;                 /* the template's */
    uint32_t version_mask;
    uint64_t version_count; /* 2^(bits of the mask) */
    size_t set_size;        /* versions a set; the last set may have fewer */
    uint32_t time_first;
    uint64_t nonce_first, nonce_count;
    uint64_t chunk_size; /* nonces a unit; the last chunk may have fewer */
    uint64_t extranonce_first;
    uint64_t chunks, sets, times;
    uint64_t units; /* at most 2^64 - 1, beyond which nobody gets */
};

/* False where the nonces go beyond 2^32. Devices are best with SEARCH_MAX_VERSIONS at once. */
bool miner_space_init(struct miner_space *space, const struct miner_work *work,
                      const struct kernels *kernels, uint64_t unit_nonces, bool with_devices);

/*
 * The unit of count numbers from one below space->units on, which must be of the
 * same extranonce, time and versions.
 */
void miner_space_units(const struct miner_space *space, struct miner_unit *unit, uint64_t number,
                       uint64_t count);

/* ---- miner_duty.c ---- */

/* How much of its CPU's time a lane may run. */
struct miner_duty {
    atomic_uint permille;           /* changes under the miner's lock */
    atomic_int_least64_t credit_ns; /* CPU time left: the pacer adds, the lane takes */
};

void miner_duty_init(struct miner_duty *d);                      /* all of it */
void miner_duty_set(struct miner_duty *d, unsigned permille);    /* under the miner's lock */
bool miner_duty_limited(const struct miner_duty *d);             /* neither all nor nothing */
bool miner_duty_none(const struct miner_duty *d);                /* nothing */
bool miner_duty_spent(const struct miner_duty *d);               /* whether the lane has to park */
void miner_duty_take(struct miner_duty *d, uint64_t ns);         /* it has run so long */
void miner_duty_fill(struct miner_duty *d, uint64_t elapsed_ns); /* so much time has passed */

/* Fills the lanes that are limited. False where none of them waits for it or runs. */
typedef bool miner_pacer_fn(void *arg, uint64_t elapsed_ns);

/* The thread that calls fill every period, as long as it is wanted. */
struct miner_pacer {
    miner_pacer_fn *fill; /* called without the pacer's lock */
    void *arg;
    pthread_t thread;
    pthread_mutex_t lock; /* the innermost */
    pthread_cond_t wake;
    bool started, wanted, ending; /* under the lock */
    struct meter_cell cpu_ns;     /* that the thread itself has used */
};

void miner_pacer_init(struct miner_pacer *p, miner_pacer_fn *fill, void *arg);

/* Starts the thread, if it wasn't; false where there is none to be had. */
bool miner_pacer_start(struct miner_pacer *p);

/* Sees to it that fill is called a period from now; after fill has said false, and after init. */
void miner_pacer_want(struct miner_pacer *p);

/* Ends the thread. The miner's lock must not be held. */
void miner_pacer_end(struct miner_pacer *p);

/* A work that is current or that some lane still has. */
struct assignment {
    struct miner_work work;
    struct miner_space space;
    uint64_t serial; /* 1, 2, ... in the order of miner_set_work */
    uint64_t set_ns;
    /* Under the miner's lock: */
    size_t holders; /* lanes, and the miner while it is current */
    bool finished;  /* nothing more is to be searched */
    bool exhausted; /* because all was */
    bool told;      /* MINER_EXHAUSTED was polled */
    _Alignas(METER_LINE) atomic_uint_least64_t next_unit;
    /*
     * The weights of all that is not done: a unit's is how many numbers it
     * stands for, of which 2^63 are as good as all.
     */
    atomic_uint_least64_t open_units;
    /*
     * Begun units that lanes have left to others: taken before new ones, so
     * that they are few (miner_left_room). Under the miner's lock.
     */
    atomic_size_t left_count; /* also read without it, as a hint */
    struct miner_unit left[];
};

struct miner_stream;

/* What one worker does, or one stream of a device. Its task or thread alone touches all but the last part. */
struct lane {
    struct pool_task task;       /* a worker's */
    struct miner_stream *stream; /* NULL: a worker */
    struct miner *miner;
    size_t index;   /* what it is called to the outside: streams of a device share one */
    uint64_t epoch; /* the one that it has acted upon */
    struct assignment *assignment;
    bool switched; /* to that assignment since its last slice */
    bool drained;  /* the assignment has no unit for it any more */
    bool has_unit, has_header;
    uint64_t header_extranonce; /* header's, where it has one */
    uint64_t unit_done;         /* nonces */
    double ns_per_hash;
    size_t hits_flushed;  /* of hits */
    unsigned slices;      /* since the CPU time was looked at */
    uint64_t cpu_read_ns; /* the thread's CPU time then */
    uint64_t runs;        /* of any tasks on the worker, when the lane's last run began */
    uint8_t header[80];
    struct miner_unit unit;
    struct search_job job;
    struct search_hits hits;
    bool parked;    /* under the miner's lock */
    bool throttled; /* likewise: parked for want of credit alone */
    struct miner_duty duty;
    struct meter_cell hashes, cpu_ns;
    atomic_uint_least64_t works, last_switch_ns, max_switch_ns; /* written by the lane */
};

struct result {
    uint64_t serial; /* its assignment's */
    struct miner_event event;
};

struct miner {
    struct pool *pool;
    struct miner_options options;
    size_t lanes;   /* on workers */
    size_t streams; /* of all devices */
    size_t devices;
    struct lane **lane;          /* those on workers */
    struct miner_server *server; /* a device's each */
    int fd;
    struct miner_pacer pacer;
    pthread_mutex_t lock;
    pthread_cond_t parking; /* a lane has parked, for miner_destroy */
    pthread_cond_t wake;    /* for streams that wait: something has changed */
    /* Under the lock: */
    struct assignment *current;
    uint64_t serial; /* the latest assignment's */
    bool paused, ending;
    bool signalled;        /* fd is readable */
    bool lanes_want_room;  /* some lane is parked with hits that the ring had no room for */
    size_t first, results; /* of the ring */
    struct result ring[MINER_QUEUE_SIZE];
    _Alignas(METER_LINE)
        atomic_uint_least64_t epoch; /* written under the lock, read at every slice */
};

/*
 * How many left units a work has room for. A lane begins a new unit where none
 * is left, which makes as many as there are lanes, left or in hand; and cuts one
 * in two where no more than that are left, which makes as many again.
 */
static inline size_t miner_left_room(const struct miner *m) { return 2 * (m->lanes + m->streams); }

/* Makes every lane come and look. Under the miner's lock. */
void miner_new_epoch(struct miner *m);

/* Puts a parked lane's task back into the pool; those of all, and wakes the streams. Under the miner's lock. */
void miner_unpark_lane(struct lane *lane);
void miner_unpark_lanes(struct miner *m);

/* Makes miner_fd readable, and unreadable. Under the miner's lock. */
void miner_signal_owner(struct miner *m);
void miner_unsignal_owner(struct miner *m);

/*
 * Gives up one hold, under the miner's lock. Returns the assignment if that was
 * the last one: for miner_release, without the lock.
 */
struct assignment *miner_let_go(struct assignment *a);
void miner_release(struct assignment *a);

/* ---- miner_lane.c ---- */

/* The task of a lane on a worker: arg is the lane. */
enum pool_result miner_lane_run(struct pool_worker *worker, void *arg);

/*
 * Brings a lane up to date: its hits queued, its work the current one. False
 * where it has nothing to do. Under the miner's lock, which it may let go
 * meanwhile.
 */
bool miner_lane_update(struct miner *m, struct lane *lane);

/* What the lane has begun goes back to be done by others. Its hits were queued. Under the miner's lock. */
void miner_lane_leave(struct miner *m, struct lane *lane);

/* Takes a unit, of some so many nonces, and prepares its search; false where there is none. */
bool miner_lane_next(struct lane *lane, uint64_t nonces);

/* The lane's unit is done, and its hits are queued. */
void miner_lane_finish(struct lane *lane);

/* A scan of the lane's unit begins: if it is the first of a work, notes how long that took. */
void miner_lane_start(struct lane *lane, uint64_t now_ns);

/* The next count nonces of the lane's unit are done. */
void miner_lane_done(struct lane *lane, uint64_t count);

/*
 * Learns from a scan how long hashes take. One that was interrupted by others
 * must not shrink the next by much.
 */
void miner_lane_learn(struct lane *lane, uint64_t hashes, uint64_t ns);

/* ---- miner_device.c ---- */

/* Makes the devices' lanes; false, errno set, where something can't be had. */
bool miner_devices_create(struct miner *m, const struct miner_device *devices, size_t count);

/* Starts their threads; likewise. */
bool miner_devices_start(struct miner *m);

/* Ends the threads, if any run. ending was set; the lock must not be held. */
void miner_devices_end(struct miner *m);
void miner_devices_free(struct miner *m);

/* Of a device's streams together. */
struct miner_lane_stats miner_device_lane_stats(const struct miner *m, size_t device);

/* A lane's own numbers, which it writes and others read. */
static inline void miner_store(atomic_uint_least64_t *number, uint64_t value)
{
    /* Relaxed: one writer; readers want a number, no order. */
    atomic_store_explicit(number, value, memory_order_relaxed);
}

static inline uint64_t miner_load(const atomic_uint_least64_t *number)
{
    /* Relaxed: as above. */
    return atomic_load_explicit(number, memory_order_relaxed);
}

/* Likewise a count that changes under the miner's lock, and is read without it as a hint. */
static inline void miner_store_size(atomic_size_t *number, size_t value)
{
    atomic_store_explicit(number, value, memory_order_relaxed);
}

static inline size_t miner_load_size(const atomic_size_t *number)
{
    return atomic_load_explicit(number, memory_order_relaxed);
}

#endif
