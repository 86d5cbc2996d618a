/*
 * 256-bit unsigned integers, as proof of work needs them: targets, work, and
 * Bitcoin's compact form of a target ("nBits").
 *
 * Values, not objects: everything is passed and returned by value, nothing is
 * allocated, every function is pure and safe on any thread.
 */
#ifndef BASE_UINT256_H
#define BASE_UINT256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct uint256 {
    uint64_t limb[4]; /* least significant first */
};

/* 32 bytes, least significant first: how Bitcoin's hashes hold a number. */
struct uint256 uint256_from_le(const uint8_t in[static 32]);
void uint256_to_le(uint8_t out[static 32], struct uint256 a);

/* 32 bytes, most significant first: how people write one. */
struct uint256 uint256_from_be(const uint8_t in[static 32]);
void uint256_to_be(uint8_t out[static 32], struct uint256 a);

struct uint256 uint256_from_u64(uint64_t a);

bool uint256_is_zero(struct uint256 a);

/* Less than zero, zero or more than zero as a is less than, equal to or greater than b. */
int uint256_compare(struct uint256 a, struct uint256 b);

/* How many bits the number needs: 0 for zero, 256 at most. */
unsigned uint256_bits(struct uint256 a);

/* Modulo 2^256. */
struct uint256 uint256_add(struct uint256 a, struct uint256 b);
struct uint256 uint256_sub(struct uint256 a, struct uint256 b);
struct uint256 uint256_mul_u32(struct uint256 a, uint32_t b);
struct uint256 uint256_not(struct uint256 a);

/* Shifting by 256 and more gives zero. */
struct uint256 uint256_shift_left(struct uint256 a, unsigned bits);
struct uint256 uint256_shift_right(struct uint256 a, unsigned bits);

/* The integer quotient. b must not be zero (asserted). */
struct uint256 uint256_div(struct uint256 a, struct uint256 b);

/* The nearest double; infinities cannot arise. */
double uint256_to_double(struct uint256 a);

/* What a compact target may be besides a number; both are set as Core's arith_uint256::SetCompact sets them. */
struct compact_flags {
    bool negative; /* the sign bit is set and the mantissa is not zero */
    bool overflow; /* the number does not fit into 256 bits */
};

/*
 * The number that compact bits stand for: 8 bits of size in bytes, a sign bit,
 * 23 bits of mantissa. The number is returned without its sign; flags may be
 * NULL. Source: Core, arith_uint256::SetCompact.
 */
struct uint256 uint256_from_compact(uint32_t compact, struct compact_flags *flags);

/* The compact form, of which the low bits of a large number are lost. Core's GetCompact(false). */
uint32_t uint256_to_compact(struct uint256 a);

/* The hashes that a block of this target stands for: 2^256 / (target + 1); 0 for a zero target (Core, GetBlockProof). */
struct uint256 uint256_work(struct uint256 target);

/*
 * The difficulty of a target as Core's getdifficulty gives it, relative to
 * 0x1d00ffff, and back: the target of a difficulty, rounded down, with 2^256-1
 * for what is too easy. A zero target's difficulty is infinite. difficulty must
 * be finite and above zero, else the target is zero.
 */
double uint256_difficulty(struct uint256 target);
struct uint256 uint256_from_difficulty(double difficulty);

#endif
