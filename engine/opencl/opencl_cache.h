/* Binaries of OpenCL programs on disk. For this folder, tests and fuzzing. */
#ifndef ENGINE_OPENCL_OPENCL_CACHE_H
#define ENGINE_OPENCL_OPENCL_CACHE_H

#include "base/log.h"

/*
 * A cache of files that hold a binary each, named by a key. What is read is
 * what was written under that key, or nothing: files that are cut, damaged or
 * somebody else's are ignored, and written anew by the next store.
 */
struct opencl_cache {
    char folder[4096]; /* empty: nothing is kept */
};

/*
 * folder as in opencl_options. Makes the folder; where it can't be had or is not safe, keeps
 * nothing, and says why to log. Of what crashes left in it, removes what is older than a day.
 */
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

#endif
