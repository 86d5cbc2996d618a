/*
 * A device that searches: its program in two forms (for one version, and for
 * versions that roll), two streams with a queue and buffers each, and what it
 * must show before it is used.
 *
 * No function here waits in the driver: the end of a batch is looked for every
 * so often. Drivers that wait do so in a busy loop, as NVIDIA's, and a batch that
 * never ends must be given up.
 */
#include "base/clock.h"
#include "engine/opencl/opencl_impl.h"
#include "kernels/kernels.h"
#include "kernels/opencl/search_cl.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    STREAMS = 2,
    LOCAL_GPU = 256,
    LOCAL_CPU = 64,
    STEP_GROUPS = 8, /* groups that a batch is a multiple of */
    BATCH_LIMIT_MS = 30000,
    MEASURE_MS = 30,
    POLL_NS = 100000,
    TELLING_NS = 5000000, /* batches that are shorter say more about how long it takes to begin */
    FOUND_WORDS = 1 + 2 * SEARCH_MAX_HITS,
};

/* Which form of the program. */
enum { PLAIN, ROLLED, FORMS };

/* What the driver reads and writes here during a batch. */
struct words {
    struct words *next; /* of those that are left */
    uint32_t job[SEARCH_CL_JOB_WORDS];
    uint32_t found[FOUND_WORDS];
};

struct stream {
    cl_command_queue queue;
    cl_mem job, found;
    cl_kernel kernel[FORMS]; /* an own one: its arguments are its state */
    double ns_per_hash;      /* of batches long enough to tell; 0: not known */
    struct words *words;
    bool under_way; /* a batch has begun of which it isn't known that it has ended */
};

struct opencl {
    struct opencl_found found;
    struct opencl_cache cache;
    struct log *log;
    struct opencl_form form[FORMS];
    struct opencl_choice choice;
    cl_context context;
    cl_program program[FORMS];
    struct stream stream[STREAMS];
    struct words *left; /* to batches that were under way when the device was closed */
    atomic_uint calls;  /* under way, of miners */
};

/* False, and says in error what could not be done, where result is one. */
static bool good(cl_int result, const char *what, char error[static OPENCL_ERROR_SIZE])
{
    char name[32];

    if (result == CL_SUCCESS)
        return true;
    snprintf(error, OPENCL_ERROR_SIZE, "can't %s: %s", what, opencl_error_name(result, name));
    return false;
}

/* ---- what a device consists of ---- */

static void close_form(struct opencl *d, int form)
{
    for (size_t i = 0; i < STREAMS; i++)
        if (d->stream[i].kernel[form])
            clReleaseKernel(d->stream[i].kernel[form]);
    if (d->program[form])
        clReleaseProgram(d->program[form]);
    for (size_t i = 0; i < STREAMS; i++)
        d->stream[i].kernel[form] = NULL;
    d->program[form] = NULL;
}

static void close_device(struct opencl *d)
{
    for (int form = 0; form < FORMS; form++)
        close_form(d, form);
    for (size_t i = 0; i < STREAMS; i++) {
        struct stream *s = &d->stream[i];

        if (s->queue)
            clReleaseCommandQueue(s->queue);
        if (s->job)
            clReleaseMemObject(s->job);
        if (s->found)
            clReleaseMemObject(s->found);
        /* The driver keeps what it has in use; memory of ours it may write to for ever. */
        if (s->under_way) {
            s->words->next = d->left;
            d->left = s->words;
        } else {
            free(s->words);
        }
        s->queue = NULL;
        s->job = s->found = NULL;
        s->words = NULL;
        s->under_way = false;
    }
    if (d->context)
        clReleaseContext(d->context);
    d->context = NULL;
}

static bool open_stream(struct opencl *d, struct stream *s, char error[static OPENCL_ERROR_SIZE])
{
    cl_int result;

    s->ns_per_hash = 0;
    s->words = calloc(1, sizeof(*s->words));
    if (!s->words) {
        snprintf(error, OPENCL_ERROR_SIZE, "out of memory");
        return false;
    }
    s->queue = clCreateCommandQueue(d->context, d->found.device, 0, &result);
    if (!good(result, "make a command queue", error))
        return false;
    s->job = clCreateBuffer(d->context, CL_MEM_READ_ONLY, sizeof(s->words->job), NULL, &result);
    if (!good(result, "make a buffer", error))
        return false;
    s->found =
        clCreateBuffer(d->context, CL_MEM_READ_WRITE, sizeof(s->words->found), NULL, &result);
    return good(result, "make a buffer", error);
}

static bool is_plain(const struct opencl *d)
{
    return memcmp(&d->form[PLAIN], &d->form[ROLLED], sizeof(d->form[PLAIN])) == 0;
}

/* Builds one form of the program, in place of the one before. The rolled one may be the plain one. */
static bool open_form(struct opencl *d, int form, bool fresh, char error[static OPENCL_ERROR_SIZE])
{
    cl_int result = CL_SUCCESS;

    close_form(d, form);
    if (form == ROLLED && is_plain(d) && clRetainProgram(d->program[PLAIN]) == CL_SUCCESS)
        d->program[form] = d->program[PLAIN];
    else
        d->program[form] = opencl_program_build(d->context, &d->found, &d->form[form], &d->cache,
                                                fresh, d->log, error);
    if (!d->program[form])
        return false;
    for (size_t i = 0; i < STREAMS; i++) {
        struct stream *s = &d->stream[i];

        s->kernel[form] = clCreateKernel(d->program[form], "search", &result);
        if (!good(result, "make the kernel", error))
            return false;
        result = clSetKernelArg(s->kernel[form], 0, sizeof(s->found), &s->found);
        if (result == CL_SUCCESS)
            result = clSetKernelArg(s->kernel[form], 1, sizeof(s->job), &s->job);
        if (!good(result, "set the kernel's arguments", error))
            return false;
    }
    return true;
}

static bool open_context(struct opencl *d, char error[static OPENCL_ERROR_SIZE])
{
    const cl_context_properties properties[] = {CL_CONTEXT_PLATFORM,
                                                (cl_context_properties)d->found.platform, 0};
    cl_int result;

    d->context = clCreateContext(properties, 1, &d->found.device, NULL, NULL, &result);
    if (!good(result, "make a context", error))
        return false;
    for (size_t i = 0; i < STREAMS; i++)
        if (!open_stream(d, &d->stream[i], error))
            return false;
    return true;
}

/* ---- batches ---- */

static void sleep_ns(uint64_t ns)
{
    nanosleep(&(struct timespec){(time_t)(ns / 1000000000), (long)(ns % 1000000000)}, NULL);
}

/* Waits for the end of what an event stands for. */
static bool await(struct stream *s, cl_event event, double hashes,
                  char error[static OPENCL_ERROR_SIZE])
{
    uint64_t start = clock_monotonic_ns(), took, limit = (uint64_t)BATCH_LIMIT_MS * 1000000;
    cl_int status = CL_QUEUED, result;
    double usual = s->ns_per_hash * hashes;

    /* Most of the time it takes as long as before. */
    sleep_ns(usual < (double)limit ? (uint64_t)(usual * 7 / 8) : limit);
    for (;;) {
        result =
            clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof(status), &status, NULL);
        took = clock_monotonic_ns() - start;
        if (!good(result, "ask for the end of a batch", error))
            return false;
        s->under_way = status > CL_COMPLETE; /* below are errors, which end it too */
        if (status == CL_COMPLETE)
            break;
        if (!good(status < 0 ? status : CL_SUCCESS, "search a batch", error))
            return false;
        if (took > limit) {
            snprintf(error, OPENCL_ERROR_SIZE, "a batch does not end within %u s",
                     BATCH_LIMIT_MS / 1000);
            return false;
        }
        sleep_ns(POLL_NS);
    }
    if (took >= TELLING_NS)
        s->ns_per_hash = s->ns_per_hash > 0 ? (3 * s->ns_per_hash + (double)took / hashes) / 4
                                            : (double)took / hashes;
    return true;
}

/* Asks for a batch; *end is the event of its last step. */
static bool enqueue(struct opencl *d, struct stream *s, const struct search_job *job,
                    unsigned zero_bits, uint32_t first, uint64_t count, cl_event *end,
                    char error[static OPENCL_ERROR_SIZE])
{
    /* Items that try several versions are of use where these come in such numbers. */
    int which = job->versions % d->form[ROLLED].versions ? PLAIN : ROLLED;
    const struct opencl_form *form = &d->form[which];
    cl_kernel kernel = s->kernel[which];
    const cl_uint arguments[] = {first, (cl_uint)count, (cl_uint)job->versions,
                                 search_cl_mask(zero_bits)};
    const uint64_t group = (uint64_t)form->local * form->vector;
    const size_t global[2] = {(size_t)((count + group - 1) / group * form->local),
                              job->versions / form->versions};
    const size_t local[2] = {form->local, 1};
    cl_int result = CL_SUCCESS;

    search_cl_job(s->words->job, job);
    s->words->found[0] = 0;
    s->under_way = true;
    for (cl_uint i = 0; i < 4 && result == CL_SUCCESS; i++)
        result = clSetKernelArg(kernel, 2 + i, sizeof(arguments[i]), &arguments[i]);
    if (result == CL_SUCCESS)
        result = clEnqueueWriteBuffer(s->queue, s->job, CL_FALSE, 0, sizeof(s->words->job),
                                      s->words->job, 0, NULL, NULL);
    if (result == CL_SUCCESS)
        result = clEnqueueWriteBuffer(s->queue, s->found, CL_FALSE, 0, sizeof(uint32_t),
                                      s->words->found, 0, NULL, NULL);
    if (result == CL_SUCCESS)
        result = clEnqueueNDRangeKernel(s->queue, kernel, 2, NULL, global, local, 0, NULL, NULL);
    if (result == CL_SUCCESS)
        result = clEnqueueReadBuffer(s->queue, s->found, CL_FALSE, 0, sizeof(s->words->found),
                                     s->words->found, 0, NULL, end);
    if (result == CL_SUCCESS) {
        result = clFlush(s->queue);
        if (result != CL_SUCCESS)
            clReleaseEvent(*end);
    }
    return good(result, "begin a batch", error);
}

static enum miner_scan scan(struct opencl *d, size_t stream, struct search_hits *hits,
                            const struct search_job *job, unsigned zero_bits, uint32_t first,
                            uint64_t count, char error[static OPENCL_ERROR_SIZE])
{
    struct stream *s = &d->stream[stream];
    cl_event end;
    bool ended;

    hits->count = 0;
    if (!enqueue(d, s, job, zero_bits, first, count, &end, error))
        return MINER_SCAN_FAILED;
    ended = await(s, end, (double)count * (double)job->versions, error);
    clReleaseEvent(end);
    if (!ended)
        return MINER_SCAN_FAILED;
    if (s->words->found[0] > SEARCH_MAX_HITS)
        return MINER_SCAN_OVERFLOW;
    for (size_t i = 0; i < s->words->found[0]; i++) {
        uint32_t place = s->words->found[2 + 2 * i];

        if (place >= job->versions) {
            snprintf(error, OPENCL_ERROR_SIZE, "reports a version that it was not asked for");
            return MINER_SCAN_FAILED;
        }
        hits->hit[hits->count++] =
            (struct search_hit){s->words->found[1 + 2 * i], job->version[place]};
    }
    return MINER_SCAN_DONE;
}

/* ---- what it must show ---- */

static int compare_hits(const void *left, const void *right)
{
    const struct search_hit *a = left, *b = right;

    if (a->nonce != b->nonce)
        return a->nonce < b->nonce ? -1 : 1;
    return (a->version > b->version) - (a->version < b->version);
}

static void sort_hits(struct search_hits *hits)
{
    qsort(hits->hit, hits->count, sizeof(hits->hit[0]), compare_hits);
}

/* Whether a stream finds what the generic kernel finds. */
static bool agrees(struct opencl *d, size_t stream, const uint8_t header[static 80],
                   size_t versions, unsigned zero_bits, uint32_t first, uint64_t count,
                   char error[static OPENCL_ERROR_SIZE])
{
    static const char wrongly[] = "computes wrongly: it finds other headers than the processor";
    uint32_t version[SEARCH_MAX_VERSIONS];
    struct search_hits want, got;
    struct search_job job;

    for (uint32_t i = 0; i < versions; i++)
        version[i] = read_le32(header) ^ i << 13;
    search_job_init(&job, header, version, versions,
                    uint256_shift_right(uint256_not(uint256_from_u64(0)), zero_bits),
                    kernels_generic.sha256_compress->run);
    if (kernels_generic.search->run(&want, &job, first, count) != count)
        return true; /* too much in it to be asked for at once */
    switch (scan(d, stream, &got, &job, zero_bits, first, count, error)) {
    case MINER_SCAN_FAILED:
        return false;
    case MINER_SCAN_OVERFLOW:
        got.count = SEARCH_MAX_HITS + 1;
        break;
    case MINER_SCAN_DONE:
        break;
    }
    if (got.count == want.count) {
        sort_hits(&want);
        sort_hits(&got);
        if (memcmp(got.hit, want.hit, want.count * sizeof(want.hit[0])) == 0)
            return true;
    }
    memcpy(error, wrongly, sizeof(wrongly));
    return false;
}

/* The first block of all, whose nonce is 2083236893: its fields as they lie in the header. */
static void genesis_header(uint8_t header[static 80])
{
    static const uint8_t root[32] = {0x3b, 0xa3, 0xed, 0xfd, 0x7a, 0x7b, 0x12, 0xb2,
                                     0x7a, 0xc7, 0x2c, 0x3e, 0x67, 0x76, 0x8f, 0x61,
                                     0x7f, 0xc8, 0x1b, 0xc3, 0x88, 0x8a, 0x51, 0x32,
                                     0x3a, 0x9f, 0xb8, 0xaa, 0x4b, 0x1e, 0x5e, 0x4a};

    memset(header, 0, 80);
    write_le32(header, 1);
    memcpy(header + 36, root, sizeof(root));
    write_le32(header + 68, 1231006505);
    write_le32(header + 72, 0x1d00ffff);
}

/* Each stream and form: every number of versions, both ends of the nonces, counts that fill no group. */
static bool check(struct opencl *d, char error[static OPENCL_ERROR_SIZE])
{
    static const struct {
        uint32_t first;
        uint64_t count;
        unsigned versions, zero_bits;
    } cases[] = {
        {2083236893 - 700, 1500, 1, 32},
        {2083236893 - 700, 1500, 4, 8},
        {0, 1, 16, 0},
        {UINT32_MAX, 1, 1, 0},
        {UINT32_MAX - 4098, 4099, 16, 11},
        {0, 997, 3, 6},
        {1u << 31, 2049, 8, 9},
        {12345, 333, 2, 5},
    };
    uint8_t header[80];

    genesis_header(header);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (!agrees(d, i % STREAMS, header, cases[i].versions, cases[i].zero_bits, cases[i].first,
                    cases[i].count, error))
            return false;
    return true;
}

/* Hashes a second with so many versions, of batches long enough to tell; 0 where one fails. */
static double measure(struct opencl *d, size_t versions, char error[static OPENCL_ERROR_SIZE])
{
    uint32_t version[SEARCH_MAX_VERSIONS];
    struct search_hits hits;
    struct search_job job;
    uint8_t header[80];

    genesis_header(header);
    for (uint32_t i = 0; i < SEARCH_MAX_VERSIONS; i++)
        version[i] = i << 13;
    search_job_init(&job, header, version, versions, uint256_from_u64(0),
                    kernels_generic.sha256_compress->run);
    /* The first does what drivers put off until then. */
    if (scan(d, 0, &hits, &job, 32, 0, 1, error) == MINER_SCAN_FAILED)
        return 0;
    for (uint64_t count = 1 << 14;; count *= 2) {
        uint64_t start = clock_monotonic_ns(), took;

        d->stream[0].ns_per_hash = 0;
        if (scan(d, 0, &hits, &job, 32, 0, count, error) == MINER_SCAN_FAILED)
            return 0;
        took = clock_monotonic_ns() - start;
        if (took >= (uint64_t)MEASURE_MS * 1000000 || count == MINER_DEVICE_MAX_NONCES)
            return (double)count * (double)versions / ((double)took / 1e9);
    }
}

/* ---- forms ---- */

/* Finds the fastest number of versions an item, and builds it. */
static bool choose_versions(struct opencl *d, char error[static OPENCL_ERROR_SIZE])
{
    unsigned best = 0;

    for (unsigned versions = 1; versions <= 4; versions *= 2) {
        double rate;

        d->form[ROLLED].versions = versions;
        if (!open_form(d, ROLLED, false, error))
            return false;
        rate = measure(d, SEARCH_MAX_VERSIONS, error);
        if (rate == 0)
            return false;
        log_debug(d->log, LOG_ENGINE, "OpenCL device %zu: %u versions an item: %.1f MH/s",
                  d->found.info.index, versions, rate / 1e6);
        if (rate > d->choice.rolled) {
            d->choice.rolled = rate;
            best = versions;
        }
    }
    d->form[ROLLED].versions = best;
    return open_form(d, ROLLED, false, error);
}

static bool open_forms(struct opencl *d, bool fresh, char error[static OPENCL_ERROR_SIZE])
{
    for (int form = 0; form < FORMS; form++)
        if (!open_form(d, form, fresh, error))
            return false;
    return true;
}

/* Opens the device with the forms that were chosen, and has it show what it must. */
static bool open_device(struct opencl *d, char error[static OPENCL_ERROR_SIZE])
{
    if (!open_context(d, error) || !open_forms(d, false, error))
        return false;
    if (check(d, error))
        return true;
    /* Its binaries may be to blame. A batch that was begun may still use the streams. */
    for (int form = 0; form < FORMS; form++)
        opencl_program_forget(&d->found, &d->form[form], &d->cache);
    close_device(d);
    return open_context(d, error) && open_forms(d, true, error) && check(d, error);
}

static cl_uint number_of(cl_device_id device, cl_device_info what)
{
    cl_uint number = 0;

    return clGetDeviceInfo(device, what, sizeof(number), &number, NULL) == CL_SUCCESS ? number : 0;
}

/* How many nonces side by side suit the device: vectors for CPUs, which have them. */
static unsigned preferred_vector(cl_device_id device)
{
    cl_uint width = number_of(device, CL_DEVICE_NATIVE_VECTOR_WIDTH_INT);

    return width >= 16 ? 16 : width >= 8 ? 8 : width >= 4 ? 4 : 1;
}

/* What the search needs that a device may lack; and its groups. */
static bool suits(struct opencl *d, char error[static OPENCL_ERROR_SIZE])
{
    cl_device_id device = d->found.device;
    cl_ulong constant = 0;
    size_t group = 0;
    const char *lacks = NULL;
    unsigned local = d->found.info.kind == OPENCL_CPU ? LOCAL_CPU : LOCAL_GPU;

    clGetDeviceInfo(device, CL_DEVICE_MAX_CONSTANT_BUFFER_SIZE, sizeof(constant), &constant, NULL);
    clGetDeviceInfo(device, CL_DEVICE_MAX_WORK_GROUP_SIZE, sizeof(group), &group, NULL);
    if (!number_of(device, CL_DEVICE_AVAILABLE))
        lacks = "is not available";
    else if (!number_of(device, CL_DEVICE_COMPILER_AVAILABLE))
        lacks = "has no compiler";
    else if (!number_of(device, CL_DEVICE_ENDIAN_LITTLE))
        lacks = "is big-endian";
    else if (constant < sizeof(d->stream[0].words->job) || group < 1)
        lacks = "is too small";
    if (lacks) {
        snprintf(error, OPENCL_ERROR_SIZE, "the device %s", lacks);
        return false;
    }
    while (local > group)
        local /= 2;
    d->form[PLAIN].local = d->form[ROLLED].local = local;
    return true;
}

/* ---- the owner's side ---- */

static bool prepare(struct opencl *d, const struct opencl_options *options,
                    char error[static OPENCL_ERROR_SIZE])
{
    unsigned vector = options->vector ? options->vector : preferred_vector(d->found.device);
    /* For a CPU, which has better kernels than these, the choice is not worth the time that building takes. */
    unsigned fixed = options->versions || d->found.info.kind != OPENCL_CPU ? options->versions : 1;

    if (!suits(d, error))
        return false;
    d->choice.vector = d->form[PLAIN].vector = d->form[ROLLED].vector = vector;
    d->form[PLAIN].versions = d->form[ROLLED].versions = 1;
    if (fixed)
        d->form[ROLLED].versions = fixed;
    if (!open_device(d, error))
        return false;
    d->choice.plain = measure(d, 1, error);
    if (fixed)
        d->choice.rolled = measure(d, SEARCH_MAX_VERSIONS, error);
    else if (!choose_versions(d, error))
        return false;
    d->choice.versions = d->form[ROLLED].versions;
    return d->choice.plain > 0 && d->choice.rolled > 0 && check(d, error);
}

/* The program is compiled for these: one for others would write beyond its arrays. */
static bool has_form(const struct opencl_options *options, char error[static OPENCL_ERROR_SIZE])
{
    if (options->vector && !opencl_has_vector(options->vector)) {
        snprintf(error, OPENCL_ERROR_SIZE,
                 "the search has 1, 4, 8 or 16 nonces side by side, not %u", options->vector);
        return false;
    }
    if (options->versions && !opencl_has_versions(options->versions)) {
        snprintf(error, OPENCL_ERROR_SIZE, "the search has 1, 2 or 4 versions an item, not %u",
                 options->versions);
        return false;
    }
    return true;
}

struct opencl *opencl_create(size_t index, const struct opencl_options *options,
                             char error[static OPENCL_ERROR_SIZE])
{
    struct opencl_found found[OPENCL_MAX_DEVICES];
    struct opencl *d;
    size_t count;

    if (!has_form(options, error))
        return NULL;
    count = opencl_find(found, error);
    if (!count)
        return NULL;
    if (index >= count) {
        snprintf(error, OPENCL_ERROR_SIZE, "there is no OpenCL device %zu: the last is %zu", index,
                 count - 1);
        return NULL;
    }
    d = calloc(1, sizeof(*d));
    if (!d) {
        snprintf(error, OPENCL_ERROR_SIZE, "out of memory");
        return NULL;
    }
    d->found = found[index];
    d->log = options->log;
    opencl_cache_init(&d->cache, options->cache, d->log);
    if (!prepare(d, options, error)) {
        opencl_destroy(d);
        return NULL;
    }
    log_info(d->log, LOG_ENGINE,
             "OpenCL device %zu, %s: %.1f MH/s, %.1f MH/s where versions roll (%u an item)", index,
             d->found.info.name, d->choice.plain / 1e6, d->choice.rolled / 1e6, d->choice.versions);
    return d;
}

void opencl_destroy(struct opencl *d)
{
    if (!d || atomic_load(&d->calls) || d->left)
        return;
    /* Nor where a batch may go on for ever: drivers wait for it when they free a context. */
    for (size_t i = 0; i < STREAMS; i++)
        if (d->stream[i].under_way)
            return;
    close_device(d);
    free(d);
}

const struct opencl_info *opencl_info(const struct opencl *d) { return &d->found.info; }

struct opencl_choice opencl_choice(const struct opencl *d) { return d->choice; }

/* The beginning of a text that may be longer. */
static void shorten(char out[static MINER_DEVICE_TEXT_SIZE], const char *text)
{
    snprintf(out, MINER_DEVICE_TEXT_SIZE, "%.*s", MINER_DEVICE_TEXT_SIZE - 1, text);
}

static enum miner_scan scan_for_miner(void *arg, size_t stream, struct search_hits *hits,
                                      const struct search_job *job, unsigned zero_bits,
                                      uint32_t first, uint64_t count,
                                      char text[static MINER_DEVICE_TEXT_SIZE])
{
    struct opencl *d = arg;
    char error[OPENCL_ERROR_SIZE] = "";
    enum miner_scan result;

    assert(stream < STREAMS);
    atomic_fetch_add(&d->calls, 1);
    result = scan(d, stream, hits, job, zero_bits, first, count, error);
    atomic_fetch_sub(&d->calls, 1);
    shorten(text, error);
    return result;
}

static bool restart_for_miner(void *arg, char text[static MINER_DEVICE_TEXT_SIZE])
{
    struct opencl *d = arg;
    char error[OPENCL_ERROR_SIZE] = "";
    bool opened;

    atomic_fetch_add(&d->calls, 1);
    close_device(d);
    opened = open_device(d, error);
    atomic_fetch_sub(&d->calls, 1);
    shorten(text, error);
    return opened;
}

struct miner_device opencl_miner_device(struct opencl *d)
{
    return (struct miner_device){
        .name = d->found.info.name,
        .arg = d,
        .scan = scan_for_miner,
        .restart = restart_for_miner,
        .streams = STREAMS,
        .step = STEP_GROUPS * d->form[PLAIN].local * d->form[PLAIN].vector,
        .ns_per_hash = 1e9 / d->choice.rolled,
    };
}
