/*
 * Judges blocks that it reads, one command a line, on a regtest whose soft forks begin where the
 * reader says, which the public API can't be told:
 *
 *     params BIP34 BIP66 BIP65 CSV SEGWIT BIP94        heights, and 0 or 1
 *     spent AMOUNT HEIGHT COINBASE MEDIAN SCRIPT       hex, "-" where empty; one for each input
 *     block HEIGHT MEDIAN BITS PREVIOUS NOW SKIP HEX   SKIP: EXS_SKIP_PROOF_OF_WORK or 0
 *
 * Each block is answered by a line: "valid UNCHECKED FEES SIGOPS", "malformed", or
 * the reject reason. Anything else ends the program with 1.
 */
#include "base/arena.h"
#include "base/clock.h"
#include "base/hex.h"
#include "validation/validator.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct judge {
    struct kernels kernels;
    struct params params;
    struct validator *validator;
    struct arena arena; /* of one block and what it spends */
    struct tx_output *spent;
    struct spent_origin *origins;
    size_t spent_count, spent_room;
};

static void fail(const char *why)
{
    fprintf(stderr, "block_judge: %s\n", why);
    exit(1);
}

static int64_t next_number(char **at)
{
    char *end;
    int64_t value = strtoll(*at, &end, 10);

    if (end == *at)
        fail("a number is missing");
    *at = end;
    return value;
}

/* The last field of a line. */
static struct bytes next_hex(struct judge *j, const char *at)
{
    size_t length, size;
    uint8_t *out;

    at += strspn(at, " ");
    length = strcspn(at, "\n");
    if (length == 1 && *at == '-')
        return bytes_of(NULL, 0);
    size = length / 2;
    out = arena_array(&j->arena, size, 1);
    if (!out || !hex_decode(out, size, at, length))
        fail("no hexadecimal digits");
    return bytes_of(out, size);
}

static void set_params(struct judge *j, char *at)
{
    j->params.bip34_height = (int32_t)next_number(&at);
    j->params.bip66_height = (int32_t)next_number(&at);
    j->params.bip65_height = (int32_t)next_number(&at);
    j->params.csv_height = (int32_t)next_number(&at);
    j->params.segwit_height = (int32_t)next_number(&at);
    j->params.bip94 = next_number(&at) != 0;
}

static void add_spent(struct judge *j, char *at)
{
    struct tx_output *output;
    struct spent_origin *origin;

    if (j->spent_count == j->spent_room) {
        j->spent_room = 2 * j->spent_room + 16;
        j->spent = realloc(j->spent, j->spent_room * sizeof(*j->spent));
        j->origins = realloc(j->origins, j->spent_room * sizeof(*j->origins));
        if (!j->spent || !j->origins)
            fail("out of memory");
    }
    output = &j->spent[j->spent_count];
    origin = &j->origins[j->spent_count++];
    output->value.sat = next_number(&at);
    origin->height = (int32_t)next_number(&at);
    origin->coinbase = (uint8_t)next_number(&at);
    origin->median_time_past = next_number(&at);
    output->script = next_hex(j, at);
}

static void answer(const struct verdict *verdict)
{
    char text[REJECTION_TEXT_SIZE];

    if (verdict->result == VALIDATION_VALID)
        printf("valid %u %" PRId64 " %" PRIu64 "\n", verdict->unchecked, verdict->fees.sat,
               verdict->sigop_cost);
    else if (verdict->result == VALIDATION_INVALID)
        puts(rejection_text(text, &verdict->rejection));
    else
        puts(validation_text(verdict->result));
    fflush(stdout);
}

static void judge_block(struct judge *j, char *at)
{
    struct header_context header;
    struct block_context context = {
        .spent = j->spent, .spent_count = j->spent_count, .origins = j->origins};
    struct verdict verdict;

    context.place.params = &j->params;
    context.place.height = (int32_t)next_number(&at);
    context.place.median_time_past = next_number(&at);
    header.bits = (uint32_t)next_number(&at);
    header.previous_time = next_number(&at);
    header.now = next_number(&at);
    context.header = &header;
    context.skip_proof_of_work = next_number(&at) != 0;
    verdict = validate_block_bytes(j->validator, next_hex(j, at), &context);
    answer(&verdict);
    j->spent_count = 0;
    arena_free(&j->arena);
    arena_init(&j->arena, 0);
}

static void judge_create(struct judge *j)
{
    struct validator_options options = {.kernels = &j->kernels};
    char error[VALIDATOR_ERROR_SIZE];

    j->params = *params_find("regtest");
    if (!kernels_choose(&j->kernels, cpu_features(), NULL, clock_monotonic_ns, error))
        fail(error);
    j->validator = validator_create(&options, error);
    if (!j->validator)
        fail(error);
    arena_init(&j->arena, 0);
}

static void judge_destroy(struct judge *j)
{
    validator_destroy(j->validator);
    arena_free(&j->arena);
    free(j->spent);
    free(j->origins);
}

int main(void)
{
    static struct judge judge;
    char *line = NULL;
    size_t room = 0;

    judge_create(&judge);
    while (getline(&line, &room, stdin) > 0) {
        if (!strncmp(line, "params ", 7))
            set_params(&judge, line + 7);
        else if (!strncmp(line, "spent ", 6))
            add_spent(&judge, line + 6);
        else if (!strncmp(line, "block ", 6))
            judge_block(&judge, line + 6);
        else
            fail("an unknown command");
    }
    free(line);
    judge_destroy(&judge);
    return 0;
}
