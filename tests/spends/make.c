#include "tests/spends/make.h"

#include "kernels/kernels.h"
#include "kernels/ripemd160.h"
#include "kernels/sha1.h"

enum { SCRIPT_ROOM = 12000, ITEMS_MAX = 64, PIECES_MAX = 6 };

#define COMPRESS (kernels_generic.sha256_compress->run)

/* A script that is being made, and what has to lie on the stack for it, the topmost first. */
struct draft {
    const struct maker *m;
    const struct spend *s;
    enum make_version version;
    struct script_builder script;
    struct bytes items[ITEMS_MAX];
    size_t count;
};

static bool one_in(const struct maker *m, size_t n) { return random_below(m->random, n) == 0; }

static struct bytes random_bytes(const struct maker *m, const struct spend *s, size_t size)
{
    uint8_t *out = spend_alloc(s, size);

    random_fill(m->random, out, size);
    return bytes_of(out, size);
}

static struct bytes number_item(const struct maker *m, const struct spend *s)
{
    static const int64_t numbers[] = {0,           1,         -1,         2,          16,
                                      17,          127,       128,        255,        256,
                                      32767,       65535,     0x7fffffff, 0x80000000, 0xffffffff,
                                      -0x7fffffff, 499999999, 500000000,  0x400000,   1 << 22 | 2};
    uint8_t *out = spend_alloc(s, SCRIPT_NUMBER_MAX);
    int64_t number = numbers[random_below(m->random, sizeof(numbers) / sizeof(*numbers))];
    size_t size;

    if (one_in(m, 3))
        number += (int64_t)random_below(m->random, 5) - 2;
    size = script_number_encode(out, number);
    if (one_in(m, 16)) /* longer than it need be */
        out[size++] = one_in(m, 2) ? 0x80 : 0;
    return bytes_of(out, size);
}

static struct bytes key_item(const struct maker *m, const struct spend *s,
                             enum make_version version)
{
    size_t i = random_below(m->random, KEYS);
    size_t size = one_in(m, 12) ? 65 : 33;
    const uint8_t *from = size == 65 ? m->keys->key[i].uncompressed : m->keys->key[i].compressed;
    uint8_t *key;

    if (version == MAKE_TAPSCRIPT && !one_in(m, 16)) {
        from = m->keys->key[i].compressed + 1;
        size = 32;
    }
    key = spend_copy(s, bytes_of(from, size));
    if (size == 65 && one_in(m, 2)) /* hybrid, half of them of the wrong parity */
        key[0] = (uint8_t)(6 + random_below(m->random, 2));
    else if (one_in(m, 24))
        key[random_below(m->random, size)] ^= (uint8_t)(1 << random_below(m->random, 8));
    else if (one_in(m, 24))
        size = random_below(m->random, size);
    return bytes_of(key, size);
}

static uint8_t hash_type(const struct maker *m)
{
    static const uint8_t types[] = {1, 1, 1, 1, 2, 3, 0x81, 0x82, 0x83, 0, 4, 0x80, 0x84, 0x1f};

    return one_in(m, 24) ? (uint8_t)random_u64(m->random)
                         : types[random_below(m->random, sizeof(types))];
}

/* A length as DER has it, or, as BER also allows, with more bytes than it takes. */
static uint8_t *put_length(const struct maker *m, uint8_t *at, size_t length, bool ber)
{
    size_t zeros = ber && one_in(m, 2) ? random_below(m->random, 6) : 0;

    if (!ber || (zeros == 0 && one_in(m, 2))) {
        *at++ = (uint8_t)length;
        return at;
    }
    *at++ = (uint8_t)(0x80 | (zeros + 1));
    memset(at, 0, zeros);
    at[zeros] = (uint8_t)length;
    return at + zeros + 1;
}

/* An integer, with a zero in front where its highest bit is set, in BER also with more or none. */
static uint8_t *put_integer(const struct maker *m, uint8_t *at, const uint8_t number[32], bool ber)
{
    size_t zeros = number[0] >> 7;

    if (ber && one_in(m, 2))
        zeros = random_below(m->random, one_in(m, 4) ? 12 : 2);
    *at++ = 2;
    at = put_length(m, at, 32 + zeros, ber);
    memset(at, 0, zeros);
    memcpy(at + zeros, number, 32);
    return at + zeros + 32;
}

/* 30 length, r, s, hash type. What BIP66 made invalid is made now and then. */
static struct bytes ecdsa_item(const struct maker *m, const struct spend *s)
{
    enum { ROOM = 128, HEADER = 8 };
    uint8_t *numbers = spend_copy(s, random_bytes(m, s, 64));
    uint8_t *out = spend_alloc(s, ROOM), *body = out + HEADER, *at = body, *start, head[HEADER];
    bool ber = one_in(m, 12);

    for (size_t i = 0; i < 2; i++) {
        uint8_t *top = numbers + 32 * i;

        if (!one_in(m, i == 0 ? 2 : 12))
            *top = (uint8_t)((*top & 0x7f) | 1);
        else
            *top = (uint8_t)((*top | 0x80) & 0xbf); /* high and yet below n */
        at = put_integer(m, at, top, ber);
    }
    start =
        put_length(m, head + 1, (size_t)(at - body) + (ber ? random_below(m->random, 3) : 0), ber);
    head[0] = 0x30;
    memcpy(body - (start - head), head, (size_t)(start - head));
    out = body - (start - head);
    if (ber && one_in(m, 4))
        *at++ = (uint8_t)random_u64(m->random);
    *at++ = hash_type(m);
    if (one_in(m, 32)) {
        size_t which = random_below(m->random, 6);

        out[which < 4 ? which : (size_t)(at - out) - which] ^= (uint8_t)random_u64(m->random);
    }
    return bytes_of(out, (size_t)(at - out));
}

static struct bytes signature_item(const struct maker *m, const struct spend *s,
                                   enum make_version version)
{
    uint8_t *out;

    if (one_in(m, 12))
        return (struct bytes){0};
    if (version != MAKE_TAPSCRIPT)
        return ecdsa_item(m, s);
    out = spend_copy(s, random_bytes(m, s, 66));
    out[64] = hash_type(m);
    return bytes_of(out,
                    one_in(m, 32) ? random_below(m->random, 67) : 64 + random_below(m->random, 2));
}

struct bytes make_item(const struct maker *m, const struct spend *s, enum make_version version)
{
    static const size_t sizes[] = {1, 2, 4, 5, 20, 32, 33, 64, 75, 76, 255, 256, 519, 520, 521};

    switch (random_below(m->random, 8)) {
    case 0:
    case 1:
        return key_item(m, s, version);
    case 2:
    case 3:
        return signature_item(m, s, version);
    case 4:
    case 5:
        return number_item(m, s);
    case 6:
        return random_bytes(m, s, random_below(m->random, 5));
    default:
        return random_bytes(m, s, sizes[random_below(m->random, sizeof(sizes) / sizeof(*sizes))]);
    }
}

/* A push, now and then not by the shortest opcode. */
static void push(const struct maker *m, struct script_builder *out, struct bytes data)
{
    if (one_in(m, 24) && data.size <= 0xff) {
        script_op(out, OP_PUSHDATA1);
        script_op(out, (uint8_t)data.size);
        script_raw(out, data);
    } else if (data.size == 1 && data.data[0] >= 1 && data.data[0] <= 16 && !one_in(m, 16)) {
        script_op(out, (uint8_t)(OP_1 + data.data[0] - 1));
    } else {
        script_push(out, data);
    }
}

static void add_item(struct draft *d, struct bytes item)
{
    if (d->count < ITEMS_MAX)
        d->items[d->count++] = item;
}

static void piece_checksig(struct draft *d)
{
    push(d->m, &d->script, key_item(d->m, d->s, d->version));
    if (one_in(d->m, 2)) {
        script_op(&d->script, OP_CHECKSIGVERIFY);
    } else {
        script_op(&d->script, OP_CHECKSIG);
        if (one_in(d->m, 4))
            script_op(&d->script, OP_NOT);
        script_op(&d->script, OP_VERIFY);
    }
    add_item(d, signature_item(d->m, d->s, d->version));
}

static void piece_multisig(struct draft *d)
{
    size_t keys = random_below(d->m->random, one_in(d->m, 8) ? 22 : 4);
    size_t signatures = random_below(d->m->random, keys + 1 + one_in(d->m, 16));

    script_push_number(&d->script, (int64_t)signatures);
    for (size_t i = 0; i < keys; i++)
        push(d->m, &d->script, key_item(d->m, d->s, d->version));
    script_push_number(&d->script, (int64_t)keys);
    script_op(&d->script, one_in(d->m, 2) ? OP_CHECKMULTISIGVERIFY : OP_CHECKMULTISIG);
    if (d->script.data[d->script.size - 1] == OP_CHECKMULTISIG)
        script_op(&d->script, OP_VERIFY);
    for (size_t i = 0; i < signatures; i++)
        add_item(d, signature_item(d->m, d->s, d->version));
    add_item(d, one_in(d->m, 12) ? number_item(d->m, d->s) : (struct bytes){0});
}

static void piece_checksigadd(struct draft *d)
{
    size_t keys = 1 + random_below(d->m->random, 5), good = 0;

    script_op(&d->script, OP_0);
    for (size_t i = 0; i < keys; i++) {
        struct bytes signature = signature_item(d->m, d->s, d->version);

        script_op(&d->script, OP_SWAP);
        push(d->m, &d->script, key_item(d->m, d->s, d->version));
        script_op(&d->script, OP_CHECKSIGADD);
        good += signature.size != 0;
        add_item(d, signature);
    }
    script_push_number(&d->script, (int64_t)good);
    script_op(&d->script, OP_NUMEQUALVERIFY);
}

static void piece_hash(struct draft *d)
{
    struct bytes preimage = make_item(d->m, d->s, d->version);
    uint8_t opcode = (uint8_t)(OP_RIPEMD160 + random_below(d->m->random, 5)), hash[32];
    size_t size = opcode <= OP_SHA1 || opcode == OP_HASH160 ? 20 : 32;
    struct sha256 state;

    switch (opcode) {
    case OP_RIPEMD160:
        ripemd160(hash, preimage.data, preimage.size);
        break;
    case OP_SHA1:
        sha1(hash, preimage.data, preimage.size);
        break;
    case OP_HASH160:
        hash160(COMPRESS, hash, preimage.data, preimage.size);
        break;
    case OP_HASH256:
        sha256d(COMPRESS, hash, preimage.data, preimage.size);
        break;
    default:
        sha256_init(&state, COMPRESS);
        sha256_update(&state, preimage.data, preimage.size);
        sha256_final(&state, hash);
    }
    script_op(&d->script, opcode);
    script_push(&d->script, bytes_of(hash, size));
    script_op(&d->script, OP_EQUALVERIFY);
    add_item(d, preimage);
}

static void piece_locktime(struct draft *d)
{
    static const int64_t numbers[] = {0,           1,          2,         0xffff,
                                      0x400000,    0x400001,   499999999, 500000000,
                                      0x80000000u, 0xffffffff, -1,        1ll << 39};

    script_push_number(&d->script,
                       numbers[random_below(d->m->random, sizeof(numbers) / sizeof(*numbers))]);
    script_op(&d->script, one_in(d->m, 2) ? OP_CHECKLOCKTIMEVERIFY : OP_CHECKSEQUENCEVERIFY);
    script_op(&d->script, OP_DROP);
}

static void add_piece(struct draft *d, unsigned depth);

static void piece_if(struct draft *d, unsigned depth)
{
    static const uint8_t one[] = {1}, minus_zero[] = {0, 0x80}, two[] = {2};
    static const struct bytes conditions[] = {{one, 1},  {one, 1},        {one, 1}, {NULL, 0},
                                              {NULL, 0}, {minus_zero, 2}, {two, 1}};

    script_op(&d->script, one_in(d->m, 3) ? OP_NOTIF : OP_IF);
    add_item(d, conditions[random_below(d->m->random, sizeof(conditions) / sizeof(*conditions))]);
    add_piece(d, depth + 1);
    if (one_in(d->m, 2)) {
        script_op(&d->script, OP_ELSE);
        add_piece(d, depth + 1);
    }
    script_op(&d->script, OP_ENDIF);
}

/* A signature inside the script that checks it: FindAndDelete takes it out of what is signed. */
static void piece_own_signature(struct draft *d)
{
    push(d->m, &d->script, signature_item(d->m, d->s, d->version));
    push(d->m, &d->script, key_item(d->m, d->s, d->version));
    script_op(&d->script, OP_CHECKSIGVERIFY);
}

/* One key and signature, checked again and again: BIP342 counts what that may cost. */
static void piece_budget(struct draft *d)
{
    push(d->m, &d->script, key_item(d->m, d->s, d->version));
    for (size_t n = 1 + random_below(d->m->random, 9); n > 0; n--) {
        script_op(&d->script, OP_2DUP);
        script_op(&d->script, OP_CHECKSIGVERIFY);
    }
    script_op(&d->script, OP_2DROP);
    add_item(d, signature_item(d->m, d->s, d->version));
}

/* Close to what there may be of opcodes, of the stack, of a script's bytes. */
static void piece_limit(struct draft *d)
{
    static const uint8_t opcodes[] = {OP_NOP, OP_1, OP_DEPTH};
    uint8_t opcode = opcodes[random_below(d->m->random, 3)];
    size_t n = (opcode == OP_1 ? 980 : 180) + random_below(d->m->random, 30);

    if (one_in(d->m, 4)) {
        while (d->script.size + MAX_SCRIPT_ELEMENT_SIZE + 4 < MAX_SCRIPT_SIZE - 4) {
            script_push(&d->script, random_bytes(d->m, d->s, MAX_SCRIPT_ELEMENT_SIZE));
            script_op(&d->script, OP_DROP);
        }
        n = MAX_SCRIPT_SIZE - d->script.size - random_below(d->m->random, 4);
        script_push(&d->script, random_bytes(d->m, d->s, n > 10 && n < 520 ? n - 5 : 1));
        script_op(&d->script, OP_DROP);
        return;
    }
    while (n-- > 0)
        script_op(&d->script, opcode);
}

void make_instruction(const struct maker *m, const struct spend *s, struct script_builder *out,
                      enum make_version version)
{
    switch (random_below(m->random, 8)) {
    case 0:
    case 1:
        push(m, out, make_item(m, s, version));
        break;
    case 2:
        script_push_number(out, (int64_t)random_below(m->random, 22) - 2);
        break;
    case 3:
        script_op(out, (uint8_t)random_u64(m->random));
        break;
    case 4:
        script_op(out, (uint8_t)(OP_CODESEPARATOR + random_below(m->random, 5)));
        break;
    default:
        script_op(out, (uint8_t)(OP_NOP + random_below(m->random, OP_CHECKSIGADD - OP_NOP + 1)));
    }
}

static void piece_anything(struct draft *d)
{
    for (size_t n = random_below(d->m->random, 6); n > 0; n--)
        make_instruction(d->m, d->s, &d->script, d->version);
    if (one_in(d->m, 2))
        add_item(d, make_item(d->m, d->s, d->version));
}

static void add_piece(struct draft *d, unsigned depth)
{
    switch (random_below(d->m->random, 10)) {
    case 0:
    case 1:
        piece_checksig(d);
        break;
    case 2:
        if (d->version != MAKE_TAPSCRIPT || one_in(d->m, 16)) {
            piece_multisig(d);
            break;
        }
        /* fall through */
    case 3:
        if (d->version == MAKE_TAPSCRIPT || one_in(d->m, 16))
            piece_checksigadd(d);
        else
            piece_multisig(d);
        break;
    case 4:
        piece_hash(d);
        break;
    case 5:
        piece_locktime(d);
        break;
    case 6:
        if (depth < 3)
            piece_if(d, depth);
        break;
    case 7:
        script_op(&d->script, OP_CODESEPARATOR);
        break;
    case 8:
        if (d->version == MAKE_TAPSCRIPT)
            piece_budget(d);
        else
            piece_own_signature(d);
        break;
    default:
        if (one_in(d->m, 16))
            piece_limit(d);
        else if (one_in(d->m, 3))
            piece_anything(d);
        else
            piece_checksig(d);
    }
}

uint32_t make_flags(const struct maker *m)
{
    switch (random_below(m->random, 8)) {
    case 0:
        return spend_flags_filled((uint32_t)random_u64(m->random));
    case 1:
        return spend_flags_filled((uint32_t)random_u64(m->random) & SPEND_CONSENSUS_FLAGS);
    case 2:
    case 3:
        return SCRIPT_VERIFY_ALL;
    default:
        return SPEND_CONSENSUS_FLAGS;
    }
}

static struct bytes pushes(const struct maker *m, const struct spend *s, const struct bytes *items,
                           size_t count, struct bytes last)
{
    uint8_t *room = spend_alloc(s, SCRIPT_ROOM);
    struct script_builder b = script_builder_on(room, SCRIPT_ROOM);

    for (size_t i = 0; i < count; i++)
        push(m, &b, items[i]);
    if (last.data)
        script_push(&b, last);
    return bytes_of(b.data, b.size);
}

static void put_witness(struct spend *s, const struct bytes *items, size_t count,
                        struct bytes script, struct bytes control)
{
    struct tx_input *input = spend_input(s);
    struct bytes *witness = spend_alloc(s, (count + 2) * sizeof(*witness));

    if (count)
        memcpy(witness, items, count * sizeof(*witness));
    witness[count++] = script;
    if (control.size)
        witness[count++] = control;
    input->witness = witness;
    input->witness_count = count;
}

/* OP_0 or OP_1 and 32 bytes, which repairing makes right. */
static struct bytes program(const struct maker *m, const struct spend *s, uint8_t version)
{
    uint8_t *out = spend_copy(s, random_bytes(m, s, 34));

    out[0] = version ? (uint8_t)(OP_1 - 1 + version) : OP_0;
    out[1] = 32;
    return bytes_of(out, 34);
}

static struct bytes control_block(const struct maker *m, const struct spend *s)
{
    static const size_t many[] = {126, 127, 128, 129};
    size_t nodes = one_in(m, 64) ? many[random_below(m->random, 4)] : random_below(m->random, 4);
    struct bytes block = random_bytes(m, s, 33 + 32 * nodes + (one_in(m, 64) ? 1 : 0));
    uint8_t *out = spend_copy(s, block);

    out[0] = one_in(m, 16) ? out[0] : (uint8_t)(TAPROOT_LEAF_TAPSCRIPT | (out[0] & 1));
    memcpy(out + 1, m->keys->key[random_below(m->random, KEYS)].compressed + 1, 32);
    return bytes_of(out, block.size);
}

void make_wrapped(const struct maker *m, struct spend *s, enum make_wrapping wrapping,
                  struct bytes script, const struct bytes *items, size_t count)
{
    static const uint8_t p2sh[P2SH_SCRIPT_SIZE] = {OP_HASH160, 20, [22] = OP_EQUAL};
    struct tx_input *input = spend_input(s);
    struct tx_output *output = spend_output(s);

    input->script = (struct bytes){0};
    input->witness = NULL;
    input->witness_count = 0;
    switch (wrapping) {
    case MAKE_BARE:
        input->script = pushes(m, s, items, count, (struct bytes){0});
        output->script = script;
        break;
    case MAKE_P2SH:
        input->script = pushes(m, s, items, count, script);
        output->script = bytes_of(p2sh, sizeof(p2sh));
        break;
    case MAKE_P2WSH:
        put_witness(s, items, count, script, (struct bytes){0});
        output->script = program(m, s, 0);
        break;
    case MAKE_P2SH_P2WSH:
        put_witness(s, items, count, script, (struct bytes){0});
        input->script = pushes(m, s, NULL, 0, program(m, s, 0));
        output->script = bytes_of(p2sh, sizeof(p2sh));
        break;
    case MAKE_TAPROOT_SCRIPT:
    case MAKE_WRAPPINGS:
        put_witness(s, items, count, script, control_block(m, s));
        output->script = program(m, s, 1);
    }
}

static void make_script_spend(const struct maker *m, struct spend *s)
{
    enum make_wrapping wrapping = (enum make_wrapping)random_below(m->random, MAKE_WRAPPINGS);
    struct draft d = {.m = m, .s = s, .version = MAKE_LEGACY};
    struct bytes items[ITEMS_MAX];

    if (wrapping == MAKE_TAPROOT_SCRIPT)
        d.version = MAKE_TAPSCRIPT;
    else if (wrapping == MAKE_P2WSH || wrapping == MAKE_P2SH_P2WSH)
        d.version = MAKE_SEGWIT_V0;
    d.script = script_builder_on(spend_alloc(s, SCRIPT_ROOM), SCRIPT_ROOM);
    for (size_t n = 1 + random_below(m->random, PIECES_MAX); n > 0; n--)
        add_piece(&d, 0);
    if (one_in(m, 32))
        script_op(&d.script, (uint8_t)(1 + random_below(m->random, OP_PUSHDATA4))); /* of nothing */
    else if (!one_in(m, 8))
        script_op(&d.script, OP_1);
    for (size_t i = 0; i < d.count; i++)
        items[i] = d.items[d.count - 1 - i];
    make_wrapped(m, s, wrapping, bytes_of(d.script.data, d.script.size), items, d.count);
}

/* Spending by key alone: P2PKH, P2WPKH by itself and in P2SH, taproot's key path. */
static void make_key_spend(const struct maker *m, struct spend *s)
{
    size_t shape = random_below(m->random, 4);
    enum make_version version = shape == 3   ? MAKE_TAPSCRIPT
                                : shape == 0 ? MAKE_LEGACY
                                             : MAKE_SEGWIT_V0;
    static const uint8_t p2pkh[25] = {OP_DUP, OP_HASH160, 20, [23] = OP_EQUALVERIFY, OP_CHECKSIG};
    static const uint8_t p2wpkh[22] = {OP_0, 20};
    static const uint8_t p2sh[P2SH_SCRIPT_SIZE] = {OP_HASH160, 20, [22] = OP_EQUAL};
    struct bytes items[2] = {signature_item(m, s, version), key_item(m, s, version)};
    struct tx_output *output = spend_output(s);

    if (shape == 0) {
        spend_input(s)->script = pushes(m, s, items, 2, (struct bytes){0});
        output->script = bytes_of(p2pkh, sizeof(p2pkh));
        return;
    }
    put_witness(s, items, 1, items[1], (struct bytes){0});
    if (shape == 3) {
        uint8_t *script = spend_copy(s, program(m, s, 1));

        spend_input(s)->witness_count = 1;
        if (items[1].size == 32)
            memcpy(script + 2, items[1].data, 32);
        output->script = bytes_of(script, 34);
        return;
    }
    output->script = bytes_of(p2wpkh, sizeof(p2wpkh));
    if (shape == 2) {
        spend_input(s)->script = pushes(m, s, NULL, 0, output->script);
        output->script = bytes_of(p2sh, sizeof(p2sh));
    }
}

static void make_transaction(const struct maker *m, struct spend *s)
{
    static const uint32_t sequences[] = {0xffffffff, 0xfffffffe, 0, 1, 0x400000, 0x400002, 0xffff};
    static const uint32_t lock_times[] = {0, 1, 499999999, 500000000, 500000001};

    s->tx.version = (uint32_t)random_below(m->random, one_in(m, 16) ? 1u << 31 : 3);
    s->tx.lock_time = lock_times[random_below(m->random, 5)];
    s->tx.input_count = 1 + random_below(m->random, 3);
    s->tx.output_count = random_below(m->random, 4);
    s->tx.inputs = spend_alloc(s, s->tx.input_count * sizeof(*s->tx.inputs));
    s->tx.outputs = spend_alloc(s, s->tx.output_count * sizeof(*s->tx.outputs));
    s->spent = spend_alloc(s, s->tx.input_count * sizeof(*s->spent));
    s->input = random_below(m->random, s->tx.input_count);
    for (size_t i = 0; i < s->tx.input_count; i++) {
        random_fill(m->random, &s->tx.inputs[i].previous, sizeof(s->tx.inputs[i].previous));
        s->tx.inputs[i].sequence = sequences[random_below(m->random, 7)];
        s->spent[i].value.sat = (int64_t)random_below(m->random, MAX_MONEY_SATOSHIS);
        s->spent[i].script = random_bytes(m, s, random_below(m->random, 40));
    }
    for (size_t i = 0; i < s->tx.output_count; i++) {
        s->tx.outputs[i].value.sat = (int64_t)random_below(m->random, MAX_MONEY_SATOSHIS);
        s->tx.outputs[i].script = random_bytes(m, s, random_below(m->random, 40));
    }
}

void make_spend(const struct maker *m, struct spend *s, struct arena *arena)
{
    *s = (struct spend){.arena = arena, .flags = make_flags(m)};
    make_transaction(m, s);
    if (one_in(m, 5))
        make_key_spend(m, s);
    else
        make_script_spend(m, s);
}
