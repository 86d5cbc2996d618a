/* exs-bench: what this machine can do, in numbers that can be compared. */
#include "base/clock.h"
#include "bench/interrupt.h"
#include "bench/machine.h"
#include "bench/options.h"

#include <errno.h>
#include <string.h>

enum { STATUS_GOOD, STATUS_FAILED, STATUS_WRONG, STATUS_INTERRUPTED = 130 };

/* Opens where the JSON was asked for, before hours of measuring. NULL, said on stderr, where it fails. */
static FILE *open_json(const char *path)
{
    FILE *out = strcmp(path, "-") == 0 ? stdout : fopen(path, "we");

    if (!out)
        fprintf(stderr, "error: can't write %s: %s\n", path, strerror(errno));
    return out;
}

/* Writes it and closes out. False, said on stderr, where that fails. */
static bool write_json(FILE *out, const struct options *o, const struct report *report,
                       const struct machine *machine)
{
    bool good = report_write_json(out, report, machine);

    if (out != stdout && fclose(out) != 0)
        good = false;
    if (!good)
        fprintf(stderr, "error: can't write %s: %s\n", o->json, strerror(errno));
    return good;
}

/* Runs a command; its rows follow those that are there. */
static bool run_command(struct options *o, const struct bench_command *command, bool print)
{
    size_t first = o->bench.report->count;
    bool good = command->run(&o->bench);

    if (print) {
        report_print(stdout, o->bench.report, first);
        fflush(stdout);
    }
    return good;
}

/* Runs what was asked for. False where something failed, which was said. */
static bool run_commands(struct options *o, const struct machine *machine, FILE *json)
{
    bool print = o->bench.measure.progress && json != stdout, good = true;
    struct report *report = o->bench.report;

    if (print)
        machine_print(stdout, machine);
    for (const struct bench_command *c = bench_commands; c->name; c++)
        if ((!o->command || o->command == c) && !interrupt_came())
            good = run_command(o, c, print) && good;
    report->interrupted = interrupt_came();
    if (report->count == 0 && good && !report->interrupted) {
        fprintf(stderr, "error: no row is left by --filter and --kernel\n");
        good = false;
    }
    if (json)
        good = write_json(json, o, report, machine) && good;
    if (report->interrupted)
        fprintf(stderr, "interrupted\n");
    return fflush(stdout) == 0 && good;
}

static int run(struct options *o)
{
    char error[KERNELS_ERROR_SIZE];
    struct machine machine;
    struct report report;
    FILE *json = NULL;
    bool good;

    /* Also what is timed without being chosen must agree with the generic one: this checks all. */
    if (!kernels_choose(&o->bench.kernels, o->bench.cpu, NULL, clock_monotonic_ns, error)) {
        fprintf(stderr, "error: %s\n", error);
        return STATUS_FAILED;
    }
    if (o->json && !(json = open_json(o->json)))
        return STATUS_FAILED;
    machine_read(&machine, o->topology);
    report_init(&report);
    o->bench.report = &report;
    good = run_commands(o, &machine, json);
    report_free(&report);
    return interrupt_came() ? STATUS_INTERRUPTED : good ? STATUS_GOOD : STATUS_FAILED;
}

int main(int argc, char **argv)
{
    struct options options;
    int status = STATUS_GOOD;

    interrupt_catch();
    switch (options_read(&options, argc, argv)) {
    case OPTIONS_RUN:
        status = run(&options);
        break;
    case OPTIONS_SHOWN:
        break;
    case OPTIONS_WRONG:
        status = STATUS_WRONG;
        break;
    }
    options_free(&options);
    return status;
}
