#include "kernels/sha256d_many_impl.h"

#include "kernels/sha256_constants.h"

enum {
    LANES = SHA256D_MANY_MAX_LANES,
    WINDOW = 512,   /* messages that are sorted by length at a time */
    LENGTHS = 64,   /* how many different numbers of blocks sorting tells apart */
    LENGTH_AT = 56, /* where the last block holds the message's length in bits */
};

/* What a lane does: a message's whole blocks, its padded end, then the hash of its digest. */
enum stage { STAGE_BODY, STAGE_TAIL, STAGE_DIGEST };

struct lane {
    enum stage stage;
    size_t message;
    size_t tail_blocks;
    uint8_t tail[128]; /* the padded end, then the padded digest */
};

struct run {
    const struct sha256d_many_kernel *kernel;
    uint8_t *out;
    const struct bytes *messages;
    size_t n;

    /* The next messages, longest first; those from sorted on have not been looked at. */
    size_t sorted, window, waiting;
    uint16_t order[WINDOW]; /* relative to window; the last waiting of them are to be taken */

    /* Lanes 0 to active - 1 work; the others repeat lane 0's blocks for nothing. */
    size_t active;
    const uint8_t *next[LANES];
    size_t blocks[LANES]; /* how many lie at next, never zero */
    struct lane lane[LANES];
    _Alignas(64) uint32_t state[LANES][8];
};

/* Exact for the usual transaction, then one for each doubling. */
static size_t length_class(size_t size)
{
    enum { EXACT = 32 };
    size_t blocks = size / 64, doublings;

    if (blocks < EXACT)
        return blocks;
    doublings = (size_t)(63 - __builtin_clzll(blocks / EXACT));
    return EXACT + doublings < LENGTHS ? EXACT + doublings : LENGTHS - 1;
}

/* Short messages after long ones: what starts last should end soon. */
static void sort_window(struct run *r)
{
    size_t left = r->n - r->sorted, ends[LENGTHS] = {0};

    r->window = r->sorted;
    r->waiting = left < WINDOW ? left : WINDOW;
    r->sorted += r->waiting;
    for (size_t i = 0; i < r->waiting; i++)
        ends[length_class(r->messages[r->window + i].size)]++;
    for (size_t i = 1; i < LENGTHS; i++)
        ends[i] += ends[i - 1];
    for (size_t i = r->waiting; i-- > 0;)
        r->order[--ends[length_class(r->messages[r->window + i].size)]] = (uint16_t)i;
}

static bool take_message(struct run *r, size_t *message)
{
    if (r->waiting == 0 && r->sorted < r->n)
        sort_window(r);
    if (r->waiting == 0)
        return false;
    *message = r->window + r->order[--r->waiting];
    return true;
}

static void start_state(struct run *r, size_t l)
{
    memcpy(r->state[l], sha256_iv, sizeof(sha256_iv));
}

/* The bytes after a message's last whole block, padded (FIPS 180-4, 5.1.1). */
static void make_tail(struct lane *lane, struct bytes message)
{
    size_t held = message.size % 64, size;

    lane->tail_blocks = held < LENGTH_AT ? 1 : 2;
    size = 64 * lane->tail_blocks;
    memset(lane->tail, 0, size);
    if (held)
        memcpy(lane->tail, message.data + message.size - held, held);
    lane->tail[held] = 0x80;
    write_be64(lane->tail + size - 8, (uint64_t)message.size * 8);
}

static void enter_tail(struct run *r, size_t l)
{
    r->lane[l].stage = STAGE_TAIL;
    r->next[l] = r->lane[l].tail;
    r->blocks[l] = r->lane[l].tail_blocks;
}

static void enter_digest(struct run *r, size_t l)
{
    uint8_t *block = r->lane[l].tail;

    for (size_t i = 0; i < 8; i++)
        write_be32(block + 4 * i, r->state[l][i]);
    memset(block + 32, 0, 32);
    block[32] = 0x80;
    write_be64(block + LENGTH_AT, 32 * 8);
    start_state(r, l);
    r->lane[l].stage = STAGE_DIGEST;
    r->next[l] = block;
    r->blocks[l] = 1;
}

static void start_message(struct run *r, size_t l, size_t message)
{
    struct bytes m = r->messages[message];

    r->lane[l].message = message;
    r->lane[l].stage = STAGE_BODY;
    r->next[l] = m.data;
    r->blocks[l] = m.size / 64;
    make_tail(&r->lane[l], m);
    start_state(r, l);
    if (r->blocks[l] == 0)
        enter_tail(r, l);
}

static void write_digest(struct run *r, size_t l)
{
    uint8_t *out = r->out + 32 * r->lane[l].message;

    for (size_t i = 0; i < 8; i++)
        write_be32(out + 4 * i, r->state[l][i]);
}

/* What lane from does, lane to does from now on. */
static void move_lane(struct run *r, size_t to, size_t from)
{
    r->lane[to] = r->lane[from];
    memcpy(r->state[to], r->state[from], sizeof(r->state[to]));
    r->blocks[to] = r->blocks[from];
    r->next[to] = r->next[from];
    if (r->lane[from].stage != STAGE_BODY)
        r->next[to] = r->lane[to].tail + (r->next[from] - r->lane[from].tail);
}

/* Lane l has taken all blocks that it had. */
static void advance(struct run *r, size_t l)
{
    size_t message, last;

    switch (r->lane[l].stage) {
    case STAGE_BODY:
        enter_tail(r, l);
        return;
    case STAGE_TAIL:
        enter_digest(r, l);
        return;
    case STAGE_DIGEST:
        break;
    }
    write_digest(r, l);
    if (take_message(r, &message)) {
        start_message(r, l, message);
        return;
    }
    last = --r->active;
    if (l != last)
        move_lane(r, l, last);
}

/* As many blocks as every working lane has. */
static void step(struct run *r)
{
    size_t blocks = r->blocks[0];

    for (size_t l = 1; l < r->active; l++)
        blocks = r->blocks[l] < blocks ? r->blocks[l] : blocks;
    for (size_t l = r->active; l < r->kernel->lanes; l++)
        r->next[l] = r->next[0];
    r->kernel->step(r->state, r->next, blocks);

    /* Downwards, because a lane that has no more to do takes over the last one's work. */
    for (size_t l = r->active; l-- > 0;) {
        r->next[l] += 64 * blocks;
        r->blocks[l] -= blocks;
        if (r->blocks[l] == 0)
            advance(r, l);
    }
}

void sha256d_many_run(const struct sha256d_many_kernel *kernel, uint8_t *out,
                      const struct bytes *messages, size_t n)
{
    struct run r;
    size_t message;

    r.kernel = kernel;
    r.out = out;
    r.messages = messages;
    r.n = n;
    r.sorted = r.window = r.waiting = r.active = 0;
    while (r.active < kernel->lanes && take_message(&r, &message))
        start_message(&r, r.active++, message);
    while (r.active) {
        while (r.kernel->narrower && r.active <= r.kernel->narrower->lanes)
            r.kernel = r.kernel->narrower;
        step(&r);
    }
}
