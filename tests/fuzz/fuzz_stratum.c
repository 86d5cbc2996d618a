/*
 * A pool that says anything at all: whatever its lines are, the session sends
 * nothing but lines of JSON, its job and target belong together, every share is in
 * one count, and the reasons for ending it are texts that no terminal obeys.
 */
#include "mining/stratum_client.h"
#include "tests/fuzz/fuzz.h"

#include <ctype.h>

#define SECOND_NS UINT64_C(1000000000)

static bool check_line(void *arg, struct bytes line)
{
    json_t *json;

    (void)arg;
    FUZZ_CHECK(line.size > 1 && line.data[line.size - 1] == '\n');
    json = json_loadb((const char *)line.data, line.size - 1, JSON_REJECT_DUPLICATES, NULL);
    FUZZ_CHECK(json_is_object(json));
    json_decref(json);
    return true;
}

static void check_text(const char *text)
{
    for (; *text; text++)
        FUZZ_CHECK(!iscntrl((unsigned char)*text));
}

/* A share of the job that is found at once, where its target is as easy as that. */
static void find(struct stratum_client *c, struct stratum_job *job, uint64_t now, uint32_t nonce)
{
    uint8_t header[80];

    memcpy(header, job->header, sizeof(header));
    stratum_job_header(job, nonce & stratum_job_last_extranonce(job), header);
    write_le32(header + 76, nonce);
    stratum_client_submit(c, job, nonce & stratum_job_last_extranonce(job), header, 0, now);
}

static void check_state(struct stratum_client *c)
{
    const struct stratum_job *job = stratum_client_job(c);
    const struct stratum_shares *shares = stratum_client_shares(c);
    size_t waiting = 0;

    for (size_t i = 0; i < STRATUM_SHARES_MAX; i++)
        waiting += shares->share[i].job != NULL;
    FUZZ_CHECK(waiting == shares->waiting);
    for (size_t i = 0; i < MINING_MAX_REASONS; i++)
        check_text(shares->reasons[i].text);
    FUZZ_CHECK(stratum_client_difficulty(c) > 0);
    if (!job)
        return;
    FUZZ_CHECK(job->extranonce.second_size >= 1);
    FUZZ_CHECK((stratum_client_version_mask(c) & job->version) == 0);
    FUZZ_CHECK(uint256_compare(stratum_client_target(c), job->target) >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct stratum_client_options options = {.name = "pool",
                                                   .user = "user",
                                                   .password = "password",
                                                   .agent = "agent",
                                                   .version_mask = 0x1fffe000,
                                                   .answer_ns = 60 * SECOND_NS,
                                                   .silent_ns = 300 * SECOND_NS,
                                                   .kernels = &kernels_generic};
    const struct stratum_client_owner owner = {NULL, check_line, NULL};
    struct stratum_client *c = stratum_client_create(&options, &owner);
    struct stratum_job *first = NULL;
    struct stratum_reconnect reconnect;
    uint64_t now = 1000 * SECOND_NS;
    uint32_t nonce = 0;
    bool open;

    if (!c)
        return 0;
    open = stratum_client_begin(c, now);
    while (size) {
        const uint8_t *end = memchr(data, '\n', size);
        size_t line = end ? (size_t)(end - data) : size;

        /* A line's length is also how much time has passed before it. */
        now += line * SECOND_NS / 16;
        open = open && stratum_client_line(c, bytes_of(data, line), now) &&
               stratum_client_tick(c, now);
        check_state(c);
        if (stratum_client_job(c)) {
            if (!first)
                first = stratum_job_ref(stratum_client_job(c));
            find(c, stratum_client_job(c), now, nonce++);
            find(c, first, now, nonce++);
        }
        if (!open || stratum_client_take_reconnect(c, &reconnect)) {
            check_text(stratum_client_error(c));
            stratum_client_end(c, now);
            open = stratum_client_begin(c, now);
        }
        data += end ? line + 1 : line;
        size -= end ? line + 1 : line;
    }
    stratum_client_end(c, now);
    stratum_job_unref(first);
    stratum_client_destroy(c);
    return 0;
}
