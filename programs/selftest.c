#include "programs/selftest.h"

#include "base/clock.h"
#include "base/hex.h"
#include "consensus/block.h"
#include "programs/known_headers.h"

#include <poll.h>
#include <stdlib.h>

enum {
    POLL_MS = 20,
    MIN_WINDOW = 1 << 16,
};

/* Four bits of BIP320's: sixteen versions, as the widest kernels take at once. */
#define ROLLED_MASK UINT32_C(0x0001e000)
#define WINDOW_SECONDS 0.2

void selftest_format_rate(char *out, size_t size, double rate)
{
    static const char *const unit[] = {"H/s", "kH/s", "MH/s", "GH/s", "TH/s"};
    size_t i = 0;

    for (; rate >= 1000 && i + 1 < sizeof(unit) / sizeof(*unit); i++)
        rate /= 1000;
    snprintf(out, size, "%.4g %s", rate, unit[i]);
}

static double seconds_since(uint64_t start_ns)
{
    return (double)(clock_monotonic_ns() - start_ns) / 1e9;
}

static void wait_for_miner(const struct selftest *t)
{
    struct pollfd fd = {.fd = miner_fd(t->miner), .events = POLLIN};

    poll(&fd, 1, POLL_MS);
}

/* Waits for the header among what is found. */
static bool await(const struct selftest *t, uint64_t tag, const uint8_t header[static 80])
{
    struct miner_event event;

    while (!atomic_load(t->stop)) {
        while (miner_poll(t->miner, &event)) {
            if (event.tag != tag)
                continue;
            if (event.type == MINER_EXHAUSTED)
                return false;
            if (memcmp(event.header, header, 80) == 0)
                return true;
        }
        wait_for_miner(t);
    }
    return false;
}

static bool find(const struct selftest *t, const struct known_header *known, uint64_t tag,
                 uint32_t mask, double rate)
{
    const uint64_t all = UINT64_C(1) << 32;
    uint64_t window = (uint64_t)(rate * WINDOW_SECONDS) / (mask ? 16 : 1), first;
    struct miner_work work = {.tag = tag, .version_mask = mask};
    uint8_t header[80];
    uint32_t nonce;

    if (!hex_decode(header, sizeof(header), known->header, strlen(known->header)))
        return false;
    window = window < MIN_WINDOW ? MIN_WINDOW : window > all ? all : window;
    nonce = read_le32(header + 76);
    /* Where in the window the nonce lies is the nonce's own accident. */
    first = nonce - (nonce % window < nonce ? nonce % window : nonce);
    if (first + window > all)
        first = all - window;
    work.target = uint256_from_compact(read_le32(header + 72), NULL);
    work.nonce_first = (uint32_t)first;
    work.nonce_count = window;
    memcpy(work.header, header, sizeof(header));
    /* The search has to put both back. */
    write_le32(work.header, read_le32(header) & ~mask);
    write_le32(work.header + 76, 0);
    return miner_set_work(t->miner, &work) && await(t, tag, header);
}

bool selftest_known_headers(const struct selftest *t, double rate)
{
    uint64_t tag = 1, start;
    bool good = true;

    for (const struct known_header *known = known_headers; known->header && good; known++) {
        start = clock_monotonic_ns();
        good = find(t, known, tag++, 0, rate) && find(t, known, tag++, ROLLED_MASK, rate);
        if (atomic_load(t->stop))
            break;
        fprintf(t->out, "block %6d  %s  %s in %.2f s\n", known->height, known->hash,
                good ? "found" : "NOT FOUND", seconds_since(start));
        fflush(t->out);
    }
    miner_clear_work(t->miner);
    return good && !atomic_load(t->stop);
}

double selftest_rate(const struct selftest *t, double seconds)
{
    /* A target of zero can't be reached. */
    struct miner_work work = {.version_mask = t->version_mask, .extra_seconds = UINT32_MAX};
    size_t lanes = miner_lanes(t->miner);
    uint64_t *before = calloc(lanes, sizeof(*before)), start;
    double took, total = 0;
    char text[32];

    if (!before || !miner_set_work(t->miner, &work)) {
        fprintf(t->out, "out of memory\n");
        free(before);
        return 0;
    }
    /* The lanes start within a millisecond; what they do before that does not count. */
    wait_for_miner(t);
    start = clock_monotonic_ns();
    for (size_t i = 0; i < lanes; i++)
        before[i] = miner_lane_stats(t->miner, i).hashes;
    while (seconds_since(start) < seconds && !atomic_load(t->stop))
        wait_for_miner(t);
    took = seconds_since(start);
    for (size_t i = 0; i < lanes; i++) {
        double rate = (double)(miner_lane_stats(t->miner, i).hashes - before[i]) / took;

        total += rate;
        selftest_format_rate(text, sizeof(text), rate);
        fprintf(t->out, "thread %2zu: %s\n", i, text);
    }
    selftest_format_rate(text, sizeof(text), total);
    fprintf(t->out, "total: %s (%zu threads, kernel %s)\n", text, lanes,
            (t->version_mask ? t->kernels->search_rolled : t->kernels->search)->name);
    miner_clear_work(t->miner);
    free(before);
    return total;
}
