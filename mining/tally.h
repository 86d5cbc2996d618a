/*
 * Results by the lane that found them, so that a device which finds nothing, or
 * whose results are refused, is seen. What mines counts, displays and the API
 * read.
 *
 *     solo, stratum --found, accepted, rejected--> tally --read--> monitor
 *
 * Every function is safe on any thread, takes a null tally, which counts
 * nothing, and ignores a lane beyond those of mining_tally_create.
 */
#ifndef MINING_TALLY_H
#define MINING_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mining_tally;

/* What one lane has found. Difficulties are Bitcoin's; times are Unix seconds, 0: never. */
struct mining_lane_tally {
    uint64_t found;  /* results that the engine gave, and that held on the CPU */
    uint64_t errors; /* results that did not hold: the device computes wrongly */
    uint64_t accepted, rejected;
    double accepted_difficulty, rejected_difficulty; /* sums */
    double last_difficulty;                          /* of the last accepted one's target */
    double best_difficulty;                          /* that a hash of the lane's reached */
    uint64_t last_found_s, last_accepted_s;
    size_t last_source; /* to which the last accepted one went; where last_accepted_s is not 0 */
};

/* A tally of so many lanes, all zero. NULL where memory lacks. */
struct mining_tally *mining_tally_create(size_t lanes);
void mining_tally_destroy(struct mining_tally *tally);

/* A result came from the engine; good is whether its hash, which reached this difficulty, meets its target. */
void mining_tally_found(struct mining_tally *tally, size_t lane, bool good, double reached,
                        uint64_t now_s);

/* A source (an index of mining_status) took a result, or refused it, of a target of this difficulty. */
void mining_tally_accepted(struct mining_tally *tally, size_t lane, size_t source,
                           double difficulty, uint64_t now_s);
void mining_tally_rejected(struct mining_tally *tally, size_t lane, double difficulty);

/* All zero for a lane that is none. */
struct mining_lane_tally mining_tally_read(struct mining_tally *tally, size_t lane);

/* Begins anew: with all counts, or with the best difficulty alone. */
void mining_tally_zero(struct mining_tally *tally, bool best_alone);

#endif
