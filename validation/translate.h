/*
 * The structs and numbers of include/exs/exs.h as the project's own, and back:
 * what libexs and the verification service have in common.
 *
 * Pure; any thread. Numbers that both sides share are asserted to be equal in translate.c.
 */
#ifndef VALIDATION_TRANSLATE_H
#define VALIDATION_TRANSLATE_H

#include "include/exs/exs.h"
#include "validation/validator.h"

/* What is spent, as the rules take it. */
struct spent_outputs {
    struct tx_output *outputs;
    struct spent_origin *origins;
};

/*
 * n spent outputs, in the arena; their scripts stay where they are. EXS_ERROR_ARGUMENT where there is
 * a NULL with a size, or a height or coinbase flag that can't be, and EXS_ERROR_MEMORY where the
 * arena is exhausted; else EXS_VALID.
 */
enum exs_result translate_spent(struct spent_outputs *out, struct arena *arena,
                                const struct exs_spent *spent, size_t n);

/*
 * The network of a place; custom, filled in, where the place has a signet's challenge of its own.
 * NULL where there is no such network, or the challenge is for what is no signet.
 */
const struct params *translate_network(const struct kernels *kernels, struct params *custom,
                                       const struct exs_block_place *place);

/* Core's own preconditions of its script verification flags. */
bool translate_flags_allowed(uint32_t flags);

/*
 * A verdict in public numbers; returns its result, EXS_ERROR_MEMORY where it was cancelled.
 * of_block: else there is one transaction, which is not worth naming.
 */
enum exs_result translate_verdict(struct exs_verdict *out, const struct verdict *verdict,
                                  bool of_block);

/* One without anything but a result. */
enum exs_result translate_no_verdict(struct exs_verdict *out, enum exs_result result);

enum exs_result translate_result(enum validation result);

#endif
