/*
 * The input as a profile of a machine: what is loaded is within its limits and
 * can run here, what is not says why in one line and leaves nothing behind.
 */
#include "engine/opencl/opencl.h"
#include "engine/pool.h"
#include "engine/profile.h"
#include "tests/fuzz/fuzz.h"

#include <ctype.h>

static void check_line(const char *text)
{
    FUZZ_CHECK(strnlen(text, PROFILE_SAID_SIZE) < PROFILE_SAID_SIZE);
    for (; *text; text++)
        FUZZ_CHECK(!iscntrl((unsigned char)*text));
}

static void check_loaded(const struct profile *p, unsigned cpu)
{
    char error[KERNELS_ERROR_SIZE];
    struct kernels k;
    static bool chosen;

    FUZZ_CHECK(p->path);
    FUZZ_CHECK(p->place != PROFILE_PLACE_COUNT ||
               (p->threads >= 1 && p->threads <= POOL_MAX_WORKERS));
    FUZZ_CHECK(p->unit_nonces == 0 ||
               (p->unit_nonces >= PROFILE_MIN_UNIT && p->unit_nonces <= UINT64_C(1) << 32));
    FUZZ_CHECK(!p->opencl.versions || opencl_has_versions(p->opencl.versions));
    FUZZ_CHECK(!p->opencl.vector || opencl_has_vector(p->opencl.vector));
    FUZZ_CHECK(p->opencl.batch_ms <= PROFILE_MAX_BATCH_MS);
    /* Once, because it checks every implementation. */
    FUZZ_CHECK(chosen || kernels_choose(&k, cpu, &p->names, NULL, error));
    chosen = true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned cpu = size % 2 ? cpu_features() : 0;
    char said[PROFILE_SAID_SIZE];
    struct profile p;

    switch (profile_parse(&p, "profile.yaml", bytes_of(data, size), "AMD EPYC 9R14", cpu, said)) {
    case PROFILE_LOADED:
        FUZZ_CHECK(!*said);
        check_loaded(&p, cpu);
        break;
    case PROFILE_UNFIT:
        FUZZ_CHECK(*said && !p.path && !p.names.search && !p.unit_nonces && !p.opencl.device &&
                   !p.opencl.batch_ms);
        break;
    case PROFILE_NONE:
    case PROFILE_FAILED:
        FUZZ_CHECK(false);
    }
    check_line(said);
    profile_free(&p);
    return 0;
}
