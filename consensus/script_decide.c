#include "consensus/interpreter.h"

bool script_decide_directly(void *context, const struct signature_check *check,
                            enum script_decision decision)
{
    uint8_t accepted;

    (void)context;
    (void)decision;
    signature_verify_libsecp256k1(&accepted, check, 1);
    return accepted != 0;
}
