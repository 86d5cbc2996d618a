#include "mining/tally.h"

#include <pthread.h>
#include <stdlib.h>

struct mining_tally {
    pthread_mutex_t lock; /* guards lane[] */
    size_t lanes;
    struct mining_lane_tally lane[];
};

struct mining_tally *mining_tally_create(size_t lanes)
{
    struct mining_tally *tally = calloc(1, sizeof(*tally) + lanes * sizeof(tally->lane[0]));

    if (!tally)
        return NULL;
    pthread_mutex_init(&tally->lock, NULL);
    tally->lanes = lanes;
    return tally;
}

void mining_tally_destroy(struct mining_tally *tally)
{
    if (!tally)
        return;
    pthread_mutex_destroy(&tally->lock);
    free(tally);
}

/* The lane's place with the lock held; NULL, and no lock, where there is none. */
static struct mining_lane_tally *take(struct mining_tally *tally, size_t lane)
{
    if (!tally || lane >= tally->lanes)
        return NULL;
    pthread_mutex_lock(&tally->lock);
    return &tally->lane[lane];
}

void mining_tally_found(struct mining_tally *tally, size_t lane, bool good, double reached,
                        uint64_t now_s)
{
    struct mining_lane_tally *place = take(tally, lane);

    if (!place)
        return;
    if (good) {
        place->found++;
        place->last_found_s = now_s;
        if (reached > place->best_difficulty)
            place->best_difficulty = reached;
    } else {
        place->errors++;
    }
    pthread_mutex_unlock(&tally->lock);
}

void mining_tally_accepted(struct mining_tally *tally, size_t lane, size_t source,
                           double difficulty, uint64_t now_s)
{
    struct mining_lane_tally *place = take(tally, lane);

    if (!place)
        return;
    place->accepted++;
    place->accepted_difficulty += difficulty;
    place->last_difficulty = difficulty;
    place->last_accepted_s = now_s;
    place->last_source = source;
    pthread_mutex_unlock(&tally->lock);
}

void mining_tally_rejected(struct mining_tally *tally, size_t lane, double difficulty)
{
    struct mining_lane_tally *place = take(tally, lane);

    if (!place)
        return;
    place->rejected++;
    place->rejected_difficulty += difficulty;
    pthread_mutex_unlock(&tally->lock);
}

struct mining_lane_tally mining_tally_read(struct mining_tally *tally, size_t lane)
{
    struct mining_lane_tally *place = take(tally, lane), copy = {0};

    if (place) {
        copy = *place;
        pthread_mutex_unlock(&tally->lock);
    }
    return copy;
}

void mining_tally_zero(struct mining_tally *tally, bool best_alone)
{
    if (!tally)
        return;
    pthread_mutex_lock(&tally->lock);
    for (size_t i = 0; i < tally->lanes; i++)
        if (best_alone)
            tally->lane[i].best_difficulty = 0;
        else
            tally->lane[i] = (struct mining_lane_tally){0};
    pthread_mutex_unlock(&tally->lock);
}
