/*
 * Whatever a node gives as a template: refused with a reason, or else a job can
 * be made of it whose blocks are right in everything but their proof of work.
 */
#include "base/arena.h"
#include "mining/job.h"
#include "tests/fuzz/fuzz.h"

static void check_block(const struct job *job, uint64_t extranonce)
{
    size_t size = job_block_size(job);
    uint8_t *raw = malloc(size), header[80];
    char error[JOB_ERROR_SIZE] = "";

    FUZZ_CHECK(raw);
    job_header(job, extranonce, header);
    job_block(job, extranonce, header, raw);
    if (!job_check_block(job, bytes_of(raw, size), error))
        FUZZ_CHECK(!strcmp(error, "its hash does not meet the target"));
    free(raw);
}

static void check_job(struct block_template *t, struct bytes tag)
{
    static const uint8_t script[] = {0x51};
    const struct job_payout payout = {.script = {script, sizeof(script)}};
    char error[JOB_ERROR_SIZE] = "";
    struct job *job = job_create(&kernels_generic, t, &payout, 1, tag, error);

    if (!job) {
        FUZZ_CHECK(*error);
        return;
    }
    check_block(job, 0);
    check_block(job, UINT64_MAX);
    job_unref(job);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char error[TEMPLATE_ERROR_SIZE] = "";
    json_t *json = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
    struct block_template *t;

    if (!json)
        return 0;
    t = template_parse(&kernels_generic, json, error);
    FUZZ_CHECK(t || *error);
    json_decref(json);
    if (t) {
        FUZZ_CHECK(t->nonce_first <= t->nonce_last && t->time >= t->mintime);
        FUZZ_CHECK((t->version_mask & ~TEMPLATE_VERSION_MASK) == 0);
        check_job(t, bytes_of(data, size < JOB_TAG_MAX ? size : (size_t)JOB_TAG_MAX));
        template_unref(t);
    }
    return 0;
}
