/* Everything that searches: topology, kernels, workers, and the miner on them. */
#ifndef PROGRAMS_MACHINE_H
#define PROGRAMS_MACHINE_H

#include "base/log.h"
#include "base/settings.h"
#include "engine/hwmon.h"
#include "engine/opencl/opencl.h"
#include "mining/monitor.h"

#include <stdio.h>

enum { MACHINE_ERROR_SIZE = 512 };

struct machine {
    struct topology topology;
    struct kernels kernels;
    struct pool *pool; /* NULL where devices search alone */
    struct miner *miner;
    size_t device_count; /* the miner's last lanes, in this order */
    struct opencl *device[OPENCL_MAX_DEVICES];
    struct log *log;
    /* Of machine_condition: what the sensors said at sensed_ns. */
    struct hwmon hwmon;
    uint64_t sensed_ns;
    bool has_temperature;
    double temperature;
    struct opencl_sensors sensors[OPENCL_MAX_DEVICES];
};

enum machine_result {
    MACHINE_STARTED,
    MACHINE_WRONG_OPTION, /* see error */
    MACHINE_FAILED,       /* likewise */
};

/*
 * Starts what the settings say, in units of so many nonces (0: the default).
 * machine is all zero before. What is worth a warning is logged (log may be NULL, and
 * must outlive the machine).
 */
enum machine_result machine_start(struct machine *machine, const struct settings *s,
                                  uint64_t unit_nonces, struct log *log,
                                  char error[static MACHINE_ERROR_SIZE]);

/* Stops what was started; machine may be all zero. */
void machine_stop(struct machine *machine);

/* What each lane of the miner is, for the monitor; free() it. NULL where memory lacks. */
struct monitor_device *machine_devices(const struct machine *machine, bool rolled);

/* How a lane does now; sensors are read every other second. One thread at a time. */
void machine_condition(struct machine *machine, size_t lane, struct monitor_condition *out);

/* Prints the devices that --device can name. False where there are none. */
bool machine_list_devices(FILE *out);

#endif
