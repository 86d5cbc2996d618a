/* Whatever parses as a transaction is written as it was read, by its fields alone, and its sizes are those. */
#include "consensus/transaction.h"
#include "kernels/kernels.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

static void check_written(const struct transaction *tx, enum transaction_format format,
                          struct bytes want)
{
    uint8_t *out = malloc(want.size + 1);

    FUZZ_CHECK(out);
    FUZZ_CHECK(transaction_size(tx, format) == want.size);
    FUZZ_CHECK(transaction_serialize(out, tx, format) == want.size);
    FUZZ_CHECK(memcmp(out, want.data, want.size) == 0);
    free(out);
}

static void check_parsed(struct transaction *tx, enum transaction_format format, struct bytes raw)
{
    sha256_compress_fn *compress = kernels_generic.sha256_compress->run;
    struct txid txid = transaction_txid(compress, tx);
    struct wtxid wtxid = transaction_wtxid(compress, tx);
    size_t weight = transaction_weight(tx);

    check_written(tx, format, raw);
    FUZZ_CHECK(transaction_has_witness(tx) || memcmp(txid.bytes, wtxid.bytes, 32) == 0);
    FUZZ_CHECK(weight <= 4 * raw.size);

    tx->raw = tx->body = (struct bytes){0};
    check_written(tx, format, raw);
    FUZZ_CHECK(txid_equal(transaction_txid(compress, tx), txid));
    FUZZ_CHECK(wtxid_equal(transaction_wtxid(compress, tx), wtxid));
    FUZZ_CHECK(transaction_weight(tx) == weight);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum transaction_format formats[2] = {TRANSACTION_WITH_WITNESS,
                                                       TRANSACTION_WITHOUT_WITNESS};
    struct bytes raw = bytes_of(data, size);

    for (size_t i = 0; i < 2; i++) {
        struct arena arena;
        struct transaction tx;

        arena_init(&arena, FUZZ_MEMORY);
        if (transaction_parse(&tx, &arena, raw, formats[i]) == PARSE_OK)
            check_parsed(&tx, formats[i], raw);
        arena_free(&arena);
    }
    return 0;
}
