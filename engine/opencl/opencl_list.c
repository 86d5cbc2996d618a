/* Which devices there are, and what they say of themselves. */
#include "engine/opencl/opencl_impl.h"

#include <stdio.h>
#include <string.h>

enum { MAX_PLATFORMS = 32 };

/* Queries of extensions, which a device that lacks them refuses. */
enum {
    PCI_BUS_INFO_KHR = 0x410f, /* cl_khr_pci_bus_info */
    NV_COMPUTE_MAJOR = 0x4000, /* cl_nv_device_attribute_query */
    NV_PCI_BUS = 0x4008,
    NV_PCI_SLOT = 0x4009,
    NV_PCI_DOMAIN = 0x400a,
    AMD_TOPOLOGY = 0x4037, /* cl_amd_device_attribute_query */
    NOT_FOUND_KHR = -1001, /* cl_khr_icd: no platform is installed */
};

const char *opencl_error_name(cl_int error, char text[static 32])
{
    static const struct {
        cl_int error;
        const char *name;
    } names[] = {
        {CL_DEVICE_NOT_FOUND, "DEVICE_NOT_FOUND"},
        {CL_DEVICE_NOT_AVAILABLE, "DEVICE_NOT_AVAILABLE"},
        {CL_COMPILER_NOT_AVAILABLE, "COMPILER_NOT_AVAILABLE"},
        {CL_MEM_OBJECT_ALLOCATION_FAILURE, "MEM_OBJECT_ALLOCATION_FAILURE"},
        {CL_OUT_OF_RESOURCES, "OUT_OF_RESOURCES"},
        {CL_OUT_OF_HOST_MEMORY, "OUT_OF_HOST_MEMORY"},
        {CL_BUILD_PROGRAM_FAILURE, "BUILD_PROGRAM_FAILURE"},
        {CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST, "EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST"},
        {CL_INVALID_VALUE, "INVALID_VALUE"},
        {CL_INVALID_DEVICE, "INVALID_DEVICE"},
        {CL_INVALID_CONTEXT, "INVALID_CONTEXT"},
        {CL_INVALID_COMMAND_QUEUE, "INVALID_COMMAND_QUEUE"},
        {CL_INVALID_BINARY, "INVALID_BINARY"},
        {CL_INVALID_BUILD_OPTIONS, "INVALID_BUILD_OPTIONS"},
        {CL_INVALID_PROGRAM_EXECUTABLE, "INVALID_PROGRAM_EXECUTABLE"},
        {CL_INVALID_KERNEL_NAME, "INVALID_KERNEL_NAME"},
        {CL_INVALID_WORK_GROUP_SIZE, "INVALID_WORK_GROUP_SIZE"},
        {CL_INVALID_WORK_ITEM_SIZE, "INVALID_WORK_ITEM_SIZE"},
        {NOT_FOUND_KHR, "PLATFORM_NOT_FOUND_KHR"},
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (names[i].error == error)
            return names[i].name;
    snprintf(text, 32, "error %d", (int)error);
    return text;
}

/* A driver's text, cut and made printable; without what surrounds it. */
static void copy_text(char out[static OPENCL_NAME_SIZE], const char *in)
{
    size_t n = 0;

    while (*in == ' ')
        in++;
    for (; *in && n + 1 < OPENCL_NAME_SIZE; in++)
        out[n++] = *in >= ' ' && *in <= '~' ? *in : '?';
    while (n && out[n - 1] == ' ')
        n--;
    out[n] = 0;
}

static void device_text(char out[static OPENCL_NAME_SIZE], cl_device_id device, cl_device_info what)
{
    char text[1024] = "";

    if (clGetDeviceInfo(device, what, sizeof(text) - 1, text, NULL) != CL_SUCCESS)
        text[0] = 0;
    text[sizeof(text) - 1] = 0;
    copy_text(out, text);
}

static void platform_text(char out[static OPENCL_NAME_SIZE], cl_platform_id platform)
{
    char name[512] = "", version[256] = "", both[1024];

    if (clGetPlatformInfo(platform, CL_PLATFORM_NAME, sizeof(name) - 1, name, NULL) != CL_SUCCESS)
        name[0] = 0;
    if (clGetPlatformInfo(platform, CL_PLATFORM_VERSION, sizeof(version) - 1, version, NULL) !=
        CL_SUCCESS)
        version[0] = 0;
    name[sizeof(name) - 1] = version[sizeof(version) - 1] = 0;
    snprintf(both, sizeof(both), "%s, %s", name, version);
    copy_text(out, both);
}

/* A number of 32 bits; 0 where the device does not say it. */
static cl_uint device_number(cl_device_id device, cl_device_info what)
{
    cl_uint number = 0;

    return clGetDeviceInfo(device, what, sizeof(number), &number, NULL) == CL_SUCCESS ? number : 0;
}

static bool has_extension(cl_device_id device, const char *name)
{
    char text[16384] = "";
    const char *at = text;
    size_t length = strlen(name);

    if (clGetDeviceInfo(device, CL_DEVICE_EXTENSIONS, sizeof(text) - 1, text, NULL) != CL_SUCCESS)
        return false;
    for (; (at = strstr(at, name)); at += length)
        if ((at == text || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
            return true;
    return false;
}

static void set_pci(struct opencl_info *info, unsigned domain, unsigned bus, unsigned device,
                    unsigned function)
{
    info->has_pci = true;
    info->pci_domain = domain;
    info->pci_bus = bus;
    info->pci_device = device;
    info->pci_function = function;
}

static void find_pci(struct opencl_info *info, cl_device_id device)
{
    cl_uint khr[4];
    unsigned char amd[24]; /* a type, 17 bytes of nothing, then bus, device and function */

    if (has_extension(device, "cl_khr_pci_bus_info") &&
        clGetDeviceInfo(device, PCI_BUS_INFO_KHR, sizeof(khr), khr, NULL) == CL_SUCCESS)
        set_pci(info, khr[0], khr[1], khr[2], khr[3]);
    else if (has_extension(device, "cl_nv_device_attribute_query"))
        set_pci(info, device_number(device, NV_PCI_DOMAIN), device_number(device, NV_PCI_BUS),
                device_number(device, NV_PCI_SLOT) >> 3, device_number(device, NV_PCI_SLOT) & 7);
    else if (has_extension(device, "cl_amd_device_attribute_query") &&
             clGetDeviceInfo(device, AMD_TOPOLOGY, sizeof(amd), amd, NULL) == CL_SUCCESS)
        set_pci(info, 0, amd[21], amd[22], amd[23]);
}

/*
 * From NVIDIA's CUDA C++ Programming Guide, arithmetic throughput of 32-bit
 * integer additions and logic by compute capability, and AMD's papers on GCN and
 * RDNA: four vector units of 16 or two of 32 lanes a compute unit.
 */
static unsigned find_unit_operations(const struct opencl_info *info, cl_device_id device)
{
    if (has_extension(device, "cl_nv_device_attribute_query")) {
        cl_uint major = device_number(device, NV_COMPUTE_MAJOR);
        cl_uint minor = device_number(device, NV_COMPUTE_MAJOR + 1);

        if (major == 3)
            return 160;
        if (major == 5 || (major == 6 && minor > 0) || major >= 10)
            return 128;
        return major >= 6 ? 64 : 0;
    }
    if (info->kind == OPENCL_GPU && has_extension(device, "cl_amd_device_attribute_query"))
        return 64;
    return 0;
}

static void describe(struct opencl_found *found, cl_device_type type)
{
    struct opencl_info *info = &found->info;
    cl_ulong memory = 0;

    *info = (struct opencl_info){0};
    info->kind = type & CL_DEVICE_TYPE_GPU   ? OPENCL_GPU
                 : type & CL_DEVICE_TYPE_CPU ? OPENCL_CPU
                                             : OPENCL_ACCELERATOR;
    device_text(info->name, found->device, CL_DEVICE_NAME);
    device_text(info->vendor, found->device, CL_DEVICE_VENDOR);
    device_text(info->driver, found->device, CL_DRIVER_VERSION);
    platform_text(info->platform, found->platform);
    info->compute_units = device_number(found->device, CL_DEVICE_MAX_COMPUTE_UNITS);
    info->clock_mhz = device_number(found->device, CL_DEVICE_MAX_CLOCK_FREQUENCY);
    if (clGetDeviceInfo(found->device, CL_DEVICE_GLOBAL_MEM_SIZE, sizeof(memory), &memory, NULL) ==
        CL_SUCCESS)
        info->memory = memory;
    find_pci(info, found->device);
    info->unit_operations = find_unit_operations(info, found->device);
}

/* Adds the devices of a type. */
static size_t add_devices(struct opencl_found *found, size_t count, cl_platform_id platform,
                          cl_device_type type)
{
    cl_device_id devices[OPENCL_MAX_DEVICES];
    cl_uint n = 0;

    if (clGetDeviceIDs(platform, type, OPENCL_MAX_DEVICES, devices, &n) != CL_SUCCESS)
        return count;
    for (cl_uint i = 0; i < n && i < OPENCL_MAX_DEVICES && count < OPENCL_MAX_DEVICES; i++) {
        found[count] = (struct opencl_found){.platform = platform, .device = devices[i]};
        describe(&found[count], type);
        found[count].info.index = count;
        count++;
    }
    return count;
}

size_t opencl_find(struct opencl_found found[static OPENCL_MAX_DEVICES],
                   char error[static OPENCL_ERROR_SIZE])
{
    static const cl_device_type types[] = {CL_DEVICE_TYPE_GPU, CL_DEVICE_TYPE_ACCELERATOR,
                                           CL_DEVICE_TYPE_CPU};
    cl_platform_id platforms[MAX_PLATFORMS];
    cl_uint n = 0;
    cl_int result = clGetPlatformIDs(MAX_PLATFORMS, platforms, &n);
    size_t count = 0;
    char name[32];

    error[0] = 0;
    if (result == NOT_FOUND_KHR || (result == CL_SUCCESS && n == 0)) {
        snprintf(error, OPENCL_ERROR_SIZE,
                 "no OpenCL driver is installed (none is named in /etc/OpenCL/vendors)");
        return 0;
    }
    if (result != CL_SUCCESS) {
        snprintf(error, OPENCL_ERROR_SIZE, "OpenCL's loader fails: %s",
                 opencl_error_name(result, name));
        return 0;
    }
    for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++)
        for (cl_uint i = 0; i < n && i < MAX_PLATFORMS; i++)
            count = add_devices(found, count, platforms[i], types[t]);
    if (!count)
        snprintf(error, OPENCL_ERROR_SIZE,
                 "OpenCL drivers are installed (%u), but they find no device", (unsigned)n);
    return count;
}

bool opencl_built(void) { return true; }

size_t opencl_list(struct opencl_info *out, size_t room, char error[static OPENCL_ERROR_SIZE])
{
    struct opencl_found found[OPENCL_MAX_DEVICES];
    size_t count = opencl_find(found, error);

    if (count > room)
        count = room;
    for (size_t i = 0; i < count; i++)
        out[i] = found[i].info;
    return count;
}

/*
 * What the kernel does for a hash where an addition takes three numbers and one
 * logical operation any function of three: a round is 14 operations, a word of
 * the message schedule 10. Of the first hash 60 rounds and some 44.5 words, of
 * the second 59 rounds, four of them without a, and 45 words; the words of the
 * first are shared by versions, and the addition of their constants with them.
 */
double opencl_bound(const struct opencl_info *info, unsigned versions)
{
    double schedule = 44.5 * 10, shared = versions > 1 ? 61 : 0;
    double own = 60 * 14 + 60.5 * 14 - 4 * 6 + 45 * 10;
    double operations = (schedule + shared) / versions + own;

    return (double)info->unit_operations * info->compute_units * info->clock_mhz * 1e6 / operations;
}
