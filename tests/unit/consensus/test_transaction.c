/* Transactions against Core's vectors, byte for byte and name for name; and what must be refused. */
#include "consensus/transaction.h"

#include "tests/unit/consensus/support.h"

#include <stdlib.h>
#include <string.h>

#define DATA "bitcoin/src/test/data/"

/* Serializing gives the same bytes, and sizes and names are those of these bytes. */
static void check_forms(const struct transaction *tx, struct bytes raw)
{
    uint8_t *out = malloc(raw.size + 1);
    size_t stripped = transaction_size(tx, TRANSACTION_WITHOUT_WITNESS), size;
    struct txid txid = transaction_txid(COMPRESS, tx);
    struct wtxid wtxid = transaction_wtxid(COMPRESS, tx);
    struct hash256 want = oracle_sha256d(raw.data, raw.size);

    assert_non_null(out);
    out[raw.size] = 0xa5;
    assert_int_equal(transaction_size(tx, TRANSACTION_WITH_WITNESS), raw.size);
    assert_int_equal(transaction_serialize(out, tx, TRANSACTION_WITH_WITNESS), raw.size);
    assert_memory_equal(out, raw.data, raw.size);
    assert_int_equal(out[raw.size], 0xa5);
    assert_memory_equal(wtxid.bytes, want.bytes, 32);

    size = transaction_serialize(out, tx, TRANSACTION_WITHOUT_WITNESS);
    want = oracle_sha256d(out, size);
    assert_int_equal(size, stripped);
    assert_memory_equal(txid.bytes, want.bytes, 32);
    assert_int_equal(stripped == raw.size, !transaction_has_witness(tx));
    assert_int_equal(transaction_weight(tx), 3 * stripped + raw.size);
    assert_int_equal(transaction_virtual_size(tx), (3 * stripped + raw.size + 3) / 4);
    free(out);
}

/* What a parsed transaction without its witness must be when it is parsed in the old format. */
static void check_stripped(const struct transaction *tx)
{
    struct arena arena;
    struct transaction again;
    size_t size = transaction_size(tx, TRANSACTION_WITHOUT_WITNESS);
    uint8_t *out = malloc(size);
    struct txid a = transaction_txid(COMPRESS, tx), b;

    assert_non_null(out);
    arena_init(&arena, 0);
    transaction_serialize(out, tx, TRANSACTION_WITHOUT_WITNESS);
    assert_int_equal(
        transaction_parse(&again, &arena, bytes_of(out, size), TRANSACTION_WITHOUT_WITNESS),
        PARSE_OK);
    b = transaction_txid(COMPRESS, &again);
    assert_true(txid_equal(a, b));
    assert_false(transaction_has_witness(&again));
    assert_int_equal(again.input_count, tx->input_count);
    assert_int_equal(again.output_count, tx->output_count);
    arena_free(&arena);
    free(out);
}

static void check_round_trip(const char *hex)
{
    struct arena arena;
    struct transaction tx;
    size_t size;
    uint8_t *raw = hex_bytes(hex, &size);
    enum parse_result result;

    arena_init(&arena, 0);
    result = transaction_parse(&tx, &arena, bytes_of(raw, size), TRANSACTION_WITH_WITNESS);
    if (result != PARSE_OK)
        fail_msg("%s: %s", hex, parse_result_text(result));
    assert_int_equal(tx.raw.size, size);
    check_forms(&tx, bytes_of(raw, size));
    check_stripped(&tx);
    /* As one that was built, of which nothing but the fields is known. */
    tx.raw = tx.body = (struct bytes){0};
    check_forms(&tx, bytes_of(raw, size));
    arena_free(&arena);
    free(raw);
}

static void check_truncations(const char *hex)
{
    struct arena arena;
    struct transaction tx;
    size_t size;
    uint8_t *raw = hex_bytes(hex, &size);

    arena_init(&arena, 0);
    for (size_t cut = 0; cut < size; cut++) {
        uint8_t *copy =
            malloc(cut + !cut); /* its own, so that reading on is an error that ASan sees */

        assert_non_null(copy);
        memcpy(copy, raw, cut);
        assert_int_not_equal(
            transaction_parse(&tx, &arena, bytes_of(copy, cut), TRANSACTION_WITH_WITNESS),
            PARSE_OK);
        free(copy);
    }
    arena_free(&arena);
    free(raw);
}

/* Calls check with the transaction in the column of every row; returns the number of rows. */
static size_t each_row(const char *path, size_t column, void (*check)(const char *hex))
{
    json_t *rows = vectors_load_json(path), *row;
    size_t index, count = 0;

    json_array_foreach(rows, index, row)
    {
        const char *hex = json_string_value(json_array_get(row, column));

        if (json_array_size(row) < 2 || !hex) /* a comment */
            continue;
        check(hex);
        count++;
    }
    json_decref(rows);
    return count;
}

static void test_valid(void **state)
{
    (void)state;
    assert_true(each_row(DATA "tx_valid.json", 1, check_round_trip) >= 100);
}

static void test_invalid(void **state)
{
    (void)state;
    assert_true(each_row(DATA "tx_invalid.json", 1, check_round_trip) >= 90);
}

static void test_sighash(void **state)
{
    (void)state;
    assert_true(each_row(DATA "sighash.json", 0, check_round_trip) >= 500);
}

static void test_truncated(void **state)
{
    (void)state;
    each_row(DATA "tx_valid.json", 1, check_truncations);
}

/* Raw transactions as files, and what their inputs spend. */
static void test_files(void **state)
{
    static const char *const names[] = {"tx1", "tx3", "tx10"};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        char path[64];
        size_t size, undo_size, spent = 0;
        uint8_t *raw, *undo, *out;
        struct arena arena;
        struct transaction tx;
        struct cursor in;

        snprintf(path, sizeof(path), "transactions/%s.raw", names[i]);
        raw = vectors_load(path, &size);
        snprintf(path, sizeof(path), "transactions/%s-undo.raw", names[i]);
        undo = vectors_load(path, &undo_size);
        arena_init(&arena, 0);
        assert_int_equal(
            transaction_parse(&tx, &arena, bytes_of(raw, size), TRANSACTION_WITH_WITNESS),
            PARSE_OK);
        check_forms(&tx, bytes_of(raw, size));
        for (in = cursor_of(undo, undo_size); cursor_left(&in); spent++) {
            const uint8_t *start = in.at;
            struct tx_output output = tx_output_read(&in);
            size_t output_size = tx_output_size(&output);

            assert_false(in.failed);
            assert_true(amount_is_money(output.value));
            assert_int_equal(output_size, in.at - start);
            out = malloc(output_size);
            assert_non_null(out);
            assert_int_equal(tx_output_serialize(out, &output), output_size);
            assert_memory_equal(out, start, output_size);
            free(out);
        }
        assert_int_equal(spent, tx.input_count);
        arena_free(&arena);
        free(undo);
        free(raw);
    }
}

#define VERSION "02000000"
#define TXID "1111111111111111111111111111111111111111111111111111111111111111"
#define INPUT                                                                                      \
    TXID "00000000"                                                                                \
         "00"                                                                                      \
         "ffffffff"
#define OUTPUT                                                                                     \
    "0100000000000000"                                                                             \
    "0151"
#define ZERO "000000000000000000" /* an output of nothing to nobody */
#define LOCK "00000000"

/* A cursor has failed behind whatever is no transaction; what follows one is its caller's. */
static void check_cursor_failed(struct bytes raw, bool trailing)
{
    struct arena arena;
    struct transaction tx;
    struct cursor in = cursor_of(raw.data, raw.size);
    enum parse_result result;

    arena_init(&arena, 4096);
    result = transaction_read(&tx, &arena, &in, TRANSACTION_WITH_WITNESS);
    assert_int_equal(result == PARSE_OK, trailing);
    assert_int_equal(in.failed, !trailing);
    arena_free(&arena);
}

/* Shapes that only one reading of Core's code gets right. */
static const struct {
    const char *what, *hex;
    enum parse_result with, without;
} formats[] = {
    {"plain", VERSION "01" INPUT "01" OUTPUT LOCK, PARSE_OK, PARSE_OK},
    {"no outputs", VERSION "01" INPUT "00" LOCK, PARSE_OK, PARSE_OK},
    {"nothing at all", VERSION "0000" LOCK, PARSE_OK, PARSE_OK},
    {"an output alone: a marker, or not", VERSION "0001" OUTPUT LOCK, PARSE_MALFORMED, PARSE_OK},
    {"two outputs alone", VERSION "0002" OUTPUT OUTPUT LOCK, PARSE_MALFORMED, PARSE_OK},
    {"witness", VERSION "000101" INPUT "01" OUTPUT "010102" LOCK, PARSE_OK, PARSE_TRAILING_DATA},
    {"a witness of one empty item", VERSION "000101" INPUT "01" OUTPUT "0100" LOCK, PARSE_OK,
     PARSE_TRAILING_DATA},
    {"the second input's alone", VERSION "000102" INPUT INPUT "01" OUTPUT "000101aa" LOCK, PARSE_OK,
     PARSE_TRAILING_DATA},
    {"superfluous witness", VERSION "000101" INPUT "01" OUTPUT "00" LOCK, PARSE_SUPERFLUOUS_WITNESS,
     PARSE_TRAILING_DATA},
    {"superfluous for want of inputs", VERSION "00010000" LOCK, PARSE_SUPERFLUOUS_WITNESS,
     PARSE_MALFORMED},
    {"unknown flag", VERSION "000201" INPUT "01" OUTPUT LOCK, PARSE_UNKNOWN_FLAG,
     PARSE_TRAILING_DATA},
    {"unknown flag beside the known", VERSION "000301" INPUT "01" OUTPUT "010102" LOCK,
     PARSE_UNKNOWN_FLAG, PARSE_TRAILING_DATA},
    {"superfluous comes before unknown", VERSION "000301" INPUT "01" OUTPUT "00" LOCK,
     PARSE_SUPERFLUOUS_WITNESS, PARSE_TRAILING_DATA},
    {"unknown flag comes before the end", VERSION "000201" INPUT "01" OUTPUT, PARSE_UNKNOWN_FLAG,
     PARSE_TRAILING_DATA},
    {"trailing", VERSION "01" INPUT "01" OUTPUT LOCK "00", PARSE_TRAILING_DATA,
     PARSE_TRAILING_DATA},
    {"long form of a count", VERSION "fd0100" INPUT "01" OUTPUT LOCK, PARSE_MALFORMED,
     PARSE_MALFORMED},
    {"count of inputs beyond the end", VERSION "feffffff01" INPUT "01" OUTPUT LOCK, PARSE_MALFORMED,
     PARSE_MALFORMED},
    {"count beyond MAX_SIZE", VERSION "ffffffffffffffffff" INPUT "01" OUTPUT LOCK, PARSE_MALFORMED,
     PARSE_MALFORMED},
    {"count of outputs beyond the end", VERSION "01" INPUT "feffffff01" OUTPUT LOCK,
     PARSE_MALFORMED, PARSE_MALFORMED},
    {"count of items beyond the end", VERSION "000101" INPUT "01" OUTPUT "feffffff0100" LOCK,
     PARSE_MALFORMED, PARSE_TRAILING_DATA},
    /* The least that an input and an output take: as many as the bytes are enough for. */
    {"inputs, nothing else", VERSION "08" INPUT INPUT INPUT INPUT INPUT INPUT INPUT INPUT "00" LOCK,
     PARSE_OK, PARSE_OK},
    {"outputs without scripts",
     VERSION "01" INPUT "08" ZERO ZERO ZERO ZERO ZERO ZERO ZERO ZERO LOCK, PARSE_OK, PARSE_OK},
    {"script beyond the end", VERSION "01" INPUT "010100000000000000fdffff51" LOCK, PARSE_MALFORMED,
     PARSE_MALFORMED},
    {"nothing", "", PARSE_MALFORMED, PARSE_MALFORMED},
};

static void test_format(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        struct arena arena;
        struct transaction tx;
        size_t size;
        uint8_t *raw = hex_bytes(formats[i].hex, &size);
        enum parse_result with, without;

        arena_init(&arena, 4096); /* far less than the counts above would take */
        with = transaction_parse(&tx, &arena, bytes_of(raw, size), TRANSACTION_WITH_WITNESS);
        if (with == PARSE_OK)
            check_forms(&tx, bytes_of(raw, size));
        else
            check_cursor_failed(bytes_of(raw, size), with == PARSE_TRAILING_DATA);
        without = transaction_parse(&tx, &arena, bytes_of(raw, size), TRANSACTION_WITHOUT_WITNESS);
        if (with != formats[i].with || without != formats[i].without)
            fail_msg("%s: %s, %s", formats[i].what, parse_result_text(with),
                     parse_result_text(without));
        arena_free(&arena);
        free(raw);
    }
}

/* How often memory does not suffice while there is ever more of it. */
static size_t count_refusals(const char *hex)
{
    size_t size, refused = 0;
    uint8_t *raw = hex_bytes(hex, &size);
    enum parse_result result = PARSE_NO_MEMORY;

    for (size_t room = 0; result != PARSE_OK; room += 8) {
        _Alignas(max_align_t) uint8_t buffer[1024];
        struct arena arena;
        struct transaction tx;
        struct cursor in = cursor_of(raw, size);

        assert_true(room <= sizeof(buffer));
        arena_init_buffer(&arena, buffer, room, 1);
        result = transaction_read(&tx, &arena, &in, TRANSACTION_WITH_WITNESS);
        assert_true(result == PARSE_OK || result == PARSE_NO_MEMORY);
        assert_int_equal(in.failed, result != PARSE_OK);
        refused += result == PARSE_NO_MEMORY;
        arena_free(&arena);
    }
    free(raw);
    return refused;
}

/* Memory that runs out is no fault of the transaction, at whichever of its arrays that happens. */
static void test_no_memory(void **state)
{
    (void)state;
    assert_true(count_refusals(VERSION "01" INPUT "01" OUTPUT LOCK) >= 2);
    assert_true(count_refusals(VERSION "000101" INPUT "01" OUTPUT "030102000203ff" LOCK) >= 3);
}

/* The cursor is left behind a transaction, and failed by anything that is none. */
static void test_sequence(void **state)
{
    size_t size;
    uint8_t *raw = hex_bytes(VERSION "01" INPUT "01" OUTPUT LOCK VERSION "000101" INPUT "01" OUTPUT
                                     "010102" LOCK VERSION "00020000" LOCK,
                             &size);
    struct cursor in = cursor_of(raw, size);
    struct arena arena;
    struct transaction tx;

    (void)state;
    arena_init(&arena, 0);
    assert_int_equal(transaction_read(&tx, &arena, &in, TRANSACTION_WITH_WITNESS), PARSE_OK);
    assert_false(transaction_has_witness(&tx));
    assert_int_equal(transaction_read(&tx, &arena, &in, TRANSACTION_WITH_WITNESS), PARSE_OK);
    assert_true(transaction_has_witness(&tx));
    assert_int_equal(tx.inputs[0].witness_count, 1);
    assert_int_equal(tx.inputs[0].witness[0].data[0], 2);
    assert_int_equal(transaction_read(&tx, &arena, &in, TRANSACTION_WITH_WITNESS),
                     PARSE_UNKNOWN_FLAG);
    assert_true(in.failed);
    assert_int_equal(transaction_read(&tx, &arena, &in, TRANSACTION_WITH_WITNESS), PARSE_MALFORMED);
    arena_free(&arena);
    free(raw);
}

static void test_coinbase(void **state)
{
    struct tx_input inputs[2] = {{.previous.index = OUTPOINT_NULL_INDEX}};
    struct transaction tx = {.inputs = inputs, .input_count = 1};

    (void)state;
    assert_true(transaction_is_coinbase(&tx));
    tx.input_count = 2;
    assert_false(transaction_is_coinbase(&tx));
    tx.input_count = 1;
    inputs[0].previous.txid.bytes[31] = 1;
    assert_false(transaction_is_coinbase(&tx));
    inputs[0].previous.txid.bytes[31] = 0;
    inputs[0].previous.index = 0;
    assert_false(transaction_is_coinbase(&tx));
    tx.input_count = 0;
    assert_false(transaction_is_coinbase(&tx));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid),     cmocka_unit_test(test_invalid),
        cmocka_unit_test(test_sighash),   cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_files),     cmocka_unit_test(test_format),
        cmocka_unit_test(test_no_memory), cmocka_unit_test(test_sequence),
        cmocka_unit_test(test_coinbase),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
