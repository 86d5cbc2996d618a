/* What the files of the OpenCL device share. For this folder alone. */
#ifndef ENGINE_OPENCL_OPENCL_IMPL_H
#define ENGINE_OPENCL_OPENCL_IMPL_H

#define CL_TARGET_OPENCL_VERSION 120

#include "base/bytes.h"
#include "engine/opencl/opencl.h"
#include "engine/opencl/opencl_cache.h"

#include <CL/cl.h>

/* What the specification calls an error, without "CL_"; "error N" for what it does not know. Static or in text. */
const char *opencl_error_name(cl_int error, char text[static 32]);

/* ---- opencl_list.c ---- */

struct opencl_found {
    cl_platform_id platform;
    cl_device_id device;
    struct opencl_info info;
};

/* All devices, in opencl_list's order; as it returns. */
size_t opencl_find(struct opencl_found found[static OPENCL_MAX_DEVICES],
                   char error[static OPENCL_ERROR_SIZE]);

/* ---- opencl_program.c ---- */

/* One of the forms that the search is built in. */
struct opencl_form {
    unsigned vector, versions, local;
};

/*
 * Builds the search for the device of a context, from the cache or anew, and
 * gives its kernel. *cached tells where it is from; fresh forbids the cache's.
 * NULL, with the reason in error.
 */
cl_program opencl_program_build(cl_context context, const struct opencl_found *found,
                                const struct opencl_form *form, const struct opencl_cache *cache,
                                bool fresh, struct log *log, char error[static OPENCL_ERROR_SIZE]);

/* The same program's binary in the cache is not to be used any more. */
void opencl_program_forget(const struct opencl_found *found, const struct opencl_form *form,
                           const struct opencl_cache *cache);

#endif
