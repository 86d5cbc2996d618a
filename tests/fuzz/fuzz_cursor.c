/*
 * The cursor beside a model that reads byte by byte. The input's first half
 * says what is read, its second half is what it is read from.
 */
#include "base/cursor.h"
#include "tests/fuzz/fuzz.h"

struct model {
    const uint8_t *data;
    size_t at, size;
    bool failed;
};

static bool model_has(struct model *m, uint64_t size)
{
    if (m->failed || size > m->size - m->at)
        m->failed = true;
    return !m->failed;
}

static uint64_t model_integer(struct model *m, size_t size)
{
    uint64_t value = 0;

    if (!model_has(m, size))
        return 0;
    for (size_t i = size; i-- > 0;)
        value = value * 256 + m->data[m->at + i];
    m->at += size;
    return value;
}

/* The shortest form is the only one: the value is written again and its size compared. */
static uint64_t model_compact(struct model *m, uint64_t limit)
{
    uint64_t value = model_integer(m, 1);
    size_t size = value == 0xfd ? 2 : value == 0xfe ? 4 : value == 0xff ? 8 : 0;
    size_t shortest;

    if (m->failed || size == 0)
        return value;
    value = model_integer(m, size);
    shortest = value < 0xfd ? 0 : value <= 0xffff ? 2 : value <= 0xffffffff ? 4 : 8;
    if (m->failed || size != shortest || value > limit) {
        m->failed = true;
        return 0;
    }
    return value;
}

static void check_copy(struct cursor *c, struct model *m, size_t size)
{
    size_t at = m->at;
    uint8_t out[256];

    memset(out, 0xa5, sizeof out);
    cursor_copy(c, out, size);
    if (model_has(m, size))
        m->at += size;
    for (size_t i = 0; i < size; i++)
        FUZZ_CHECK(out[i] == (m->failed ? 0 : m->data[at + i]));
    for (size_t i = size; i < sizeof out; i++)
        FUZZ_CHECK(out[i] == 0xa5);
}

static void check_view(struct cursor *c, struct model *m, uint64_t size)
{
    struct bytes view = cursor_bytes(c, size);

    if (!model_has(m, size)) {
        FUZZ_CHECK(view.size == 0);
        return;
    }
    FUZZ_CHECK(view.size == size && (size == 0 || view.data == m->data + m->at));
    m->at += (size_t)size;
}

static void check_step(struct cursor *c, struct model *m, uint8_t step)
{
    switch (step % 10) {
    case 0:
        FUZZ_CHECK(cursor_u8(c) == model_integer(m, 1));
        break;
    case 1:
        FUZZ_CHECK(cursor_le16(c) == model_integer(m, 2));
        break;
    case 2:
        FUZZ_CHECK(cursor_le32(c) == model_integer(m, 4));
        break;
    case 3:
        FUZZ_CHECK(cursor_le64(c) == model_integer(m, 8));
        break;
    case 4:
    case 5:
        FUZZ_CHECK(cursor_compact_size(c) == model_compact(m, 0x02000000));
        break;
    case 6:
    case 7:
        FUZZ_CHECK(cursor_compact_number(c) == model_compact(m, UINT64_MAX));
        break;
    case 8:
        check_copy(c, m, step / 10);
        break;
    case 9:
        check_view(c, m, step >= 250 ? UINT64_MAX - step : step / 10);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t steps = size / 2;
    struct model m = {.data = data + steps, .size = size - steps};
    struct cursor c = cursor_of(m.data, m.size);

    for (size_t i = 0; i < steps; i++) {
        check_step(&c, &m, data[i]);
        FUZZ_CHECK(c.failed == m.failed);
        FUZZ_CHECK(cursor_left(&c) == (m.failed ? 0 : m.size - m.at));
        FUZZ_CHECK(cursor_done(&c) == (!m.failed && m.at == m.size));
    }
    return 0;
}
