/*
 * Signature hashes: Core's vectors, and a model that writes out what is hashed, byte after byte as
 * the BIPs list it, and hashes it with OpenSSL.
 */
#include "consensus/sighash.h"

#include "base/hex.h"
#include "tests/unit/consensus/support.h"

#include <openssl/sha.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Core's vectors. */

static const char *text_at(json_t *array, size_t i)
{
    return json_string_value(json_array_get(array, i));
}

/*
 * Asked four times with a cache: it answers from nothing, from what it stored, from nothing after
 * another script took the place, and from that.
 */
static void check_cached(const struct sighash_tx *s, json_t *vector, size_t input,
                         struct bytes script, struct sighash_cache *cache)
{
    int32_t type = (int32_t)json_integer_value(json_array_get(vector, 3));
    uint8_t hash[32];

    sighash_cache_clear(cache);
    for (int i = 0; i < 4; i++) {
        sighash_legacy(hash, s, input, script, type, cache);
        assert_hash_text(hash, text_at(vector, 4));
        if (i == 1)
            sighash_legacy(hash, s, input, bytes_of("\x51", 1), type, cache);
    }
}

/* Of a transaction as it was parsed, and of one that has fields alone. */
static void check_vector(json_t *vector, struct sighash_cache *cache)
{
    size_t size, script_size, input = (size_t)json_integer_value(json_array_get(vector, 2));
    uint8_t *raw = hex_bytes(text_at(vector, 0), &size);
    uint8_t *script = hex_bytes(text_at(vector, 1), &script_size);
    int32_t type = (int32_t)json_integer_value(json_array_get(vector, 3));
    struct transaction tx;
    struct sighash_tx s;
    struct arena arena;
    uint8_t hash[32];

    arena_init(&arena, 0);
    assert_int_equal(transaction_parse(&tx, &arena, bytes_of(raw, size), TRANSACTION_WITH_WITNESS),
                     PARSE_OK);
    for (int parsed = 1; parsed >= 0; parsed--) {
        if (!parsed)
            tx.raw = tx.body = (struct bytes){0};
        sighash_tx_init(&s, COMPRESS, &tx, NULL, false);
        sighash_legacy(hash, &s, input, bytes_of(script, script_size), type, NULL);
        assert_hash_text(hash, text_at(vector, 4));
        check_cached(&s, vector, input, bytes_of(script, script_size), cache);
    }
    arena_free(&arena);
    free(script);
    free(raw);
}

static void test_core_vectors(void **state)
{
    json_t *vectors = vectors_load_json("bitcoin/src/test/data/sighash.json"), *vector;
    struct sighash_cache *cache = malloc(sizeof(*cache));
    size_t i, ran = 0;

    (void)state;
    assert_non_null(cache);
    json_array_foreach(vectors, i, vector)
    {
        if (json_array_size(vector) == 1)
            continue; /* a comment */
        check_vector(vector, cache);
        ran++;
    }
    printf("sighash.json: %zu vectors\n", ran);
    assert_int_equal(ran, 500);
    free(cache);
    json_decref(vectors);
}

/* A model: bytes written one after another. */

struct text {
    size_t size;
    uint8_t data[1 << 16];
};

static void put(struct text *t, const void *data, size_t size)
{
    assert_true(size <= sizeof(t->data) - t->size);
    if (size)
        memcpy(t->data + t->size, data, size);
    t->size += size;
}

static void put_number(struct text *t, uint64_t x, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++, x >>= 8)
        put(t, &(uint8_t){(uint8_t)x}, 1);
}

static void put_compact_size(struct text *t, uint64_t x)
{
    if (x >= 0xfd)
        put_number(t, x <= 0xffff ? 0xfd : 0xfe, 1);
    put_number(t, x, x < 0xfd ? 1 : x <= 0xffff ? 2 : 4);
}

static void put_script(struct text *t, struct bytes script)
{
    put_compact_size(t, script.size);
    put(t, script.data, script.size);
}

static void put_outpoint(struct text *t, struct outpoint o)
{
    put(t, o.txid.bytes, 32);
    put_number(t, o.index, 4);
}

static void put_output(struct text *t, struct tx_output o)
{
    put_number(t, (uint64_t)o.value.sat, 8);
    put_script(t, o.script);
}

static struct hash256 once(const struct text *t)
{
    struct hash256 h;

    SHA256(t->data, t->size, h.bytes);
    return h;
}

static struct hash256 twice(const struct text *t) { return oracle_sha256d(t->data, t->size); }

/* Transactions of a few inputs and outputs, any of which may be missing. */

enum { MOST = 5, SCRIPT_MOST = 300 };

struct fixture {
    struct transaction tx;
    struct tx_input inputs[MOST];
    struct tx_output outputs[MOST], spent[MOST];
    uint8_t room[2 * MOST][SCRIPT_MOST];
    uint8_t code[SCRIPT_MOST];
    struct bytes script_code;
    size_t input;
};

static struct bytes random_script(struct random *r, uint8_t *room)
{
    size_t size = random_below(r, 4) ? random_below(r, 40) : random_below(r, SCRIPT_MOST);

    random_fill(r, room, size);
    return bytes_of(size ? room : NULL, size);
}

/* Whole instructions, among them many OP_CODESEPARATORs, and pushes that hold their byte. */
static struct bytes random_code(struct random *r, uint8_t *room)
{
    struct script_builder b = script_builder_on(room, SCRIPT_MOST);
    size_t instructions = random_below(r, 30);
    static const uint8_t some[8] = {OP_CODESEPARATOR, OP_CODESEPARATOR, 3};

    for (size_t i = 0; i < instructions && b.size + 12 < b.capacity; i++) {
        if (random_below(r, 2))
            script_op(&b, random_below(r, 3) ? OP_CODESEPARATOR : OP_CHECKSIG);
        else
            script_push(&b, bytes_of(some, random_below(r, 9)));
    }
    return bytes_of(b.size ? room : NULL, b.size);
}

static void fixture_fill(struct fixture *f, struct random *r)
{
    memset(f, 0, sizeof(*f));
    f->tx.version = (uint32_t)random_u64(r);
    f->tx.lock_time = (uint32_t)random_u64(r);
    f->tx.inputs = f->inputs;
    f->tx.outputs = f->outputs;
    f->tx.input_count = 1 + random_below(r, MOST);
    f->tx.output_count = random_below(r, MOST + 1);
    for (size_t i = 0; i < MOST; i++) {
        random_fill(r, f->inputs[i].previous.txid.bytes, 32);
        f->inputs[i].previous.index = (uint32_t)random_u64(r);
        f->inputs[i].sequence = (uint32_t)random_u64(r);
        f->outputs[i].value.sat = (int64_t)random_u64(r);
        f->outputs[i].script = random_script(r, f->room[i]);
        f->spent[i].value.sat = (int64_t)random_u64(r);
        f->spent[i].script = random_script(r, f->room[MOST + i]);
    }
    f->script_code = random_code(r, f->code);
    f->input = random_below(r, f->tx.input_count);
}

/* Half of them types that are used, the others any number that fits. */
static int32_t random_type(struct random *r)
{
    static const uint8_t used[] = {0, 1, 2, 3, 0x80, 0x81, 0x82, 0x83};

    return random_below(r, 2) ? used[random_below(r, sizeof(used))] : (int32_t)random_u64(r);
}

/*
 * The legacy hash as it was first done: a copy of the transaction is changed, then written. Scripts
 * here are made of whole instructions.
 */
static struct hash256 legacy_model(const struct fixture *f, int32_t type, struct text *t)
{
    static const struct hash256 one = {{1}};
    struct fixture copy = *f;
    struct transaction *tx = &copy.tx;
    uint8_t room[SCRIPT_MOST];
    struct script_builder b = script_builder_on(room, sizeof(room));
    struct script_reader r = script_reader_of(f->script_code);
    struct script_instruction i;
    size_t input = f->input;

    for (const uint8_t *at = r.at; script_read(&r, &i); at = r.at)
        if (i.opcode != OP_CODESEPARATOR)
            script_raw(&b, bytes_of(at, (size_t)(r.at - at)));
    tx->inputs = copy.inputs;
    tx->outputs = copy.outputs;
    copy.inputs[input].script = bytes_of(room, b.size);
    if ((type & 0x1f) == SIGHASH_SINGLE) {
        if (input >= tx->output_count)
            return one;
        tx->output_count = input + 1;
        for (size_t k = 0; k < input; k++)
            copy.outputs[k] = (struct tx_output){{-1}, {0}};
    }
    if ((type & 0x1f) == SIGHASH_NONE)
        tx->output_count = 0;
    for (size_t k = 0; k < tx->input_count; k++)
        if (k != input && ((type & 0x1f) == SIGHASH_NONE || (type & 0x1f) == SIGHASH_SINGLE))
            copy.inputs[k].sequence = 0;
    if (type & SIGHASH_ANYONECANPAY) {
        copy.inputs[0] = copy.inputs[input];
        tx->input_count = 1;
    }
    t->size = transaction_serialize(t->data, tx, TRANSACTION_WITHOUT_WITNESS);
    put_number(t, (uint32_t)type, 4);
    return twice(t);
}

/* BIP143, "Specification", item by item. */
static struct hash256 segwit_model(const struct fixture *f, struct amount amount, int32_t type,
                                   struct text *t)
{
    bool any = type & SIGHASH_ANYONECANPAY, single = (type & 0x1f) == SIGHASH_SINGLE,
         none = (type & 0x1f) == SIGHASH_NONE;
    struct hash256 prevouts = {0}, sequences = {0}, outputs = {0};
    const struct transaction *tx = &f->tx;

    t->size = 0;
    for (size_t i = 0; i < tx->input_count; i++)
        put_outpoint(t, tx->inputs[i].previous);
    if (!any)
        prevouts = twice(t);
    t->size = 0;
    for (size_t i = 0; i < tx->input_count; i++)
        put_number(t, tx->inputs[i].sequence, 4);
    if (!any && !single && !none)
        sequences = twice(t);
    t->size = 0;
    for (size_t i = 0; i < tx->output_count; i++)
        if (!single || i == f->input)
            put_output(t, tx->outputs[i]);
    if (!none && (!single || f->input < tx->output_count))
        outputs = twice(t);

    t->size = 0;
    put_number(t, tx->version, 4);
    put(t, prevouts.bytes, 32);
    put(t, sequences.bytes, 32);
    put_outpoint(t, tx->inputs[f->input].previous);
    put_script(t, f->script_code);
    put_number(t, (uint64_t)amount.sat, 8);
    put_number(t, tx->inputs[f->input].sequence, 4);
    put(t, outputs.bytes, 32);
    put_number(t, tx->lock_time, 4);
    put_number(t, (uint32_t)type, 4);
    return twice(t);
}

/* BIP341's hashes over all inputs, in the order in which they are signed. */
static void put_taproot_inputs(struct text *t, const struct fixture *f)
{
    static struct text part;
    struct hash256 hashes[4];

    for (int which = 0; which < 4; which++) {
        part.size = 0;
        for (size_t i = 0; i < f->tx.input_count; i++) {
            if (which == 0)
                put_outpoint(&part, f->inputs[i].previous);
            else if (which == 1)
                put_number(&part, (uint64_t)f->spent[i].value.sat, 8);
            else if (which == 2)
                put_script(&part, f->spent[i].script);
            else
                put_number(&part, f->inputs[i].sequence, 4);
        }
        hashes[which] = once(&part);
    }
    put(t, hashes, sizeof(hashes));
}

static void put_outputs_hash(struct text *t, const struct fixture *f, size_t from, size_t to)
{
    static struct text part;
    struct hash256 h;

    part.size = 0;
    for (size_t i = from; i < to; i++)
        put_output(&part, f->outputs[i]);
    h = once(&part);
    put(t, h.bytes, 32);
}

/* BIP341, "Common signature message", and BIP342's extension of it. */
static struct hash256 taproot_model(const struct fixture *f, const struct sighash_taproot *spend,
                                    uint8_t type, struct text *t)
{
    bool any = type & SIGHASH_ANYONECANPAY;
    uint8_t outputs = type & 3, tag[32];

    SHA256((const uint8_t *)"TapSighash", 10, tag);
    t->size = 0;
    put(t, tag, 32);
    put(t, tag, 32);
    put_number(t, 0, 1);
    put_number(t, type, 1);
    put_number(t, f->tx.version, 4);
    put_number(t, f->tx.lock_time, 4);
    if (!any)
        put_taproot_inputs(t, f);
    if (outputs < 2)
        put_outputs_hash(t, f, 0, f->tx.output_count);
    put_number(t, spend->tapscript * 2u + spend->annex_present, 1);
    if (any) {
        put_outpoint(t, f->inputs[f->input].previous);
        put_output(t, f->spent[f->input]);
        put_number(t, f->inputs[f->input].sequence, 4);
    } else {
        put_number(t, f->input, 4);
    }
    if (spend->annex_present)
        put(t, spend->annex_hash.bytes, 32);
    if (outputs == 3)
        put_outputs_hash(t, f, f->input, f->input + 1);
    if (spend->tapscript) {
        put(t, spend->tapleaf_hash.bytes, 32);
        put_number(t, 0, 1);
        put_number(t, spend->codeseparator_position, 4);
    }
    return once(t);
}

/* The same transaction as parsing its bytes gives it; they stay in t, it in the arena. */
static struct transaction parse_again(const struct transaction *tx, struct arena *arena,
                                      struct text *t)
{
    struct transaction parsed;

    t->size = transaction_serialize(t->data, tx, TRANSACTION_WITHOUT_WITNESS);
    assert_int_equal(
        transaction_parse(&parsed, arena, bytes_of(t->data, t->size), TRANSACTION_WITHOUT_WITNESS),
        PARSE_OK);
    return parsed;
}

enum { ROUNDS = 2000 };

static void test_older_versions(void **state)
{
    struct random r = random_create("older versions");
    static struct sighash_cache cache;
    static struct fixture f;
    static struct text t, raw;

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct amount amount = {(int64_t)random_u64(&r)};
        struct sighash_cache *c = random_below(&r, 2) ? &cache : NULL;
        struct transaction parsed;
        struct sighash_tx s;
        struct arena arena;
        struct hash256 want;
        uint8_t got[32];

        fixture_fill(&f, &r);
        arena_init(&arena, 0);
        parsed = parse_again(&f.tx, &arena, &raw);
        sighash_tx_init(&s, COMPRESS, random_below(&r, 2) ? &parsed : &f.tx, NULL,
                        random_below(&r, 2));
        sighash_cache_clear(&cache);
        for (int i = 0; i < 3; i++) {
            int32_t type = random_type(&r);

            want = legacy_model(&f, type, &t);
            sighash_legacy(got, &s, f.input, f.script_code, type, c);
            assert_memory_equal(got, want.bytes, 32);
        }
        sighash_cache_clear(&cache);
        for (int i = 0; i < 3; i++) {
            int32_t type = random_type(&r);

            want = segwit_model(&f, amount, type, &t);
            sighash_segwit_v0(got, &s, f.input, f.script_code, amount, type, c);
            assert_memory_equal(got, want.bytes, 32);
        }
        arena_free(&arena);
    }
}

static bool type_is_taproot(unsigned type) { return type <= 3 || (type >= 0x81 && type <= 0x83); }

/* Every hash type that a byte can hold, of which seven are good. */
static void test_taproot(void **state)
{
    struct random r = random_create("taproot");
    static struct fixture f;
    static struct text t, raw;

    (void)state;
    for (int round = 0; round < ROUNDS / 50; round++) {
        struct sighash_taproot spend = {.annex_present = random_below(&r, 2),
                                        .tapscript = random_below(&r, 2),
                                        .codeseparator_position = (uint32_t)random_u64(&r)};
        struct transaction parsed;
        struct sighash_tx s;
        struct arena arena;
        struct hash256 want;

        random_fill(&r, spend.annex_hash.bytes, 32);
        random_fill(&r, spend.tapleaf_hash.bytes, 32);
        fixture_fill(&f, &r);
        arena_init(&arena, 0);
        parsed = parse_again(&f.tx, &arena, &raw);
        sighash_tx_init(&s, COMPRESS, round % 2 ? &parsed : &f.tx, f.spent, true);
        for (unsigned type = 0; type < 256; type++) {
            bool good = type_is_taproot(type) && ((type & 3) != 3 || f.input < f.tx.output_count);
            uint8_t got[32] = {0xa5};

            assert_int_equal(sighash_taproot(got, &s, f.input, &spend, (uint8_t)type), good);
            if (good) {
                want = taproot_model(&f, &spend, (uint8_t)type, &t);
                assert_memory_equal(got, want.bytes, 32);
            } else {
                assert_int_equal(got[0], 0xa5);
            }
        }
        arena_free(&arena);
    }
}

/* An input that is not there; SIGHASH_SINGLE without its output, with bits that say nothing too. */
static void test_out_of_range(void **state)
{
    struct random r = random_create("out of range");
    static const uint8_t one[32] = {1};
    static const int32_t singles[] = {3, 0x83, 0x43, 0x23, 0x63, 0x7fffff83, -125};
    static struct fixture f;
    struct sighash_tx s;
    uint8_t hash[32];

    (void)state;
    fixture_fill(&f, &r);
    f.tx.input_count = 3;
    f.tx.output_count = 2;
    sighash_tx_init(&s, COMPRESS, &f.tx, NULL, false);
    for (size_t i = 0; i < sizeof(singles) / sizeof(singles[0]); i++) {
        sighash_legacy(hash, &s, 2, f.script_code, singles[i], NULL);
        assert_memory_equal(hash, one, 32);
        sighash_legacy(hash, &s, 1, f.script_code, singles[i], NULL);
        assert_memory_not_equal(hash, one, 32);
    }
    sighash_legacy(hash, &s, 3, f.script_code, SIGHASH_ALL, NULL);
    assert_memory_equal(hash, one, 32);
    sighash_legacy(hash, &s, SIZE_MAX, f.script_code, SIGHASH_SINGLE, NULL);
    assert_memory_equal(hash, one, 32);
}

/*
 * Script codes that end in a push that is cut short. The length that is hashed is that of the whole
 * without its OP_CODESEPARATORs, but what follows it ends where reading stopped: behind the opcode,
 * or behind a length that is whole.
 */
static void test_cut_push(void **state)
{
    static const struct {
        const char *code, *hashed; /* with the length */
    } cases[] = {
        {"51ab05aabb", "045105"},         /* two of five bytes */
        {"05aabb", "0305"},               /* nothing before it */
        {"ab01", "0101"},                 /* none of one */
        {"51abab4c", "02514c"},           /* no length */
        {"ab4c02aa", "034c02"},           /* one of two */
        {"514d05", "03514d"},             /* half a length */
        {"514d0500", "04514d0500"},       /* a length and nothing */
        {"514d0100ab", "05514d0100ab"},   /* whole after all */
        {"ab4effffff", "044e"},           /* three of four */
        {"4effffffffab", "064effffffff"}, /* the longest, its separator being data */
        {"ab4b51ab", "034b"},
    };
    struct random r = random_create("cut pushes");
    static struct fixture f;
    static struct text t;

    (void)state;
    fixture_fill(&f, &r);
    f.tx.input_count = 1;
    f.tx.output_count = 0;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t size, hashed_size;
        uint8_t *code = hex_bytes(cases[i].code, &size), got[32];
        uint8_t *hashed = hex_bytes(cases[i].hashed, &hashed_size);
        struct sighash_tx s;
        struct hash256 want;

        sighash_tx_init(&s, COMPRESS, &f.tx, NULL, false);
        t.size = 0;
        put_number(&t, f.tx.version, 4);
        put_number(&t, 1, 1);
        put_outpoint(&t, f.inputs[0].previous);
        put(&t, hashed, hashed_size);
        put_number(&t, f.inputs[0].sequence, 4);
        put_number(&t, 0, 1);
        put_number(&t, f.tx.lock_time, 4);
        put_number(&t, SIGHASH_ALL, 4);
        want = twice(&t);
        sighash_legacy(got, &s, 0, bytes_of(code, size), SIGHASH_ALL, NULL);
        assert_memory_equal(got, want.bytes, 32);
        free(hashed);
        free(code);
    }
}

/* Around every size where CompactSize, the block of SHA-256 and the writer's memory change. */
static void test_sizes(void **state)
{
    static const size_t sizes[] = {0,   1,   25,  55,  63,  64,   65,   252,   253,
                                   255, 256, 257, 449, 512, 1023, 9999, 10000, 10001};
    struct random r = random_create("sizes");
    static uint8_t code[10001];
    static struct sighash_cache cache;
    static struct fixture f;
    static struct text t;

    (void)state;
    memset(code, OP_NOP, sizeof(code));
    fixture_fill(&f, &r);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct amount amount = {-1};
        struct sighash_tx s;
        struct hash256 want;
        uint8_t got[32];

        f.script_code = bytes_of(code, sizes[i]);
        f.outputs[0].script = bytes_of(code, sizes[i]);
        f.tx.output_count = 1;
        sighash_tx_init(&s, COMPRESS, &f.tx, NULL, false);
        want = segwit_model(&f, amount, SIGHASH_ALL, &t);
        sighash_cache_clear(&cache);
        for (int k = 0; k < 2; k++) {
            sighash_segwit_v0(got, &s, f.input, f.script_code, amount, SIGHASH_ALL, &cache);
            assert_memory_equal(got, want.bytes, 32);
        }
    }
}

/* Bytes count for a cache, not where they lie: FindAndDelete writes its results over each other. */
static void test_cache_is_by_value(void **state)
{
    struct random r = random_create("cache");
    static struct sighash_cache cache;
    static struct fixture f;
    uint8_t code[3] = {OP_1, OP_DROP, OP_1}, with[32], without[32];
    struct sighash_tx s;

    (void)state;
    fixture_fill(&f, &r);
    sighash_tx_init(&s, COMPRESS, &f.tx, NULL, false);
    sighash_cache_clear(&cache);
    for (int i = 0; i < 4; i++) {
        code[0] = (uint8_t)(OP_1 + i / 2);
        sighash_legacy(with, &s, f.input, bytes_of(code, 3), SIGHASH_ALL, &cache);
        sighash_legacy(without, &s, f.input, bytes_of(code, 3), SIGHASH_ALL, NULL);
        assert_memory_equal(with, without, 32);
        sighash_legacy(with, &s, f.input, bytes_of(code, 2), SIGHASH_ALL, &cache);
        sighash_legacy(without, &s, f.input, bytes_of(code, 2), SIGHASH_ALL, NULL);
        assert_memory_equal(with, without, 32);
    }
}

/* What is computed beforehand: by which outputs are spent with a witness, as Core guesses it. */
static void test_readiness(void **state)
{
    static const struct bytes stack[1] = {{0}};
    static uint8_t taproot[34] = {OP_1, 32}, other[34] = {OP_1, 33}, v0[22] = {OP_0, 20};
    struct tx_input inputs[2] = {{.witness = stack}, {.witness = stack}};
    struct tx_output spent[2] = {{{0}, bytes_of(taproot, 34)}, {{0}, bytes_of(v0, 22)}};
    struct transaction tx = {.inputs = inputs, .input_count = 2};
    struct sighash_taproot spend = {0};
    uint8_t hash[32];
    struct sighash_tx s;

    (void)state;
    sighash_tx_init(&s, COMPRESS, &tx, spent, false);
    assert_false(s.bip143_ready || s.bip341_ready);
    assert_false(sighash_taproot(hash, &s, 0, &spend, SIGHASH_ALL));
    sighash_tx_init(&s, COMPRESS, &tx, spent, true);
    assert_true(s.bip143_ready && s.bip341_ready);
    sighash_tx_init(&s, COMPRESS, &tx, NULL, true);
    assert_true(s.bip143_ready && !s.bip341_ready);
    assert_false(sighash_taproot(hash, &s, 0, &spend, SIGHASH_ALL));

    inputs[0].witness_count = 1;
    sighash_tx_init(&s, COMPRESS, &tx, spent, false);
    assert_true(!s.bip143_ready && s.bip341_ready);
    sighash_tx_init(&s, COMPRESS, &tx, NULL, false);
    assert_true(s.bip143_ready && !s.bip341_ready);
    spent[0].script = bytes_of(other, 34); /* no witness program, but Core does not look */
    sighash_tx_init(&s, COMPRESS, &tx, spent, false);
    assert_true(!s.bip143_ready && s.bip341_ready);
    inputs[1].witness_count = 1;
    sighash_tx_init(&s, COMPRESS, &tx, spent, false);
    assert_true(s.bip143_ready && s.bip341_ready);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_core_vectors),      cmocka_unit_test(test_older_versions),
        cmocka_unit_test(test_taproot),           cmocka_unit_test(test_out_of_range),
        cmocka_unit_test(test_cut_push),          cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_cache_is_by_value), cmocka_unit_test(test_readiness),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
