/* In place of all the others where this is built without OpenCL. */
#include "engine/opencl/opencl.h"

#include <stdio.h>

static const char absent[] =
    "this program was built without OpenCL (configure it with -DEXS_OPENCL=ON)";

bool opencl_built(void) { return false; }

size_t opencl_list(struct opencl_info *out, size_t room, char error[static OPENCL_ERROR_SIZE])
{
    (void)out, (void)room;
    memcpy(error, absent, sizeof(absent));
    return 0;
}

double opencl_bound(const struct opencl_info *info, unsigned versions)
{
    (void)info, (void)versions;
    return 0;
}

struct opencl *opencl_create(size_t index, const struct opencl_options *options,
                             char error[static OPENCL_ERROR_SIZE])
{
    (void)index, (void)options;
    memcpy(error, absent, sizeof(absent));
    return NULL;
}

/* Nobody has a device to give to these: opencl_create made none. */

void opencl_destroy(struct opencl *device) { (void)device; }

const struct opencl_info *opencl_info(const struct opencl *device)
{
    (void)device;
    return NULL;
}

struct miner_device opencl_miner_device(struct opencl *device)
{
    (void)device;
    return (struct miner_device){0};
}

struct opencl_choice opencl_choice(const struct opencl *device)
{
    (void)device;
    return (struct opencl_choice){0};
}

void opencl_read_sensors(const struct opencl_info *info, struct opencl_sensors *out)
{
    (void)info;
    *out = (struct opencl_sensors){.text = "built without OpenCL"};
}
