/*
 * Reading goes field by field through a struct reader that stays failed and
 * keeps the first reason, as a cursor does with bytes.
 */
#include "mining/template.h"

#include "base/hex.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    ARENA_LIMIT = 96 << 20,
    MAX_NAMES = 64,     /* members of rules, vbavailable, mutable, coinbaseaux */
    MAX_DEPENDS = 4096, /* members of depends */
};

struct reader {
    char *error;
    bool failed;
};

static void fail(struct reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void fail(struct reader *r, const char *format, ...)
{
    va_list args;

    if (r->failed)
        return;
    r->failed = true;
    va_start(args, format);
    vsnprintf(r->error, TEMPLATE_ERROR_SIZE, format, args);
    va_end(args);
}

/* A number within bounds. Where it is missing: fallback, or a failure if that is out of bounds. */
static int64_t read_number(struct reader *r, const json_t *object, const char *name, int64_t min,
                           int64_t max, int64_t fallback)
{
    const json_t *value = json_object_get(object, name);
    int64_t number = json_integer_value(value);

    if ((!value || json_is_null(value)) && fallback >= min && fallback <= max)
        return fallback;
    if (!value)
        fail(r, "%s is missing", name);
    else if (!json_is_integer(value))
        fail(r, "%s is not a whole number", name);
    else if (number < min || number > max)
        fail(r, "%s is %lld, which is not within %lld to %lld", name, (long long)number,
             (long long)min, (long long)max);
    else
        return number;
    return min;
}

/* Text of at most max bytes; NULL, and no failure, where it is missing. */
static const char *read_text(struct reader *r, const json_t *object, const char *name, size_t max)
{
    const json_t *value = json_object_get(object, name);

    if (!value || json_is_null(value))
        return NULL;
    if (!json_is_string(value))
        fail(r, "%s is not a string", name);
    else if (json_string_length(value) > max)
        fail(r, "%s is longer than %zu characters", name, max);
    else
        return json_string_value(value);
    return NULL;
}

/* Exactly size bytes in hexadecimal; false where they are missing. */
static bool read_hex(struct reader *r, const json_t *object, const char *name, uint8_t *out,
                     size_t size, bool reversed)
{
    const json_t *value = json_object_get(object, name);
    const char *text = json_string_value(value);
    bool good;

    memset(out, 0, size);
    if (!value || json_is_null(value))
        return false;
    good = text && (reversed ? hex_decode_reversed(out, size, text, json_string_length(value))
                             : hex_decode(out, size, text, json_string_length(value)));
    if (!good)
        fail(r, "%s is not %zu bytes in hexadecimal", name, size);
    return good;
}

/* An array of a bounded number of members; an empty one where it is missing. */
static size_t read_array(struct reader *r, const json_t *object, const char *name, size_t max,
                         json_t **array)
{
    *array = json_object_get(object, name);
    if (!*array || json_is_null(*array))
        return 0;
    if (!json_is_array(*array))
        fail(r, "%s is not an array", name);
    else if (json_array_size(*array) > max)
        fail(r, "%s has %zu members, more than %zu", name, json_array_size(*array), max);
    else
        return json_array_size(*array);
    return 0;
}

/* BIP9: a rule with "!" changes what a block must be, so a miner that does not know it must not mine. */
static void read_rules(struct reader *r, struct block_template *t, const json_t *json)
{
    json_t *rules;
    size_t n = read_array(r, json, "rules", MAX_NAMES, &rules);

    for (size_t i = 0; i < n; i++) {
        const char *name = json_string_value(json_array_get(rules, i));

        if (!name) {
            fail(r, "rules has a member that is not a string");
            return;
        }
        if (!strcmp(name, "segwit") || !strcmp(name, "!segwit"))
            t->segwit = true;
        else if (!strcmp(name, "signet") || !strcmp(name, "!signet"))
            fail(r, "signet blocks must be signed by that network's signers (BIP325); this miner "
                    "can't do that");
        else if (*name == '!')
            fail(r, "the rule \"%.32s\" is required, and this miner does not know it", name + 1);
    }
    if (json_object_get(json, "signet_challenge"))
        fail(r, "signet blocks must be signed by that network's signers (BIP325); this miner can't "
                "do that");
}

/* BIP9 and BIP320: bits that mean something to a deployment are not rolled. */
static void read_version(struct reader *r, struct block_template *t, const json_t *json)
{
    json_t *available = json_object_get(json, "vbavailable"), *bit;
    const char *name;

    t->version = (uint32_t)read_number(r, json, "version", INT32_MIN, UINT32_MAX, INT64_MAX);
    t->version_mask = TEMPLATE_VERSION_MASK;
    t->version_mask &= ~(uint32_t)read_number(r, json, "vbrequired", 0, UINT32_MAX, 0);
    if (json_is_object(available) && json_object_size(available) > MAX_NAMES)
        fail(r, "vbavailable has more than %d members", MAX_NAMES);
    if (r->failed || !available || json_is_null(available))
        return;
    if (!json_is_object(available))
        fail(r, "vbavailable is not an object");
    json_object_foreach(available, name, bit)
    {
        if (!json_is_integer(bit) || json_integer_value(bit) < 0 || json_integer_value(bit) > 31)
            fail(r, "vbavailable gives \"%.32s\" no bit within 0 to 31", name);
        else
            t->version_mask &= ~(UINT32_C(1) << json_integer_value(bit));
    }
}

static void read_mutable(struct reader *r, struct block_template *t, const json_t *json)
{
    json_t *list;
    size_t n = read_array(r, json, "mutable", MAX_NAMES, &list);

    for (size_t i = 0; i < n; i++) {
        const char *name = json_string_value(json_array_get(list, i));

        if (!name)
            fail(r, "mutable has a member that is not a string");
        /* BIP23: it is only ever advanced here. */
        else if (!strcmp(name, "time") || !strcmp(name, "time/increment"))
            t->time_mutable = true;
    }
}

static void read_work(struct reader *r, struct block_template *t, const json_t *json)
{
    struct compact_flags flags;
    uint8_t bits[4], target[32], range[8];

    if (!read_hex(r, json, "previousblockhash", t->previous.bytes, 32, true))
        fail(r, "previousblockhash is missing");
    if (!read_hex(r, json, "bits", bits, 4, false))
        fail(r, "bits are missing");
    t->bits = read_be32(bits);
    t->target = uint256_from_compact(t->bits, &flags);
    if (flags.negative || flags.overflow || uint256_is_zero(t->target))
        fail(r, "bits %08x are no target", t->bits);
    if (read_hex(r, json, "target", target, 32, false) &&
        uint256_compare(uint256_from_be(target), t->target))
        fail(r, "target is not the one that bits %08x stand for", t->bits);
    t->nonce_last = UINT32_MAX;
    if (read_hex(r, json, "noncerange", range, 8, false)) {
        t->nonce_first = read_be32(range);
        t->nonce_last = read_be32(range + 4);
        if (t->nonce_first > t->nonce_last)
            fail(r, "noncerange ends before it begins");
    }
}

static void read_times(struct reader *r, struct block_template *t, const json_t *json)
{
    t->time = (uint32_t)read_number(r, json, "curtime", 1, UINT32_MAX, -1);
    t->mintime = (uint32_t)read_number(r, json, "mintime", 0, UINT32_MAX, 0);
    t->maxtime = (uint32_t)read_number(r, json, "maxtime", 0, UINT32_MAX, UINT32_MAX);
    if (t->time < t->mintime)
        t->time = t->mintime;
    if (t->time > t->maxtime)
        fail(r, "maxtime is before curtime or mintime");
}

static void read_limits(struct reader *r, struct block_template *t, const json_t *json)
{
    const int64_t size = MAX_BLOCK_SERIALIZED_SIZE, weight = MAX_BLOCK_WEIGHT;

    t->size_limit = (size_t)read_number(r, json, "sizelimit", 1, INT64_MAX, size);
    t->weight_limit = (size_t)read_number(r, json, "weightlimit", 1, INT64_MAX, weight);
    if (t->size_limit > (size_t)size)
        t->size_limit = (size_t)size;
    if (t->weight_limit > (size_t)weight)
        t->weight_limit = (size_t)weight;
}

static void read_coinbase(struct reader *r, struct block_template *t, const json_t *json)
{
    json_t *aux = json_object_get(json, "coinbaseaux"), *value;
    uint8_t *out = arena_alloc(&t->arena, TEMPLATE_MAX_AUX);
    const char *name;
    size_t size = 0;

    if (!json_object_get(json, "coinbasevalue") && json_object_get(json, "coinbasetxn")) {
        fail(r, "the node wants its own coinbase used (coinbasetxn); this miner makes one from "
                "coinbasevalue");
        return;
    }
    t->coinbase_value.sat = read_number(r, json, "coinbasevalue", 0, MAX_MONEY_SATOSHIS, -1);
    if (!out)
        fail(r, "out of memory");
    if (aux && !json_is_object(aux) && !json_is_null(aux))
        fail(r, "coinbaseaux is not an object");
    if (r->failed || json_object_size(aux) > MAX_NAMES)
        return;
    json_object_foreach(aux, name, value)
    {
        size_t length = json_string_length(value), bytes = length / 2;

        /* BIP22 says "should": what has no room is left out. */
        if (!json_is_string(value) || bytes > TEMPLATE_MAX_AUX - size)
            continue;
        if (!hex_decode(out + size, bytes, json_string_value(value), length))
            fail(r, "coinbaseaux's \"%.32s\" is not hexadecimal", name);
        else
            size += bytes;
    }
    t->coinbase_aux = bytes_of(out, size);
}

static const char *copy_text(struct reader *r, struct block_template *t, const char *text)
{
    char *copy = text ? arena_string(&t->arena, text) : NULL;

    if (text && !copy)
        fail(r, "out of memory");
    return copy;
}

/* depends lists earlier transactions, counted from 1: a block must hold parents first. */
static void check_depends(struct reader *r, const json_t *tx, size_t index)
{
    json_t *depends;
    size_t n = read_array(r, tx, "depends", MAX_DEPENDS, &depends);

    for (size_t i = 0; i < n && !r->failed; i++) {
        const json_t *on = json_array_get(depends, i);

        if (!json_is_integer(on) || json_integer_value(on) < 1 ||
            json_integer_value(on) > (int64_t)index)
            fail(r, "transaction %zu depends on one that is not before it", index + 1);
    }
}

static void read_transaction(struct reader *r, struct block_template *t, struct transaction *tx,
                             const json_t *json, size_t index)
{
    const json_t *data = json_object_get(json, "data");
    size_t length = json_string_length(data), size = length / 2;
    uint8_t *raw;

    if (!json_is_string(data) || size == 0) {
        fail(r, "transaction %zu has no data", index + 1);
        return;
    }
    if (size > MAX_BLOCK_SERIALIZED_SIZE - t->data_size) {
        fail(r, "the transactions are larger than a block");
        return;
    }
    raw = arena_alloc(&t->arena, size);
    if (!raw) {
        fail(r, "out of memory");
        return;
    }
    t->data[index] = bytes_of(raw, size);
    t->data_size += size;
    if (!hex_decode(raw, size, json_string_value(data), length))
        fail(r, "the data of transaction %zu is not hexadecimal", index + 1);
    else if (transaction_parse(tx, &t->arena, t->data[index], TRANSACTION_WITH_WITNESS) != PARSE_OK)
        fail(r, "the data of transaction %zu is no transaction", index + 1);
    else if (transaction_is_coinbase(tx))
        fail(r, "transaction %zu is a coinbase", index + 1);
    else if (!t->segwit && transaction_has_witness(tx))
        fail(r, "transaction %zu has a witness, but segwit is not in force", index + 1);
    else
        t->weight += transaction_weight(tx);
    check_depends(r, json, index);
}

/*
 * A server that knows BIP145 gives txid, and hash with the witness; an older
 * one gives hash alone, which is then the txid.
 */
static void check_names(struct reader *r, const struct block_template *t, const json_t *json,
                        size_t index)
{
    struct hash256 txid, hash;
    bool has_txid = read_hex(r, json, "txid", txid.bytes, 32, true);
    bool has_hash = read_hex(r, json, "hash", hash.bytes, 32, true);
    const uint8_t *full = has_txid ? t->wtxids[index].bytes : t->txids[index].bytes;

    if (has_txid && memcmp(txid.bytes, t->txids[index].bytes, 32))
        fail(r, "the txid of transaction %zu is not that of its data", index + 1);
    if (has_hash && memcmp(hash.bytes, full, 32))
        fail(r, "the hash of transaction %zu is not that of its data", index + 1);
}

static int compare_txids(const void *a, const void *b) { return memcmp(a, b, 32); }

/* Listing a transaction twice is what CVE-2012-2459 is about; such a block is never valid. */
static void check_unique(struct reader *r, const struct block_template *t, struct hash256 *scratch)
{
    memcpy(scratch, t->txids, t->count * sizeof(*scratch));
    qsort(scratch, t->count, sizeof(*scratch), compare_txids);
    for (size_t i = 1; i < t->count; i++)
        if (hash256_equal(scratch[i - 1], scratch[i]))
            fail(r, "a transaction is listed twice");
}

/* The branch and the commitment, from the names that were computed here. */
static void compute_roots(const struct kernels *kernels, struct block_template *t,
                          struct hash256 *leaves)
{
    static const uint8_t reserved[WITNESS_RESERVED_SIZE];
    size_t n = t->count + 1;

    memset(leaves, 0, sizeof(*leaves));
    memcpy(leaves + 1, t->txids, t->count * sizeof(*leaves));
    t->branch_depth = merkle_branch(kernels->sha256d_64->run, t->branch, leaves, n, 0);
    /* BIP141: the coinbase's wtxid counts as zeros. */
    memset(leaves, 0, sizeof(*leaves));
    memcpy(leaves + 1, t->wtxids, t->count * sizeof(*leaves));
    t->commitment = witness_commitment_hash(
        kernels->sha256d_64->run, merkle_root(kernels->sha256d_64->run, leaves, n).root, reserved);
}

static void check_commitment(struct reader *r, const struct block_template *t, const json_t *json)
{
    const json_t *given = json_object_get(json, "default_witness_commitment");
    uint8_t script[WITNESS_COMMITMENT_SCRIPT_SIZE], ours[WITNESS_COMMITMENT_SCRIPT_SIZE];

    /* Some nodes give one before segwit is in force: nothing depends on it then. */
    if (!t->segwit || !given || json_is_null(given))
        return;
    witness_commitment_script(ours, t->commitment);
    if (!json_is_string(given) || json_string_length(given) < 2 * sizeof(script) ||
        !hex_decode(script, sizeof(script), json_string_value(given), 2 * sizeof(script)))
        fail(r, "default_witness_commitment is no commitment");
    else if (memcmp(script, ours, sizeof(script)))
        fail(r, "default_witness_commitment is not the one of these transactions");
}

static void read_transactions(struct reader *r, const struct kernels *kernels,
                              struct block_template *t, const json_t *json)
{
    struct block block = {0};
    struct hash256 *scratch;
    json_t *list;

    t->count = read_array(r, json, "transactions", TEMPLATE_MAX_TRANSACTIONS, &list);
    if (!list)
        fail(r, "transactions are missing");
    block.transaction_count = t->count;
    block.transactions = arena_array(&t->arena, t->count, sizeof(*block.transactions));
    t->data = arena_array(&t->arena, t->count, sizeof(*t->data));
    scratch = arena_array(&t->arena, t->count + 1, sizeof(*scratch));
    if (!block.transactions || !t->data || !scratch)
        fail(r, "out of memory");
    for (size_t i = 0; i < t->count && !r->failed; i++)
        read_transaction(r, t, &block.transactions[i], json_array_get(list, i), i);
    if (!r->failed && !block_compute_ids(kernels, &block, &t->arena))
        fail(r, "out of memory");
    if (r->failed)
        return;
    t->txids = block.txids;
    t->wtxids = block.wtxids;
    for (size_t i = 0; i < t->count && !r->failed; i++)
        check_names(r, t, json_array_get(list, i), i);
    check_unique(r, t, scratch);
    compute_roots(kernels, t, scratch);
    check_commitment(r, t, json);
}

struct block_template *template_parse(const struct kernels *kernels, const json_t *json,
                                      char error[static TEMPLATE_ERROR_SIZE])
{
    struct reader r = {error, false};
    struct block_template *t = calloc(1, sizeof(*t));

    if (!t) {
        fail(&r, "out of memory");
        return NULL;
    }
    arena_init(&t->arena, ARENA_LIMIT);
    atomic_init(&t->references, 1);
    if (!json_is_object(json))
        fail(&r, "it is not an object");
    read_rules(&r, t, json);
    read_version(&r, t, json);
    read_mutable(&r, t, json);
    read_work(&r, t, json);
    read_times(&r, t, json);
    read_limits(&r, t, json);
    t->height = (int32_t)read_number(&r, json, "height", 1, INT32_MAX, -1);
    read_coinbase(&r, t, json);
    t->longpoll_id = copy_text(&r, t, read_text(&r, json, "longpollid", TEMPLATE_MAX_ID));
    t->work_id = copy_text(&r, t, read_text(&r, json, "workid", TEMPLATE_MAX_ID));
    if (!r.failed)
        read_transactions(&r, kernels, t, json);
    if (r.failed) {
        template_unref(t);
        return NULL;
    }
    return t;
}

struct block_template *template_ref(struct block_template *t)
{
    /* Relaxed: the caller has a reference already, so nothing can be freed meanwhile. */
    atomic_fetch_add_explicit(&t->references, 1, memory_order_relaxed);
    return t;
}

void template_unref(struct block_template *t)
{
    if (!t || atomic_fetch_sub(&t->references, 1) != 1)
        return;
    arena_free(&t->arena);
    free(t);
}

char *template_request(const char *longpoll_id)
{
    json_t *options = json_pack("[{s:[s], s:[s,s,s], s:s*}]", "rules", "segwit", "capabilities",
                                "coinbasevalue", "longpoll", "workid", "longpollid", longpoll_id);
    char *text = options ? json_dumps(options, JSON_COMPACT) : NULL;

    json_decref(options);
    return text;
}
