/*
 * Our libbitcoinconsensus, compiled in, beside the reference: the same calls, right and wrong ones, have
 * to give the same answers and errors.
 */
#ifndef TESTS_SPENDS_DROP_IN_H
#define TESTS_SPENDS_DROP_IN_H

#include "tests/spends/reference.h"
#include "tests/unit/random.h"

/*
 * Calls one of the functions of both for s, its arguments left as they are or made wrong by random:
 * flags, index, number of spent outputs, the transaction's bytes. False, and how they differ in text,
 * where they do. True where there is no reference.
 */
bool drop_in_compare(const struct spend *s, const struct reference *reference,
                     struct random *random, char text[static SPEND_DIFFERENCE_SIZE]);

#endif
