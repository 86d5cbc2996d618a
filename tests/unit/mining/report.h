/* A report of a mining run with something of everything in it, to test what shows it. */
#ifndef TESTS_UNIT_MINING_REPORT_H
#define TESTS_UNIT_MINING_REPORT_H

#include "mining/monitor.h"

enum { REPORT_CPUS = 2, REPORT_GPUS = 1, REPORT_POOLS = 3 };

/* Two CPUs and a GPU; two pools, the first of them active, and a node that is disabled. free() it. */
struct monitor_report *report_example(void);

/* A control whose functions note what they were asked, as "switch 1", and answer as succeeds says. */
struct report_control {
    bool succeeds;
    char asked[512];
    struct mining_status status;
};

struct mining_control report_control(struct report_control *c);

#endif
