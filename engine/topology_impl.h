/* What topology.c and topology_cgroup.c share. */
#ifndef ENGINE_TOPOLOGY_IMPL_H
#define ENGINE_TOPOLOGY_IMPL_H

#include "engine/topology.h"

#include <hwloc.h>

/*
 * Reads a list "0-3,8" or a mask "0x10f", which one newline may end, into set.
 * False where text is neither, names no CPU, or names one above 65535.
 */
bool topology_parse_cpus(hwloc_bitmap_t set, const char *text);

/*
 * Takes from allowed the CPUs that the cgroups which file names, under root,
 * don't allow, and returns how many CPUs their quotas give: 0 for no limit.
 */
double topology_cgroup_limits(hwloc_bitmap_t allowed, const char *root, const char *file);

#endif
