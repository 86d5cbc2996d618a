/*
 * validate: real blocks, piece by piece and whole, beside libsecp256k1 alone.
 *
 *     parse         bytes to structures
 *     hash          transaction ids, with and without witness, and both Merkle roots
 *     interpreter   all scripts with all signature hashes, but no signature verified
 *     one by one    the block's signature checks, each through libsecp256k1 as its manual says; on
 *                   several threads, an equal part each
 *     signatures    the same checks through the batch verifier
 *     scripts       every input by itself, as a caller of "verify a script" has it
 *     transactions  every transaction by itself, with what it spends
 *     block         its bytes to a verdict
 *
 * "One by one" is the yardstick: no program that verifies with libsecp256k1 can take less for the
 * block on as many threads. The ratios to it, and what more threads gain, are taken run by run.
 */
#include "base/clock.h"
#include "bench/bench.h"
#include "bench/bench_alloc.h"
#include "bench/counters.h"
#include "bench/interrupt.h"
#include "bench/real_block.h"
#include "bench/stats.h"

#include <secp256k1.h>
#include <secp256k1_extrakeys.h>
#include <secp256k1_schnorrsig.h>

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdlib.h>

enum {
    CPU_MS = 3, /* which metric it is */
    METRICS = 4,
    PATH_SIZE = 4096,
};

/* Those that are measured where the user names none. */
static const char *const usual_blocks[] = {"mainnet-866342", "testnet3-928848", "testnet3-928816",
                                           "mainnet-367891"};

/* What a number of threads and an implementation of signatures have in common, block after block. */
struct stage {
    size_t threads;
    const struct signature_verify_impl *impl;
    struct pool *pool; /* NULL for one thread: all is done on the thread that measures */
    struct verifier *verifier;
    struct validator *validator;
};

struct validate_case {
    const struct bench *b;
    const struct real_block *block;
    const struct stage *stage; /* NULL: one thread, and no signature */
    struct script_workspace *workspace;
    const char *(*once)(struct validate_case *c); /* NULL, or why it failed */
    size_t things; /* that one pass does, for a figure of each; 0: there is none to tell */
    size_t next;   /* of the checks, while scripts run */
};

/* --- what is measured --- */

static const char *parse_once(struct validate_case *c)
{
    struct block block;
    struct arena arena;
    enum parse_result result;

    arena_init(&arena, 0);
    result = block_parse(&block, &arena, c->block->raw, TRANSACTION_WITH_WITNESS);
    arena_free(&arena);
    return result == PARSE_OK ? NULL : parse_result_text(result);
}

static const char *hash_once(struct validate_case *c)
{
    struct block block = c->block->block;
    struct merkle_result root;
    struct hash256 witness_root;
    struct arena arena;
    bool good;

    arena_init(&arena, 0);
    good = block_compute_ids(&c->b->kernels, &block, &arena) &&
           block_merkle_root(&c->b->kernels, &root, &block, &arena) &&
           block_witness_root(&c->b->kernels, &witness_root, &block, &arena) &&
           hash256_equal(root.root, block.header.merkle_root);
    arena_free(&arena);
    return good ? NULL : "the Merkle root is wrong";
}

/* Answers as was recorded: in the same order, the same checks come. */
static bool decide_as_recorded(void *context, const struct signature_check *check,
                               enum script_decision decision)
{
    struct validate_case *c = context;

    (void)check;
    (void)decision;
    return c->next < c->block->count && c->block->good[c->next++];
}

static const char *interpreter_once(struct validate_case *c)
{
    c->next = 0;
    return real_block_run_scripts(c->block, &c->b->kernels, c->workspace, decide_as_recorded, c);
}

static bool verify_naively(const struct signature_check *check)
{
    const secp256k1_context *context = secp256k1_context_static;
    secp256k1_ecdsa_signature signature;
    secp256k1_xonly_pubkey xonly;
    secp256k1_pubkey key;

    switch ((enum signature_kind)check->kind) {
    case SIGNATURE_ECDSA:
        if (!secp256k1_ec_pubkey_parse(context, &key, check->key, check->key_size) ||
            !secp256k1_ecdsa_signature_parse_compact(context, &signature, check->signature))
            return false;
        secp256k1_ecdsa_signature_normalize(context, &signature, &signature);
        return secp256k1_ecdsa_verify(context, &signature, check->message, &key);
    case SIGNATURE_SCHNORR:
        return secp256k1_xonly_pubkey_parse(context, &xonly, check->key) &&
               secp256k1_schnorrsig_verify(context, check->signature, check->message, 32, &xonly);
    case SIGNATURE_TAPROOT_TWEAK:
        return secp256k1_xonly_pubkey_parse(context, &xonly, check->signature) &&
               secp256k1_xonly_pubkey_tweak_add_check(context, check->key, check->parity, &xonly,
                                                      check->message);
    }
    return false;
}

/* A part of a block's checks, for one thread. */
struct slice {
    const struct real_block *block;
    size_t from, to;
    pthread_t thread;
    bool same; /* all answers are those that were recorded */
};

static void *verify_slice(void *arg)
{
    struct slice *s = arg;

    s->same = true;
    for (size_t i = s->from; i < s->to; i++)
        s->same &= verify_naively(&s->block->checks[i]) == s->block->good[i];
    return NULL;
}

/* As many threads as there are to be, the calling one among them, with a part each. */
static const char *naive_once(struct validate_case *c)
{
    size_t threads = c->stage->threads, started = 1;
    struct slice *slice = bench_alloc(threads, sizeof(*slice));
    bool same = true;

    for (size_t i = 0; i < threads; i++)
        slice[i] = (struct slice){.block = c->block,
                                  .from = c->block->count * i / threads,
                                  .to = c->block->count * (i + 1) / threads};
    while (started < threads &&
           !pthread_create(&slice[started].thread, NULL, verify_slice, &slice[started]))
        started++;
    verify_slice(&slice[0]);
    for (size_t i = 1; i < started; i++)
        pthread_join(slice[i].thread, NULL);
    for (size_t i = 0; i < started; i++)
        same &= slice[i].same;
    free(slice);
    if (started < threads)
        return "can't start a thread";
    return same ? NULL : "libsecp256k1 does not agree with itself";
}

static void post(struct verifier_batch *batch) { sem_post(batch->context); }

static const char *signatures_once(struct validate_case *c)
{
    uint8_t *accepted = bench_alloc(c->block->count, 1);
    struct verifier_batch batch = {.checks = c->block->checks,
                                   .accepted = accepted,
                                   .count = c->block->count,
                                   .class = POOL_BLOCK,
                                   .done = post};
    bool same;
    sem_t done;

    sem_init(&done, 0, 0);
    batch.context = &done;
    verifier_submit(c->stage->verifier, &batch);
    while (sem_wait(&done))
        ; /* a signal: what runs cannot be taken back */
    sem_destroy(&done);
    same = memcmp(accepted, c->block->good, c->block->count) == 0;
    free(accepted);
    return same ? NULL : "the verifier does not agree with libsecp256k1";
}

/* Why a verdict is not "valid"; NULL where it is. */
static const char *verdict_error(const struct verdict *v)
{
    if (v->result == VALIDATION_INVALID)
        return v->rejection.reason == REJECT_SCRIPT ? script_error_text(v->rejection.script)
                                                    : reject_text(v->rejection.reason);
    return v->result == VALIDATION_VALID ? NULL : validation_text(v->result);
}

static const char *scripts_once(struct validate_case *c)
{
    const struct real_block *b = c->block;
    const struct tx_output *spent = b->context.spent;
    const char *why = NULL;

    for (size_t t = 1; t < b->block.transaction_count && !why; t++) {
        const struct transaction *tx = &b->block.transactions[t];

        for (size_t i = 0; i < tx->input_count && !why; i++) {
            struct verdict v =
                validate_script(c->stage->validator, tx, i, spent[i], spent, b->flags);

            why = verdict_error(&v);
        }
        spent += tx->input_count;
    }
    return why;
}

static const char *transactions_once(struct validate_case *c)
{
    const struct real_block *b = c->block;
    struct transaction_context context = {.spent = b->context.spent,
                                          .flags = b->flags,
                                          .height = b->context.place.height,
                                          .median_time_past = b->context.place.median_time_past};
    const char *why = NULL;

    for (size_t t = 1; t < b->block.transaction_count && !why; t++) {
        const struct transaction *tx = &b->block.transactions[t];
        struct verdict v;

        context.spent_count = tx->input_count;
        v = validate_transaction(c->stage->validator, tx, &context);
        why = verdict_error(&v);
        context.spent += tx->input_count;
    }
    return why;
}

static const char *block_once(struct validate_case *c)
{
    struct verdict v = validate_block_bytes(c->stage->validator, c->block->raw, &c->block->context);

    return verdict_error(&v);
}

/* --- a run --- */

/* Holds the calling thread on the first CPUs, as many as there are threads; old is where it was. */
static void pin(const struct bench *b, size_t threads, cpu_set_t *old)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    for (size_t i = 0; i < threads; i++)
        if (b->cpus[i] < CPU_SETSIZE)
            CPU_SET(b->cpus[i], &set);
    pthread_getaffinity_np(pthread_self(), sizeof(*old), old);
    pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

/* Passes until the time is over, at least one; how many. 0 where one failed. */
static size_t pass_until(struct validate_case *c, uint64_t end_ns,
                         char error[static MEASURE_ERROR_SIZE])
{
    size_t passes = 0;

    do {
        const char *why = c->once(c);

        if (why) {
            snprintf(error, MEASURE_ERROR_SIZE, "%s", why);
            return 0;
        }
        passes++;
    } while (clock_monotonic_ns() < end_ns && !interrupt_came());
    return passes;
}

static bool validate_run(void *arg, const struct measure_options *options,
                         struct measure_sample *sample, char error[static MEASURE_ERROR_SIZE])
{
    struct validate_case *c = arg;
    size_t threads = c->stage ? c->stage->threads : 1, passes;
    uint64_t began = clock_monotonic_ns(), cpu;
    cpu_set_t old;

    pin(c->b, threads, &old);
    passes =
        options->warmup > 0 ? pass_until(c, began + (uint64_t)(options->warmup * 1e9), error) : 1;
    if (passes) {
        cpu = counters_process_cpu_ns();
        began = clock_monotonic_ns();
        passes = pass_until(c, began + (uint64_t)(options->seconds * 1e9), error);
        began = clock_monotonic_ns() - began;
        cpu = counters_process_cpu_ns() - cpu;
    }
    pthread_setaffinity_np(pthread_self(), sizeof(old), &old);
    if (!passes)
        return false;
    sample->value[0] = (double)began / 1e6 / (double)passes;
    sample->value[1] = (double)c->things;
    sample->value[2] = sample->value[0] * 1000 / (double)c->things;
    sample->value[CPU_MS] = (double)cpu / 1e6 / (double)passes;
    /* With several threads the one that measures sleeps most of the time: steal alone tells then. */
    sample->cpu_share = threads == 1 ? (double)cpu / (double)began : NAN;
    return true;
}

static const struct measure_metric transaction_metrics[METRICS] = {
    {.unit = "ms", .lower_is_better = true},
    {.name = "transactions"},
    {.name = "us_each"},
    {.name = "cpu_ms"}};
static const struct measure_metric input_metrics[METRICS] = {
    {.unit = "ms", .lower_is_better = true},
    {.name = "inputs"},
    {.name = "us_each"},
    {.name = "cpu_ms"}};
static const struct measure_metric signature_metrics[METRICS] = {
    {.unit = "ms", .lower_is_better = true},
    {.name = "signatures"},
    {.name = "us_each"},
    {.name = "cpu_ms"}};

/* --- the plan --- */

static const struct piece {
    const char *name;
    const char *(*once)(struct validate_case *c);
    const struct measure_metric *metric;
    bool ours;  /* for every implementation of signatures */
    bool alone; /* on one thread only */
} pieces[] = {
    {"parse", parse_once, transaction_metrics, false, true},
    {"hash", hash_once, transaction_metrics, false, true},
    {"interpreter", interpreter_once, input_metrics, false, true},
    {"one by one", naive_once, signature_metrics, false, false},
    {"signatures", signatures_once, signature_metrics, true, false},
    {"scripts", scripts_once, input_metrics, true, true},
    {"transactions", transactions_once, transaction_metrics, true, false},
    {"block", block_once, input_metrics, true, false},
};

static size_t count_things(const struct piece *p, const struct real_block *b)
{
    if (p->metric == transaction_metrics)
        return b->block.transaction_count;
    return p->metric == input_metrics ? b->context.spent_count : b->count;
}

/* Everything that a run of the subcommand has. */
struct session {
    struct bench *b;
    struct script_workspace *workspace;
    struct stage *stage;
    size_t stages;
    struct bench_plan plan;
};

static void plan_piece(struct session *s, const struct real_block *block, const struct piece *p,
                       const struct stage *stage)
{
    size_t threads = stage ? stage->threads : 1;
    const char *kernel = p->ours ? stage->impl->name : "";
    struct measure_case c = {
        .kernel = p->once == naive_once ? "libsecp256k1" : kernel,
        .threads = threads,
        .cpus = s->b->cpus,
        .cpu_count = threads,
        .metric = p->metric,
        .metrics = METRICS,
        .run = validate_run,
    };
    struct validate_case *arg;
    size_t things = count_things(p, block);

    snprintf(c.name, sizeof(c.name), "%s %s", block->name, p->name);
    /* --kernel is about ours: the yardstick stays. */
    if (things == 0 || !bench_wants(s->b, "validate", c.name, kernel, threads))
        return;
    arg = bench_alloc(1, sizeof(*arg));
    *arg = (struct validate_case){s->b, block, stage, s->workspace, p->once, things, 0};
    c.arg = arg;
    bench_plan_add(&s->plan, &c);
}

static void plan_block(struct session *s, const struct real_block *block)
{
    for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
        const struct piece *p = &pieces[i];

        if (!p->ours && p->alone)
            plan_piece(s, block, p, NULL);
        for (size_t k = 0; k < s->stages; k++) {
            const struct stage *stage = &s->stage[k];

            if (p->alone ? p->ours && stage->threads == 1
                         : p->ours || stage->impl == s->stage[0].impl)
                plan_piece(s, block, p, stage);
        }
    }
}

/* --- what the rows say of each other --- */

static const struct validate_case *case_of(const struct session *s, size_t i)
{
    return s->plan.item[i].arg;
}

/* The row top / bottom under a name of its own. */
static struct report_row *add_ratio(struct session *s, size_t top, size_t bottom, size_t of,
                                    const char *name)
{
    const size_t threads = s->b->report->row[of].threads;
    struct report_row *row = report_add_ratio(s->b->report, top, bottom);

    snprintf(row->name, sizeof(row->name), "%.60s %s", s->b->report->row[of].name, name);
    row->threads = threads;
    return row;
}

/* The same of the processor time that the two took: what others did meanwhile matters less to it. */
static double cpu_ratio(const struct measure_case *top, const struct measure_case *bottom)
{
    size_t runs = top->runs < bottom->runs ? top->runs : bottom->runs;
    double *ratio = bench_alloc(runs, sizeof(*ratio)), median;

    for (size_t i = 0; i < runs; i++)
        ratio[i] = top->sample[i].value[CPU_MS] / bottom->sample[i].value[CPU_MS];
    median = stats_median_of(ratio, runs);
    free(ratio);
    return median;
}

/* How many times the yardstick's time on as many threads. */
static void add_to_yardstick(struct session *s, const size_t *rows, size_t ours, size_t naive)
{
    struct report_row *row = add_ratio(s, rows[ours], rows[naive], rows[ours], "/ one by one");

    row->lower_is_better = true;
    report_number(row, "cpu_ratio", cpu_ratio(&s->plan.item[ours], &s->plan.item[naive]));
}

/*
 * Of each case what there is to say. rows: its row, or SIZE_MAX. Where most inputs have no signature
 * the yardstick measures another thing than the block.
 */
static void add_ratios(struct session *s, const size_t *rows)
{
    for (size_t i = 0; i < s->plan.count; i++) {
        const struct validate_case *c = case_of(s, i);

        for (size_t k = 0; k < s->plan.count && c->stage; k++) {
            const struct validate_case *other = case_of(s, k);

            if (rows[i] == SIZE_MAX || rows[k] == SIZE_MAX || other->block != c->block ||
                !other->stage)
                continue;
            if (c->once != naive_once && other->once == naive_once &&
                c->stage->threads == other->stage->threads &&
                c->block->count >= c->block->context.spent_count)
                add_to_yardstick(s, rows, i, k);
            if (c->once == other->once && c->stage->impl == other->stage->impl &&
                c->stage->threads > 1 && other->stage->threads == 1)
                add_ratio(s, rows[k], rows[i], rows[i], "speedup");
        }
    }
}

static bool measure_plan(struct session *s)
{
    bool good = measure_alternate(s->plan.item, s->plan.count, &s->b->measure);
    size_t *rows = bench_alloc(s->plan.count, sizeof(*rows));

    for (size_t i = 0; i < s->plan.count; i++)
        rows[i] = measure_report(s->b->report, "validate", &s->plan.item[i]);
    add_ratios(s, rows);
    free(rows);
    return good;
}

/* --- what it runs on --- */

const char *bench_validate_kernel(size_t index, unsigned *needs)
{
    *needs = signature_verify_impls[index].needs;
    return signature_verify_impls[index].name;
}

static bool open_stage(struct stage *stage, const struct bench *b, size_t threads,
                       const struct signature_verify_impl *impl)
{
    struct pool_options pool = {.workers = threads};
    struct validator_options options = {.kernels = &b->kernels, .verifier = impl->name};
    char error[VALIDATOR_ERROR_SIZE];

    _Static_assert((int)VALIDATOR_ERROR_SIZE >= (int)POOL_ERROR_SIZE &&
                       (int)VALIDATOR_ERROR_SIZE >= (int)VERIFIER_ERROR_SIZE,
                   "all three take their error here");
    *stage = (struct stage){.threads = threads, .impl = impl};
    if (threads > 1 && !(stage->pool = pool_create(b->topology, &pool, error))) {
        fprintf(stderr, "error: validate: can't start the workers: %s\n", error);
        return false;
    }
    options.pool = stage->pool;
    stage->verifier = verifier_create(stage->pool, impl->name, error);
    if (stage->verifier)
        stage->validator = validator_create(&options, error);
    if (!stage->validator)
        fprintf(stderr, "error: validate: %s\n", error);
    return stage->validator != NULL;
}

static void close_stage(struct stage *stage)
{
    if (stage->validator)
        validator_destroy(stage->validator);
    if (stage->verifier)
        verifier_destroy(stage->verifier);
    if (stage->pool)
        pool_destroy(stage->pool, POOL_DRAIN);
}

/* One for each number of threads and implementation. Where the user gave no numbers: one and all. */
static bool open_stages(struct session *s)
{
    size_t counts[BENCH_COUNTS] = {1, s->b->topology->cpu_count}, n = counts[1] > 1 ? 2 : 1;
    bool good = true;

    if (s->b->threads_given) {
        n = s->b->thread_counts;
        memcpy(counts, s->b->threads, n * sizeof(*counts));
    }
    for (const struct signature_verify_impl *impl = signature_verify_impls; impl->name; impl++) {
        for (size_t i = 0; i < n && good && bench_runs(s->b, impl->needs); i++) {
            s->stage = bench_grow(s->stage, s->stages + 1, sizeof(*s->stage));
            good = open_stage(&s->stage[s->stages++], s->b, counts[i], impl);
        }
    }
    return good;
}

/* Whether any row of a block is wanted, as far as its name tells. */
static bool wants_block(const struct session *s, const char *name)
{
    struct real_block probe = {.count = 1, .block.transaction_count = 1, .context.spent_count = 1};
    struct session dry = *s;
    bool wanted;

    snprintf(probe.name, sizeof(probe.name), "%s", name);
    dry.plan = (struct bench_plan){0};
    plan_block(&dry, &probe);
    wanted = dry.plan.count > 0;
    bench_plan_free(&dry.plan);
    return wanted;
}

/* The blocks that are wanted; false, said on stderr, where one can't be had. */
static bool load_blocks(struct session *s, struct real_block *blocks, size_t *count)
{
    const char *const *names = s->b->blocks ? s->b->block_name : usual_blocks;
    size_t n = s->b->blocks ? s->b->blocks : sizeof(usual_blocks) / sizeof(*usual_blocks);
    char folder[PATH_SIZE], error[REAL_BLOCK_ERROR_SIZE];

    snprintf(folder, sizeof(folder), "%s/blocks", s->b->vectors);
    for (size_t i = 0; i < n && !interrupt_came(); i++) {
        if (!wants_block(s, names[i]))
            continue;
        if (!real_block_load(&blocks[*count], folder, names[i], &s->b->kernels, error)) {
            fprintf(stderr, "error: validate: %s\n", error);
            return false;
        }
        ++*count;
    }
    return true;
}

bool bench_validate_run(struct bench *b)
{
    struct real_block blocks[BENCH_BLOCKS];
    struct session s = {.b = b};
    size_t count = 0;
    bool good;

    if (!b->vectors[0]) {
        if (b->vectors_wanted)
            fprintf(stderr, "error: validate: no blocks: --vectors or EXS_VECTORS names the folder "
                            "that has them in blocks/\n");
        else if (b->measure.progress)
            fprintf(stderr, "validate: skipped: no blocks (--vectors)\n");
        return !b->vectors_wanted;
    }
    s.workspace = bench_alloc(1, script_workspace_size());
    good = open_stages(&s) && load_blocks(&s, blocks, &count);
    for (size_t i = 0; i < count && good; i++)
        plan_block(&s, &blocks[i]);
    good = good && measure_plan(&s);
    bench_plan_free(&s.plan);
    for (size_t i = 0; i < count; i++)
        real_block_free(&blocks[i]);
    for (size_t i = 0; i < s.stages; i++)
        close_stage(&s.stage[i]);
    free(s.stage);
    free(s.workspace);
    return good;
}
