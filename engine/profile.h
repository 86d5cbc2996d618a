/*
 * A profile: what was found best on a machine, so that a start need not find it
 * again: which implementation of each operation, how many threads, where, and
 * how large the units of the search are. `exs-bench tune` writes one; tuning/
 * holds some. A YAML file:
 *
 *     basis: measured              # or reasoned: worked out, not measured on such a machine
 *     machine:
 *       cpu:                       # the processors that it is for; * stands for anything
 *         - AMD EPYC 9R14*
 *     kernels:                     # each an implementation's name, or auto
 *       sha256_compress: shani
 *       sha256d_64: avx512-shani
 *       sha256d_many: avx512-shani
 *       search: avx512
 *       search_rolled: avx512-shani
 *     mining:
 *       threads: all               # logical CPUs; cores: one a physical core; or a number
 *       pinned: true               # each thread to its CPU
 *       unit_nonces: 16777216      # what a thread takes at a time
 *     opencl:                      # see opencl_options and miner_device
 *       device: NVIDIA A10G        # the devices that it is for, by name; * stands for anything
 *       versions: 4                # versions an item: 1, 2 or 4
 *       vector: 1                  # nonces side by side: 1, 4, 8 or 16
 *       batch_ms: 40               # how long a batch shall take, 1 to 1000
 *
 * What a profile leaves out is measured at the start, or is the default.
 * tuning/README.md has the whole list of keys.
 *
 *     struct profile profile;
 *     switch (profile_load(&profile, path, cpu_features(), said)) {
 *     case PROFILE_FAILED: ... end, with what is said
 *     case PROFILE_UNFIT:  ... warn, with what is said, and go on
 *     case PROFILE_NONE:   ... go on: profile is all defaults here too
 *     case PROFILE_LOADED: ... log that profile.path is used
 *     }
 *     kernels_choose(&kernels, cpu_features(), &profile.names, clock_monotonic_ns, error);
 *     pool_options.workers = profile_threads(&profile, &topology);
 *     pool_options.unpinned = profile.unpinned;
 *     miner_options.unit_nonces = profile.unit_nonces;
 *     if (profile_is_for_device(&profile, name))
 *         opencl_options.versions = profile.opencl.versions; ...
 *     ...
 *     profile_free(&profile);
 *
 * Values that suit one device may cost another most of its speed: those of
 * opencl are for devices of that name alone, and others choose for themselves.
 *
 * What a user says on the command line goes before: overwrite the members.
 */
#ifndef ENGINE_PROFILE_H
#define ENGINE_PROFILE_H

#include "engine/topology.h"
#include "kernels/kernels.h"

enum {
    PROFILE_SAID_SIZE = 1024,
    PROFILE_MIN_UNIT = 1 << 12,  /* nonces a unit; 2^32 at most */
    PROFILE_MAX_BATCH_MS = 1000, /* drivers of GPUs with a display end what takes two seconds */
};

enum profile_result {
    PROFILE_LOADED,
    PROFILE_NONE,   /* there is none, or "none" was asked for; nothing is said */
    PROFILE_UNFIT,  /* one was found that can't be used here; said says why */
    PROFILE_FAILED, /* the one that was named can't be read, or memory lacks; said says why */
};

/* Which CPUs search. */
enum profile_place {
    PROFILE_PLACE_AUTO,  /* as many as make sense: the topology's workers */
    PROFILE_PLACE_ALL,   /* every logical CPU */
    PROFILE_PLACE_CORES, /* one a physical core */
    PROFILE_PLACE_COUNT, /* threads of them, one a physical core first */
};

/* What OpenCL devices do; 0 leaves it to the device, or is the default. */
struct profile_opencl {
    char *device; /* the names of those it is for, with stars; NULL: any */
    unsigned versions, vector;
    unsigned batch_ms;
};

/* All zero is a profile that says nothing. */
struct profile {
    char *path;    /* the file it is from; NULL where none was loaded */
    bool measured; /* false: reasoned, as the profiles of machines that were not at hand */
    struct kernel_names names; /* NULL where the profile says nothing or auto */
    enum profile_place place;
    size_t threads;       /* with PROFILE_PLACE_COUNT */
    bool unpinned;        /* leave placement to the system's scheduler */
    uint64_t unit_nonces; /* 0: the miner's default */
    struct profile_opencl opencl;
};

/*
 * Loads the profile at path. NULL or "" looks for $XDG_CONFIG_HOME/excalibur-exs/profile.yaml
 * (without that variable ~/.config/...), then /etc/excalibur-exs/profile.yaml, and takes
 * the first that is there; "none" takes none. cpu is what cpu_features() said.
 *
 * A profile is unfit where it has a key that is unknown or a value that can't be, an
 * implementation that this program or this processor does not have, or a
 * processor that is not cpu_brand()'s: it was made elsewhere, by another version
 * or by hand. Then, and where none is loaded, profile is all zero: everything
 * is measured or default. said is a sentence, with the file and line where they
 * are known.
 */
enum profile_result profile_load(struct profile *profile, const char *path, unsigned cpu,
                                 char said[static PROFILE_SAID_SIZE]);

/* The same from text in memory, called origin, for a processor called brand. For tests and tune. */
enum profile_result profile_parse(struct profile *profile, const char *origin, struct bytes text,
                                  const char *brand, unsigned cpu,
                                  char said[static PROFILE_SAID_SIZE]);

/* Frees what it holds; it is all zero then. */
void profile_free(struct profile *profile);

/* How many threads are to search here, as pool_options take it: 0 is the topology's workers. */
size_t profile_threads(const struct profile *profile, const struct topology *topology);

/* Whether what profile->opencl says is for a device of that name (struct opencl_info). */
bool profile_is_for_device(const struct profile *profile, const char *name);

#endif
