#include "mining/job.h"

#include "consensus/compact_size.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    COINBASE_VERSION = 2,
    /* Bytes that are no transaction: the header, and the number of transactions at its longest. */
    BLOCK_OVERHEAD = BLOCK_HEADER_SIZE + 5,
    /* Marker, flag, one item of 32 bytes: what a witness adds to the coinbase. */
    WITNESS_SIZE = 2 + 1 + 1 + WITNESS_RESERVED_SIZE,
};

struct job {
    const struct kernels *kernels;
    struct block_template *t;
    struct sha256 before; /* has taken the coinbase's bytes before the extranonce */
    size_t extranonce_at; /* where the extranonce is in the coinbase */
    size_t coinbase_size;
    uint8_t coinbase[JOB_COINBASE_MAX];
    atomic_uint references;
};

/* The outputs' scripts, which must last until the coinbase is serialized. */
struct outputs {
    struct tx_output list[JOB_MAX_PAYOUTS + 1];
    size_t count;
    uint8_t commitment[WITNESS_COMMITMENT_SCRIPT_SIZE];
};

static const char *make_outputs(struct outputs *out, const struct block_template *t,
                                const struct job_payout *payouts, size_t n)
{
    struct amount left = t->coinbase_value;

    if (n == 0 || n > JOB_MAX_PAYOUTS)
        return "there must be 1 to 64 payouts";
    for (size_t i = 0; i < n; i++) {
        out->list[i] = (struct tx_output){payouts[i].amount, payouts[i].script};
        if (i > 0 && !amount_subtract(&left, left, payouts[i].amount))
            return "the payouts exceed the coinbase's value";
    }
    out->list[0].value = left;
    out->count = n;
    if (t->segwit) {
        witness_commitment_script(out->commitment, t->commitment);
        out->list[out->count++] =
            (struct tx_output){{0}, bytes_of(out->commitment, sizeof(out->commitment))};
    }
    return NULL;
}

/* Height, tag, coinbaseaux and a gap for the extranonce, which comes last. */
static bool make_script(struct script_builder *b, const struct block_template *t, struct bytes tag)
{
    static const uint8_t gap[JOB_EXTRANONCE_SIZE];
    size_t room;

    script_push_number(b, t->height);
    room = COINBASE_SCRIPT_MAX - b->size - 1 - sizeof(gap);
    if (tag.size && tag.size + 1 <= room) {
        script_push(b, tag);
        room -= tag.size + 1;
    }
    if (t->coinbase_aux.size && t->coinbase_aux.size + 1 <= room)
        script_push(b, t->coinbase_aux);
    script_push(b, bytes_of(gap, sizeof(gap)));
    return !b->failed;
}

static const char *make_coinbase(struct job *job, const struct job_payout *payouts, size_t n,
                                 struct bytes tag)
{
    const struct block_template *t = job->t;
    uint8_t buffer[COINBASE_SCRIPT_MAX];
    struct script_builder script = script_builder_on(buffer, sizeof(buffer));
    struct outputs outputs = {0};
    /*
     * Lock time and sequence are those that BIP54 will want of a coinbase: they
     * make its txid unlike that of any earlier one, and are valid today.
     */
    struct tx_input input = {.previous.index = OUTPOINT_NULL_INDEX, .sequence = SEQUENCE_FINAL - 1};
    struct transaction tx = {.version = COINBASE_VERSION,
                             .lock_time = (uint32_t)t->height - 1,
                             .inputs = &input,
                             .input_count = 1};
    const char *why = make_outputs(&outputs, t, payouts, n);

    if (why)
        return why;
    if (tag.size > JOB_TAG_MAX)
        return "the coinbase tag is longer than 64 bytes";
    if (!make_script(&script, t, tag))
        return "the coinbase's script does not fit into 100 bytes";
    input.script = bytes_of(script.data, script.size);
    tx.outputs = outputs.list;
    tx.output_count = outputs.count;
    job->coinbase_size = transaction_size(&tx, TRANSACTION_WITHOUT_WITNESS);
    if (job->coinbase_size > JOB_COINBASE_MAX)
        return "the coinbase is larger than 8192 bytes";
    transaction_serialize(job->coinbase, &tx, TRANSACTION_WITHOUT_WITNESS);
    /* Version, number of inputs, outpoint and the script's length, a single byte, go before the script. */
    job->extranonce_at = 4 + 1 + 36 + 1 + script.size - JOB_EXTRANONCE_SIZE;
    return NULL;
}

static const char *check_limits(const struct job *job)
{
    const struct block_template *t = job->t;
    size_t weight = 4 * (BLOCK_OVERHEAD + job->coinbase_size) + t->weight + WITNESS_SIZE;

    if (job_block_size(job) > t->size_limit)
        return "the block would be larger than the template's sizelimit";
    if (weight > t->weight_limit)
        return "the block would weigh more than the template's weightlimit";
    return NULL;
}

struct job *job_create(const struct kernels *kernels, struct block_template *t,
                       const struct job_payout *payouts, size_t n, struct bytes tag,
                       char error[static JOB_ERROR_SIZE])
{
    struct job *job = calloc(1, sizeof(*job));
    const char *why;

    if (!job) {
        snprintf(error, JOB_ERROR_SIZE, "out of memory");
        return NULL;
    }
    job->kernels = kernels;
    job->t = template_ref(t);
    atomic_init(&job->references, 1);
    why = make_coinbase(job, payouts, n, tag);
    if (!why)
        why = check_limits(job);
    if (why) {
        snprintf(error, JOB_ERROR_SIZE, "%s", why);
        job_unref(job);
        return NULL;
    }
    sha256_init(&job->before, kernels->sha256_compress->run);
    sha256_update(&job->before, job->coinbase, job->extranonce_at);
    return job;
}

struct job *job_ref(struct job *job)
{
    /* Relaxed: the caller has a reference already, so nothing can be freed meanwhile. */
    atomic_fetch_add_explicit(&job->references, 1, memory_order_relaxed);
    return job;
}

void job_unref(struct job *job)
{
    if (!job || atomic_fetch_sub(&job->references, 1) != 1)
        return;
    template_unref(job->t);
    free(job);
}

const struct block_template *job_template(const struct job *job) { return job->t; }

void job_set_root(const struct job *job, uint64_t extranonce, uint8_t header[static 80])
{
    size_t after = job->extranonce_at + JOB_EXTRANONCE_SIZE;
    struct sha256 hash = job->before;
    uint8_t bytes[JOB_EXTRANONCE_SIZE];
    struct hash256 txid, root;

    write_le64(bytes, extranonce);
    sha256_update(&hash, bytes, sizeof(bytes));
    sha256_update(&hash, job->coinbase + after, job->coinbase_size - after);
    sha256d_final(&hash, txid.bytes);
    root = merkle_root_from_branch(job->kernels->sha256d_64->run, txid, job->t->branch,
                                   job->t->branch_depth, 0);
    memcpy(header + 36, root.bytes, sizeof(root.bytes));
}

void job_header(const struct job *job, uint64_t extranonce, uint8_t header[static 80])
{
    struct block_header h = {.version = (int32_t)job->t->version,
                             .previous = job->t->previous,
                             .time = job->t->time,
                             .bits = job->t->bits};

    block_header_write(header, &h);
    job_set_root(job, extranonce, header);
}

size_t job_coinbase(const struct job *job, uint64_t extranonce,
                    uint8_t out[static JOB_COINBASE_MAX])
{
    memcpy(out, job->coinbase, job->coinbase_size);
    write_le64(out + job->extranonce_at, extranonce);
    return job->coinbase_size;
}

size_t job_block_size(const struct job *job)
{
    const struct block_template *t = job->t;

    return BLOCK_HEADER_SIZE + compact_size_length(t->count + 1) + job->coinbase_size +
           (t->segwit ? WITNESS_SIZE : 0) + t->data_size;
}

/* The coinbase with its witness, where segwit is in force: marker and flag after the version, the stack before the lock time. */
static uint8_t *write_coinbase(const struct job *job, uint64_t extranonce, uint8_t *out)
{
    static const uint8_t marker[2] = {0, 1}, stack[2] = {1, WITNESS_RESERVED_SIZE};
    uint8_t coinbase[JOB_COINBASE_MAX];
    size_t size = job_coinbase(job, extranonce, coinbase);

    if (!job->t->segwit) {
        memcpy(out, coinbase, size);
        return out + size;
    }
    memcpy(out, coinbase, 4);
    memcpy(out + 4, marker, sizeof(marker));
    memcpy(out + 6, coinbase + 4, size - 8);
    out += size - 2;
    memcpy(out, stack, sizeof(stack));
    memset(out + 2, 0, WITNESS_RESERVED_SIZE);
    memcpy(out + 2 + WITNESS_RESERVED_SIZE, coinbase + size - 4, 4);
    return out + 2 + WITNESS_RESERVED_SIZE + 4;
}

void job_block(const struct job *job, uint64_t extranonce, const uint8_t header[static 80],
               uint8_t *out)
{
    const struct block_template *t = job->t;

    memcpy(out, header, BLOCK_HEADER_SIZE);
    out += BLOCK_HEADER_SIZE;
    out += compact_size_write(out, t->count + 1);
    out = write_coinbase(job, extranonce, out);
    for (size_t i = 0; i < t->count; i++) {
        memcpy(out, t->data[i].data, t->data[i].size);
        out += t->data[i].size;
    }
}

/* BIP34: the coinbase's script begins with the push of the height. */
static bool height_is_right(const struct block *block, int32_t height)
{
    uint8_t buffer[1 + SCRIPT_NUMBER_MAX];
    struct script_builder want = script_builder_on(buffer, sizeof(buffer));
    struct bytes script = block->transactions[0].inputs[0].script;

    script_push_number(&want, height);
    return script.size >= COINBASE_SCRIPT_MIN && script.size <= COINBASE_SCRIPT_MAX &&
           script.size >= want.size && memcmp(script.data, want.data, want.size) == 0;
}

static const char *check_parsed(const struct job *job, struct block *block, struct arena *arena)
{
    const struct kernels *kernels = job->kernels;
    const struct block_template *t = job->t;
    struct block_hash hash = block_header_hash(kernels->sha256_compress->run, &block->header);
    struct merkle_result merkle;

    if (!block->transaction_count || !transaction_is_coinbase(&block->transactions[0]))
        return "it has no coinbase";
    if (!height_is_right(block, t->height))
        return "its coinbase's script is wrong";
    if (!block_compute_ids(kernels, block, arena) ||
        !block_merkle_root(kernels, &merkle, block, arena))
        return "out of memory";
    if (merkle.mutated || !hash256_equal(merkle.root, block->header.merkle_root))
        return "its Merkle root is wrong";
    if (witness_commitment_check(kernels, block, arena, t->segwit).reason != REJECT_NONE)
        return "its witness commitment is wrong";
    if (block_weight(block) > t->weight_limit || block->raw.size > t->size_limit)
        return "it is too large";
    if (!block_hash_equal(block->header.previous, t->previous) || block->header.bits != t->bits)
        return "it is not the template's";
    if (uint256_compare(uint256_from_le(hash.bytes), t->target) > 0)
        return "its hash does not meet the target";
    return NULL;
}

bool job_check_block(const struct job *job, struct bytes block, char error[static JOB_ERROR_SIZE])
{
    struct arena arena;
    struct block parsed;
    enum parse_result result;
    const char *why;

    arena_init(&arena, 0);
    result = block_parse(&parsed, &arena, block, TRANSACTION_WITH_WITNESS);
    why = result == PARSE_OK ? check_parsed(job, &parsed, &arena) : parse_result_text(result);
    if (why)
        snprintf(error, JOB_ERROR_SIZE, "%s", why);
    arena_free(&arena);
    return !why;
}
