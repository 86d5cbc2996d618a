#include "tests/spends/mutate.h"

enum {
    SLICES_MAX = 4000,
    SCRIPT_ROOM = 24000, /* scripts of more than this do not become longer */
    WITNESS_ROOM = 1100, /* a little beyond what a stack may hold */
    GROWTH = 600,        /* the most that one mutation of bytes adds */
};

static bool one_in(const struct mutator *m, size_t n)
{
    return random_below(m->maker.random, n) == 0;
}

static size_t below(const struct mutator *m, size_t n)
{
    return n ? random_below(m->maker.random, n) : 0;
}

static struct bytes mutated_bytes(const struct mutator *m, const struct spend *s, struct bytes data)
{
    uint8_t *out = spend_alloc(s, data.size + GROWTH);

    if (data.size)
        memcpy(out, data.data, data.size);
    if (m->bytes)
        return bytes_of(out, m->bytes(out, data.size, data.size + below(m, GROWTH)));
    if (data.size)
        out[below(m, data.size)] ^= (uint8_t)(1 << below(m, 8));
    return bytes_of(out, data.size);
}

/* Where an input's scripts lie. */
enum part { PART_SCRIPT_SIG, PART_SCRIPT_PUBKEY, PART_REDEEM, PART_WITNESS, PARTS };

static size_t without_annex(const struct tx_input *input)
{
    size_t count = input->witness_count;

    if (count > 1 && input->witness[count - 1].size &&
        input->witness[count - 1].data[0] == ANNEX_TAG)
        count--;
    return count;
}

/* Which item of the witness is its script, by the program; WITNESS_ROOM for none. */
static size_t witness_script_at(const struct spend *s, struct bytes script)
{
    const struct tx_input *input = spend_input(s);
    unsigned version;
    struct bytes program;

    if (!script_witness_program(script, &version, &program) || input->witness_count == 0)
        return WITNESS_ROOM;
    if (version == 0)
        return program.size == WITNESS_V0_SCRIPTHASH_SIZE ? input->witness_count - 1 : WITNESS_ROOM;
    return without_annex(input) >= 2 ? without_annex(input) - 2 : WITNESS_ROOM;
}

/* The last push of a scriptSig, its instruction and what it pushes. */
static struct bytes redeem_of(const struct spend *s, struct bytes *instruction)
{
    struct script_reader r = script_reader_of(spend_input(s)->script);
    struct script_instruction i = {0};
    const uint8_t *from = r.at, *last = r.at;

    while (script_read(&r, &i)) {
        last = from;
        from = r.at;
    }
    *instruction = bytes_of(last, (size_t)(from - last));
    return script_reader_done(&r) ? i.data : (struct bytes){0};
}

static struct bytes part_get(const struct spend *s, enum part part)
{
    struct bytes script = spend_output(s)->script, instruction, redeem;
    size_t at;

    if (part == PART_SCRIPT_SIG)
        return spend_input(s)->script;
    if (part == PART_SCRIPT_PUBKEY)
        return script;
    redeem = script_is_p2sh(script) ? redeem_of(s, &instruction) : (struct bytes){0};
    if (part == PART_REDEEM)
        return redeem;
    at = witness_script_at(s, redeem.data ? redeem : script);
    return at < WITNESS_ROOM ? spend_input(s)->witness[at] : (struct bytes){0};
}

static void set_item(struct spend *s, size_t at, struct bytes item)
{
    struct tx_input *input = spend_input(s);
    struct bytes *witness = spend_alloc(s, input->witness_count * sizeof(*witness));

    memcpy(witness, input->witness, input->witness_count * sizeof(*witness));
    witness[at] = item;
    input->witness = witness;
}

static void part_put(struct spend *s, enum part part, struct bytes data)
{
    struct tx_input *input = spend_input(s);
    struct bytes script = spend_output(s)->script, instruction, redeem;
    struct script_builder b;

    if (part == PART_SCRIPT_SIG) {
        input->script = data;
        return;
    }
    if (part == PART_SCRIPT_PUBKEY) {
        spend_output(s)->script = data;
        return;
    }
    redeem = script_is_p2sh(script) ? redeem_of(s, &instruction) : (struct bytes){0};
    if (part == PART_WITNESS) {
        set_item(s, witness_script_at(s, redeem.data ? redeem : script), data);
        return;
    }
    b = script_builder_on(spend_alloc(s, input->script.size + data.size + 8),
                          input->script.size + data.size + 8);
    script_raw(&b, bytes_of(input->script.data, (size_t)(instruction.data - input->script.data)));
    script_push(&b, data);
    input->script = bytes_of(b.data, b.size);
}

static enum make_version version_of(const struct spend *s, enum part part)
{
    unsigned version;
    struct bytes program;

    if (part != PART_WITNESS)
        return MAKE_LEGACY;
    return script_witness_program(spend_output(s)->script, &version, &program) && version == 1
               ? MAKE_TAPSCRIPT
               : MAKE_SEGWIT_V0;
}

/* A script as its instructions, what can't be read as the last of them. */
static size_t slice(struct bytes *slices, struct bytes script)
{
    struct script_reader r = script_reader_of(script);
    struct script_instruction i;
    const uint8_t *from = r.at;
    size_t count = 0;

    while (count < SLICES_MAX - 1 && script_read(&r, &i)) {
        slices[count++] = bytes_of(from, (size_t)(r.at - from));
        from = r.at;
    }
    if (!script_reader_done(&r))
        slices[count++] = script_reader_rest(&r);
    return count;
}

static struct bytes new_instruction(const struct mutator *m, const struct spend *s,
                                    enum make_version version)
{
    struct script_builder b = script_builder_on(spend_alloc(s, GROWTH), GROWTH);

    make_instruction(&m->maker, s, &b, version);
    return bytes_of(b.data, b.failed ? 0 : b.size);
}

static struct bytes changed_instruction(const struct mutator *m, const struct spend *s,
                                        struct bytes old)
{
    struct script_reader r = script_reader_of(old);
    struct script_instruction i;
    struct script_builder b;
    struct bytes data;

    if (!script_read(&r, &i) || i.data.size == 0)
        return mutated_bytes(m, s, old);
    data = mutated_bytes(m, s, i.data);
    b = script_builder_on(spend_alloc(s, data.size + 8), data.size + 8);
    script_push(&b, data);
    return bytes_of(b.data, b.size);
}

static struct bytes mutated_script(const struct mutator *m, const struct spend *s,
                                   struct bytes script, enum make_version version)
{
    struct bytes *slices = spend_alloc(s, (SLICES_MAX + 1) * sizeof(*slices));
    size_t count = slice(slices, script), at = below(m, count), other = below(m, count);
    size_t from = below(m, count + 1), repeat = 1;
    struct script_builder b = script_builder_on(spend_alloc(s, SCRIPT_ROOM), SCRIPT_ROOM);
    struct bytes added = {0};

    switch (below(m, count ? 10 : 3)) {
    case 0:
    case 1:
    case 2:
        added = new_instruction(m, s, version);
        repeat = one_in(m, 24) ? 1 + below(m, 1001) : 1;
        break;
    case 3:
        slices[at].size = 0;
        break;
    case 4:
        slices[at] = new_instruction(m, s, version);
        break;
    case 5:
        slices[at] = changed_instruction(m, s, slices[at]);
        break;
    case 6:
        added = slices[at];
        slices[at] = slices[other];
        slices[other] = added;
        added.size = 0;
        break;
    case 7:
        added = slices[at];
        repeat = one_in(m, 4) ? 1 + below(m, 202) : 1;
        break;
    case 8:
        return mutated_bytes(m, s, script);
    default: /* cut off, most often inside a push */
        script.size -= below(m, one_in(m, 2) ? 40 : script.size) % (script.size + 1);
        return script;
    }
    for (size_t i = 0; i <= count; i++) {
        for (size_t j = 0; i == from && j < repeat; j++)
            script_raw(&b, added);
        if (i < count)
            script_raw(&b, slices[i]);
    }
    return b.failed ? script : bytes_of(b.data, b.size);
}

static void mutate_a_script(const struct mutator *m, struct spend *s)
{
    /* The innermost script is what runs. */
    for (int part = PARTS - 1; part >= 0; part--) {
        struct bytes script = part_get(s, (enum part)part);

        if (!script.data || (part > 0 && one_in(m, 4)))
            continue;
        part_put(s, (enum part)part, mutated_script(m, s, script, version_of(s, (enum part)part)));
        return;
    }
}

static void mutate_witness(const struct mutator *m, struct spend *s)
{
    struct tx_input *input = spend_input(s);
    size_t count = input->witness_count, at = below(m, count), from = below(m, count + 1);
    struct bytes *witness, item = {0};
    size_t added = 0, written = 0;

    if (count > WITNESS_ROOM)
        return;
    switch (below(m, count ? 7 : 1)) {
    case 0:
        item = make_item(&m->maker, s, version_of(s, PART_WITNESS));
        added = one_in(m, 32) ? 990 + below(m, 15) : 1;
        break;
    case 1:
        set_item(s, at, (struct bytes){0});
        return;
    case 2:
        set_item(s, at, make_item(&m->maker, s, version_of(s, PART_WITNESS)));
        return;
    case 3:
        item = input->witness[at];
        added = 1;
        break;
    case 4:
        item = input->witness[at];
        set_item(s, at, input->witness[from % count]);
        set_item(s, from % count, item);
        return;
    case 5:
        set_item(s, at, mutated_bytes(m, s, input->witness[at]));
        return;
    default: /* one less */
        from = count + 1;
    }
    witness = spend_alloc(s, (count + added) * sizeof(*witness));
    for (size_t i = 0; i <= count; i++) {
        for (size_t j = 0; i == from && j < added; j++)
            witness[written++] = item;
        if (i < count && !(from > count && i == at))
            witness[written++] = input->witness[i];
    }
    input->witness = witness;
    input->witness_count = written;
}

/* An annex comes or goes. */
static void mutate_annex(const struct mutator *m, struct spend *s)
{
    struct tx_input *input = spend_input(s);
    size_t count = input->witness_count;
    struct bytes *witness;
    uint8_t *annex;

    if (without_annex(input) < count) {
        input->witness_count--;
        return;
    }
    witness = spend_alloc(s, (count + 1) * sizeof(*witness));
    annex = spend_alloc(s, 300);
    annex[0] = ANNEX_TAG;
    if (count)
        memcpy(witness, input->witness, count * sizeof(*witness));
    witness[count] = bytes_of(annex, 1 + below(m, one_in(m, 4) ? 299 : 3));
    input->witness = witness;
    input->witness_count = count + 1;
}

static void mutate_control(const struct mutator *m, struct spend *s)
{
    struct tx_input *input = spend_input(s);
    size_t at = without_annex(input) - 1;
    uint8_t *block;
    size_t size;

    if (input->witness_count == 0)
        return;
    size = input->witness[at].size;
    block = spend_alloc(s, size + 32);
    if (size)
        memcpy(block, input->witness[at].data, size);
    if (size && one_in(m, 3))
        block[0] = (uint8_t)random_u64(m->maker.random);
    else if (one_in(m, 2))
        size += one_in(m, 4) ? below(m, 32) : 32;
    else
        size -= size > 33 ? 32 : 0;
    set_item(s, at, bytes_of(block, size));
}

static uint32_t mutated_number(const struct mutator *m, uint32_t number)
{
    static const uint32_t numbers[] = {0,          1,          2,          0xffff,    0x10000,
                                       0x400000,   0x40ffff,   499999999,  500000000, 0x7fffffff,
                                       0x80000000, 0xfffffffe, 0xffffffff, 3};

    if (one_in(m, 3))
        return number + (uint32_t)below(m, 3) - 1;
    return numbers[below(m, sizeof(numbers) / sizeof(*numbers))];
}

static void remove_output(struct spend *s)
{
    if (s->tx.output_count)
        s->tx.output_count--;
}

static void add_output(const struct mutator *m, struct spend *s)
{
    struct tx_output *outputs = spend_alloc(s, (s->tx.output_count + 1) * sizeof(*outputs));

    if (s->tx.output_count)
        memcpy(outputs, s->tx.outputs, s->tx.output_count * sizeof(*outputs));
    outputs[s->tx.output_count++] = (struct tx_output){{(int64_t)random_u64(m->maker.random)},
                                                       make_item(&m->maker, s, MAKE_LEGACY)};
    s->tx.outputs = outputs;
}

static void add_input(const struct mutator *m, struct spend *s)
{
    size_t count = s->tx.input_count;
    struct tx_input *inputs = spend_alloc(s, (count + 1) * sizeof(*inputs));
    struct tx_output *spent = spend_alloc(s, (count + 1) * sizeof(*spent));

    if (count > 8)
        return;
    memcpy(inputs, s->tx.inputs, count * sizeof(*inputs));
    memcpy(spent, s->spent, count * sizeof(*spent));
    random_fill(m->maker.random, &inputs[count].previous, sizeof(inputs[count].previous));
    inputs[count].sequence = mutated_number(m, SEQUENCE_FINAL);
    spent[count] = (struct tx_output){{(int64_t)below(m, MAX_MONEY_SATOSHIS)},
                                      make_item(&m->maker, s, MAKE_LEGACY)};
    s->tx.inputs = inputs;
    s->tx.input_count++;
    s->spent = spent;
}

/* Amounts about the limits, inputs that spend the same, and none: what a transaction may not do. */
static void mutate_rules(const struct mutator *m, struct spend *s)
{
    struct tx_input *inputs = s->tx.inputs;
    size_t input = below(m, s->tx.input_count), output = below(m, s->tx.output_count);

    switch (below(m, s->tx.output_count ? 4 : 3)) {
    case 0:
        inputs[input].previous = inputs[below(m, s->tx.input_count)].previous;
        break;
    case 1:
        inputs[input].previous = (struct outpoint){.index = OUTPOINT_NULL_INDEX};
        break;
    case 2:
        inputs[input].previous.index = mutated_number(m, inputs[input].previous.index);
        break;
    default:
        s->tx.outputs[output].value.sat =
            MAX_MONEY_SATOSHIS - 1 + (int64_t)below(m, 3) - (int64_t)below(m, 2) * (1 << 16);
    }
}

static void mutate_transaction(const struct mutator *m, struct spend *s)
{
    struct tx_input *input = &s->tx.inputs[below(m, s->tx.input_count)];

    switch (below(m, 9)) {
    case 0:
        s->tx.version = mutated_number(m, s->tx.version);
        break;
    case 1:
        s->tx.lock_time = mutated_number(m, s->tx.lock_time);
        break;
    case 2:
        input->sequence = mutated_number(m, input->sequence);
        break;
    case 3:
        spend_input(s)->sequence = mutated_number(m, spend_input(s)->sequence);
        break;
    case 4:
        spend_output(s)->value.sat = (int64_t)random_u64(m->maker.random);
        break;
    case 5:
        remove_output(s);
        break;
    case 6:
        add_output(m, s);
        break;
    case 7:
        mutate_rules(m, s);
        break;
    default:
        if (s->tx.input_count > 1 && s->input + 1 < s->tx.input_count && one_in(m, 2))
            s->tx.input_count--;
        else
            add_input(m, s);
    }
}

/* Takes a script out of its wrapping, with what unlocks it, and puts both into another. */
static void mutate_wrapping(const struct mutator *m, struct spend *s)
{
    struct bytes *items = spend_alloc(s, WITNESS_ROOM * sizeof(*items)), script = {0};
    struct script_reader r = script_reader_of(spend_input(s)->script);
    struct script_instruction i;
    size_t count = 0;

    for (int part = PART_WITNESS; part > PART_SCRIPT_SIG && !script.data; part--)
        script = part_get(s, (enum part)part);
    if (spend_input(s)->witness_count > WITNESS_ROOM)
        return;
    for (size_t j = 0; j < spend_input(s)->witness_count; j++)
        items[count++] = spend_input(s)->witness[j];
    while (count < WITNESS_ROOM && script_read(&r, &i))
        items[count++] = i.data;
    while (count && one_in(m, 2)) /* scripts and control blocks are no items */
        count--;
    make_wrapped(&m->maker, s, (enum make_wrapping)below(m, MAKE_WRAPPINGS), script, items, count);
}

/* One bit of the flags, or all of them. */
static void mutate_flags(const struct mutator *m, struct spend *s)
{
    if (one_in(m, 3))
        s->flags = make_flags(&m->maker);
    else
        s->flags = spend_flags_filled(s->flags ^ UINT32_C(1) << below(m, 21));
}

void spend_mutate(const struct mutator *m, struct spend *s)
{
    switch (below(m, 16)) {
    case 0:
        mutate_flags(m, s);
        break;
    case 1:
        mutate_annex(m, s);
        break;
    case 2:
        mutate_control(m, s);
        break;
    case 3:
    case 4:
        mutate_transaction(m, s);
        break;
    case 5:
    case 6:
    case 7:
        mutate_witness(m, s);
        break;
    case 8:
        mutate_wrapping(m, s);
        break;
    default:
        mutate_a_script(m, s);
    }
    if (one_in(m, 8))
        spend_commit(s);
    else if (!one_in(m, 7))
        spend_repair(s, m->workspace, m->maker.keys);
}
