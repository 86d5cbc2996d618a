/*
 * Temperature, power and fan of a device. OpenCL itself has no word for them:
 * Linux's drivers for AMD's and Intel's devices show them as hwmon files below
 * the PCI device (Documentation/hwmon/sysfs-interface in Linux), NVIDIA's through
 * the library NVML, which is loaded where it is installed.
 */
#include "engine/opencl/opencl_impl.h"

#include <dirent.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_SIZE = 512, NVML_SUCCESS = 0, NVML_GPU_TEMPERATURE = 0 };

/* ---- hwmon ---- */

/* A file that holds one number; false where there is none. */
static bool read_number(double *out, const char *folder, const char *name)
{
    char path[PATH_SIZE], text[64] = "", *end;
    FILE *file;

    if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path) ||
        !(file = fopen(path, "re")))
        return false;
    if (!fgets(text, sizeof(text), file))
        text[0] = 0;
    fclose(file);
    *out = strtod(text, &end);
    return end != text;
}

/* The first hwmon folder of a PCI device. */
static bool find_hwmon(char out[static PATH_SIZE], const char *pci)
{
    char folder[PATH_SIZE];
    struct dirent *entry;
    bool found = false;
    DIR *dir;

    snprintf(folder, sizeof(folder), "/sys/bus/pci/devices/%s/hwmon", pci);
    dir = opendir(folder);
    while (dir && !found && (entry = readdir(dir)))
        found = strncmp(entry->d_name, "hwmon", 5) == 0 &&
                snprintf(out, PATH_SIZE, "%s/%s", folder, entry->d_name) < PATH_SIZE;
    if (dir)
        closedir(dir);
    return found;
}

static bool read_hwmon(const char *pci, struct opencl_sensors *out)
{
    char folder[PATH_SIZE];
    double most;

    if (!find_hwmon(folder, pci))
        return false;
    out->has_temperature = read_number(&out->temperature, folder, "temp1_input");
    out->temperature /= 1000;
    out->has_power = read_number(&out->power, folder, "power1_average") ||
                     read_number(&out->power, folder, "power1_input");
    out->power /= 1e6;
    out->has_fan = read_number(&out->fan, folder, "pwm1") &&
                   read_number(&most, folder, "pwm1_max") && most > 0;
    if (out->has_fan)
        out->fan = 100 * out->fan / most;
    return out->has_temperature || out->has_power || out->has_fan;
}

/* ---- NVML ---- */

/* The functions that are used, as nvml.h declares them. A device is an opaque pointer. */
struct nvml {
    int (*init)(void);
    int (*find)(const char *pci, void **device);
    int (*temperature)(void *device, int sensor, unsigned *out);
    int (*power)(void *device, unsigned *milliwatts);
    int (*fan)(void *device, unsigned *percent);
    int (*shutdown)(void);
};

/* POSIX lets dlsym's data pointers stand for functions; ISO C has no conversion. */
static bool find_symbol(void *library, const char *name, void *function)
{
    void *symbol = dlsym(library, name);

    memcpy(function, &symbol, sizeof(symbol));
    return symbol != NULL;
}

static bool load_nvml(struct nvml *n, void *library)
{
    return find_symbol(library, "nvmlInit_v2", &n->init) &&
           find_symbol(library, "nvmlDeviceGetHandleByPciBusId_v2", &n->find) &&
           find_symbol(library, "nvmlDeviceGetTemperature", &n->temperature) &&
           find_symbol(library, "nvmlDeviceGetPowerUsage", &n->power) &&
           find_symbol(library, "nvmlDeviceGetFanSpeed", &n->fan) &&
           find_symbol(library, "nvmlShutdown", &n->shutdown);
}

static bool read_nvml(const char *pci, struct opencl_sensors *out)
{
    void *library = dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL), *device;
    struct nvml n;
    unsigned value;

    if (!library)
        return false;
    if (load_nvml(&n, library) && n.init() == NVML_SUCCESS) {
        if (n.find(pci, &device) == NVML_SUCCESS) {
            out->has_temperature =
                n.temperature(device, NVML_GPU_TEMPERATURE, &value) == NVML_SUCCESS;
            out->temperature = out->has_temperature ? value : 0;
            out->has_power = n.power(device, &value) == NVML_SUCCESS;
            out->power = out->has_power ? value / 1000.0 : 0;
            out->has_fan = n.fan(device, &value) == NVML_SUCCESS;
            out->fan = out->has_fan ? value : 0;
        }
        n.shutdown();
    }
    dlclose(library);
    return out->has_temperature || out->has_power || out->has_fan;
}

void opencl_read_sensors(const struct opencl_info *info, struct opencl_sensors *out)
{
    char pci[32];

    *out = (struct opencl_sensors){0};
    if (!info->has_pci) {
        snprintf(out->text, sizeof(out->text), "%s",
                 info->kind == OPENCL_CPU ? "a CPU has none of its own"
                                          : "the driver does not say which device it is");
        return;
    }
    snprintf(pci, sizeof(pci), "%04x:%02x:%02x.%x", info->pci_domain, info->pci_bus,
             info->pci_device, info->pci_function);
    if (!read_hwmon(pci, out) && !read_nvml(pci, out))
        snprintf(out->text, sizeof(out->text), "neither hwmon nor NVML shows %s", pci);
}
