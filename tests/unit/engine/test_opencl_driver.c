/*
 * The OpenCL device on a driver that fails: calls of the loader's functions come
 * here first, and go on to the real ones where no trouble is asked for. Skipped
 * where there is no device.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/opencl/opencl_impl.h"
#include "kernels/kernels.h"

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What drivers and their compilers never free is theirs. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libpocl\nleak:libLLVM\nleak:libclang\nleak:libOpenCL\n";
}

static enum {
    NO_TROUBLE,
    NO_KERNEL,     /* batches search nothing, and say that all went well */
    KERNEL_FAILS,  /* none can be begun */
    NOTHING_KNOWN, /* whether one has ended is not to be learnt */
} trouble;

cl_int __real_clEnqueueNDRangeKernel(cl_command_queue, cl_kernel, cl_uint, const size_t *,
                                     const size_t *, const size_t *, cl_uint, const cl_event *,
                                     cl_event *);
cl_int __wrap_clEnqueueNDRangeKernel(cl_command_queue, cl_kernel, cl_uint, const size_t *,
                                     const size_t *, const size_t *, cl_uint, const cl_event *,
                                     cl_event *);
cl_int __wrap_clEnqueueNDRangeKernel(cl_command_queue queue, cl_kernel kernel, cl_uint dimensions,
                                     const size_t *offset, const size_t *global,
                                     const size_t *local, cl_uint count, const cl_event *events,
                                     cl_event *event)
{
    if (trouble == NO_KERNEL)
        return CL_SUCCESS;
    if (trouble == KERNEL_FAILS)
        return CL_OUT_OF_RESOURCES;
    return __real_clEnqueueNDRangeKernel(queue, kernel, dimensions, offset, global, local, count,
                                         events, event);
}

cl_int __real_clGetEventInfo(cl_event, cl_event_info, size_t, void *, size_t *);
cl_int __wrap_clGetEventInfo(cl_event, cl_event_info, size_t, void *, size_t *);
cl_int __wrap_clGetEventInfo(cl_event event, cl_event_info what, size_t size, void *value,
                             size_t *real_size)
{
    if (trouble == NOTHING_KNOWN)
        return CL_OUT_OF_HOST_MEMORY;
    return __real_clGetEventInfo(event, what, size, value, real_size);
}

/* Static, as one that is left behind is meant to be. */
static struct opencl *opencl;
static struct miner_device device;
static char why_not[OPENCL_ERROR_SIZE];
static char folder[64];

static int start(void **state)
{
    struct opencl_info info;

    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/exs-opencl-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    if (opencl_list(&info, 1, why_not) == 0)
        return 0;
    opencl = opencl_create(0, &(struct opencl_options){.cache = folder, .versions = 1}, why_not);
    if (!opencl) {
        print_error("%s\n", why_not);
        return -1;
    }
    device = opencl_miner_device(opencl);
    return 0;
}

static int end(void **state)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    char path[512];

    (void)state;
    opencl_destroy(opencl);
    while (dir && (entry = readdir(dir))) {
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        if (entry->d_name[0] != '.')
            unlink(path);
    }
    if (dir)
        closedir(dir);
    return rmdir(folder);
}

static void need_device(void)
{
    trouble = NO_TROUBLE;
    if (opencl)
        return;
    print_message("skipped: %s\n", why_not);
    skip();
}

/* A batch on each stream, of which every nonce is a hit; the text of the last one that failed. */
static enum miner_scan scan(char text[static MINER_DEVICE_TEXT_SIZE])
{
    static const uint8_t header[80];
    enum miner_scan result = MINER_SCAN_DONE;
    struct search_hits hits;
    struct search_job job;
    uint32_t version = 1;

    text[0] = 0;
    search_job_init(&job, header, &version, 1, uint256_from_u64(0),
                    kernels_generic.sha256_compress->run);
    for (size_t stream = 0; stream < device.streams && result == MINER_SCAN_DONE; stream++) {
        result = device.scan(device.arg, stream, &hits, &job, 0, 5, 9, text);
        if (result == MINER_SCAN_DONE)
            assert_int_equal(hits.count, 9);
    }
    return result;
}

static void expect_recovery(void)
{
    char text[MINER_DEVICE_TEXT_SIZE] = "";

    trouble = NO_TROUBLE;
    if (!device.restart(device.arg, text))
        fail_msg("%s", text);
    if (scan(text) != MINER_SCAN_DONE)
        fail_msg("%s", text);
}

static void comes_back_when_batches_fail(void **state)
{
    char text[MINER_DEVICE_TEXT_SIZE];

    (void)state;
    need_device();
    trouble = KERNEL_FAILS;
    assert_int_equal(scan(text), MINER_SCAN_FAILED);
    assert_non_null(strstr(text, "OUT_OF_RESOURCES"));
    assert_false(device.restart(device.arg, text));
    assert_non_null(strstr(text, "OUT_OF_RESOURCES"));
    expect_recovery();
}

/* The batch may still write its results to the memory that it was given, which nobody else gets. */
static void comes_back_beside_a_batch_under_way(void **state)
{
    char text[MINER_DEVICE_TEXT_SIZE];

    (void)state;
    need_device();
    for (int i = 0; i < 3; i++) {
        trouble = NOTHING_KNOWN;
        assert_int_equal(scan(text), MINER_SCAN_FAILED);
        assert_non_null(strstr(text, "the end of a batch"));
        expect_recovery();
    }
}

/* A device is not used that does not find what is there. */
static void refuses_a_device_that_finds_nothing(void **state)
{
    char text[MINER_DEVICE_TEXT_SIZE];

    (void)state;
    need_device();
    trouble = NO_KERNEL;
    assert_false(device.restart(device.arg, text));
    assert_non_null(strstr(text, "computes wrongly"));
    expect_recovery();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back_when_batches_fail),
        cmocka_unit_test(comes_back_beside_a_batch_under_way),
        cmocka_unit_test(refuses_a_device_that_finds_nothing),
    };

    return cmocka_run_group_tests(tests, start, end);
}
