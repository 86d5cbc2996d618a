/*
 * Memory on a NUMA node of one's choice, for data that one worker uses.
 *
 * Where the system has no NUMA or forbids placing (containers often do), the
 * memory is ordinary memory and nothing fails. Any thread.
 */
#ifndef ENGINE_MEMORY_H
#define ENGINE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

enum {
    MEMORY_ANY_NODE = -1,     /* wherever the thread that first touches it runs */
    MEMORY_UNKNOWN_NODE = -2, /* the system can't or won't say */
};

/* Whether this kernel knows NUMA policies and lets this process read its own. */
bool memory_has_numa(void);

/*
 * size bytes (not 0), zeroed, at the start of a page, preferably on the node
 * that the system calls node: the kernel takes another one where that is full,
 * as a slow worker is better than a killed one. huge asks for huge pages, where
 * the system grants them to who asks (madvise). NULL where memory is exhausted.
 * Free with memory_free and the same size.
 */
void *memory_alloc(size_t size, int node, bool huge);
void memory_free(void *memory, size_t size);

/* The node that the kernel was told to prefer for the page at p; or one of the constants above. */
int memory_policy_node(const void *p);

/* The node on which the page at p, touched before, lies; or MEMORY_UNKNOWN_NODE. */
int memory_page_node(const void *p);

#endif
