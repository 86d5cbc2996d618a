/*
 * The public test vectors: files under the folder that the environment variable
 * EXS_VECTORS names, else under ../shared/vectors beside the project.
 *
 * For use inside a cmocka test. Where a file is not there the test is skipped,
 * after "skipped: no vectors"; with EXS_REQUIRE_VECTORS=1 it fails instead. Link
 * with the target "vectors".
 */
#ifndef TESTS_UNIT_VECTORS_H
#define TESTS_UNIT_VECTORS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* The whole file, for the caller to free; one zero byte follows its *size bytes. */
uint8_t *vectors_load(const char *path, size_t *size);

/* The file as JSON, for json_decref; the test fails where it is none. */
json_t *vectors_load_json(const char *path);

/* Where the file lies, whether it is there or not; for the caller to free. */
char *vectors_path(const char *path);

#endif
