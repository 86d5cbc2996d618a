/* What the files of the OpenCL device share. For this folder alone. */
#ifndef ENGINE_OPENCL_OPENCL_IMPL_H
#define ENGINE_OPENCL_OPENCL_IMPL_H

#define CL_TARGET_OPENCL_VERSION 120

#include "base/bytes.h"
#include "engine/opencl/opencl.h"

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

/* ---- opencl_cache.c ---- */

/*
 * A cache of files that hold a binary each, named by a key. What is read is
 * what was written under that key, or nothing: files that are cut, damaged or
 * somebody else's are ignored, and written anew by the next store.
 */
struct opencl_cache {
    char folder[4096]; /* empty: nothing is kept */
};

/* folder as in opencl_options. Makes the folder; where it can't be had or is not safe, keeps nothing, and says why to log. */
void opencl_cache_init(struct opencl_cache *cache, const char *folder, struct log *log);

/* The binary, for free; NULL where there is none. */
uint8_t *opencl_cache_load(const struct opencl_cache *cache, const uint8_t key[static 32],
                           size_t *size);

/* Keeps a binary; false, errno set, where that fails, which is no harm. */
bool opencl_cache_store(const struct opencl_cache *cache, const uint8_t key[static 32],
                        const uint8_t *binary, size_t size);

void opencl_cache_remove(const struct opencl_cache *cache, const uint8_t key[static 32]);

/* A file's content: the binary in it, or NULL where it is none of this key. For load, and for fuzzing. */
const uint8_t *opencl_cache_parse(const uint8_t *file, size_t file_size,
                                  const uint8_t key[static 32], size_t *size);

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
