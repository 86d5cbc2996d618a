/*
 * Rules for whatever parses as a transaction: checked against a plain second writing of them where
 * they are subtle, and what is unknown never decides anything that knowing it could not confirm.
 *
 * The input: height 4, time 4, a byte that says how many bytes of origins follow, 4 an input; the
 * transaction is the rest.
 */
#include "consensus/transaction_rules.h"
#include "tests/fuzz/fuzz.h"

enum { MOST_COMPARED = 300 };

struct place {
    int32_t height;
    int64_t time;
};

static bool has_equal_inputs(const struct transaction *tx)
{
    for (size_t i = 0; i < tx->input_count; i++)
        for (size_t j = i + 1; j < tx->input_count; j++)
            if (memcmp(&tx->inputs[i].previous, &tx->inputs[j].previous, 36) == 0)
                return true;
    return false;
}

static bool is_null_spent(const struct transaction *tx)
{
    for (size_t i = 0; i < tx->input_count; i++)
        if (outpoint_is_null(tx->inputs[i].previous))
            return true;
    return false;
}

static void check_reason(const struct transaction *tx, enum reject reason, struct bytes raw)
{
    bool coinbase = transaction_is_coinbase(tx);
    struct amount out;

    FUZZ_CHECK((reason == REJECT_TXNS_VIN_EMPTY) == (tx->input_count == 0));
    FUZZ_CHECK(reason == REJECT_TXNS_VIN_EMPTY ||
               (reason == REJECT_TXNS_VOUT_EMPTY) == (tx->output_count == 0));
    FUZZ_CHECK(reason != REJECT_TXNS_OVERSIZE || raw.size > 1000000);
    FUZZ_CHECK(reason != REJECT_CB_LENGTH || coinbase);
    FUZZ_CHECK(reason != REJECT_TXNS_PREVOUT_NULL || !coinbase);
    if (reason == REJECT_NONE) {
        FUZZ_CHECK(transaction_value_out(&out, tx) && amount_is_money(out));
        FUZZ_CHECK(coinbase || !is_null_spent(tx));
    }
    if (tx->input_count > MOST_COMPARED)
        return;
    FUZZ_CHECK(reason != REJECT_TXNS_INPUTS_DUPLICATE || has_equal_inputs(tx));
    FUZZ_CHECK(reason != REJECT_NONE || !has_equal_inputs(tx));
}

/* Once final, always final; and as an input with its highest sequence says. */
static void check_final(const struct transaction *tx, struct place place)
{
    bool final = transaction_is_final(tx, place.height, place.time), waits = false;

    for (size_t i = 0; i < tx->input_count; i++)
        waits |= tx->inputs[i].sequence != SEQUENCE_FINAL;
    FUZZ_CHECK(waits || final);
    FUZZ_CHECK(!final || place.height == INT32_MAX ||
               transaction_is_final(tx, place.height + 1, place.time + 1));
    FUZZ_CHECK(transaction_is_final(tx, INT32_MAX, INT64_MAX));
}

static bool may_connect(const struct transaction *tx, const struct tx_output *spent,
                        const struct spent_origin *origins, struct place place, unsigned *unchecked)
{
    struct amount fee, out;
    size_t input;
    struct sequence_locks locks = transaction_sequence_locks(tx, origins, unchecked);
    enum reject reason =
        transaction_check_inputs(&fee, &input, tx, spent, origins, place.height, unchecked);

    FUZZ_CHECK(input == REJECT_NO_INDEX || input < tx->input_count);
    if (reason != REJECT_NONE)
        return false;
    FUZZ_CHECK(transaction_value_out(&out, tx) && amount_is_money(fee));
    for (size_t i = 0; i < tx->input_count; i++)
        out.sat -= spent[i].value.sat;
    FUZZ_CHECK(out.sat + fee.sat == 0);
    return sequence_locks_evaluate(locks, place.height, place.time);
}

/* What of the origins is forgotten, bit by bit. */
enum { FORGET_HEIGHT = 1, FORGET_TIME = 2, FORGET_COINBASE = 4, FORGET_ALL = 7 };

static void forget(struct spent_origin *out, const struct spent_origin *origins, size_t n, int what)
{
    struct spent_origin unknown = spent_origin_unknown();

    for (size_t i = 0; i < n; i++) {
        out[i] = origins[i];
        if (what & FORGET_HEIGHT)
            out[i].height = unknown.height;
        if (what & FORGET_TIME)
            out[i].median_time_past = unknown.median_time_past;
        if (what & FORGET_COINBASE)
            out[i].coinbase = unknown.coinbase;
    }
}

/*
 * Origins that a chain could have: not above the block. Whoever knows less lets all through that
 * who knows does, and where nothing is said to be unchecked both say the same.
 */
static void check_connect(const struct transaction *tx, const struct tx_output *spent,
                          const struct spent_origin *origins, struct place place,
                          struct spent_origin *room)
{
    unsigned unchecked = 0;
    bool known = may_connect(tx, spent, origins, place, &unchecked);

    FUZZ_CHECK(unchecked == 0);
    for (int what = 0; what <= FORGET_ALL; what++) {
        bool less;

        unchecked = 0;
        forget(room, origins, tx->input_count, what);
        less = may_connect(tx, spent, room, place, &unchecked);
        FUZZ_CHECK(!known || less);
        FUZZ_CHECK(!less || unchecked || known);
    }
}

static void check_rules(struct transaction *tx, struct place place, struct bytes origin_bytes,
                        struct arena *arena)
{
    struct bytes raw = tx->raw;
    enum reject reason = transaction_check(tx, arena);
    struct tx_output *spent = arena_array(arena, tx->input_count, sizeof(*spent));
    struct spent_origin *origins = arena_array(arena, tx->input_count, 2 * sizeof(*origins));

    if (reason == REJECT_NO_MEMORY || !spent || !origins)
        return;
    check_reason(tx, reason, raw);
    tx->raw = tx->body = (struct bytes){0};
    FUZZ_CHECK(transaction_check(tx, arena) == reason);
    check_final(tx, place);
    if (reason != REJECT_NONE || transaction_is_coinbase(tx))
        return;
    for (size_t i = 0; i < tx->input_count; i++) {
        uint32_t x = 4 * i + 4 <= origin_bytes.size ? read_le32(origin_bytes.data + 4 * i)
                                                    : UINT32_C(0x9e3779b9) * (uint32_t)i;

        spent[i].value.sat = (int64_t)(x >> 8) * 1000;
        origins[i].coinbase = x & 1 ? SPENT_COINBASE : SPENT_NOT_COINBASE;
        origins[i].height = place.height - (int32_t)(x >> 1 & 0xff);
        origins[i].median_time_past = place.time - (int64_t)(x & 0xffffff);
        if (origins[i].height < 0)
            origins[i].height = 0;
        if (origins[i].median_time_past < 0)
            origins[i].median_time_past = 0;
    }
    check_connect(tx, spent, origins, place, origins + tx->input_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor in = cursor_of(data, size);
    struct place place = {(int32_t)(cursor_le32(&in) & INT32_MAX), cursor_le32(&in)};
    struct bytes origins = cursor_bytes(&in, cursor_u8(&in));
    struct arena arena;
    struct transaction tx;

    if (in.failed)
        return 0;
    arena_init(&arena, FUZZ_MEMORY);
    if (transaction_parse(&tx, &arena, bytes_of(in.at, cursor_left(&in)),
                          TRANSACTION_WITH_WITNESS) == PARSE_OK)
        check_rules(&tx, place, origins, &arena);
    arena_free(&arena);
    return 0;
}
