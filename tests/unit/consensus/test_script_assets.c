/*
 * The taproot and other spends that Core's feature_taproot.py made: each is good and its failing twin is
 * bad, under its own flags and under every other combination of the consensus flags that says so: a
 * good one's under fewer flags, a bad one's under more, a "final" one's under all.
 */
#include "consensus/interpreter.h"

#include "tests/spends/runs.h"
#include "tests/unit/consensus/script_assembler.h"
#include "tests/unit/consensus/support.h"

#include <zlib.h>

#include <stdlib.h>
#include <string.h>

enum { SPENDS = 2808, TWINS = 2490, FINALS = 725, TEXT_MAX = 64 << 20 };

static const uint32_t consensus_flags[] = {
    SCRIPT_VERIFY_P2SH,      SCRIPT_VERIFY_DERSIG,
    SCRIPT_VERIFY_NULLDUMMY, SCRIPT_VERIFY_CHECKLOCKTIMEVERIFY,
    SCRIPT_VERIFY_WITNESS,   SCRIPT_VERIFY_CHECKSEQUENCEVERIFY,
    SCRIPT_VERIFY_TAPROOT,
};

enum { CONSENSUS_FLAGS = sizeof(consensus_flags) / sizeof(*consensus_flags) };

/* Those of combination i; false where Core does not allow it. */
static bool flags_of(uint32_t *flags, unsigned i)
{
    *flags = 0;
    for (unsigned bit = 0; bit < CONSENSUS_FLAGS; bit++)
        if (i >> bit & 1)
            *flags |= consensus_flags[bit];
    return (!(*flags & SCRIPT_VERIFY_WITNESS) || *flags & SCRIPT_VERIFY_P2SH) &&
           (!(*flags & SCRIPT_VERIFY_TAPROOT) || *flags & SCRIPT_VERIFY_WITNESS);
}

struct spend {
    const char *comment;
    struct arena arena;
    struct transaction tx;
    struct tx_output *spent;
    size_t input;
    uint32_t flags;
    bool final;
};

struct counts {
    size_t spends, twins, finals, runs;
};

static struct bytes read_hex(struct arena *arena, const json_t *json)
{
    size_t size;
    uint8_t *data = hex_bytes(json_string_value(json), &size);
    struct bytes copy = bytes_of(arena_copy(arena, data, size), size);

    free(data);
    return copy;
}

static void read_spend(struct spend *spend, const json_t *json)
{
    const json_t *prevouts = json_object_get(json, "prevouts"), *output;
    size_t i;

    spend->comment = json_string_value(json_object_get(json, "comment"));
    spend->input = (size_t)json_integer_value(json_object_get(json, "index"));
    spend->final = json_is_true(json_object_get(json, "final"));
    assert_true(
        script_flags_parse(&spend->flags, json_string_value(json_object_get(json, "flags"))));
    assert_int_equal(transaction_parse(&spend->tx, &spend->arena,
                                       read_hex(&spend->arena, json_object_get(json, "tx")),
                                       TRANSACTION_WITH_WITNESS),
                     PARSE_OK);
    spend->tx.raw = spend->tx.body = (struct bytes){0}; /* the input below is replaced */
    assert_int_equal(json_array_size(prevouts), spend->tx.input_count);
    spend->spent = arena_array(&spend->arena, spend->tx.input_count, sizeof(*spend->spent));
    assert_non_null(spend->spent);
    json_array_foreach(prevouts, i, output)
    {
        struct bytes raw = read_hex(&spend->arena, output);
        struct cursor in = cursor_of(raw.data, raw.size);

        spend->spent[i] = tx_output_read(&in);
        assert_true(cursor_done(&in));
    }
}

static void put_witness(struct spend *spend, const json_t *json)
{
    struct tx_input *input = &spend->tx.inputs[spend->input];
    const json_t *items = json_object_get(json, "witness"), *item;
    struct bytes *witness =
        arena_array(&spend->arena, json_array_size(items), sizeof(struct bytes));
    size_t i;

    assert_non_null(witness);
    json_array_foreach(items, i, item) { witness[i] = read_hex(&spend->arena, item); }
    input->script = read_hex(&spend->arena, json_object_get(json, "scriptSig"));
    input->witness = witness;
    input->witness_count = json_array_size(items);
}

static void expect(struct runs *runs, const struct script_input *input, const struct spend *spend,
                   bool good, struct counts *counts)
{
    enum script_error direct = runs_direct(runs, input), deferred = runs_deferred(runs, input);

    if ((direct == SCRIPT_ERR_OK) != good || deferred != direct)
        fail_msg("%s, which is %s with the flags %#x: %s directly, %s deferred", spend->comment,
                 good ? "good" : "bad", (unsigned)input->flags, script_error_name(direct),
                 script_error_name(deferred));
    counts->runs++;
}

static bool says_something(const struct spend *spend, uint32_t flags, bool good)
{
    if (!good)
        return (flags & spend->flags) == spend->flags;
    return spend->final || (flags & spend->flags) == flags;
}

static void check(struct runs *runs, struct spend *spend, const json_t *json, bool good,
                  struct counts *counts)
{
    struct sighash_tx s;
    struct script_input input;

    put_witness(spend, json);
    sighash_tx_init(&s, COMPRESS, &spend->tx, spend->spent, false);
    input = (struct script_input){&s, spend->input, spend->spent[spend->input].script,
                                  spend->spent[spend->input].value, spend->flags};
    expect(runs, &input, spend, good, counts);
    for (unsigned i = 0; i < 1u << CONSENSUS_FLAGS; i++)
        if (flags_of(&input.flags, i) && says_something(spend, input.flags, good))
            expect(runs, &input, spend, good, counts);
}

static void check_json(struct runs *runs, const json_t *json, struct counts *counts)
{
    const json_t *success = json_object_get(json, "success"),
                 *failure = json_object_get(json, "failure");
    struct spend spend = {0};

    arena_init(&spend.arena, 0);
    read_spend(&spend, json);
    if (success) {
        check(runs, &spend, success, true, counts);
        counts->spends++;
        counts->finals += spend.final;
    }
    if (failure) {
        check(runs, &spend, failure, false, counts);
        counts->twins++;
    }
    arena_free(&spend.arena);
}

/* The file is compressed. vectors_load comes first for what it does where there is none. */
static json_t *load(const char *path)
{
    size_t packed_size, size = 0;
    uint8_t *packed = vectors_load(path, &packed_size), *text = malloc(TEXT_MAX);
    z_stream z = {.next_in = packed, .avail_in = (uInt)packed_size};
    json_t *json;

    assert_non_null(text);
    z.next_out = text;
    z.avail_out = TEXT_MAX;
    assert_int_equal(inflateInit2(&z, 16 + MAX_WBITS), Z_OK); /* 16: gzip's header */
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    size = z.total_out;
    inflateEnd(&z);
    json = json_loadb((const char *)text, size, 0, NULL);
    assert_non_null(json);
    free(text);
    free(packed);
    return json;
}

static void test_assets(void **state)
{
    json_t *spends = load("taproot/script_assets.json.gz"), *spend;
    struct counts counts = {0};
    struct runs runs;
    size_t i;

    (void)state;
    runs_init(&runs);
    json_array_foreach(spends, i, spend) { check_json(&runs, spend, &counts); }
    print_message("%zu spends and %zu failing twins, %zu spends with all flags: %zu runs, each "
                  "directly and deferred; %zu deferred ones had to be run again\n",
                  counts.spends, counts.twins, counts.finals, counts.runs, runs.again);
    assert_int_equal(counts.spends, SPENDS);
    assert_int_equal(counts.twins, TWINS);
    assert_int_equal(counts.finals, FINALS);
    runs_free(&runs);
    json_decref(spends);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_assets)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
