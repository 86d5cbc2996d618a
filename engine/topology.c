/*
 * hwloc's tree, cut to what this process may use and flattened into the order
 * in which workers take CPUs.
 *
 * hwloc numbers its PUs depth first, so CPUs that share a core, a cache or a
 * node follow each other: one pass that compares each with the one before it
 * finds both the compact numbers and each CPU's place among its peers.
 */
#include "engine/topology_impl.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_OS_CPU = 65535 };

/* A CPU with its place: how many before it in its core, cores in its L2, L2s in its L3, L3s in its node. */
struct placed {
    struct topology_cpu cpu;
    unsigned core_rank, l2_rank, l3_rank;
};

static bool fail(char error[static TOPOLOGY_ERROR_SIZE], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool fail(char error[static TOPOLOGY_ERROR_SIZE], const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(error, TOPOLOGY_ERROR_SIZE, format, args);
    va_end(args);
    return false;
}

/* A decimal number up to MAX_OS_CPU at *at, which is moved behind it; -1 where there is none. */
static int parse_number(const char **at)
{
    int n = 0;

    if (!isdigit((unsigned char)**at))
        return -1;
    for (; isdigit((unsigned char)**at); ++*at) {
        n = n * 10 + (**at - '0');
        if (n > MAX_OS_CPU)
            return -1;
    }
    return n;
}

static bool parse_list(hwloc_bitmap_t set, const char *at)
{
    for (;;) {
        int first = parse_number(&at), last = first;

        if (*at == '-') {
            at++;
            last = parse_number(&at);
        }
        if (first < 0 || last < first)
            return false;
        hwloc_bitmap_set_range(set, (unsigned)first, last);
        if (strcmp(at, "") == 0 || strcmp(at, "\n") == 0)
            return true;
        if (*at++ != ',')
            return false;
    }
}

static bool parse_mask(hwloc_bitmap_t set, const char *digits)
{
    size_t length = strspn(digits, "0123456789abcdefABCDEF");
    const char *end = digits + length;

    if (length == 0 || length > (MAX_OS_CPU + 1) / 4 || strcmp(end + (*end == '\n'), "") != 0)
        return false;
    for (size_t i = 0; i < length; i++) {
        int c = tolower((unsigned char)digits[length - 1 - i]);
        unsigned digit = (unsigned)(isdigit(c) ? c - '0' : c - 'a' + 10);

        for (unsigned bit = 0; bit < 4; bit++)
            if (digit >> bit & 1)
                hwloc_bitmap_set(set, (unsigned)(4 * i) + bit);
    }
    return !hwloc_bitmap_iszero(set);
}

bool topology_parse_cpus(hwloc_bitmap_t set, const char *text)
{
    hwloc_bitmap_zero(set);
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
        return parse_mask(set, text + 2);
    return parse_list(set, text);
}

static bool load_tree(hwloc_topology_t tree, const struct topology_source *source,
                      char error[static TOPOLOGY_ERROR_SIZE])
{
    if (source->synthetic && hwloc_topology_set_synthetic(tree, source->synthetic))
        return fail(error, "not a synthetic hwloc topology: \"%.100s\"", source->synthetic);
    if (source->xml &&
        hwloc_topology_set_xmlbuffer(tree, source->xml, (int)strlen(source->xml) + 1))
        return fail(error, "not an hwloc topology in XML");
    if (hwloc_topology_load(tree))
        return fail(error, "hwloc can't load the topology: %s", strerror(errno));
    return true;
}

/* Cuts usable, which holds every CPU of the tree, to what may be used, and reads the quota. */
static bool find_usable(struct topology *t, hwloc_bitmap_t usable, hwloc_topology_t tree,
                        const struct topology_source *source,
                        char error[static TOPOLOGY_ERROR_SIZE])
{
    hwloc_bitmap_t set = hwloc_bitmap_alloc();
    bool valid = true;

    if (!set)
        return fail(error, "out of memory");
    if (!t->described && hwloc_get_cpubind(tree, set, HWLOC_CPUBIND_THREAD) == 0)
        hwloc_bitmap_and(usable, usable, set);
    if (source->cpus) {
        valid = topology_parse_cpus(set, source->cpus);
        if (valid)
            hwloc_bitmap_and(usable, usable, set);
        else
            fail(error, "not a list of CPUs (\"0-3,8\" or \"0x10f\"): \"%.100s\"", source->cpus);
    }
    hwloc_bitmap_free(set);
    if (!valid)
        return false;
    if (!t->described || source->cgroup_root)
        t->quota = topology_cgroup_limits(
            usable, source->cgroup_root ? source->cgroup_root : "/sys/fs/cgroup",
            source->cgroup_file ? source->cgroup_file : "/proc/self/cgroup");
    if (hwloc_bitmap_iszero(usable))
        return fail(error, "no CPU is left that this process may use");
    return true;
}

/* The index of the node of a PU's in t->node_os, which it may enter; TOPOLOGY_NONE where that is full. */
static unsigned find_node(struct topology *t, hwloc_obj_t pu)
{
    int os = pu->nodeset ? hwloc_bitmap_first(pu->nodeset) : -1;

    for (size_t i = 0; i < t->node_count; i++)
        if (t->node_os[i] == os)
            return (unsigned)i;
    if (t->node_count == TOPOLOGY_MAX_NODES)
        return TOPOLOGY_NONE;
    t->node_os[t->node_count] = os;
    return (unsigned)t->node_count++;
}

/* The objects above a PU, of which changes are counted. */
struct above {
    hwloc_obj_t core, l2, l3;
    unsigned node;
};

static struct above find_above(struct topology *t, hwloc_topology_t tree, hwloc_obj_t pu)
{
    struct above a = {
        hwloc_get_ancestor_obj_by_type(tree, HWLOC_OBJ_CORE, pu),
        hwloc_get_ancestor_obj_by_type(tree, HWLOC_OBJ_L2CACHE, pu),
        hwloc_get_ancestor_obj_by_type(tree, HWLOC_OBJ_L3CACHE, pu),
        find_node(t, pu),
    };

    if (!a.core) /* a machine that doesn't tell: each CPU is a core */
        a.core = pu;
    return a;
}

/* Places the next CPU beside the one before it, last, whose objects were was. */
static struct placed place(const struct placed *last, const struct above *was,
                           const struct above *is)
{
    struct placed p = *last;
    bool node = is->node != was->node;
    bool l3 = node || is->l3 != was->l3;
    bool l2 = l3 || is->l2 != was->l2;
    bool core = l2 || is->core != was->core;

    /* Compact numbers: the next one for each object that is another. */
    p.cpu.core += is->core != was->core;
    p.cpu.sibling = core ? 0 : last->cpu.sibling + 1;
    p.cpu.node = is->node;
    /* Places: from zero again where what is above is another. */
    p.core_rank = l2 ? 0 : last->core_rank + core;
    p.l2_rank = l3 ? 0 : last->l2_rank + l2;
    p.l3_rank = node ? 0 : last->l3_rank + l3;
    return p;
}

static int compare_unsigned(unsigned a, unsigned b) { return (a > b) - (a < b); }

/* The order of workers: what is compared first is filled last. */
static int compare_places(const void *left, const void *right)
{
    const struct placed *a = left, *b = right;
    int order = compare_unsigned(a->cpu.sibling, b->cpu.sibling);

    if (!order)
        order = compare_unsigned(a->core_rank, b->core_rank);
    if (!order)
        order = compare_unsigned(a->l2_rank, b->l2_rank);
    if (!order)
        order = compare_unsigned(a->l3_rank, b->l3_rank);
    if (!order)
        order = compare_unsigned(a->cpu.node, b->cpu.node);
    return order ? order : compare_unsigned(a->cpu.os, b->cpu.os);
}

/* A compact number for a cache: the next one where it is another than the last that there was. */
static unsigned number_cache(unsigned *count, hwloc_obj_t *last, hwloc_obj_t cache)
{
    if (!cache)
        return TOPOLOGY_NONE;
    if (cache != *last)
        ++*count;
    *last = cache;
    return *count - 1;
}

/* Writes the usable CPUs to cpus, which holds TOPOLOGY_MAX_CPUS, in hwloc's order. */
static bool list_cpus(struct topology *t, struct placed *cpus, hwloc_topology_t tree,
                      hwloc_bitmap_t usable, char error[static TOPOLOGY_ERROR_SIZE])
{
    hwloc_obj_t pu = NULL, last_l2 = NULL, last_l3 = NULL;
    unsigned l2s = 0, l3s = 0;
    struct above was = {0};

    while ((pu = hwloc_get_next_obj_by_type(tree, HWLOC_OBJ_PU, pu))) {
        struct placed *p = &cpus[t->cpu_count];
        struct above is;

        if (!hwloc_bitmap_isset(usable, pu->os_index))
            continue;
        if (t->cpu_count == TOPOLOGY_MAX_CPUS)
            return fail(error, "more than %d CPUs; name fewer", TOPOLOGY_MAX_CPUS);
        is = find_above(t, tree, pu);
        if (is.node == TOPOLOGY_NONE)
            return fail(error, "more than %d NUMA nodes; name fewer CPUs", TOPOLOGY_MAX_NODES);
        *p = t->cpu_count ? place(p - 1, &was, &is) : (struct placed){0};
        p->cpu.os = pu->os_index;
        p->cpu.l2 = number_cache(&l2s, &last_l2, is.l2);
        p->cpu.l3 = number_cache(&l3s, &last_l3, is.l3);
        was = is;
        t->cpu_count++;
    }
    if (!t->cpu_count)
        return fail(error, "no CPU is left that this process may use");
    t->core_count = cpus[t->cpu_count - 1].cpu.core + 1;
    return true;
}

static bool fill(struct topology *t, hwloc_topology_t tree, hwloc_bitmap_t usable,
                 char error[static TOPOLOGY_ERROR_SIZE])
{
    struct placed *cpus = calloc(TOPOLOGY_MAX_CPUS, sizeof(*cpus));
    bool listed;

    if (!cpus)
        return fail(error, "out of memory");
    listed = list_cpus(t, cpus, tree, usable, error);
    if (listed) {
        qsort(cpus, t->cpu_count, sizeof(*cpus), compare_places);
        for (size_t i = 0; i < t->cpu_count; i++)
            t->cpu[i] = cpus[i].cpu;
        t->workers = t->cpu_count;
        if (t->quota > 0 && ceil(t->quota) < (double)t->workers)
            t->workers = (size_t)ceil(t->quota);
    }
    free(cpus);
    return listed;
}

static bool load(struct topology *t, hwloc_topology_t tree, const struct topology_source *source,
                 char error[static TOPOLOGY_ERROR_SIZE])
{
    hwloc_bitmap_t usable;
    bool loaded;

    if (!load_tree(tree, source, error))
        return false;
    /* False for a description, one that comes by hwloc's environment variables included. */
    t->described = !hwloc_topology_is_thissystem(tree);
    usable = hwloc_bitmap_dup(hwloc_topology_get_topology_cpuset(tree));
    if (!usable)
        return fail(error, "out of memory");
    loaded = find_usable(t, usable, tree, source, error) && fill(t, tree, usable, error);
    hwloc_bitmap_free(usable);
    return loaded;
}

bool topology_load(struct topology *t, const struct topology_source *source,
                   char error[static TOPOLOGY_ERROR_SIZE])
{
    hwloc_topology_t tree;
    bool loaded;

    memset(t, 0, sizeof(*t));
    error[0] = 0;
    if (hwloc_topology_init(&tree))
        return fail(error, "hwloc can't start: %s", strerror(errno));
    loaded = load(t, tree, source, error);
    hwloc_topology_destroy(tree);
    return loaded;
}

static void print_cache(FILE *out, const char *name, unsigned cache)
{
    if (cache == TOPOLOGY_NONE)
        fprintf(out, "%6s", "-");
    else
        fprintf(out, "  %s#%-2u", name, cache);
}

void topology_print(FILE *out, const struct topology *t)
{
    fprintf(out, "%zu CPUs on %zu cores and %zu NUMA node%s", t->cpu_count, t->core_count,
            t->node_count, t->node_count == 1 ? "" : "s");
    if (t->quota > 0)
        fprintf(out, ", a quota of %.2f CPUs", t->quota);
    fprintf(out, ": %zu worker%s\n", t->workers, t->workers == 1 ? "" : "s");
    for (size_t i = 0; i < t->cpu_count; i++) {
        const struct topology_cpu *cpu = &t->cpu[i];

        fprintf(out, "  worker %-4zu CPU %-4u core %-4u thread %u", i, cpu->os, cpu->core,
                cpu->sibling);
        print_cache(out, "L2", cpu->l2);
        print_cache(out, "L3", cpu->l3);
        if (t->node_os[cpu->node] >= 0)
            fprintf(out, "  node %d", t->node_os[cpu->node]);
        fprintf(out, "%s\n", i < t->workers ? "" : "  (beyond the quota)");
    }
}
