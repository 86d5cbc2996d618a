/* What the tests of the verifier share: implementations to try, batches with known answers. */
#ifndef TESTS_UNIT_ENGINE_VERIFIER_SUPPORT_H
#define TESTS_UNIT_ENGINE_VERIFIER_SUPPORT_H

#include "engine/verifier.h"
#include "tests/unit/random.h"

/*
 * Exact, and quick about checks of kind TOY, whose answer is in their key: for tests that need many. All others it
 * asks the reference about. toy_calls and toy_most tell how it was called about toys.
 */
enum { TOY = 100, TOY_BATCH = 8 };
extern const struct signature_verify_impl toy;
extern atomic_size_t toy_calls, toy_most;

/* A verifier with impl; the test fails where there is none. */
struct verifier *make_verifier(struct pool *pool, const struct signature_verify_impl *impl);

/* A batch of toys with its right answers, and a count of done. */
struct toys {
    struct verifier_batch batch; /* first, so that done finds the rest */
    struct signature_check *checks;
    uint8_t *accepted, *want;
    size_t rejected;
    uint64_t tags[2];
    atomic_uint done;
};

/* count toys of which about one in odds is bad (0: none); for toys_free. done counts, and stamps toys_finished. */
struct toys *toys_make(struct random *random, size_t count, size_t odds, enum pool_class class);
void toys_free(struct toys *t);
extern atomic_uint toys_finished;

/* Sleeps until done was called times times. */
void toys_wait(struct toys *t, unsigned times);

/* That all answers are there and right. */
void toys_expect(const struct toys *t);

#endif
