#include "bench/machine.h"

#include "base/clock.h"
#include "bench/counters.h"
#include "kernels/cpu.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <cpuid.h>

/* Twelve letters in three registers, as several leaves of CPUID have them. */
static void take_text(char out[static 13], unsigned a, unsigned b, unsigned c)
{
    memcpy(out, &a, 4);
    memcpy(out + 4, &b, 4);
    memcpy(out + 8, &c, 4);
    out[12] = 0;
}

/* Leaves 0 and 1 as Intel's and AMD's manuals define them; 0x40000000 is the hypervisors' own. */
static void read_cpuid(struct machine *m)
{
    unsigned a, b, c, d;

    if (!__get_cpuid(0, &a, &b, &c, &d))
        return;
    take_text(m->vendor, b, d, c);
    if (!__get_cpuid(1, &a, &b, &c, &d))
        return;
    m->stepping = a & 15;
    m->model = (a >> 4 & 15) | (a >> 12 & 0xf0);
    m->family = a >> 8 & 15;
    if (m->family == 15)
        m->family += a >> 20 & 255;
    m->virtualised = c >> 31;
    if (m->virtualised) {
        __cpuid(0x40000000, a, b, c, d);
        take_text(m->hypervisor, b, c, d);
    }
}

#else

static void read_cpuid(struct machine *m) { (void)m; }

#endif

/* The first line of a file, without its end; "" where there is none. */
static void read_line(char *out, size_t size, const char *path)
{
    FILE *file = fopen(path, "re");

    if (!file || !fgets(out, (int)size, file))
        out[0] = 0;
    out[strcspn(out, "\n")] = 0;
    if (file)
        fclose(file);
}

/* The same as a number; 0 where it is none. */
static double read_number(const char *path)
{
    char line[MACHINE_TEXT_SIZE];

    read_line(line, sizeof(line), path);
    return strtod(line, NULL);
}

/* How many CPUs a list such as "0-3,8" names. */
static size_t count_list(const char *text)
{
    size_t count = 0;

    while (*text >= '0' && *text <= '9') {
        char *end;
        unsigned long first = strtoul(text, &end, 10), last = first;

        if (*end == '-')
            last = strtoul(end + 1, &end, 10);
        count += last >= first ? last - first + 1 : 0;
        text = *end == ',' ? end + 1 : end;
    }
    return count;
}

/* As the kernel's Documentation/ABI/testing/sysfs-devices-system-cpu describes them. */
static void read_caches(struct machine *m, unsigned cpu)
{
    for (unsigned i = 0; i < MACHINE_CACHES; i++) {
        struct machine_cache *cache = &m->cache[m->caches];
        char folder[80], path[128], text[MACHINE_TEXT_SIZE];

        snprintf(folder, sizeof(folder), "/sys/devices/system/cpu/cpu%u/cache/index%u", cpu, i);
        snprintf(path, sizeof(path), "%s/level", folder);
        cache->level = (unsigned)read_number(path);
        if (cache->level == 0)
            return;
        snprintf(path, sizeof(path), "%s/size", folder);
        cache->kib = (unsigned long)read_number(path); /* "32K": always in K */
        snprintf(path, sizeof(path), "%s/type", folder);
        read_line(cache->type, sizeof(cache->type), path);
        snprintf(path, sizeof(path), "%s/shared_cpu_list", folder);
        read_line(text, sizeof(text), path);
        cache->shared_by = count_list(text);
        m->caches++;
    }
}

static void read_frequency(struct machine *m, unsigned cpu)
{
    char path[128];

    snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/cpufreq/scaling_governor", cpu);
    read_line(m->governor, sizeof(m->governor), path);
    snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/cpufreq/scaling_cur_freq", cpu);
    m->current_mhz = read_number(path) / 1000;
    snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/cpufreq/cpuinfo_max_freq", cpu);
    m->max_mhz = read_number(path) / 1000;
}

static void measure_reference(struct machine *m)
{
    struct timespec pause = {0, 10000000};
    uint64_t began = clock_monotonic_ns(), cycles = counters_reference();
    uint64_t nanoseconds;

    if (!counters_have_reference())
        return;
    nanosleep(&pause, NULL);
    nanoseconds = clock_monotonic_ns() - began;
    cycles = counters_reference() - cycles;
    m->reference_mhz = (double)cycles * 1000 / (double)nanoseconds;
}

/* PRETTY_NAME="..." of os-release(5). */
static void read_os(struct machine *m)
{
    static const char key[] = "PRETTY_NAME=";
    FILE *file = fopen("/etc/os-release", "re");
    char line[256];

    while (file && fgets(line, sizeof(line), file)) {
        const char *value = line + sizeof(key) - 1;

        if (strncmp(line, key, sizeof(key) - 1) != 0)
            continue;
        value += strspn(value, "\"'");
        snprintf(m->os, sizeof(m->os), "%.*s", (int)strcspn(value, "\"'\n"), value);
    }
    if (file)
        fclose(file);
}

static void read_system(struct machine *m)
{
    struct utsname name;
    char line[MACHINE_TEXT_SIZE], *open;

    read_os(m);
    if (uname(&name) == 0)
        snprintf(m->kernel, sizeof(m->kernel), "%.40s %.60s %.20s", name.sysname, name.release,
                 name.machine);
    /* The setting in force stands in brackets. */
    read_line(line, sizeof(line), "/sys/kernel/mm/transparent_hugepage/enabled");
    open = strchr(line, '[');
    if (open)
        snprintf(m->huge_pages, sizeof(m->huge_pages), "%.*s", (int)strcspn(open + 1, "]"),
                 open + 1);
    m->memory_mib = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE) / (1 << 20);
    m->logical_cpus = (size_t)sysconf(_SC_NPROCESSORS_ONLN);
}

void machine_read(struct machine *m, const struct topology *topology)
{
    struct clock clock;
    int core = counters_open_core();

    memset(m, 0, sizeof(*m));
    cpu_brand(m->cpu);
    cpu_features_text(m->features, sizeof(m->features), cpu_features());
    read_cpuid(m);
    m->usable_cpus = topology->cpu_count;
    m->cores = topology->core_count;
    m->numa_nodes = topology->node_count;
    m->quota = topology->quota;
    for (size_t i = 0; i < topology->cpu_count; i++)
        if (topology->cpu[i].sibling + 1 > m->threads_per_core)
            m->threads_per_core = topology->cpu[i].sibling + 1;
    read_caches(m, topology->cpu[0].os);
    read_frequency(m, topology->cpu[0].os);
    measure_reference(m);
    m->core_cycles = core >= 0;
    counters_close_core(core);
    read_system(m);
    clock_init(&clock);
    clock_format_s(m->started, clock_wall_s(&clock));
    m->compiler = BENCH_COMPILER;
    m->flags = BENCH_FLAGS;
    m->build = BENCH_BUILD;
    m->version = BENCH_VERSION;
}

static void write_text(struct json_writer *w, const char *key, const char *text)
{
    json_writer_key(w, key);
    if (text[0])
        json_writer_string(w, text);
    else
        json_writer_null(w);
}

static void write_number(struct json_writer *w, const char *key, double number)
{
    json_writer_key(w, key);
    if (number > 0)
        json_writer_double(w, number);
    else
        json_writer_null(w);
}

static void write_count(struct json_writer *w, const char *key, size_t count)
{
    json_writer_key(w, key);
    json_writer_uint(w, count);
}

static void write_flag(struct json_writer *w, const char *key, bool flag)
{
    json_writer_key(w, key);
    json_writer_bool(w, flag);
}

static void write_caches(struct json_writer *w, const struct machine *m)
{
    json_writer_key(w, "caches");
    json_writer_open_array(w);
    for (size_t i = 0; i < m->caches; i++) {
        json_writer_open_object(w);
        write_count(w, "level", m->cache[i].level);
        write_text(w, "type", m->cache[i].type);
        write_count(w, "kib", m->cache[i].kib);
        write_count(w, "shared_by", m->cache[i].shared_by);
        json_writer_close_object(w);
    }
    json_writer_close_array(w);
}

void machine_write_json(struct json_writer *w, const struct machine *m)
{
    json_writer_open_object(w);
    write_text(w, "cpu", m->cpu);
    write_text(w, "vendor", m->vendor);
    write_count(w, "family", m->family);
    write_count(w, "model", m->model);
    write_count(w, "stepping", m->stepping);
    write_text(w, "features", m->features);
    write_flag(w, "virtualised", m->virtualised);
    write_text(w, "hypervisor", m->hypervisor);
    write_count(w, "logical_cpus", m->logical_cpus);
    write_count(w, "usable_cpus", m->usable_cpus);
    write_count(w, "cores", m->cores);
    write_count(w, "threads_per_core", m->threads_per_core);
    write_count(w, "numa_nodes", m->numa_nodes);
    write_number(w, "cgroup_cpus", m->quota);
    write_caches(w, m);
    write_number(w, "memory_mib", m->memory_mib);
    write_text(w, "huge_pages", m->huge_pages);
    write_text(w, "governor", m->governor);
    write_number(w, "current_mhz", m->current_mhz);
    write_number(w, "max_mhz", m->max_mhz);
    write_number(w, "reference_mhz", m->reference_mhz);
    write_flag(w, "core_cycles", m->core_cycles);
    write_text(w, "os", m->os);
    write_text(w, "kernel", m->kernel);
    write_text(w, "started", m->started);
    write_text(w, "version", m->version);
    write_text(w, "compiler", m->compiler);
    write_text(w, "build", m->build);
    write_text(w, "flags", m->flags);
    json_writer_close_object(w);
}

void machine_print(FILE *out, const struct machine *m)
{
    fprintf(out, "%s (%s), family %u model %u stepping %u", m->cpu, m->features, m->family,
            m->model, m->stepping);
    if (m->virtualised)
        fprintf(out, ", virtual (%s)", m->hypervisor);
    fprintf(out, "\n%zu of %zu CPUs, %zu cores, %zu NUMA %s", m->usable_cpus, m->logical_cpus,
            m->cores, m->numa_nodes, m->numa_nodes == 1 ? "node" : "nodes");
    if (m->quota > 0)
        fprintf(out, ", cgroup limit %.2f CPUs", m->quota);
    fprintf(out, ", time stamp counter %.0f MHz, %s", m->reference_mhz,
            m->core_cycles ? "core cycles counted" : "core cycles not to be had");
    fprintf(out, "\n%s, %s\n", m->os, m->kernel);
    fprintf(out, "exs-bench %s, %s, %s %s\n\n", m->version, m->compiler, m->build, m->flags);
}
