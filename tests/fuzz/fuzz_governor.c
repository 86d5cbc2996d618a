/* What the governor reads: /proc/stat, budgets, the firmware's words. */
#include "engine/governor_impl.h"
#include "tests/fuzz/fuzz.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* What was read, written in the usual form, is read as the same. */
static void check_stat(const uint8_t *data, size_t size)
{
    struct governor_stat stat, again;
    char text[32768];
    size_t length;

    if (!governor_stat_parse(&stat, bytes_of(data, size)))
        return;
    FUZZ_CHECK(stat.cpus >= 1 && stat.cpus <= TOPOLOGY_MAX_CPUS);
    length = (size_t)snprintf(text, sizeof(text), "cpu  %llu 0 0 %llu 0 0 0 %llu\n",
                              (unsigned long long)stat.busy, (unsigned long long)stat.idle,
                              (unsigned long long)stat.steal);
    for (unsigned i = 0; i < stat.cpus; i++)
        length += (size_t)snprintf(text + length, sizeof(text) - length, "cpu%u 0\n", i);
    /* Sums may be a few times as large as a column may be. */
    if (stat.busy >> 60 || stat.idle >> 60)
        return;
    FUZZ_CHECK(governor_stat_parse(&again, bytes_of(text, length)));
    FUZZ_CHECK(again.busy == stat.busy && again.idle == stat.idle);
    FUZZ_CHECK(again.steal == stat.steal && again.cpus == stat.cpus);
}

static void check_budget(const char *text)
{
    char error[GOVERNOR_ERROR_SIZE], written[GOVERNOR_NAME_SIZE];
    struct governor_budget budget, again;

    if (!governor_budget_parse(&budget, text, error)) {
        FUZZ_CHECK(*error);
        return;
    }
    if (budget.mode == GOVERNOR_PERCENT)
        FUZZ_CHECK(budget.percent > 0 && budget.percent <= 100);
    /* Six digits are written: only tiny percentages come back as something that is refused. */
    if (governor_budget_parse(&again, governor_mode_text(written, &budget), error))
        FUZZ_CHECK(again.mode == budget.mode);
    else
        FUZZ_CHECK(budget.mode == GOVERNOR_PERCENT && budget.percent < 1e-3);
}

static void check_type(const uint8_t *data, size_t size)
{
    size_t half = size / 2;
    char name[GOVERNOR_NAME_SIZE];
    const char *vendor = "Amazon EC2";

    if (governor_stat_type(name, bytes_of(data, size), bytes_of(vendor, strlen(vendor)))) {
        FUZZ_CHECK(strlen(name) > 2 && strchr(name, '.'));
        for (const char *c = name; *c; c++)
            FUZZ_CHECK(isgraph((unsigned char)*c));
    } else {
        FUZZ_CHECK(!*name);
    }
    governor_stat_type(name, bytes_of(data, half), bytes_of(data + half, size - half));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    FUZZ_CHECK(text);
    if (size)
        memcpy(text, data, size);
    text[size] = 0;
    check_stat(data, size);
    check_budget(text);
    check_type((const uint8_t *)text, size);
    free(text);
    return 0;
}
