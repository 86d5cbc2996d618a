/* The search's program: built from its source, or from a binary that was kept. */
#include "engine/opencl/opencl_impl.h"
#include "kernels/kernels.h"
#include "kernels/opencl/search_cl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTIONS_SIZE = 160 };

static void format_options(char out[static OPTIONS_SIZE], const struct opencl_form *form)
{
    snprintf(out, OPTIONS_SIZE, "-cl-std=CL1.2 -DVECTOR=%u -DVERSIONS=%u -DLOCAL=%u -DROOM=%u",
             form->vector, form->versions, form->local, (unsigned)SEARCH_MAX_HITS);
}

/* Of all that a binary depends on, each text with its end. */
static void make_key(uint8_t key[static 32], const struct opencl_found *found, const char *options)
{
    const struct opencl_info *info = &found->info;
    const char *texts[] = {info->name, info->vendor, info->platform, info->driver, options};
    struct sha256 hash;

    sha256_init(&hash, kernels_generic.sha256_compress->run);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        sha256_update(&hash, texts[i], strlen(texts[i]) + 1);
    sha256_update(&hash, search_cl_source, search_cl_source_size);
    sha256_final(&hash, key);
}

/* The beginning of what the compiler said. */
static void copy_build_log(char *out, size_t size, cl_program program, cl_device_id device)
{
    size_t length = 0;
    char *text;

    out[0] = 0;
    if (clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_LOG, 0, NULL, &length) !=
            CL_SUCCESS ||
        length > 1 << 24 || !(text = calloc(1, length + 1)))
        return;
    if (clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_LOG, length, text, NULL) ==
        CL_SUCCESS)
        snprintf(out, size, "%s", text);
    free(text);
}

static bool build(cl_program program, cl_device_id device, const char *options,
                  char error[static OPENCL_ERROR_SIZE])
{
    cl_int result = clBuildProgram(program, 1, &device, options, NULL, NULL);
    char name[32], said[256];

    if (result == CL_SUCCESS)
        return true;
    copy_build_log(said, sizeof(said), program, device);
    snprintf(error, OPENCL_ERROR_SIZE, "the search can't be built: %s%s%s",
             opencl_error_name(result, name), *said ? ": " : "", said);
    return false;
}

/* NULL where there is no binary of that key, or the driver does not take it. */
static cl_program build_cached(cl_context context, cl_device_id device, const char *options,
                               const struct opencl_cache *cache, const uint8_t key[static 32])
{
    char error[OPENCL_ERROR_SIZE];
    size_t size;
    uint8_t *binary = opencl_cache_load(cache, key, &size);
    const unsigned char *binaries[1] = {binary};
    cl_program program = NULL;
    cl_int status = CL_SUCCESS, result;

    if (!binary)
        return NULL;
    program = clCreateProgramWithBinary(context, 1, &device, &size, binaries, &status, &result);
    free(binary);
    if (result != CL_SUCCESS)
        return NULL;
    if (status != CL_SUCCESS || !build(program, device, options, error)) {
        clReleaseProgram(program);
        return NULL;
    }
    return program;
}

static cl_program build_source(cl_context context, cl_device_id device, const char *options,
                               char error[static OPENCL_ERROR_SIZE])
{
    const char *source = search_cl_source;
    size_t size = search_cl_source_size;
    cl_int result;
    cl_program program = clCreateProgramWithSource(context, 1, &source, &size, &result);
    char name[32];

    if (result != CL_SUCCESS) {
        snprintf(error, OPENCL_ERROR_SIZE, "the search can't be built: %s",
                 opencl_error_name(result, name));
        return NULL;
    }
    if (!build(program, device, options, error)) {
        clReleaseProgram(program);
        return NULL;
    }
    return program;
}

/* Keeps the program's binary, if the driver gives one. */
static void keep(cl_program program, const struct opencl_cache *cache, const uint8_t key[static 32],
                 struct log *log)
{
    size_t size = 0;
    unsigned char *binary;

    if (!cache->folder[0] ||
        clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof(size), &size, NULL) !=
            CL_SUCCESS ||
        size == 0 || !(binary = malloc(size)))
        return;
    if (clGetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof(binary), &binary, NULL) ==
            CL_SUCCESS &&
        !opencl_cache_store(cache, key, binary, size))
        log_warning(log, LOG_ENGINE, "can't keep an OpenCL binary in %s: %s", cache->folder,
                    strerror(errno));
    free(binary);
}

cl_program opencl_program_build(cl_context context, const struct opencl_found *found,
                                const struct opencl_form *form, const struct opencl_cache *cache,
                                bool fresh, struct log *log, char error[static OPENCL_ERROR_SIZE])
{
    char options[OPTIONS_SIZE];
    uint8_t key[32];
    cl_program program = NULL;

    format_options(options, form);
    make_key(key, found, options);
    if (!fresh)
        program = build_cached(context, found->device, options, cache, key);
    if (program)
        return program;
    program = build_source(context, found->device, options, error);
    if (program)
        keep(program, cache, key, log);
    return program;
}

void opencl_program_forget(const struct opencl_found *found, const struct opencl_form *form,
                           const struct opencl_cache *cache)
{
    char options[OPTIONS_SIZE];
    uint8_t key[32];

    format_options(options, form);
    make_key(key, found, options);
    opencl_cache_remove(cache, key);
}
