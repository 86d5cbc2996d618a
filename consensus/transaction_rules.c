#include "consensus/transaction_rules.h"

#include "consensus/script.h"

/*
 * Inputs that spend the same output are found by sorting: n log n comparisons whatever the
 * outpoints are, and nothing that who made them could play with. Only those are sorted that a table
 * of bits does not tell from all others, of outpoints nobody played with one in eight or fewer. Up
 * to a few inputs all pairs are faster, and need no memory.
 */
enum { FEW_INPUTS = 12, FILTER_BITS = 16 /* an input */ };

_Static_assert(sizeof(struct outpoint) == 36, "outpoints are compared as bytes");

static bool few_have_duplicates(const struct tx_input *inputs, size_t n)
{
    for (size_t i = 1; i < n; i++)
        for (size_t j = 0; j < i; j++)
            if (inputs[i].previous.index == inputs[j].previous.index &&
                txid_equal(inputs[i].previous.txid, inputs[j].previous.txid))
                return true;
    return false;
}

struct sort_entry {
    uint64_t key; /* of outpoint; equal keys say nothing */
    const struct outpoint *outpoint;
};

static int compare_entries(const struct sort_entry *a, const struct sort_entry *b)
{
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    return memcmp(a->outpoint, b->outpoint, sizeof(*a->outpoint));
}

/*
 * Merges two sorted runs, which lie one behind the other, into out. True as soon as two entries are
 * equal: whichever two they are, some merge compares them.
 */
static bool merge(struct sort_entry *out, const struct sort_entry *in, size_t left, size_t right)
{
    const struct sort_entry *a = in, *a_end = in + left, *b = a_end, *b_end = b + right;

    while (a < a_end && b < b_end) {
        int order = compare_entries(a, b);

        if (order == 0)
            return true;
        *out++ = order < 0 ? *a++ : *b++;
    }
    while (a < a_end)
        *out++ = *a++;
    while (b < b_end)
        *out++ = *b++;
    return false;
}

/* Sorts n entries, from runs of one on, until two are equal; room is for as many. */
static bool sort_until_equal(struct sort_entry *entries, struct sort_entry *room, size_t n)
{
    for (size_t run = 1; run < n; run *= 2) {
        struct sort_entry *sorted = room;

        for (size_t at = 0; at < n; at += 2 * run) {
            size_t left = n - at < run ? n - at : run;
            size_t right = n - at - left < run ? n - at - left : run;

            if (merge(room + at, entries + at, left, right))
                return true;
        }
        room = entries;
        entries = sorted;
    }
    return false;
}

struct filter {
    uint64_t *seen, *again; /* bit by bit, as many as 64 - shift bits can number */
    unsigned shift;
};

static bool filter_create(struct filter *f, size_t n, struct arena *arena)
{
    unsigned bits = 6;

    while (((size_t)1 << bits) < FILTER_BITS * n)
        bits++;
    f->shift = 64 - bits;
    f->seen = arena_array(arena, (size_t)1 << (bits - 6), sizeof(*f->seen));
    f->again = arena_array(arena, (size_t)1 << (bits - 6), sizeof(*f->again));
    return f->seen && f->again;
}

static uint64_t filter_bit(const struct filter *f, uint64_t key)
{
    return key * UINT64_C(0x9e3779b97f4a7c15) >> f->shift; /* the golden ratio */
}

/* Keeps, of n entries, those whose bit another one has as well; returns their number. */
static size_t filter_entries(const struct filter *f, struct sort_entry *entries, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        uint64_t bit = filter_bit(f, entries[i].key), mask = UINT64_C(1) << bit % 64;

        f->again[bit / 64] |= f->seen[bit / 64] & mask;
        f->seen[bit / 64] |= mask;
    }
    for (size_t i = 0; i < n; i++) {
        uint64_t bit = filter_bit(f, entries[i].key);

        entries[kept] = entries[i];
        kept += f->again[bit / 64] >> bit % 64 & 1;
    }
    return kept;
}

static enum reject check_duplicates(const struct transaction *tx, struct arena *arena)
{
    size_t n = tx->input_count;
    struct sort_entry *entries;
    struct filter filter;

    if (n <= FEW_INPUTS)
        return few_have_duplicates(tx->inputs, n) ? REJECT_TXNS_INPUTS_DUPLICATE : REJECT_NONE;
    entries = arena_array(arena, n, 2 * sizeof(*entries));
    if (!entries || !filter_create(&filter, n, arena))
        return REJECT_NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        const struct outpoint *o = &tx->inputs[i].previous;

        entries[i] = (struct sort_entry){read_le64(o->txid.bytes) + o->index, o};
    }
    return sort_until_equal(entries, entries + n, filter_entries(&filter, entries, n))
               ? REJECT_TXNS_INPUTS_DUPLICATE
               : REJECT_NONE;
}

static enum reject check_outputs(const struct transaction *tx)
{
    struct amount sum = {0};

    for (size_t i = 0; i < tx->output_count; i++) {
        struct amount value = tx->outputs[i].value;

        if (value.sat < 0)
            return REJECT_TXNS_VOUT_NEGATIVE;
        if (value.sat > MAX_MONEY_SATOSHIS)
            return REJECT_TXNS_VOUT_TOOLARGE;
        if (!amount_add(&sum, sum, value))
            return REJECT_TXNS_TXOUTTOTAL_TOOLARGE;
    }
    return REJECT_NONE;
}

static enum reject check_previous(const struct transaction *tx)
{
    if (transaction_is_coinbase(tx)) {
        size_t size = tx->inputs[0].script.size;

        return size < COINBASE_SCRIPT_MIN || size > COINBASE_SCRIPT_MAX ? REJECT_CB_LENGTH
                                                                        : REJECT_NONE;
    }
    for (size_t i = 0; i < tx->input_count; i++)
        if (outpoint_is_null(tx->inputs[i].previous))
            return REJECT_TXNS_PREVOUT_NULL;
    return REJECT_NONE;
}

enum reject transaction_check(const struct transaction *tx, struct arena *arena)
{
    enum reject reason;

    if (tx->input_count == 0)
        return REJECT_TXNS_VIN_EMPTY;
    if (tx->output_count == 0)
        return REJECT_TXNS_VOUT_EMPTY;
    /* Without the witness: nothing has said yet that it is the one that belongs here. */
    if (transaction_size(tx, TRANSACTION_WITHOUT_WITNESS) * WITNESS_SCALE_FACTOR > MAX_BLOCK_WEIGHT)
        return REJECT_TXNS_OVERSIZE;
    reason = check_outputs(tx);
    if (reason == REJECT_NONE)
        reason = check_duplicates(tx, arena); /* CVE-2018-17144 */
    if (reason == REJECT_NONE)
        reason = check_previous(tx);
    return reason;
}

bool transaction_is_final(const struct transaction *tx, int32_t height, int64_t time)
{
    int64_t now = tx->lock_time < LOCK_TIME_THRESHOLD ? height : time;

    if (tx->lock_time == 0 || (int64_t)tx->lock_time < now)
        return true;
    for (size_t i = 0; i < tx->input_count; i++)
        if (tx->inputs[i].sequence != SEQUENCE_FINAL)
            return false;
    return true;
}

/* since and what has to pass from then on, as the last height or time that is not enough. */
static void wait_for(int64_t *last, int64_t since, int64_t wait)
{
    int64_t until;

    if (__builtin_add_overflow(since, wait - 1, &until))
        until = INT64_MAX;
    if (*last < until)
        *last = until;
}

struct sequence_locks transaction_sequence_locks(const struct transaction *tx,
                                                 const struct spent_origin *origins,
                                                 unsigned *unchecked)
{
    struct sequence_locks locks = {-1, -1};

    if (tx->version < 2) /* as an unsigned number: "negative" versions have locks as well */
        return locks;
    for (size_t i = 0; i < tx->input_count; i++) {
        uint32_t sequence = tx->inputs[i].sequence;
        int64_t wait = sequence & SEQUENCE_LOCK_MASK, since;
        bool by_time = sequence & SEQUENCE_LOCK_TIME_FLAG;

        if (sequence & SEQUENCE_LOCK_DISABLE_FLAG)
            continue;
        since = !origins ? -1 : by_time ? origins[i].median_time_past : origins[i].height;
        if (since >= 0 && by_time)
            wait_for(&locks.time, since, wait << SEQUENCE_LOCK_GRANULARITY);
        else if (since >= 0)
            wait_for(&locks.height, since, wait);
        else if (wait > 0)
            *unchecked |= UNCHECKED_SEQUENCE_LOCKS;
    }
    return locks;
}

bool sequence_locks_evaluate(struct sequence_locks locks, int32_t height, int64_t median_time_past)
{
    return locks.height < height && locks.time < median_time_past;
}

enum maturity { MATURE, PREMATURE, MATURITY_UNKNOWN };

static enum maturity maturity_of(struct spent_origin origin, int32_t height)
{
    bool depth_known = origin.height >= 0 && height >= 0;

    if (origin.coinbase == SPENT_NOT_COINBASE)
        return MATURE;
    if (depth_known && (int64_t)height - origin.height >= COINBASE_MATURITY)
        return MATURE;
    return depth_known && origin.coinbase == SPENT_COINBASE ? PREMATURE : MATURITY_UNKNOWN;
}

bool transaction_value_out(struct amount *out, const struct transaction *tx)
{
    struct amount sum = {0};

    for (size_t i = 0; i < tx->output_count; i++)
        if (!amount_add(&sum, sum, tx->outputs[i].value))
            return false;
    *out = sum;
    return true;
}

enum reject transaction_check_inputs(struct amount *fee, size_t *input,
                                     const struct transaction *tx, const struct tx_output *spent,
                                     const struct spent_origin *origins, int32_t height,
                                     unsigned *unchecked)
{
    struct amount in = {0}, out;

    for (size_t i = 0; i < tx->input_count; i++) {
        enum maturity maturity = maturity_of(origins ? origins[i] : spent_origin_unknown(), height);

        *input = i;
        if (maturity == PREMATURE)
            return REJECT_TXNS_PREMATURE_SPEND_OF_COINBASE;
        if (maturity == MATURITY_UNKNOWN)
            *unchecked |= UNCHECKED_MATURITY;
        if (!amount_add(&in, in, spent[i].value))
            return REJECT_TXNS_INPUTVALUES_OUTOFRANGE;
    }
    *input = REJECT_NO_INDEX;
    if (!transaction_value_out(&out, tx))
        return REJECT_TXNS_TXOUTTOTAL_TOOLARGE;
    if (in.sat < out.sat)
        return REJECT_TXNS_IN_BELOWOUT;
    /* Of two sums that are money the difference is, so this is only ever said by the type. */
    if (!amount_subtract(fee, in, out))
        return REJECT_TXNS_FEE_OUTOFRANGE;
    return REJECT_NONE;
}
