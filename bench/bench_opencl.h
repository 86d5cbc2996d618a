/* What search and tune measure besides: OpenCL devices. */
#ifndef BENCH_BENCH_OPENCL_H
#define BENCH_BENCH_OPENCL_H

#include "bench/bench.h"
#include "bench/tune.h"

/* Adds the rows; true where none was wanted. */
bool bench_opencl_run(struct bench *b);

/* The names of the devices' rows, as of a struct bench_command. Loads the drivers. */
const char *bench_opencl_kernel(size_t index, unsigned *needs);

/*
 * Chooses how a device searches: the first that --kernel names, or else the first
 * GPU; without either nothing is chosen. A form that it fails with is said, and
 * not chosen. False where nothing could be measured of a device that was named.
 */
bool bench_opencl_tune(struct bench *b, struct tune_result *result);

#endif
