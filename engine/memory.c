#include "engine/memory.h"

#include "base/verify.h"

#include <numaif.h>

#include <limits.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    MAX_NODES = 1024, /* CONFIG_NODES_SHIFT is at most 10 */
    BITS = CHAR_BIT * sizeof(unsigned long),
    HUGE_PAGE = 2 << 20,
};

/* The system calls count one bit more than they read. */
#define NODE_MASK_BITS (MAX_NODES + 1)

bool memory_has_numa(void)
{
    int mode;

    return get_mempolicy(&mode, NULL, 0, NULL, 0) == 0;
}

static size_t whole_pages(size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    return size > SIZE_MAX - page ? 0 : (size + page - 1) / page * page;
}

/* Maps size bytes, whole pages, at a multiple of align, which is a power of two. */
static void *map_aligned(size_t size, size_t align)
{
    size_t before, spare = align;
    uint8_t *at;

    if (size > SIZE_MAX - spare)
        return NULL;
    at = mmap(NULL, size + spare, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED)
        return NULL;
    before = (size_t)(-(uintptr_t)at & (align - 1));
    if (before)
        munmap(at, before);
    munmap(at + before + size, spare - before);
    return at + before;
}

void *memory_alloc(size_t size, int node, bool huge)
{
    unsigned long mask[MAX_NODES / BITS] = {0};
    void *at;

    VERIFY_CHECK(size > 0);
    size = whole_pages(size);
    if (!size)
        return NULL;
    at = map_aligned(size, huge ? HUGE_PAGE : (size_t)sysconf(_SC_PAGESIZE));
    if (!at)
        return NULL;
    /* Both are advice: memory elsewhere, or in small pages, is memory all the same. */
    if (node >= 0 && node < MAX_NODES) {
        mask[(size_t)node / BITS] = 1ul << (size_t)node % BITS;
        (void)mbind(at, size, MPOL_PREFERRED, mask, NODE_MASK_BITS, 0);
    }
    if (huge)
        (void)madvise(at, size, MADV_HUGEPAGE);
    return at;
}

void memory_free(void *memory, size_t size)
{
    if (memory)
        munmap(memory, whole_pages(size));
}

int memory_policy_node(const void *p)
{
    unsigned long mask[MAX_NODES / BITS] = {0};
    int mode;

    /* The call only looks at the address. */
    if (get_mempolicy(&mode, mask, NODE_MASK_BITS, (void *)(uintptr_t)p, MPOL_F_ADDR))
        return MEMORY_UNKNOWN_NODE;
    if (mode != MPOL_PREFERRED)
        return MEMORY_ANY_NODE;
    for (int node = 0; node < MAX_NODES; node++)
        if (mask[(size_t)node / BITS] >> (size_t)node % BITS & 1)
            return node;
    return MEMORY_ANY_NODE;
}

int memory_page_node(const void *p)
{
    uintptr_t page = (uintptr_t)p & ~((uintptr_t)sysconf(_SC_PAGESIZE) - 1);
    void *pages[1] = {(void *)page};
    int status = MEMORY_UNKNOWN_NODE;

    /* Without target nodes it moves nothing and says where each page is. */
    if (move_pages(0, 1, pages, NULL, &status, 0) || status < 0)
        return MEMORY_UNKNOWN_NODE;
    return status;
}
