/* Whatever a server answers: a result or an error, never both, and text that no terminal obeys. */
#include "mining/jsonrpc.h"
#include "tests/fuzz/fuzz.h"

#include <ctype.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const long statuses[] = {200, 200, 200, 500, 404, 401, 403, 503};
    struct jsonrpc_error error = {.kind = JSONRPC_CANCELLED};
    json_t *result;

    if (size == 0)
        return 0;
    result = jsonrpc_parse(bytes_of(data + 1, size - 1), 7, statuses[data[0] % 8], &error);
    FUZZ_CHECK((result != NULL) == (error.kind == JSONRPC_OK));
    FUZZ_CHECK(error.kind != JSONRPC_CANCELLED);
    if (!result) {
        FUZZ_CHECK(memchr(error.text, '\0', sizeof(error.text)));
        FUZZ_CHECK(*error.text);
        for (const char *c = error.text; *c; c++)
            FUZZ_CHECK(!iscntrl((unsigned char)*c));
    }
    json_decref(result);
    return 0;
}
