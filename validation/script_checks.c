#include "validation/script_checks.h"

#include "validation/validator_impl.h"

enum {
    FEW_INPUTS = 4,  /* less than that a worker is not woken for */
    CHUNK_MAX = 64,  /* inputs that a worker takes at a time */
    CHUNKS_LEFT = 4, /* into how many chunks a worker its share of the rest is cut */
    NEEDLESS_MAX = 8,
};

/* What one task works on, and what it found. While it works this is on its own stack. */
struct progress {
    struct script_checks *run;
    struct workspace *w;
    size_t at, end; /* of its chunk, what is not done yet */
    size_t failed;  /* its first input that failed; SIZE_MAX */
    enum script_error error;
    size_t signatures, cached;
    /*
     * Inputs that hold with a bad signature, and were run twice therefore. Honest ones hardly do;
     * after NEEDLESS_MAX of them nothing is guessed any more, so that nobody can make a block that takes
     * twice the time.
     */
    size_t needless;
};

struct script_share {
    struct pool_task task;
    struct progress progress;
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

/* Once more, after a wrong guess. */
static enum script_error run_directly(struct progress *p, size_t number)
{
    struct workspace *w = p->w;
    bool direct = w->direct;
    enum script_error error;

    w->direct = true;
    error = run_input(w, p->run, number);
    p->needless += error == SCRIPT_ERR_OK;
    w->direct = direct || p->needless >= NEEDLESS_MAX;
    return error;
}

static void settle(struct progress *p, size_t input, enum script_error error)
{
    if (error == SCRIPT_ERR_OK || input >= p->failed)
        return;
    p->failed = input;
    p->error = error;
    lower_failed(p->run, input);
}

/* Inputs that were taken to be good because of a wrong guess, in their order. */
static void run_again(struct progress *p)
{
    struct workspace *w = p->w;

    for (size_t i = 0; i < w->wrong_count; i++) {
        struct wrong_guess wrong = w->wrong_guesses[i];

        if (wrong.input > first_failed(p->run))
            break;
        settle(p, wrong.input, run_directly(p, wrong.input));
        p->signatures += w->made - wrong.made;
        p->cached += w->cached - wrong.cached;
    }
    w->wrong_count = 0;
}

static void run_next(struct progress *p)
{
    struct workspace *w = p->w;
    size_t number = p->at++;
    enum script_error error = run_input(w, p->run, number);

    if (w->wrong || (w->guessed && error != SCRIPT_ERR_OK)) {
        workspace_drop(w);
        error = run_directly(p, number);
    }
    p->signatures += w->made;
    p->cached += w->cached;
    settle(p, number, error);
    run_again(p);
}

static void flush(struct progress *p)
{
    p->w->input = SIZE_MAX;
    workspace_flush(p->w);
    run_again(p);
}

/* Large chunks at first, and small ones at last, so that all workers end at about the same time. */
static bool take_chunk(struct progress *p)
{
    struct script_checks *run = p->run;
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
    p->at = at;
    p->end = at + size;
    return true;
}

/* Works until nothing is left, or the worker is wanted elsewhere: false. worker: NULL for none. */
static bool work(struct script_share *share, struct workspace *w, const struct pool_worker *worker)
{
    struct progress p = share->progress;
    const struct script_checks *run = p.run;
    bool done = true;

    p.w = w;
    workspace_begin(w, run->validator->direct || p.needless >= NEEDLESS_MAX, run->keep_signatures,
                    run->class);
    while (done && (p.at < p.end || take_chunk(&p))) {
        if (p.at > first_failed(p.run))
            p.at = p.end;
        else if (worker && pool_should_yield(worker))
            done = false;
        else
            run_next(&p);
    }
    flush(&p);
    share->progress = p;
    return done;
}

static enum pool_result work_on_pool(struct pool_worker *worker, void *arg)
{
    struct script_share *share = arg;
    const struct validator *validator = share->progress.run->validator;

    return work(share, validator->workers[pool_worker_index(worker)], worker) ? POOL_DONE
                                                                              : POOL_AGAIN;
}

/* As many tasks as can share the work; 0 where the calling thread does it. */
static size_t share_count(const struct script_checks *run)
{
    size_t shares = input_count(run) / FEW_INPUTS, workers = run->validator->worker_count;

    shares = shares < workers ? shares : workers;
    return input_count(run) < 2 * FEW_INPUTS ? 0 : shares;
}

bool script_checks_begin(struct script_checks *run, struct arena *arena)
{
    size_t shares = share_count(run);

    run->group = (struct pool_group){0};
    atomic_init(&run->next, 0);
    atomic_init(&run->failed, SIZE_MAX);
    run->share_count = shares ? shares : 1;
    run->shares = arena_array(arena, run->share_count, sizeof(*run->shares));
    if (!run->shares)
        return false;
    for (size_t i = 0; i < run->share_count; i++)
        run->shares[i].progress = (struct progress){.run = run, .failed = SIZE_MAX};
    for (run->submitted = 0; run->submitted < shares; run->submitted++) {
        struct script_share *share = &run->shares[run->submitted];

        pool_task_init(&share->task, run->class, work_on_pool, share, &run->group);
        if (!pool_submit(run->validator->pool, &share->task))
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
    struct progress first = {.failed = SIZE_MAX};

    if (!run->submitted && !work_here(run))
        return VALIDATION_NO_MEMORY;
    if (run->submitted && !pool_group_wait(&run->group))
        return VALIDATION_CANCELLED;
    run->signatures = 0;
    run->cached = 0;
    for (size_t i = 0; i < run->share_count; i++) {
        const struct progress *p = &run->shares[i].progress;

        run->signatures += p->signatures;
        run->cached += p->cached;
        if (p->failed < first.failed)
            first = *p;
    }
    run->error = first.error;
    if (first.failed == SIZE_MAX)
        return VALIDATION_VALID;
    run->failed_transaction = transaction_of(run, first.failed, 0);
    run->failed_input = first.failed - run->begins[run->failed_transaction];
    return VALIDATION_INVALID;
}
