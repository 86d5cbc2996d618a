/*
 * Core's tx_valid.json and tx_invalid.json: whole transactions with what they spend. A valid one
 * names the flags that it is not valid under, each of them needed and no other; an invalid one the
 * flags that it takes to refuse it. Fewer flags never make a valid one invalid.
 */
#include "consensus/transaction_rules.h"

#include "tests/spends/runs.h"
#include "tests/unit/consensus/script_assembler.h"
#include "tests/unit/consensus/support.h"

#include <stdlib.h>
#include <string.h>

enum { VALID = 121, INVALID = 93, SCRIPT_ROOM = 20000, FLAG_BITS = 21 };

struct row {
    const char *text; /* what a failure shows */
    const char *flags_text;
    struct arena arena;
    struct transaction tx;
    struct tx_output *spent; /* one an input */
    bool all_known;          /* whether each input's is */
    struct sighash_tx sighash;
    uint32_t flags;
};

/* Without what they depend on, flags may not be given (Core, TrimFlags). */
static uint32_t trimmed(uint32_t flags)
{
    if (!(flags & SCRIPT_VERIFY_P2SH))
        flags &= ~(uint32_t)SCRIPT_VERIFY_WITNESS;
    if (!(flags & SCRIPT_VERIFY_WITNESS))
        flags &= ~(uint32_t)SCRIPT_VERIFY_CLEANSTACK;
    return flags;
}

/* And what they depend on, added (Core, FillFlags). */
static uint32_t filled(uint32_t flags)
{
    if (flags & SCRIPT_VERIFY_CLEANSTACK)
        flags |= SCRIPT_VERIFY_WITNESS;
    if (flags & SCRIPT_VERIFY_WITNESS)
        flags |= SCRIPT_VERIFY_P2SH;
    return flags;
}

static uint32_t complement(uint32_t flags) { return ~flags & SCRIPT_VERIFY_ALL; }

static bool spends(const struct tx_input *input, const json_t *output)
{
    struct hash256 txid = hash_of_text(json_string_value(json_array_get(output, 0)));
    json_int_t index = json_integer_value(json_array_get(output, 1));

    return memcmp(input->previous.txid.bytes, txid.bytes, 32) == 0 &&
           input->previous.index == (uint32_t)index;
}

static struct tx_output read_output(struct row *row, const json_t *json)
{
    uint8_t room[SCRIPT_ROOM];
    struct script_builder b = script_builder_on(room, sizeof(room));
    const char *text = json_string_value(json_array_get(json, 2));

    if (!script_assemble(&b, text))
        fail_msg("%s: not a script: %s", row->text, text);
    return (struct tx_output){{json_integer_value(json_array_get(json, 3))},
                              bytes_of(arena_copy(&row->arena, b.data, b.size), b.size)};
}

static void read_row(struct row *row, const json_t *json)
{
    size_t size, known = 0, at;
    uint8_t *raw = hex_bytes(json_string_value(json_array_get(json, 1)), &size);
    const json_t *output;

    assert_int_equal(transaction_parse(&row->tx, &row->arena,
                                       bytes_of(arena_copy(&row->arena, raw, size), size),
                                       TRANSACTION_WITH_WITNESS),
                     PARSE_OK);
    free(raw);
    row->spent = arena_array(&row->arena, row->tx.input_count, sizeof(*row->spent));
    assert_non_null(row->spent);
    for (size_t i = 0; i < row->tx.input_count; i++) {
        bool found = false;

        json_array_foreach(json_array_get(json, 0), at, output)
        {
            if (!spends(&row->tx.inputs[i], output))
                continue;
            row->spent[i] = read_output(row, output);
            found = true;
        }
        known += found;
    }
    row->all_known = known == row->tx.input_count;
    row->flags_text = json_string_value(json_array_get(json, 2));
    sighash_tx_init(&row->sighash, COMPRESS, &row->tx, row->spent, false);
}

/* Whether all inputs may be spent under flags; the two ways of running them have to agree. */
static bool verify(struct runs *runs, const struct row *row, uint32_t flags)
{
    bool good = true;

    for (size_t i = 0; i < row->tx.input_count; i++) {
        struct script_input input = {&row->sighash, i, row->spent[i].script, row->spent[i].value,
                                     flags};
        enum script_error direct = runs_direct(runs, &input),
                          deferred = runs_deferred(runs, &input);

        if (direct != deferred)
            fail_msg("%s: input %zu with the flags %#x: %s directly, %s deferred", row->text, i,
                     (unsigned)flags, script_error_name(direct), script_error_name(deferred));
        good = good && direct == SCRIPT_ERR_OK;
    }
    return good;
}

static void expect(struct runs *runs, const struct row *row, uint32_t flags, bool good)
{
    if (verify(runs, row, flags) != good)
        fail_msg("%s: not %s with the flags %#x", row->text, good ? "valid" : "invalid",
                 (unsigned)flags);
}

static void check_valid(struct runs *runs, struct row *row, struct random *r)
{
    uint32_t excluded = row->flags, flags = complement(excluded);

    if (transaction_check(&row->tx, &row->arena) != REJECT_NONE)
        fail_msg("%s: refused by itself", row->text);
    assert_true(row->all_known);
    assert_int_equal(flags, filled(flags));
    expect(runs, row, flags, true);
    for (unsigned bit = 0; bit < FLAG_BITS; bit++) {
        uint32_t random_flags = (uint32_t)random_u64(r);

        expect(runs, row, trimmed(flags & ~(UINT32_C(1) << bit)), true);
        expect(runs, row, trimmed(flags & ~random_flags), true);
    }
    /* None of the excluded flags is excluded for nothing. */
    for (unsigned bit = 0; bit < FLAG_BITS; bit++) {
        uint32_t without = trimmed(excluded & ~(UINT32_C(1) << bit));

        if (without != excluded)
            expect(runs, row, complement(without), false);
    }
}

static void check_invalid(struct runs *runs, struct row *row, struct random *r)
{
    bool bad = strcmp(row->flags_text, "BADTX") == 0;

    if ((transaction_check(&row->tx, &row->arena) != REJECT_NONE) != bad)
        fail_msg("%s: by itself it is%s refused", row->text, bad ? " not" : "");
    if (bad)
        return;
    assert_true(row->all_known);
    assert_int_equal(row->flags, filled(row->flags));
    expect(runs, row, row->flags, false);
    for (unsigned bit = 0; bit < FLAG_BITS; bit++) {
        uint32_t random_flags = (uint32_t)random_u64(r) & SCRIPT_VERIFY_ALL;

        expect(runs, row, filled(row->flags | UINT32_C(1) << bit), false);
        expect(runs, row, filled(row->flags | random_flags), false);
    }
    /* And each of its flags is needed. */
    for (unsigned bit = 0; bit < FLAG_BITS; bit++) {
        uint32_t without = trimmed(row->flags & ~(UINT32_C(1) << bit));

        if (without != row->flags)
            expect(runs, row, without, true);
    }
}

static void check_file(const char *name, size_t expected,
                       void (*check)(struct runs *, struct row *, struct random *))
{
    char path[64];
    json_t *rows, *json;
    struct random r = random_create(name);
    struct runs runs;
    size_t i, count = 0;

    snprintf(path, sizeof(path), "bitcoin/src/test/data/%s.json", name);
    rows = vectors_load_json(path);
    runs_init(&runs);
    json_array_foreach(rows, i, json)
    {
        char *text = json_dumps(json, JSON_COMPACT);
        struct row row = {.text = text};

        if (json_array_size(json) == 3) { /* else a comment */
            arena_init(&row.arena, 0);
            read_row(&row, json);
            if (strcmp(row.flags_text, "BADTX") != 0 &&
                !script_flags_parse(&row.flags, row.flags_text))
                fail_msg("%s: unknown flags", row.text);
            check(&runs, &row, &r);
            arena_free(&row.arena);
            count++;
        }
        free(text);
    }
    print_message("%s: %zu transactions, directly and deferred; %zu deferred runs had to be run "
                  "again\n",
                  name, count, runs.again);
    assert_int_equal(count, expected);
    runs_free(&runs);
    json_decref(rows);
}

static void test_valid(void **state)
{
    (void)state;
    check_file("tx_valid", VALID, check_valid);
}

static void test_invalid(void **state)
{
    (void)state;
    check_file("tx_invalid", INVALID, check_invalid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid),
        cmocka_unit_test(test_invalid),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
