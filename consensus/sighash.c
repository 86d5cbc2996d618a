#include "consensus/sighash.h"

#include "base/verify.h"
#include "consensus/hash_writer.h"

/* The older versions look at these bits of a hash type, besides ANYONECANPAY (Core, SignatureHash). */
enum { LEGACY_OUTPUT_MASK = 0x1f };

/* What a hash type says. The other bits change nothing but the four bytes that are hashed last. */
struct choice {
    bool anyone_can_pay, none, single;
};

static struct choice choice_of(int32_t hash_type)
{
    int32_t outputs = hash_type & LEGACY_OUTPUT_MASK;

    return (struct choice){hash_type & SIGHASH_ANYONECANPAY, outputs == SIGHASH_NONE,
                           outputs == SIGHASH_SINGLE};
}

/* Precomputed parts. */

static void write_all_outputs(struct hash_writer *w, const struct sighash_tx *s)
{
    if (s->raw_outputs.size) {
        hash_writer_bytes(w, s->raw_outputs);
        return;
    }
    for (size_t i = 0; i < s->tx->output_count; i++)
        hash_writer_output(w, &s->tx->outputs[i]);
}

static struct hash256 hash_prevouts(const struct sighash_tx *s)
{
    struct hash_writer w;
    struct hash256 h;

    hash_writer_init(&w, s->compress);
    for (size_t i = 0; i < s->tx->input_count; i++)
        hash_writer_outpoint(&w, &s->tx->inputs[i].previous);
    hash_writer_final(&w, h.bytes);
    return h;
}

static struct hash256 hash_sequences(const struct sighash_tx *s)
{
    struct hash_writer w;
    struct hash256 h;

    hash_writer_init(&w, s->compress);
    for (size_t i = 0; i < s->tx->input_count; i++)
        hash_writer_le32(&w, s->tx->inputs[i].sequence);
    hash_writer_final(&w, h.bytes);
    return h;
}

static struct hash256 hash_outputs(const struct sighash_tx *s)
{
    struct hash_writer w;
    struct hash256 h;

    hash_writer_init(&w, s->compress);
    write_all_outputs(&w, s);
    hash_writer_final(&w, h.bytes);
    return h;
}

static struct hash256 hash_output(const struct sighash_tx *s, size_t output)
{
    struct hash_writer w;
    struct hash256 h;

    hash_writer_init(&w, s->compress);
    hash_writer_output(&w, &s->tx->outputs[output]);
    hash_writer_final(&w, h.bytes);
    return h;
}

static struct hash256 hash_spent_amounts(const struct sighash_tx *s)
{
    struct hash_writer w;
    struct hash256 h;

    hash_writer_init(&w, s->compress);
    for (size_t i = 0; i < s->tx->input_count; i++)
        hash_writer_le64(&w, (uint64_t)s->spent[i].value.sat);
    hash_writer_final(&w, h.bytes);
    return h;
}

static struct hash256 hash_spent_scripts(const struct sighash_tx *s)
{
    struct hash_writer w;
    struct hash256 h;

    hash_writer_init(&w, s->compress);
    for (size_t i = 0; i < s->tx->input_count; i++)
        hash_writer_script(&w, s->spent[i].script);
    hash_writer_final(&w, h.bytes);
    return h;
}

static struct hash256 hash_again(const struct sighash_tx *s, const struct hash256 *h)
{
    struct hash256 twice;
    struct sha256 sha;

    sha256_init(&sha, s->compress);
    sha256_update(&sha, h->bytes, 32);
    sha256_final(&sha, twice.bytes);
    return twice;
}

/*
 * The end of a parsed transaction's body: outputs are hashed as they were sent. Found by the first
 * script, in front of which lie its length and the amount, so that verifying inputs one by one, each
 * with a preparation of its own, does not take the number of outputs each time.
 */
static struct bytes find_raw_outputs(const struct transaction *tx)
{
    struct bytes first, body = tx->body;
    const uint8_t *start;

    if (body.size == 0 || tx->output_count == 0)
        return (struct bytes){0};
    first = tx->outputs[0].script;
    start = first.data - compact_size_length(first.size) - 8;
    VERIFY_CHECK(start >= body.data && start < body.data + body.size);
    return bytes_of(start, (size_t)(body.data + body.size - start));
}

/* Whether an input has a witness that may be taproot's, or one that may be any other's. */
static void find_versions(bool *v0, bool *taproot, const struct transaction *tx,
                          const struct tx_output *spent)
{
    for (size_t i = 0; i < tx->input_count; i++) {
        if (tx->inputs[i].witness_count == 0)
            continue;
        if (spent && spent[i].script.size == 2 + WITNESS_V1_TAPROOT_SIZE &&
            spent[i].script.data[0] == OP_1)
            *taproot = true;
        else
            *v0 = true;
    }
}

void sighash_tx_init(struct sighash_tx *out, sha256_compress_fn *compress,
                     const struct transaction *tx, const struct tx_output *spent, bool all)
{
    bool v0 = all, taproot = all;

    *out = (struct sighash_tx){
        .tx = tx, .spent = spent, .compress = compress, .raw_outputs = find_raw_outputs(tx)};
    if (!all && transaction_has_witness(tx))
        find_versions(&v0, &taproot, tx, spent);
    if (v0 || taproot) {
        out->prevouts = hash_prevouts(out);
        out->sequences = hash_sequences(out);
        out->outputs = hash_outputs(out);
    }
    if (v0) {
        out->prevouts_twice = hash_again(out, &out->prevouts);
        out->sequences_twice = hash_again(out, &out->sequences);
        out->outputs_twice = hash_again(out, &out->outputs);
        out->bip143_ready = true;
    }
    if (taproot && spent) {
        out->spent_amounts = hash_spent_amounts(out);
        out->spent_scripts = hash_spent_scripts(out);
        out->bip341_ready = true;
    }
}

/* The cache of an input. */

void sighash_cache_clear(struct sighash_cache *cache)
{
    memset(cache->used, 0, sizeof(cache->used));
}

/* Which entry a hash type would be in. */
static size_t cache_index(struct choice choice)
{
    return (choice.anyone_can_pay ? 3u : 0) + (choice.single ? 2u : 0) + (choice.none ? 1u : 0);
}

static bool cache_load(const struct sighash_cache *cache, struct hash_writer *w,
                       struct choice choice, struct bytes script_code)
{
    const size_t i = cache_index(choice);
    const struct sighash_cache_entry *entry;

    if (!cache || !cache->used[i])
        return false;
    entry = &cache->entries[i];
    if (!bytes_equal(bytes_of(entry->script_code, entry->script_code_size), script_code))
        return false;
    hash_writer_resume(w, &entry->midstate);
    return true;
}

static void cache_store(struct sighash_cache *cache, struct hash_writer *w, struct choice choice,
                        struct bytes script_code)
{
    const size_t i = cache_index(choice);
    struct sighash_cache_entry *entry;

    if (!cache || script_code.size > MAX_SCRIPT_SIZE)
        return;
    hash_writer_flush(w);
    entry = &cache->entries[i];
    entry->script_code_size = script_code.size;
    if (script_code.size)
        memcpy(entry->script_code, script_code.data, script_code.size);
    entry->midstate = w->sha;
    cache->used[i] = true;
}

/* Legacy. */

/*
 * How far Core's reader gets at a push that is cut short: behind the opcode, and behind the length
 * where that is whole.
 */
static const uint8_t *cut_push_end(const struct script_reader *r)
{
    static const uint8_t length_sizes[] = {1, 2, 4};
    uint8_t opcode = r->at[0];
    size_t length = opcode < OP_PUSHDATA1 ? 0 : length_sizes[opcode - OP_PUSHDATA1];
    size_t left = (size_t)(r->end - r->at) - 1;

    return r->at + 1 + (length <= left ? length : 0);
}

static size_t count_code_separators(struct bytes script_code)
{
    struct script_reader r = script_reader_of(script_code);
    struct script_instruction i;
    size_t n = 0;

    while (script_read(&r, &i))
        n += i.opcode == OP_CODESEPARATOR;
    return n;
}

/*
 * The script code without its OP_CODESEPARATORs. One that ends in a push that is cut short is
 * hashed as Core always did: the length of all of it, but the bytes only up to where reading it
 * stopped. Such a script fails however its signatures turn out, but with which error may depend on
 * them.
 */
static void write_script_code(struct hash_writer *w, struct bytes script_code)
{
    struct script_reader r = script_reader_of(script_code);
    struct script_instruction i;
    const uint8_t *from = r.at, *to;

    hash_writer_compact_size(w, script_code.size - count_code_separators(script_code));
    while (script_read(&r, &i)) {
        if (i.opcode != OP_CODESEPARATOR)
            continue;
        hash_writer_bytes(w, bytes_of(from, (size_t)(r.at - 1 - from)));
        from = r.at;
    }
    to = script_reader_done(&r) ? r.at : cut_push_end(&r);
    hash_writer_bytes(w, bytes_of(from, (size_t)(to - from)));
}

/* An input as it is hashed where another one is signed: without a script. */
static void write_other_input(struct hash_writer *w, const struct tx_input *input,
                              uint32_t sequence)
{
    uint8_t *at = hash_writer_reserve(w, 41);

    memcpy(at, input->previous.txid.bytes, 32);
    write_le32(at + 32, input->previous.index);
    at[36] = 0;
    write_le32(at + 37, sequence);
}

static void write_signed_input(struct hash_writer *w, const struct tx_input *input,
                               struct bytes script_code)
{
    hash_writer_outpoint(w, &input->previous);
    write_script_code(w, script_code);
    hash_writer_le32(w, input->sequence);
}

static void write_other_inputs(struct hash_writer *w, const struct transaction *tx, size_t from,
                               size_t to, struct choice choice)
{
    bool any_sequence = choice.none || choice.single;

    for (size_t i = from; i < to; i++)
        write_other_input(w, &tx->inputs[i], any_sequence ? 0 : tx->inputs[i].sequence);
}

/* SIGHASH_SINGLE: the output of the input's index, and before it as many that say nothing. */
static void write_single_output(struct hash_writer *w, const struct transaction *tx, size_t index)
{
    hash_writer_compact_size(w, index + 1);
    for (size_t i = 0; i < index; i++) {
        hash_writer_le64(w, UINT64_MAX); /* an amount of -1 */
        hash_writer_u8(w, 0);
    }
    hash_writer_output(w, &tx->outputs[index]);
}

static void write_legacy(struct hash_writer *w, const struct sighash_tx *s, size_t input,
                         struct bytes script_code, struct choice choice)
{
    const struct transaction *tx = s->tx;

    hash_writer_le32(w, tx->version);
    if (choice.anyone_can_pay) {
        hash_writer_compact_size(w, 1);
        write_signed_input(w, &tx->inputs[input], script_code);
    } else {
        hash_writer_compact_size(w, tx->input_count);
        write_other_inputs(w, tx, 0, input, choice);
        write_signed_input(w, &tx->inputs[input], script_code);
        write_other_inputs(w, tx, input + 1, tx->input_count, choice);
    }
    if (choice.none) {
        hash_writer_compact_size(w, 0);
    } else if (choice.single) {
        write_single_output(w, tx, input);
    } else {
        hash_writer_compact_size(w, tx->output_count);
        write_all_outputs(w, s);
    }
    hash_writer_le32(w, tx->lock_time);
}

void sighash_legacy(uint8_t out[static 32], const struct sighash_tx *s, size_t input,
                    struct bytes script_code, int32_t hash_type, struct sighash_cache *cache)
{
    struct choice choice = choice_of(hash_type);
    struct hash_writer w;

    if (input >= s->tx->input_count || (choice.single && input >= s->tx->output_count)) {
        memset(out, 0, 32);
        out[0] = 1;
        return;
    }
    if (!cache_load(cache, &w, choice, script_code)) {
        hash_writer_init(&w, s->compress);
        write_legacy(&w, s, input, script_code, choice);
        cache_store(cache, &w, choice, script_code);
    }
    hash_writer_le32(&w, (uint32_t)hash_type);
    hash_writer_final_twice(&w, out);
}

/* Segwit v0. */

static struct hash256 segwit_prevouts(const struct sighash_tx *s, struct choice choice)
{
    struct hash256 h = {0};

    if (choice.anyone_can_pay)
        return h;
    if (s->bip143_ready)
        return s->prevouts_twice;
    h = hash_prevouts(s);
    return hash_again(s, &h);
}

static struct hash256 segwit_sequences(const struct sighash_tx *s, struct choice choice)
{
    struct hash256 h = {0};

    if (choice.anyone_can_pay || choice.none || choice.single)
        return h;
    if (s->bip143_ready)
        return s->sequences_twice;
    h = hash_sequences(s);
    return hash_again(s, &h);
}

static struct hash256 segwit_outputs(const struct sighash_tx *s, size_t input, struct choice choice)
{
    struct hash256 h = {0};

    if (choice.none || (choice.single && input >= s->tx->output_count))
        return h;
    if (!choice.single && s->bip143_ready)
        return s->outputs_twice;
    h = choice.single ? hash_output(s, input) : hash_outputs(s);
    return hash_again(s, &h);
}

static void write_segwit_v0(struct hash_writer *w, const struct sighash_tx *s, size_t input,
                            struct bytes script_code, struct amount amount, struct choice choice)
{
    struct hash256 prevouts = segwit_prevouts(s, choice);
    struct hash256 sequences = segwit_sequences(s, choice);
    struct hash256 outputs = segwit_outputs(s, input, choice);

    hash_writer_le32(w, s->tx->version);
    hash_writer_hash256(w, &prevouts);
    hash_writer_hash256(w, &sequences);
    hash_writer_outpoint(w, &s->tx->inputs[input].previous);
    hash_writer_script(w, script_code);
    hash_writer_le64(w, (uint64_t)amount.sat);
    hash_writer_le32(w, s->tx->inputs[input].sequence);
    hash_writer_hash256(w, &outputs);
    hash_writer_le32(w, s->tx->lock_time);
}

void sighash_segwit_v0(uint8_t out[static 32], const struct sighash_tx *s, size_t input,
                       struct bytes script_code, struct amount amount, int32_t hash_type,
                       struct sighash_cache *cache)
{
    struct choice choice = choice_of(hash_type);
    struct hash_writer w;

    VERIFY_CHECK(input < s->tx->input_count);
    if (!cache_load(cache, &w, choice, script_code)) {
        hash_writer_init(&w, s->compress);
        write_segwit_v0(&w, s, input, script_code, amount, choice);
        cache_store(cache, &w, choice, script_code);
    }
    hash_writer_le32(&w, (uint32_t)hash_type);
    hash_writer_final_twice(&w, out);
}

/* Taproot. */

/* SHA-256's state after the block that the hash of a tag makes twice (BIP340). */
static const uint32_t tap_sighash_state[8] = {0xf504a425, 0xd7f8783b, 0x1363868a, 0xe3e55658,
                                              0x6eee945d, 0xbc7888dd, 0x02a6e2c3, 0x1873fe9f};
static const uint32_t tap_leaf_state[8] = {0x9ce0e4e6, 0x7c116c39, 0x38b3caf2, 0xc30f5089,
                                           0xd3f3936c, 0x47636e60, 0x7db33eea, 0xddc6f0c9};
static const uint32_t tap_branch_state[8] = {0x23a865a9, 0xb8a40da7, 0x977c1e04, 0xc49e246f,
                                             0xb5be1376, 0x9d24c9b7, 0xb583b5d4, 0xa8d226d2};
static const uint32_t tap_tweak_state[8] = {0xd129a2f3, 0x701c655d, 0x6583b6c3, 0xb9419727,
                                            0x95f4e232, 0x94fd54f4, 0xa2ae8d85, 0x47ca590b};

static void begin_tagged(struct hash_writer *w, sha256_compress_fn *compress,
                         const uint32_t state[static 8])
{
    hash_writer_init(w, compress);
    memcpy(w->sha.state, state, sizeof(w->sha.state));
    w->sha.length = 64;
}

/* What the hash commits to of the transaction as a whole. */
static void write_taproot_transaction(struct hash_writer *w, const struct sighash_tx *s,
                                      bool anyone_can_pay, bool all_outputs)
{
    hash_writer_le32(w, s->tx->version);
    hash_writer_le32(w, s->tx->lock_time);
    if (!anyone_can_pay) {
        hash_writer_hash256(w, &s->prevouts);
        hash_writer_hash256(w, &s->spent_amounts);
        hash_writer_hash256(w, &s->spent_scripts);
        hash_writer_hash256(w, &s->sequences);
    }
    if (all_outputs)
        hash_writer_hash256(w, &s->outputs);
}

static void write_taproot_input(struct hash_writer *w, const struct sighash_tx *s, size_t input,
                                bool anyone_can_pay)
{
    if (anyone_can_pay) {
        hash_writer_outpoint(w, &s->tx->inputs[input].previous);
        hash_writer_output(w, &s->spent[input]);
        hash_writer_le32(w, s->tx->inputs[input].sequence);
    } else {
        hash_writer_le32(w, (uint32_t)input);
    }
}

static void write_taproot_single(struct hash_writer *w, const struct sighash_tx *s, size_t input,
                                 struct sighash_taproot *spend)
{
    if (!spend->output_ready) {
        spend->output = hash_output(s, input);
        spend->output_ready = true;
    }
    hash_writer_hash256(w, &spend->output);
}

bool sighash_taproot(uint8_t out[static 32], const struct sighash_tx *s, size_t input,
                     struct sighash_taproot *spend, uint8_t hash_type)
{
    const bool anyone_can_pay = hash_type & SIGHASH_ANYONECANPAY;
    const uint8_t outputs = hash_type & SIGHASH_OUTPUT_MASK;
    struct hash_writer w;

    VERIFY_CHECK(input < s->tx->input_count);
    if (!s->bip341_ready)
        return false;
    if (hash_type != SIGHASH_DEFAULT &&
        (hash_type != (hash_type & (SIGHASH_ANYONECANPAY | SIGHASH_OUTPUT_MASK)) || outputs == 0))
        return false;
    if (outputs == SIGHASH_SINGLE && input >= s->tx->output_count)
        return false;

    begin_tagged(&w, s->compress, tap_sighash_state);
    hash_writer_u8(&w, 0); /* the epoch */
    hash_writer_u8(&w, hash_type);
    write_taproot_transaction(&w, s, anyone_can_pay,
                              outputs == SIGHASH_DEFAULT || outputs == SIGHASH_ALL);
    hash_writer_u8(&w, (uint8_t)((spend->tapscript ? 2 : 0) + (spend->annex_present ? 1 : 0)));
    write_taproot_input(&w, s, input, anyone_can_pay);
    if (spend->annex_present)
        hash_writer_hash256(&w, &spend->annex_hash);
    if (outputs == SIGHASH_SINGLE)
        write_taproot_single(&w, s, input, spend);
    if (spend->tapscript) {
        hash_writer_hash256(&w, &spend->tapleaf_hash);
        hash_writer_u8(&w, 0); /* the version of keys of 32 bytes */
        hash_writer_le32(&w, spend->codeseparator_position);
    }
    hash_writer_final(&w, out);
    return true;
}

struct hash256 sighash_annex(sha256_compress_fn *compress, struct bytes annex)
{
    struct hash_writer w;
    struct hash256 h;

    hash_writer_init(&w, compress);
    hash_writer_script(&w, annex);
    hash_writer_final(&w, h.bytes);
    return h;
}

struct hash256 taproot_leaf_hash(sha256_compress_fn *compress, uint8_t leaf_version,
                                 struct bytes script)
{
    struct hash_writer w;
    struct hash256 h;

    begin_tagged(&w, compress, tap_leaf_state);
    hash_writer_u8(&w, leaf_version);
    hash_writer_script(&w, script);
    hash_writer_final(&w, h.bytes);
    return h;
}

/* The two in the order of their bytes, so that a path need not say which side it comes from. */
struct hash256 taproot_branch_hash(sha256_compress_fn *compress, struct hash256 a, struct hash256 b)
{
    bool in_order = memcmp(a.bytes, b.bytes, 32) < 0;
    struct hash_writer w;
    struct hash256 h;

    begin_tagged(&w, compress, tap_branch_state);
    hash_writer_hash256(&w, in_order ? &a : &b);
    hash_writer_hash256(&w, in_order ? &b : &a);
    hash_writer_final(&w, h.bytes);
    return h;
}

struct hash256 taproot_tweak(sha256_compress_fn *compress, const uint8_t internal_key[static 32],
                             const struct hash256 *merkle_root)
{
    struct hash_writer w;
    struct hash256 h;

    begin_tagged(&w, compress, tap_tweak_state);
    hash_writer_bytes(&w, bytes_of(internal_key, 32));
    if (merkle_root)
        hash_writer_hash256(&w, merkle_root);
    hash_writer_final(&w, h.bytes);
    return h;
}
