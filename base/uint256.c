#include "base/uint256.h"

#include "base/bytes.h"
#include "base/verify.h"

#include <assert.h>
#include <math.h>

struct uint256 uint256_from_le(const uint8_t in[static 32])
{
    struct uint256 a;

    for (unsigned i = 0; i < 4; i++)
        a.limb[i] = read_le64(in + 8 * i);
    return a;
}

void uint256_to_le(uint8_t out[static 32], struct uint256 a)
{
    for (unsigned i = 0; i < 4; i++)
        write_le64(out + 8 * i, a.limb[i]);
}

struct uint256 uint256_from_be(const uint8_t in[static 32])
{
    struct uint256 a;

    for (unsigned i = 0; i < 4; i++)
        a.limb[i] = read_be64(in + 8 * (3 - i));
    return a;
}

void uint256_to_be(uint8_t out[static 32], struct uint256 a)
{
    for (unsigned i = 0; i < 4; i++)
        write_be64(out + 8 * (3 - i), a.limb[i]);
}

struct uint256 uint256_from_u64(uint64_t a) { return (struct uint256){{a}}; }

bool uint256_is_zero(struct uint256 a)
{
    return (a.limb[0] | a.limb[1] | a.limb[2] | a.limb[3]) == 0;
}

int uint256_compare(struct uint256 a, struct uint256 b)
{
    for (unsigned i = 4; i-- > 0;)
        if (a.limb[i] != b.limb[i])
            return a.limb[i] < b.limb[i] ? -1 : 1;
    return 0;
}

unsigned uint256_bits(struct uint256 a)
{
    for (unsigned i = 4; i-- > 0;)
        if (a.limb[i])
            return 64 * i + 64 - (unsigned)__builtin_clzll(a.limb[i]);
    return 0;
}

struct uint256 uint256_add(struct uint256 a, struct uint256 b)
{
    unsigned carry = 0;

    for (unsigned i = 0; i < 4; i++) {
        uint64_t sum = a.limb[i] + b.limb[i];
        unsigned out = sum < a.limb[i];

        a.limb[i] = sum + carry;
        carry = out | (a.limb[i] < sum);
    }
    return a;
}

struct uint256 uint256_sub(struct uint256 a, struct uint256 b)
{
    unsigned borrow = 0;

    for (unsigned i = 0; i < 4; i++) {
        uint64_t difference = a.limb[i] - b.limb[i];
        unsigned out = a.limb[i] < b.limb[i];

        a.limb[i] = difference - borrow;
        borrow = out | (difference < borrow);
    }
    return a;
}

struct uint256 uint256_mul_u32(struct uint256 a, uint32_t b)
{
    uint64_t carry = 0;

    for (unsigned i = 0; i < 4; i++) {
        unsigned __int128 product = (unsigned __int128)a.limb[i] * b + carry;

        a.limb[i] = (uint64_t)product;
        carry = (uint64_t)(product >> 64);
    }
    return a;
}

struct uint256 uint256_not(struct uint256 a)
{
    for (unsigned i = 0; i < 4; i++)
        a.limb[i] = ~a.limb[i];
    return a;
}

struct uint256 uint256_shift_left(struct uint256 a, unsigned bits)
{
    unsigned limbs = bits / 64;
    unsigned rest = bits % 64;
    struct uint256 r = {{0}};

    for (unsigned i = limbs; i < 4; i++) {
        r.limb[i] = a.limb[i - limbs] << rest;
        if (rest && i > limbs)
            r.limb[i] |= a.limb[i - limbs - 1] >> (64 - rest);
    }
    return r;
}

struct uint256 uint256_shift_right(struct uint256 a, unsigned bits)
{
    unsigned limbs = bits / 64;
    unsigned rest = bits % 64;
    struct uint256 r = {{0}};

    for (unsigned i = limbs; i < 4; i++) {
        r.limb[i - limbs] = a.limb[i] >> rest;
        if (rest && i < 3)
            r.limb[i - limbs] |= a.limb[i + 1] << (64 - rest);
    }
    return r;
}

/* 256 bits as digits to the base 2^32, least significant first. */
static void to_digits(uint32_t out[static 8], struct uint256 a)
{
    for (unsigned i = 0; i < 8; i++)
        out[i] = (uint32_t)(a.limb[i / 2] >> 32 * (i % 2));
}

static struct uint256 from_digits(const uint32_t in[static 8])
{
    struct uint256 a;

    for (unsigned i = 0; i < 4; i++)
        a.limb[i] = (uint64_t)in[2 * i + 1] << 32 | in[2 * i];
    return a;
}

/*
 * One digit of the quotient: u[n] to u[0] by v[n - 1] to v[0], of which v's
 * highest bit is set; u becomes the remainder. The estimate from the leading
 * digits is right, or, after the correction by the next one, too large by one
 * in about two of 2^32 cases (Knuth, The Art of Computer Programming, vol. 2,
 * 4.3.1, algorithm D, steps D3 to D6).
 */
static uint32_t divide_digit(uint32_t *u, const uint32_t *v, unsigned n)
{
    uint64_t head = (uint64_t)u[n] << 32 | u[n - 1];
    uint64_t digit = head / v[n - 1];
    uint64_t rest = head % v[n - 1];
    uint64_t carry = 0;
    int64_t borrow = 0;

    while (digit >> 32 || digit * v[n - 2] > (rest << 32 | u[n - 2])) {
        digit--;
        rest += v[n - 1];
        if (rest >> 32)
            break;
    }
    for (unsigned i = 0; i < n; i++) {
        carry += digit * v[i];
        borrow += (int64_t)u[i] - (int64_t)(uint32_t)carry;
        u[i] = (uint32_t)borrow;
        carry >>= 32;
        borrow >>= 32; /* 0 or -1: arithmetic, as both compilers shift */
    }
    borrow += (int64_t)u[n] - (int64_t)carry;
    u[n] = (uint32_t)borrow;
    if (borrow >= 0)
        return (uint32_t)digit;

    carry = 0;
    for (unsigned i = 0; i < n; i++) {
        carry += (uint64_t)u[i] + v[i];
        u[i] = (uint32_t)carry;
        carry >>= 32;
    }
    u[n] += (uint32_t)carry;
    return (uint32_t)digit - 1;
}

/* a divided by a number of one digit. */
static struct uint256 divide_short(struct uint256 a, uint32_t b)
{
    uint32_t digits[8];
    uint64_t rest = 0;

    to_digits(digits, a);
    for (unsigned i = 8; i-- > 0;) {
        rest = rest << 32 | digits[i];
        digits[i] = (uint32_t)(rest / b);
        rest %= b;
    }
    return from_digits(digits);
}

struct uint256 uint256_div(struct uint256 a, struct uint256 b)
{
    unsigned size = (uint256_bits(b) + 31) / 32;
    unsigned shift = 32 * size - uint256_bits(b);
    uint32_t u[9], v[8], quotient[8] = {0};

    assert(!uint256_is_zero(b));
    if (size == 1)
        return divide_short(a, (uint32_t)b.limb[0]);

    /* Both are shifted so that b's highest digit has its highest bit set. */
    to_digits(u, uint256_shift_left(a, shift));
    u[8] = (uint32_t)(uint256_shift_right(a, 256 - shift).limb[0]);
    to_digits(v, uint256_shift_left(b, shift));
    for (unsigned i = 9 - size; i-- > 0;)
        quotient[i] = divide_digit(u + i, v, size);
    return from_digits(quotient);
}

double uint256_to_double(struct uint256 a)
{
    unsigned bits = uint256_bits(a);
    unsigned shift = bits > 64 ? bits - 64 : 0;
    struct uint256 head = uint256_shift_right(a, shift);
    bool rest = uint256_compare(uint256_shift_left(head, shift), a) != 0;

    /* The conversion rounds 64 bits to the nearest of 53; what was shifted out decides ties. */
    return ldexp((double)(head.limb[0] | rest), (int)shift);
}

struct uint256 uint256_from_compact(uint32_t compact, struct compact_flags *flags)
{
    unsigned size = compact >> 24;
    uint32_t mantissa = compact & 0x7fffff;

    if (size <= 3)
        mantissa >>= 8 * (3 - size);
    if (flags) {
        /* Of a mantissa that is not zero, 34 bytes of size leave room for its lowest 8 bits. */
        flags->negative = mantissa != 0 && (compact & 0x800000) != 0;
        flags->overflow = mantissa != 0 && (size > 34 || (size > 33 && mantissa > 0xff) ||
                                            (size > 32 && mantissa > 0xffff));
    }
    if (size <= 3)
        return uint256_from_u64(mantissa);
    return uint256_shift_left(uint256_from_u64(mantissa), 8 * (size - 3));
}

uint32_t uint256_to_compact(struct uint256 a)
{
    unsigned size = (uint256_bits(a) + 7) / 8;
    uint32_t mantissa;

    if (size <= 3)
        mantissa = (uint32_t)a.limb[0] << 8 * (3 - size);
    else
        mantissa = (uint32_t)uint256_shift_right(a, 8 * (size - 3)).limb[0];
    /* The highest bit of the mantissa is the sign: a number that has it takes one byte more. */
    if (mantissa & 0x800000) {
        mantissa >>= 8;
        size++;
    }
    VERIFY_CHECK(mantissa <= 0x7fffff && size <= 33);
    return (uint32_t)size << 24 | mantissa;
}

struct uint256 uint256_work(struct uint256 target)
{
    struct uint256 one = uint256_from_u64(1);
    struct uint256 divisor = uint256_add(target, one);

    if (uint256_is_zero(target))
        return target;
    if (uint256_is_zero(divisor))
        return one;
    /* 2^256 does not fit: 2^256 / d is (2^256 - d) / d + 1, and 2^256 - (target + 1) is ~target. */
    return uint256_add(uint256_div(uint256_not(target), divisor), one);
}

/*
 * Core computes with the mantissa and then scales by powers of 2, which is
 * exact, so one division rounds the same where the target has a compact form.
 */
double uint256_difficulty(struct uint256 target)
{
    if (uint256_is_zero(target))
        return INFINITY;
    return ldexp(0xffff, 208) / uint256_to_double(target);
}

struct uint256 uint256_from_difficulty(double difficulty)
{
    const struct uint256 largest = {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}};
    uint64_t digits[5] = {0}; /* 320 bits, least significant first */
    uint64_t mantissa, rest = 0;
    struct uint256 target;
    int exponent;

    if (!isfinite(difficulty) || difficulty <= 0)
        return uint256_from_u64(0);
    mantissa = (uint64_t)ldexp(frexp(difficulty, &exponent), 53);
    exponent -= 53; /* the difficulty is mantissa * 2^exponent, exactly */
    if (exponent < -85)
        return largest; /* 2^16 * 2^(208 + 86) / 2^53 is more than 2^256 */

    /* 0xffff * 2^(208 - exponent) / mantissa; a positive exponent shifts the quotient instead. */
    unsigned shift = 208 + (unsigned)(exponent < 0 ? -exponent : 0);
    unsigned __int128 ones = (unsigned __int128)0xffff << shift % 64;
    digits[shift / 64] = (uint64_t)ones;
    if (ones >> 64)
        digits[shift / 64 + 1] = (uint64_t)(ones >> 64);
    for (unsigned i = 5; i-- > 0;) {
        unsigned __int128 part = (unsigned __int128)rest << 64 | digits[i];

        digits[i] = (uint64_t)(part / mantissa);
        rest = (uint64_t)(part % mantissa);
    }
    if (digits[4])
        return largest;
    target = (struct uint256){{digits[0], digits[1], digits[2], digits[3]}};
    return exponent > 0 ? uint256_shift_right(target, (unsigned)exponent) : target;
}
