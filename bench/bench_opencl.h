/* What search measures besides: OpenCL devices. */
#ifndef BENCH_BENCH_OPENCL_H
#define BENCH_BENCH_OPENCL_H

#include "bench/bench.h"

/* Adds the rows; true where none was wanted. */
bool bench_opencl_run(struct bench *b);

/* The names of the devices' rows, as of a struct bench_command. Loads the drivers. */
const char *bench_opencl_kernel(size_t index, unsigned *needs);

#endif
