/* Topologies that are described, so that machines which nobody has here are tested too. */
#include "engine/topology.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct topology t;
static char error[TOPOLOGY_ERROR_SIZE];

static void load(const struct topology_source *source)
{
    if (!topology_load(&t, source, error))
        fail_msg("topology_load: %s", error);
}

/* Two sockets of two cores of two threads; hwloc's synthetic CPUs are numbered depth first. */
static const char two_sockets[] = "pack:2 [numa] l3:1 l2:2 core:1 pu:2";

struct order_case {
    const char *name, *synthetic, *cpus;
    const char *order; /* the CPUs' numbers as workers take them */
    size_t cores, nodes;
};

static const struct order_case order_cases[] = {
    {"one CPU", "pu:1", NULL, "0", 1, 1},
    {"t3.xlarge: two cores with SMT", "pack:1 [numa] l3:1 l2:2 core:1 pu:2", NULL, "0 2 1 3", 2, 1},
    {"two sockets with SMT", two_sockets, NULL, "0 4 2 6 1 5 3 7", 4, 2},
    {"a hole: a first thread", two_sockets, "1-7", "1 4 2 6 5 3 7", 4, 2},
    {"a hole: a core", two_sockets, "0-1,4-7", "0 4 6 1 5 7", 3, 2},
    {"one socket", two_sockets, "4-7", "4 6 5 7", 2, 1},
    {"second threads alone", two_sockets, "1,3,5,7", "1 5 3 7", 4, 2},
    {"a mask", two_sockets, "0xc3", "0 6 1 7", 2, 2},
    {"a mask beyond the machine", two_sockets, "0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
     "0 4 2 6 1 5 3 7", 4, 2},
    {"L3 caches of one node in turn", "[numa] l3:2 l2:2 core:1 pu:1", NULL, "0 2 1 3", 4, 1},
    {"L2 caches of one L3 in turn", "[numa] l3:1 l2:2 core:2 pu:1", NULL, "0 2 1 3", 4, 1},
    {"nodes before caches", "numa:2 l3:2 l2:1 core:2 pu:1", NULL, "0 4 2 6 1 5 3 7", 8, 2},
    {"nodes of different size", "numa:2 l3:1 core:4 pu:1", "0-4", "0 4 1 2 3", 5, 2},
    {"no caches known", "numa:2 core:2 pu:2", NULL, "0 4 2 6 1 5 3 7", 4, 2},
    {"no cores known", "pu:3", NULL, "0 1 2", 3, 1},
    {"a list with a newline", "pu:3", "0,2\n", "0 2", 2, 1},
};

static void orders_workers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(order_cases) / sizeof(order_cases[0]); i++) {
        const struct order_case *c = &order_cases[i];
        char order[256] = "";

        load(&(struct topology_source){.synthetic = c->synthetic, .cpus = c->cpus});
        for (size_t k = 0; k < t.cpu_count; k++) {
            size_t length = strlen(order);

            snprintf(order + length, sizeof(order) - length, "%s%u", k ? " " : "", t.cpu[k].os);
        }
        if (strcmp(order, c->order) != 0)
            fail_msg("%s: got \"%s\", not \"%s\"", c->name, order, c->order);
        assert_int_equal(t.core_count, c->cores);
        assert_int_equal(t.node_count, c->nodes);
        assert_int_equal(t.workers, t.cpu_count);
        assert_true(t.described);
    }
}

/* Every number of a CPU on two sockets: what is shared with whom. */
static void numbers_what_is_shared(void **state)
{
    static const struct topology_cpu want[] = {
        {0, 0, 0, 0, 0, 0}, {4, 2, 0, 2, 1, 1}, {2, 1, 0, 1, 0, 0}, {6, 3, 0, 3, 1, 1},
        {1, 0, 1, 0, 0, 0}, {5, 2, 1, 2, 1, 1}, {3, 1, 1, 1, 0, 0}, {7, 3, 1, 3, 1, 1},
    };

    (void)state;
    load(&(struct topology_source){.synthetic = two_sockets});
    assert_int_equal(t.cpu_count, 8);
    for (size_t i = 0; i < 8; i++)
        assert_memory_equal(&t.cpu[i], &want[i], sizeof(want[i]));
    assert_int_equal(t.node_os[0], 0);
    assert_int_equal(t.node_os[1], 1);

    load(&(struct topology_source){.synthetic = "core:2 pu:1"});
    assert_int_equal(t.cpu[0].l2, TOPOLOGY_NONE);
    assert_int_equal(t.cpu[1].l3, TOPOLOGY_NONE);
}

static void refuses_bad_descriptions(void **state)
{
    static const char *const lists[] = {
        "",      "x",      "0-",     "-1",   "1-0",
        "0,",    ",0",     "0 1",    "0--1", "0x",
        "0x0",   "0xg",    "0-1\n0", "8",    "99999999999999999999",
        "70000", "0x1\n1", "+1",
    };
    struct topology_source source = {.synthetic = two_sockets};

    (void)state;
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        source.cpus = lists[i];
        if (topology_load(&t, &source, error))
            fail_msg("took \"%s\"", lists[i]);
        assert_true(strlen(error) > 0);
    }
    assert_false(topology_load(&t, &(struct topology_source){.synthetic = "nonsense:"}, error));
    assert_non_null(strstr(error, "nonsense"));
    assert_false(topology_load(&t, &(struct topology_source){.xml = "<topology"}, error));
    assert_false(
        topology_load(&t, &(struct topology_source){.synthetic = "core:1025 pu:1"}, error));
    assert_non_null(strstr(error, "1024"));
    assert_false(topology_load(&t, &(struct topology_source){.synthetic = "numa:129 pu:1"}, error));
    assert_non_null(strstr(error, "128"));
}

static void loads_xml(void **state)
{
    static const char xml[] =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<!DOCTYPE topology SYSTEM \"hwloc2.dtd\">\n"
        "<topology version=\"2.0\">\n"
        "<object type=\"Machine\" os_index=\"0\" cpuset=\"0x00000030\" "
        "complete_cpuset=\"0x00000030\" allowed_cpuset=\"0x00000030\" nodeset=\"0x00000004\" "
        "complete_nodeset=\"0x00000004\" allowed_nodeset=\"0x00000004\" gp_index=\"1\">\n"
        "<object type=\"NUMANode\" os_index=\"2\" cpuset=\"0x00000030\" "
        "complete_cpuset=\"0x00000030\" nodeset=\"0x00000004\" complete_nodeset=\"0x00000004\" "
        "gp_index=\"2\" local_memory=\"1048576\"/>\n"
        "<object type=\"Core\" os_index=\"0\" cpuset=\"0x00000030\" complete_cpuset=\"0x00000030\" "
        "nodeset=\"0x00000004\" complete_nodeset=\"0x00000004\" gp_index=\"3\">\n"
        "<object type=\"PU\" os_index=\"4\" cpuset=\"0x00000010\" complete_cpuset=\"0x00000010\" "
        "nodeset=\"0x00000004\" complete_nodeset=\"0x00000004\" gp_index=\"4\"/>\n"
        "<object type=\"PU\" os_index=\"5\" cpuset=\"0x00000020\" complete_cpuset=\"0x00000020\" "
        "nodeset=\"0x00000004\" complete_nodeset=\"0x00000004\" gp_index=\"5\"/>\n"
        "</object></object></topology>\n";

    (void)state;
    load(&(struct topology_source){.xml = xml});
    assert_int_equal(t.cpu_count, 2);
    assert_int_equal(t.core_count, 1);
    assert_int_equal(t.cpu[0].os, 4);
    assert_int_equal(t.cpu[1].os, 5);
    assert_int_equal(t.cpu[1].sibling, 1);
    assert_int_equal(t.node_os[t.cpu[0].node], 2);
}

/* ---- control groups ---- */

struct file {
    const char *path, *text;
};

struct cgroup_case {
    const char *name;
    const char *self; /* /proc/self/cgroup */
    struct file files[8];
    double quota;
    size_t cpus, workers;
};

static const struct cgroup_case cgroup_cases[] = {
    {"no files at all", "0::/a/b\n", {{0}}, 0, 8, 8},
    {"v2: no limit", "0::/a\n", {{"a/cpu.max", "max 100000\n"}}, 0, 8, 8},
    {"v2: two CPUs", "0::/a\n", {{"a/cpu.max", "200000 100000\n"}}, 2, 8, 2},
    {"v2: rounded up", "0::/a\n", {{"a/cpu.max", "210000 100000\n"}}, 2.1, 8, 3},
    {"v2: a part of one", "0::/a\n", {{"a/cpu.max", "10000 100000\n"}}, 0.1, 8, 1},
    {"v2: more than there are", "0::/a\n", {{"a/cpu.max", "6400000 100000\n"}}, 64, 8, 8},
    {"v2: an ancestor's",
     "0::/a/b/c\n",
     {{"a/cpu.max", "300000 100000\n"},
      {"a/b/cpu.max", "max 100000\n"},
      {"a/b/c/cpu.max", "500000 100000\n"}},
     3,
     8,
     3},
    {"v2: a container's mount", "0::/host/path\n", {{"cpu.max", "400000 100000\n"}}, 4, 8, 4},
    {"v2: outside the namespace", "0::/../x\n", {{"cpu.max", "400000 100000\n"}}, 4, 8, 4},
    {"v2: the root group", "0::/\n", {{"cpu.max", "100000 100000\n"}}, 1, 8, 1},
    {"v2: CPUs", "0::/a\n", {{"a/cpuset.cpus.effective", "0-1,6\n"}}, 0, 3, 3},
    {"v2: CPUs and a quota",
     "0::/a\n",
     {{"a/cpuset.cpus.effective", "0-3\n"}, {"a/cpu.max", "150000 100000\n"}},
     1.5,
     4,
     2},
    {"v1: no limit",
     "3:cpu,cpuacct:/a\n",
     {{"cpu,cpuacct/a/cpu.cfs_quota_us", "-1\n"}, {"cpu,cpuacct/a/cpu.cfs_period_us", "100000\n"}},
     0,
     8,
     8},
    {"v1: two and a half CPUs",
     "4:memory:/a\n3:cpu,cpuacct:/a\n",
     {{"cpu,cpuacct/a/cpu.cfs_quota_us", "125000\n"},
      {"cpu,cpuacct/a/cpu.cfs_period_us", "50000\n"}},
     2.5,
     8,
     3},
    {"v1: mounted by the link's name",
     "3:cpuacct,cpu:/\n",
     {{"cpu/cpu.cfs_quota_us", "100000\n"}, {"cpu/cpu.cfs_period_us", "50000\n"}},
     2,
     8,
     2},
    {"v1: an ancestor's, and CPUs",
     "9:cpuset:/p/q\n8:cpu:/p/q\n",
     {{"cpu/p/cpu.cfs_quota_us", "300000\n"},
      {"cpu/p/cpu.cfs_period_us", "100000\n"},
      {"cpu/p/q/cpu.cfs_quota_us", "-1\n"},
      {"cpu/p/q/cpu.cfs_period_us", "100000\n"},
      {"cpuset/p/q/cpuset.cpus", "4-7\n"}},
     3,
     4,
     3},
    {"v1: a set not filled in yet", "9:cpuset:/p\n", {{"cpuset/p/cpuset.cpus", "\n"}}, 0, 8, 8},
    {"both: v2 without controllers",
     "1:cpu:/a\n0::/a\n",
     {{"unified/a/cpu.stat", "usage_usec 1\n"},
      {"cpu/a/cpu.cfs_quota_us", "200000\n"},
      {"cpu/a/cpu.cfs_period_us", "100000\n"}},
     2,
     8,
     2},
    {"both: v2 below unified",
     "1:name=systemd:/\n0::/a\n",
     {{"unified/a/cpu.max", "200000 100000\n"}},
     2,
     8,
     2},
    {"rubbish",
     "\nx\n1:2\n::\n0::/a\n",
     {{"a/cpu.max", "bogus\n"}, {"a/cpuset.cpus.effective", "zero\n"}},
     0,
     8,
     8},
    {"a quota of zero", "0::/a\n", {{"a/cpu.max", "0 100000\n"}}, 0, 8, 8},
    {"a period of zero", "0::/a\n", {{"a/cpu.max", "100000 0\n"}}, 0, 8, 8},
};

/* Writes a file below root, and the directories that it lies in. */
static void put(const char *root, const char *path, const char *text)
{
    char full[512];
    FILE *out;

    snprintf(full, sizeof(full), "%s/%s", root, path);
    for (char *slash = full + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = 0;
        mkdir(full, 0700);
        *slash = '/';
    }
    out = fopen(full, "w");
    assert_non_null(out);
    assert_true(fputs(text, out) >= 0);
    assert_int_equal(fclose(out), 0);
}

/* Removes the file or directory at path with all below it. */
static void remove_tree(const char *path)
{
    DIR *directory = opendir(path);
    struct dirent *entry;

    while (directory && (entry = readdir(directory))) {
        char below[512];

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        assert_true(snprintf(below, sizeof(below), "%s/%s", path, entry->d_name) < 512);
        remove_tree(below);
    }
    if (directory)
        closedir(directory);
    assert_int_equal(remove(path), 0);
}

static void obeys_cgroups(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cgroup_cases) / sizeof(cgroup_cases[0]); i++) {
        const struct cgroup_case *c = &cgroup_cases[i];
        char root[] = "/tmp/test_topology.XXXXXX", self[64];

        assert_non_null(mkdtemp(root));
        snprintf(self, sizeof(self), "%s/self", root);
        put(root, "self", c->self);
        for (const struct file *f = c->files; f->path; f++)
            put(root, f->path, f->text);
        load(&(struct topology_source){
            .synthetic = two_sockets, .cgroup_root = root, .cgroup_file = self});
        remove_tree(root);
        if (t.quota < c->quota - 1e-9 || t.quota > c->quota + 1e-9 || t.cpu_count != c->cpus ||
            t.workers != c->workers)
            fail_msg("%s: quota %g, %zu CPUs, %zu workers", c->name, t.quota, t.cpu_count,
                     t.workers);
    }
}

static void refuses_an_empty_set(void **state)
{
    char root[] = "/tmp/test_topology.XXXXXX", self[64];
    bool loaded;

    (void)state;
    assert_non_null(mkdtemp(root));
    snprintf(self, sizeof(self), "%s/self", root);
    put(root, "self", "0::/\n");
    put(root, "cpuset.cpus.effective", "4-7\n");
    loaded = topology_load(
        &t,
        &(struct topology_source){
            .synthetic = two_sockets, .cpus = "0-3", .cgroup_root = root, .cgroup_file = self},
        error);
    remove_tree(root);
    assert_false(loaded);
    assert_non_null(strstr(error, "no CPU"));
}

/* ---- this machine ---- */

static void loads_this_machine(void **state)
{
    cpu_set_t mask;

    (void)state;
    load(&(struct topology_source){0});
    assert_int_equal(sched_getaffinity(0, sizeof(mask), &mask), 0);
    assert_true(t.cpu_count >= 1 && t.cpu_count <= (size_t)CPU_COUNT(&mask));
    assert_true(t.workers >= 1 && t.workers <= t.cpu_count);
    for (size_t i = 0; i < t.cpu_count; i++)
        assert_true(CPU_ISSET(t.cpu[i].os, &mask));
}

static void obeys_the_affinity_mask(void **state)
{
    cpu_set_t before, one;
    unsigned last;

    (void)state;
    load(&(struct topology_source){0});
    last = t.cpu[t.cpu_count - 1].os;
    assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
    CPU_ZERO(&one);
    CPU_SET(last, &one);
    assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
    load(&(struct topology_source){0});
    assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
    assert_int_equal(t.cpu_count, 1);
    assert_int_equal(t.cpu[0].os, last);
}

static void prints(void **state)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    (void)state;
    assert_non_null(out);
    load(&(struct topology_source){.synthetic = two_sockets});
    topology_print(out, &t);
    assert_int_equal(fclose(out), 0);
    assert_non_null(strstr(text, "8 CPUs on 4 cores and 2 NUMA nodes: 8 workers\n"));
    assert_non_null(strstr(text, "worker 1    CPU 4    core 2    thread 0  L2#2   L3#1   node 1"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders_workers),
        cmocka_unit_test(numbers_what_is_shared),
        cmocka_unit_test(refuses_bad_descriptions),
        cmocka_unit_test(loads_xml),
        cmocka_unit_test(obeys_cgroups),
        cmocka_unit_test(refuses_an_empty_set),
        cmocka_unit_test(loads_this_machine),
        cmocka_unit_test(obeys_the_affinity_mask),
        cmocka_unit_test(prints),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
