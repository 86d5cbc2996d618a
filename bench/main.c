/* exs-bench: what this machine can do, in numbers that can be compared. */
#include "base/clock.h"
#include "bench/interrupt.h"
#include "bench/machine.h"
#include "bench/options.h"

#include <errno.h>
#include <string.h>

enum { STATUS_GOOD, STATUS_FAILED, STATUS_WRONG, STATUS_INTERRUPTED = 130 };

/* Writes the JSON to where it was asked for. False, said on stderr, where that fails. */
static bool write_json(const struct options *o, const struct report *report,
                       const struct machine *machine)
{
    bool to_stdout = strcmp(o->json, "-") == 0, good;
    FILE *out = to_stdout ? stdout : fopen(o->json, "we");

    good = out && report_write_json(out, report, machine);
    if (out && !to_stdout && fclose(out) != 0)
        good = false;
    if (!good)
        fprintf(stderr, "error: can't write %s: %s\n", to_stdout ? "to standard output" : o->json,
                strerror(errno));
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

static int run(struct options *o)
{
    bool print = o->bench.measure.progress && !(o->json && strcmp(o->json, "-") == 0);
    char error[KERNELS_ERROR_SIZE];
    struct machine machine;
    struct report report;
    bool good = true;

    /* Also what is timed without being chosen must agree with the generic one: this checks all. */
    if (!kernels_choose(&o->bench.kernels, o->bench.cpu, NULL, clock_monotonic_ns, error)) {
        fprintf(stderr, "error: %s\n", error);
        return STATUS_FAILED;
    }
    report_init(&report);
    o->bench.report = &report;
    machine_read(&machine, o->topology);
    if (print)
        machine_print(stdout, &machine);
    for (const struct bench_command *c = bench_commands; c->name; c++)
        if ((!o->command || o->command == c) && !interrupt_came())
            good = run_command(o, c, print) && good;
    report.interrupted = interrupt_came();
    if (report.count == 0 && good && !report.interrupted) {
        fprintf(stderr, "error: no row is left by --filter and --kernel\n");
        good = false;
    }
    if (o->json)
        good = write_json(o, &report, &machine) && good;
    if (report.interrupted)
        fprintf(stderr, "interrupted\n");
    good = good && fflush(stdout) == 0;
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
