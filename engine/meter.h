/*
 * How fast things are counted: one cell a worker, read by anybody.
 *
 * The writer of a cell is one worker, which pays a plain store a slice; cells
 * are a cache line apart. Rates are worked out when they are asked for.
 */
#ifndef ENGINE_METER_H
#define ENGINE_METER_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum { METER_LINE = 64 };

/* One worker's count. */
struct meter_cell {
    _Alignas(METER_LINE) atomic_uint_least64_t count;
};

/* Adds to a cell. Only its one writer may. */
static inline void meter_add(struct meter_cell *cell, uint64_t n)
{
    /* Relaxed: one writer, and readers want a recent number, not an order with anything else. */
    uint64_t count = atomic_load_explicit(&cell->count, memory_order_relaxed);

    atomic_store_explicit(&cell->count, count + n, memory_order_relaxed);
}

static inline uint64_t meter_count(const struct meter_cell *cell)
{
    /* Relaxed: as above. */
    return atomic_load_explicit(&cell->count, memory_order_relaxed);
}

/* What a reader remembers of one counter. Belongs to one thread at a time. */
struct meter {
    uint64_t start_ns, start_count; /* when it was started */
    uint64_t last_ns, last_count;   /* when it was last read */
    double recent;                  /* the weighted rate so far */
    double tau_seconds;             /* the age at which a rate counts 1/e */
};

struct meter_rate {
    uint64_t count; /* since the start */
    double
        recent; /* a second, exponentially weighted by age; before tau has passed, by what there is */
    double average; /* a second, since the start */
};

/* Starts at a count at a time of a steady clock. tau_seconds must be above 0. */
void meter_init(struct meter *m, uint64_t now_ns, uint64_t count, double tau_seconds);

/* Takes a new reading, not older than the last, and gives the rates. */
struct meter_rate meter_read(struct meter *m, uint64_t now_ns, uint64_t count);

#endif
