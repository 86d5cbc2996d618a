/*
 * OpenCL devices that search nonces: which there are, and one of them as a
 * struct miner_device.
 *
 *     opencl_list --> index --> opencl_create --> opencl_miner_device --> miner_options
 *
 * Devices are found through the system's ICD loader. A device's program is built
 * when it is created, for the vector width and number of versions that are
 * fastest on it, which is measured, and the binary is kept on disk; before it is
 * used it must agree with the generic kernel on headers that are known, and
 * again after each failure.
 *
 * Where this was built without OpenCL (cmake -DEXS_OPENCL=OFF) every function is
 * there and says so.
 */
#ifndef ENGINE_OPENCL_OPENCL_H
#define ENGINE_OPENCL_OPENCL_H

#include "base/log.h"
#include "engine/miner_device.h"

enum {
    OPENCL_MAX_DEVICES = MINER_MAX_DEVICES,
    OPENCL_NAME_SIZE = 128,
    OPENCL_ERROR_SIZE = 512,
};

enum opencl_kind { OPENCL_GPU, OPENCL_ACCELERATOR, OPENCL_CPU };

/* What a device says of itself. Strings hold printable ASCII alone, whatever the driver said. */
struct opencl_info {
    size_t index; /* in the order of opencl_list: what --device takes */
    enum opencl_kind kind;
    char name[OPENCL_NAME_SIZE];
    char vendor[OPENCL_NAME_SIZE];
    char platform[OPENCL_NAME_SIZE]; /* its name and version */
    char driver[OPENCL_NAME_SIZE];   /* the driver's version */
    unsigned compute_units;
    unsigned clock_mhz; /* the highest, as the driver says; 0: not known */
    uint64_t memory;    /* bytes */
    /*
     * 32-bit integer operations that a compute unit does each clock, from the
     * vendor's papers by the device's architecture; 0: not known. With units and
     * clock it bounds what the device can do: opencl_bound.
     */
    unsigned unit_operations;
    bool has_pci; /* where it is on the bus, if it and the driver say so */
    unsigned pci_domain, pci_bus, pci_device, pci_function;
};

/* Whether this was built with OpenCL. */
bool opencl_built(void);

/*
 * Fills out with the first room devices; GPUs of all platforms first, then
 * accelerators, then CPUs, each as the loader gives them. Loads the drivers that
 * are installed, which may start threads. Returns how many were filled in; 0,
 * with the reason in error, where there is none or the loader fails.
 */
size_t opencl_list(struct opencl_info *out, size_t room, char error[static OPENCL_ERROR_SIZE]);

/*
 * The hashes a second that a device could do if it did nothing but the integer
 * operations of a search with so many versions sharing a message schedule, each
 * in its share of a clock; 0: not known.
 */
double opencl_bound(const struct opencl_info *info, unsigned versions);

/* All zero is what a program wants. */
struct opencl_options {
    /*
     * Where binaries are kept: NULL: excalibur-exs/opencl in $XDG_CACHE_HOME or
     * ~/.cache; "": nowhere. Only a folder, and files, of this user that nobody
     * else can write to are used.
     */
    const char *cache;
    struct log *log;   /* what is built, measured and kept; or NULL */
    unsigned vector;   /* 1, 4, 8 or 16 nonces side by side; 0: what the device prefers */
    unsigned versions; /* 1, 2 or 4 versions an item; 0: the fastest */
};

/* Whether the program has a form for so many nonces side by side, and versions an item. */
static inline bool opencl_has_vector(uint64_t n) { return n == 1 || n == 4 || n == 8 || n == 16; }
static inline bool opencl_has_versions(uint64_t n) { return n == 1 || n == 2 || n == 4; }

struct opencl;

/*
 * Builds, checks and measures a device, which takes from a fraction of a second
 * to some ten seconds where nothing is cached. NULL, with the reason in error,
 * where there is no such device, options ask for what there is not, it cannot
 * run the search, or it computes wrongly.
 */
struct opencl *opencl_create(size_t index, const struct opencl_options *options,
                             char error[static OPENCL_ERROR_SIZE]);

/*
 * Frees the device. No miner may use it any more; where one had to leave a call
 * behind (a driver that hangs), or a batch has not ended, what may still be in
 * use is never freed.
 */
void opencl_destroy(struct opencl *device);

const struct opencl_info *opencl_info(const struct opencl *device);

/* For miner_options. Its name and arg are the device's. */
struct miner_device opencl_miner_device(struct opencl *device);

/* What was chosen: versions an item where they roll, nonces side by side; and the speed measured, hashes a second. */
struct opencl_choice {
    unsigned vector, versions;
    double plain, rolled;
};
struct opencl_choice opencl_choice(const struct opencl *device);

/* What can be read of a device's state; each value where its has_ is true. */
struct opencl_sensors {
    bool has_temperature, has_power, has_fan;
    double temperature; /* degrees Celsius */
    double power;       /* watts */
    double fan;         /* percent of its highest speed */
    char text[96];      /* where there is nothing to be read: why */
};

/*
 * Reads them now: from the kernel's hwmon for AMD's and Intel's devices, through
 * NVML where that library is installed for NVIDIA's. Takes some milliseconds, the
 * first time some hundred. One thread at a time.
 */
void opencl_read_sensors(const struct opencl_info *info, struct opencl_sensors *out);

#endif
