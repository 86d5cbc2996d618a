/* Between the verifier's own files. */
#ifndef ENGINE_VERIFIER_IMPL_H
#define ENGINE_VERIFIER_IMPL_H

#include "engine/verifier.h"

/*
 * Whether impl, and the reference too, agree with what is known of some checks, good and bad. False, with the
 * reason in error, where they don't or memory is exhausted.
 */
bool verifier_check(const struct signature_verify_impl *impl,
                    char error[static VERIFIER_ERROR_SIZE]);

#endif
