/*
 * The machine as the engine uses it: which logical CPUs this process may run
 * on, what they share, how much of them it may use, and in which order workers
 * take them.
 *
 * Plain data after loading: copy it, compare it, read it on any thread.
 */
#ifndef ENGINE_TOPOLOGY_H
#define ENGINE_TOPOLOGY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum {
    TOPOLOGY_MAX_CPUS = 1024,
    TOPOLOGY_MAX_NODES = 128,
    TOPOLOGY_ERROR_SIZE = 256,
};

/* A cache that the machine does not have, or does not tell about. */
#define TOPOLOGY_NONE ((unsigned)-1)

/* One logical CPU. All but os are numbered from 0 among what is usable here, in hwloc's order. */
struct topology_cpu {
    unsigned os;      /* the operating system's number, as taskset takes it */
    unsigned core;    /* physical core */
    unsigned sibling; /* which of its core's usable threads: 0 is the first */
    unsigned l2, l3;  /* caches, or TOPOLOGY_NONE */
    unsigned node;    /* NUMA node: an index of topology.node_os */
};

struct topology {
    size_t cpu_count;  /* at least 1 */
    size_t core_count; /* physical cores with a usable CPU */
    size_t node_count; /* NUMA nodes with a usable CPU; at least 1 */
    size_t workers;    /* how many make sense: min(cpu_count, quota rounded up), at least 1 */
    double quota;      /* CPUs that the cgroup may use at once; 0 where nothing limits it */
    bool described;    /* from a description instead of this machine: don't pin, don't bind */
    /*
     * In the order in which workers take them: one a physical core before SMT
     * siblings, spread over NUMA nodes, then over L3 and L2 caches.
     */
    struct topology_cpu cpu[TOPOLOGY_MAX_CPUS];
    int node_os[TOPOLOGY_MAX_NODES]; /* the system's numbers; -1 where it has no NUMA */
};

/* Where to look. All zero is this machine, as this thread may use it. */
struct topology_source {
    const char
        *synthetic;  /* a machine in hwloc's synthetic form: "pack:2 numa:1 l3:1 core:4 pu:2" */
    const char *xml; /* or as hwloc's XML export, the text itself */
    /*
     * The only CPUs to use, by the system's numbers: a list "0-3,8" or a mask
     * "0x10f". NULL: all. Always cut to the affinity mask of the calling
     * thread, except in a described machine.
     */
    const char *cpus;
    /*
     * Where cgroup controllers are mounted, and the file that says where in
     * them this process is. NULL: "/sys/fs/cgroup" and "/proc/self/cgroup"; in
     * a described machine NULL cgroup_root means that there are none.
     */
    const char *cgroup_root;
    const char *cgroup_file;
};

/*
 * Loads what source describes. CPU sets and quotas of cgroup version 1, 2 and
 * both at once are understood, those of every ancestor included; a limit that
 * can't be read is no limit.
 *
 * False, with the reason in error, where hwloc fails, a description or list is
 * malformed, no CPU is left, or there are more than the limits above.
 */
bool topology_load(struct topology *t, const struct topology_source *source,
                   char error[static TOPOLOGY_ERROR_SIZE]);

/* Writes it for people: a summary line, then a line a CPU in the order of workers. */
void topology_print(FILE *out, const struct topology *t);

#endif
