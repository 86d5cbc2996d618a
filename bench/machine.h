/*
 * What the figures were measured on: the processor, what of it this process may
 * use, the system and the build. Read from CPUID, /proc, /sys and hwloc; what
 * this machine does not tell is "" or 0, and null in the JSON.
 */
#ifndef BENCH_MACHINE_H
#define BENCH_MACHINE_H

#include "base/json_writer.h"
#include "engine/topology.h"

#include <stdbool.h>
#include <stdio.h>

enum {
    MACHINE_TEXT_SIZE = 128,
    MACHINE_CACHES = 8,
};

struct machine_cache {
    unsigned level;
    char type[16]; /* "Data", "Instruction", "Unified" */
    unsigned long kib;
    size_t shared_by; /* logical CPUs that share one */
};

struct machine {
    char cpu[49]; /* the brand string */
    char vendor[13];
    unsigned family, model, stepping;
    char features[MACHINE_TEXT_SIZE]; /* those that the kernels use */
    bool virtualised;
    char hypervisor[13];       /* its signature, such as "KVMKVMKVM" */
    size_t logical_cpus;       /* online */
    size_t usable_cpus, cores; /* by this process */
    size_t threads_per_core;   /* the most that are usable of one core */
    size_t numa_nodes;
    double quota; /* CPUs that the cgroup may use at once; 0: no limit */
    struct machine_cache cache[MACHINE_CACHES];
    size_t caches;
    double memory_mib;
    char huge_pages[MACHINE_TEXT_SIZE]; /* transparent huge pages: "always", "madvise", "never" */
    char governor[MACHINE_TEXT_SIZE];
    double current_mhz, max_mhz; /* of the first CPU, as cpufreq says */
    double reference_mhz;        /* of the time stamp counter, measured */
    bool core_cycles;            /* whether the performance counters can be read */
    char os[MACHINE_TEXT_SIZE];
    char kernel[MACHINE_TEXT_SIZE];                 /* the operating system's */
    char started[32];                               /* the date, UTC */
    const char *compiler, *flags, *build, *version; /* of this program */
};

/* Looks around; takes some 20 milliseconds. topology is what the benchmarks will use. */
void machine_read(struct machine *m, const struct topology *topology);

/* Writes it as a JSON object, the next value of w. */
void machine_write_json(struct json_writer *w, const struct machine *m);

/* Writes some lines for people. */
void machine_print(FILE *out, const struct machine *m);

#endif
