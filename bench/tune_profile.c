/* Choices from measured rows, and their profile. */
#include "bench/tune.h"

#include "bench/bench_alloc.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void swap(struct tune_candidate *a, struct tune_candidate *b)
{
    struct tune_candidate keep = *a;

    *a = *b;
    *b = keep;
}

/* Whether the figures show more than noise. */
static bool is_faster(const struct tune_candidate *a, const struct tune_candidate *b, double margin)
{
    return a->rate > b->rate * (1 + margin) && a->min > b->max;
}

/* Inserts a candidate at its place by rate, the fastest first; the slowest is lost where none is free. */
static void insert(struct tune_choice *c, const struct report_row *row)
{
    size_t i = c->count < TUNE_CANDIDATES ? c->count++ : TUNE_CANDIDATES - 1;

    c->candidate[i] = (struct tune_candidate){"", row->median, row->min, row->max};
    snprintf(c->candidate[i].name, sizeof(c->candidate[i].name), "%s", row->kernel);
    for (; i && c->candidate[i].rate > c->candidate[i - 1].rate; i--)
        swap(&c->candidate[i], &c->candidate[i - 1]);
}

struct tune_choice tune_choose(const struct report *r, size_t first, const char *name,
                               const char *key, const char *preferred, double margin)
{
    struct tune_choice c = {.key = key, .unit = ""};

    for (size_t i = first; i < r->count; i++) {
        const struct report_row *row = &r->row[i];

        if (strcmp(row->name, name) != 0 || isnan(row->median))
            continue;
        c.unit = row->unit;
        insert(&c, row);
    }
    for (size_t i = 0; preferred && i < c.count; i++) {
        if (strcmp(c.candidate[i].name, preferred) != 0)
            continue;
        if (!is_faster(&c.candidate[0], &c.candidate[i], margin))
            for (; i; i--)
                swap(&c.candidate[i], &c.candidate[i - 1]);
        break;
    }
    return c;
}

/* A text as YAML quotes it; what is no printable ASCII stands for anything. */
static void write_quoted(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fprintf(out, "\\%c", *text);
        else
            fputc(*text >= ' ' && *text <= '~' ? *text : '*', out);
    }
    fputc('"', out);
}

/* "  key: value    # its figure; the others and theirs" */
static void write_choice(FILE *out, const struct tune_choice *c)
{
    int width;

    if (c->count == 0)
        return;
    width = fprintf(out, "  %s: %s", c->key, c->candidate[0].name);
    fprintf(out, "%*s # %.4g %s", width < 34 ? 34 - width : 0, "", c->candidate[0].rate, c->unit);
    for (size_t i = 1; i < c->count; i++)
        fprintf(out, "%s %s %.4g", i == 1 ? ";" : ",", c->candidate[i].name, c->candidate[i].rate);
    fputc('\n', out);
}

/* Comments end where their line does. */
static void write_comment(FILE *out, const char *text)
{
    for (; *text; text++)
        fputc(*text >= ' ' && *text <= '~' ? *text : '?', out);
}

static void write_machine(FILE *out, const struct tune_result *result, const struct machine *m)
{
    fprintf(out, "# Written by exs-bench tune %s, %s\n# ", m->version, m->started);
    write_comment(out, m->cpu);
    fprintf(out, " (%s), %zu CPUs, %zu cores, %zu NUMA %s", m->features, m->usable_cpus, m->cores,
            m->numa_nodes, m->numa_nodes == 1 ? "node" : "nodes");
    if (m->quota > 0)
        fprintf(out, ", cgroup limit %.2f CPUs", m->quota);
    fputs("\n# ", out);
    write_comment(out, m->os);
    fputs(", ", out);
    write_comment(out, m->kernel);
    fprintf(out, "; %s, %s\n# Medians of %zu runs. ", m->compiler, m->build, result->runs);
    if (result->disturbed)
        fprintf(out, "%zu of all runs were disturbed by others: an idle machine decides better.\n",
                result->disturbed);
    else
        fputs("No run was disturbed by others.\n", out);
}

static void write_mining(FILE *out, const struct tune_result *result)
{
    if (result->threads.count + result->pinned.count + result->unit_nonces.count == 0)
        return;
    fputs("mining: # the search that rolls versions, with the threads that are chosen\n", out);
    write_choice(out, &result->threads);
    write_choice(out, &result->pinned);
    write_choice(out, &result->unit_nonces);
}

static void write_opencl(FILE *out, const struct tune_result *result)
{
    if (!result->device[0] ||
        result->versions.count + result->vector.count + result->batch_ms.count == 0)
        return;
    fputs("opencl: # the search that rolls versions\n  device: ", out);
    write_quoted(out, result->device);
    fputc('\n', out);
    write_choice(out, &result->versions);
    write_choice(out, &result->vector);
    write_choice(out, &result->batch_ms);
}

void tune_write(FILE *out, const struct tune_result *result, const struct machine *machine)
{
    write_machine(out, result, machine);
    fputs("\nbasis: measured\nmachine:\n  cpu:\n    - ", out);
    write_quoted(out, machine->cpu);
    fputs("\nkernels: # of the searches: all threads together; of the others: one thread\n", out);
    for (size_t i = 0; i < TUNE_OPERATIONS; i++)
        write_choice(out, &result->kernels[i]);
    write_mining(out, result);
    write_opencl(out, result);
}

static bool is_stdout(const char *path) { return strcmp(path, "-") == 0; }

static bool cannot_write(const char *path)
{
    fprintf(stderr, "error: can't write %s: %s\n", path, strerror(errno));
    return false;
}

/* The file beside path that is to become it. For the caller to free. */
static char *new_path(const char *path)
{
    static const char ending[] = ".new";
    size_t size = strlen(path);
    char *name = bench_alloc(size + sizeof(ending), 1);

    memcpy(name, path, size);
    memcpy(name + size, ending, sizeof(ending));
    return name;
}

bool tune_can_save(const char *path)
{
    char *name;
    FILE *file;

    if (is_stdout(path))
        return true;
    name = new_path(path);
    file = fopen(name, "we");
    if (file) {
        fclose(file);
        unlink(name);
    } else {
        cannot_write(path);
    }
    free(name);
    return file != NULL;
}

bool tune_save(const char *path, const struct tune_result *result, const struct machine *machine)
{
    char *name;
    FILE *file;
    bool good;

    if (is_stdout(path)) {
        tune_write(stdout, result, machine);
        return fflush(stdout) == 0 || cannot_write("standard output");
    }
    name = new_path(path);
    file = fopen(name, "we");
    if (file)
        tune_write(file, result, machine);
    good = file && !ferror(file);
    if (file && fclose(file) != 0)
        good = false;
    if (!good || rename(name, path) != 0) {
        good = cannot_write(path);
        unlink(name);
    }
    free(name);
    return good;
}
