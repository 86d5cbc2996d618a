/* Lists and masks of CPUs against hwloc's own writing of them; files that say which cgroups we are in. */
#include "engine/topology_impl.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* What text means must be what hwloc's text of the same set means. */
static void check_again(hwloc_bitmap_t set, char *text)
{
    hwloc_bitmap_t again = hwloc_bitmap_alloc();

    FUZZ_CHECK(again && text);
    FUZZ_CHECK(topology_parse_cpus(again, text));
    FUZZ_CHECK(hwloc_bitmap_isequal(set, again));
    hwloc_bitmap_free(again);
    free(text);
}

static void check_cpus(const char *text)
{
    hwloc_bitmap_t set = hwloc_bitmap_alloc();
    char *written = NULL;

    FUZZ_CHECK(set);
    if (topology_parse_cpus(set, text)) {
        FUZZ_CHECK(!hwloc_bitmap_iszero(set));
        FUZZ_CHECK(hwloc_bitmap_last(set) <= 65535);
        FUZZ_CHECK(hwloc_bitmap_list_asprintf(&written, set) > 0);
        check_again(set, written);
        FUZZ_CHECK(hwloc_bitmap_taskset_asprintf(&written, set) > 0);
        check_again(set, written);
    }
    hwloc_bitmap_free(set);
}

/* Whatever the file says: where no hierarchy is mounted nothing is limited. */
static void check_cgroups(const uint8_t *data, size_t size)
{
    hwloc_bitmap_t allowed = hwloc_bitmap_alloc_full();
    int fd = memfd_create("cgroup", 0);
    char path[64];

    FUZZ_CHECK(allowed && fd >= 0);
    FUZZ_CHECK(write(fd, data, size) == (ssize_t)size);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    FUZZ_CHECK(topology_cgroup_limits(allowed, "/nonexistent", path) <= 0);
    FUZZ_CHECK(hwloc_bitmap_isfull(allowed));
    close(fd);
    hwloc_bitmap_free(allowed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    FUZZ_CHECK(text);
    if (size)
        memcpy(text, data, size);
    text[size] = 0;
    check_cpus(text);
    check_cgroups(data, size);
    free(text);
    return 0;
}
