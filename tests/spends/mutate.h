/* Changing spends: one small thing at a time, the rest made right again most of the time. */
#ifndef TESTS_SPENDS_MUTATE_H
#define TESTS_SPENDS_MUTATE_H

#include "tests/spends/make.h"
#include "tests/spends/repair.h"

/* Changes the size bytes at data, which has room for max; returns how many they are then. */
typedef size_t mutate_bytes_fn(uint8_t *data, size_t size, size_t max);

struct mutator {
    struct maker maker;
    struct script_workspace *workspace;
    mutate_bytes_fn *bytes; /* NULL: single bits are flipped */
};

/* Changes something of s: flags, transaction, amounts, scripts, witness, or how they are wrapped. */
void spend_mutate(const struct mutator *m, struct spend *s);

#endif
