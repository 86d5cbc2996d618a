/*
 * Verifies a block from files, on all cores, and says how long it took.
 *
 *     cc verify_block.c $(pkg-config --cflags --libs exs)
 *     ./a.out NETWORK HEIGHT MEDIAN_TIME_PAST BLOCK SPENT
 *
 * BLOCK holds the block as on the wire, SPENT the outputs that its inputs spend, serialized as in a
 * transaction (amount, length, script) one after another in the order of the inputs, the coinbase left out.
 */
#include <exs/exs.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct file {
    uint8_t *data;
    size_t size;
};

static int load(struct file *out, const char *path)
{
    FILE *in = fopen(path, "rb");
    size_t room = 0, got = 1;

    *out = (struct file){0};
    if (!in)
        return 0;
    while (got) {
        uint8_t *more = realloc(out->data, room += 1 << 20);

        if (!more)
            break;
        out->data = more;
        got = fread(out->data + out->size, 1, room - out->size, in);
        out->size += got;
    }
    fclose(in);
    return !got;
}

static uint64_t little_endian(const uint8_t *at, size_t size)
{
    uint64_t x = 0;

    while (size--)
        x = x << 8 | at[size];
    return x;
}

/* One output of the file; returns the byte behind it, NULL where it does not end well. */
static const uint8_t *read_output(struct exs_spent *out, const uint8_t *at, const uint8_t *end)
{
    size_t prefix;

    if (end - at < 9)
        return NULL;
    prefix = at[8] < 0xfd ? 0 : (size_t)1 << (at[8] - 0xfc);
    if ((size_t)(end - at) < 9 + prefix)
        return NULL;
    *out = (struct exs_spent){
        .amount = (int64_t)little_endian(at, 8),
        .script_size = (size_t)(prefix ? little_endian(at + 9, prefix) : at[8]),
        .height = EXS_UNKNOWN_HEIGHT,
        .coinbase = EXS_UNKNOWN_COINBASE,
        .median_time_past = EXS_UNKNOWN_TIME,
    };
    out->script = at + 9 + prefix;
    return out->script_size <= (size_t)(end - out->script) ? out->script + out->script_size : NULL;
}

static int read_spent(struct exs_spent **spent, size_t *count, const struct file *file)
{
    const uint8_t *at = file->data, *end = file->data + file->size;

    *count = 0;
    *spent = malloc((file->size / 9 + 1) * sizeof(**spent));
    while (*spent && at && at < end)
        at = read_output(&(*spent)[(*count)++], at, end);
    return *spent && at;
}

static int verify(const struct exs_block_place *place, const struct file *block,
                  const struct exs_spent *spent, size_t count)
{
    char error[EXS_ERROR_SIZE], text[EXS_VERDICT_TEXT_SIZE];
    struct exs_context *exs = exs_context_create(NULL, error);
    struct exs_verdict verdict;
    struct timespec from, to;

    if (!exs) {
        fprintf(stderr, "verify_block: %s\n", error);
        return 1;
    }
    timespec_get(&from, TIME_UTC);
    exs_verify_block(exs, &verdict, block->data, block->size, place, spent, count);
    timespec_get(&to, TIME_UTC);
    printf("%s (%zu inputs, %.0f ms on %" PRIu32 " threads)\n", exs_verdict_text(text, &verdict),
           count,
           1e3 * (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e6,
           exs_context_threads(exs));
    if (verdict.result == EXS_VALID)
        printf("fees %" PRId64 " satoshis, signature operations %" PRIu64
               ", not checked: %s%s%s%s\n",
               verdict.fees, verdict.sigop_cost,
               verdict.unchecked & EXS_UNCHECKED_MATURITY ? "maturity " : "",
               verdict.unchecked & EXS_UNCHECKED_SEQUENCE_LOCKS ? "sequence locks " : "",
               verdict.unchecked & EXS_UNCHECKED_DIFFICULTY ? "difficulty " : "",
               verdict.unchecked & EXS_UNCHECKED_BIP30 ? "BIP30" : "");
    exs_context_destroy(exs);
    return verdict.result != EXS_VALID;
}

int main(int argc, char **argv)
{
    struct exs_block_place place = {.size = sizeof(place)};
    struct exs_spent *spent = NULL;
    struct file block = {0}, outputs = {0};
    size_t count = 0;
    int status = 1;

    if (argc != 6) {
        fprintf(stderr, "usage: verify_block NETWORK HEIGHT MEDIAN_TIME_PAST BLOCK SPENT\n");
        return 2;
    }
    place.network = argv[1];
    place.height = (int32_t)strtol(argv[2], NULL, 10);
    place.median_time_past = strtoll(argv[3], NULL, 10);
    if (!load(&block, argv[4]) || !load(&outputs, argv[5]))
        fprintf(stderr, "verify_block: a file can't be read\n");
    else if (!read_spent(&spent, &count, &outputs))
        fprintf(stderr, "verify_block: %s holds no outputs\n", argv[5]);
    else
        status = verify(&place, &block, spent, count);
    free(block.data);
    free(outputs.data);
    free(spent);
    return status;
}
