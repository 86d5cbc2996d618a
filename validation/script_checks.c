#include "validation/script_checks.h"

#include "validation/validator_impl.h"

enum {
    FEW_INPUTS = 4,  /* less than that a worker is not woken for */
    CHUNK_MAX = 64,  /* inputs that a worker takes at a time */
    CHUNKS_LEFT = 4, /* into how many chunks a worker its share of the rest is cut */
};

/* What one task works on, and what it found. */
struct script_share {
    struct pool_task task;
    struct script_checks *run;
    size_t at, end; /* of its chunk, what is not done yet */
    size_t failed;  /* its first input that failed; SIZE_MAX */
    enum script_error error;
    size_t signatures, cached;
};

static size_t input_count(const struct script_checks *run)
{
    return run->begins[run->transaction_count];
}

static size_t first_failed(struct script_checks *run)
{
    /* Relaxed: a late answer only means some work for nothing. */
    return atomic_load_explicit(&run->failed, memory_order_relaxed);
}

static void lower_failed(struct script_checks *run, size_t input)
{
    size_t failed = first_failed(run);

    while (input < failed &&
           !atomic_compare_exchange_weak_explicit(&run->failed, &failed, input,
                                                  memory_order_relaxed, memory_order_relaxed))
        ;
}

/* The transaction that an input is of; guess is likely it, or the one before it. */
static size_t transaction_of(const struct script_checks *run, size_t input, size_t guess)
{
    size_t low = 0, high = run->transaction_count;

    for (size_t t = guess; t < high && t - guess < 2; t++)
        if (run->begins[t] <= input && input < run->begins[t + 1])
            return t;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;

        if (run->begins[middle] <= input)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static enum script_error run_input(struct workspace *w, const struct script_checks *run,
                                   size_t number)
{
    size_t t = transaction_of(run, number, w->prepared);
    struct script_input input = {
        .tx = &w->sighash,
        .index = number - run->begins[t],
        .script_pubkey = run->spent[number].script,
        .amount = run->spent[number].value,
        .flags = run->flags,
    };

    if (t != w->prepared)
        sighash_tx_init(&w->sighash, validator_compress(run->validator), &run->transactions[t],
                        run->spent + run->begins[t], false);
    w->prepared = t;
    return workspace_run(w, &input, number);
}

static enum script_error run_directly(struct workspace *w, const struct script_checks *run,
                                      size_t number)
{
    bool direct = w->direct;
    enum script_error error;

    w->direct = true;
    error = run_input(w, run, number);
    w->direct = direct;
    return error;
}

static void settle(struct script_share *share, size_t input, enum script_error error)
{
    if (error == SCRIPT_ERR_OK || input >= share->failed)
        return;
    share->failed = input;
    share->error = error;
    lower_failed(share->run, input);
}

/* Inputs that were taken to be good because of a wrong guess. */
static void run_again(struct script_share *share, struct workspace *w)
{
    for (size_t i = 0; i < w->wrong_count; i++) {
        struct wrong_guess wrong = w->wrong_guesses[i];

        settle(share, wrong.input, run_directly(w, share->run, wrong.input));
        share->signatures += w->made - wrong.made;
    }
    w->wrong_count = 0;
}

static void run_share_input(struct script_share *share, struct workspace *w, size_t number)
{
    enum script_error error = run_input(w, share->run, number);

    if (w->wrong || (w->guessed && error != SCRIPT_ERR_OK)) {
        workspace_drop(w);
        error = run_directly(w, share->run, number);
    }
    share->signatures += w->made;
    settle(share, number, error);
    run_again(share, w);
}

static void flush(struct script_share *share, struct workspace *w)
{
    w->input = SIZE_MAX;
    workspace_flush(w);
    run_again(share, w);
}

/* Large chunks at first, and small ones at last, so that all workers end at about the same time. */
static bool take_chunk(struct script_share *share)
{
    struct script_checks *run = share->run;
    size_t count = input_count(run);
    size_t at = atomic_load_explicit(&run->next, memory_order_relaxed);
    size_t size;

    do {
        if (at >= count || at > first_failed(run))
            return false;
        size = (count - at) / (run->share_count * CHUNKS_LEFT);
        size = size < 1 ? 1 : size > CHUNK_MAX ? CHUNK_MAX : size;
        /* Relaxed: the inputs themselves were there before the task was submitted. */
    } while (!atomic_compare_exchange_weak_explicit(&run->next, &at, at + size,
                                                    memory_order_relaxed, memory_order_relaxed));
    share->at = at;
    share->end = at + size;
    return true;
}

/* Works until nothing is left, or the worker is wanted elsewhere: false. worker: NULL for none. */
static bool work(struct script_share *share, struct workspace *w, const struct pool_worker *worker)
{
    const struct script_checks *run = share->run;
    bool done = true;

    workspace_begin(w, run->validator->direct, run->keep_signatures, run->class);
    while (done && (share->at < share->end || take_chunk(share))) {
        if (share->at > first_failed(share->run))
            share->at = share->end;
        else if (worker && pool_should_yield(worker))
            done = false;
        else
            run_share_input(share, w, share->at++);
    }
    flush(share, w);
    share->cached += w->cached;
    return done;
}

static enum pool_result work_on_pool(struct pool_worker *worker, void *arg)
{
    struct script_share *share = arg;
    const struct validator *validator = share->run->validator;

    return work(share, validator->workers[pool_worker_index(worker)], worker) ? POOL_DONE
                                                                              : POOL_AGAIN;
}

bool script_checks_begin(struct script_checks *run, struct arena *arena)
{
    struct pool *pool = run->validator->pool;
    size_t n = input_count(run);

    run->group = (struct pool_group){0};
    atomic_init(&run->next, 0);
    atomic_init(&run->failed, SIZE_MAX);
    run->share_count = 1;
    run->submitted = 0;
    if (pool && n >= 2 * FEW_INPUTS) {
        run->share_count = n / FEW_INPUTS;
        if (run->share_count > run->validator->worker_count)
            run->share_count = run->validator->worker_count;
    }
    run->shares = arena_array(arena, run->share_count, sizeof(*run->shares));
    if (!run->shares)
        return false;
    for (size_t i = 0; i < run->share_count; i++)
        run->shares[i] = (struct script_share){.run = run, .failed = SIZE_MAX};
    if (!pool || n < 2 * FEW_INPUTS)
        return true;
    for (; run->submitted < run->share_count; run->submitted++) {
        struct script_share *share = &run->shares[run->submitted];

        pool_task_init(&share->task, run->class, work_on_pool, share, &run->group);
        if (!pool_submit(pool, &share->task))
            break;
    }
    return true;
}

void script_checks_abandon(struct script_checks *run) { lower_failed(run, 0); }

/* Nobody else does it: there is no pool, too little to do, or no room in the pool's queues. */
static bool work_here(struct script_checks *run)
{
    struct workspace *w = workspace_take(run->validator);

    if (!w)
        return false;
    work(&run->shares[0], w, NULL);
    workspace_return(w);
    return true;
}

enum validation script_checks_end(struct script_checks *run)
{
    const struct script_share *first = &run->shares[0];

    if (!run->submitted && !work_here(run))
        return VALIDATION_NO_MEMORY;
    if (run->submitted && !pool_group_wait(&run->group))
        return VALIDATION_CANCELLED;
    run->signatures = 0;
    run->cached = 0;
    for (size_t i = 0; i < run->share_count; i++) {
        run->signatures += run->shares[i].signatures;
        run->cached += run->shares[i].cached;
        if (run->shares[i].failed < first->failed)
            first = &run->shares[i];
    }
    run->error = SCRIPT_ERR_OK;
    if (first->failed == SIZE_MAX)
        return VALIDATION_VALID;
    run->error = first->error;
    run->failed_transaction = transaction_of(run, first->failed, 0);
    run->failed_input = first->failed - run->begins[run->failed_transaction];
    return VALIDATION_INVALID;
}
