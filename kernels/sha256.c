#include "kernels/sha256.h"

#include "base/verify.h"
#include "kernels/sha256_constants.h"

enum { LENGTH_AT = 56 }; /* where the last block holds the message's length in bits */

void sha256_init(struct sha256 *s, sha256_compress_fn *compress)
{
    s->compress = compress;
    s->length = 0;
    memcpy(s->state, sha256_iv, sizeof(s->state));
}

void sha256_update(struct sha256 *s, const void *data, size_t size)
{
    const uint8_t *p = data;
    size_t held = s->length % 64;

    s->length += size;
    if (size < 64 - held) {
        if (size)
            memcpy(s->buffer + held, p, size);
        return;
    }
    if (held) {
        memcpy(s->buffer + held, p, 64 - held);
        s->compress(s->state, s->buffer, 1);
        p += 64 - held;
        size -= 64 - held;
    }
    s->compress(s->state, p, size / 64);
    memcpy(s->buffer, p + size / 64 * 64, size % 64);
}

void sha256_final(struct sha256 *s, uint8_t out[static 32])
{
    size_t held = s->length % 64;

    VERIFY_CHECK(s->length < UINT64_C(1) << 61);
    s->buffer[held++] = 0x80;
    if (held > LENGTH_AT) {
        memset(s->buffer + held, 0, 64 - held);
        s->compress(s->state, s->buffer, 1);
        held = 0;
    }
    memset(s->buffer + held, 0, LENGTH_AT - held);
    write_be64(s->buffer + LENGTH_AT, s->length * 8);
    s->compress(s->state, s->buffer, 1);
    for (int i = 0; i < 8; i++)
        write_be32(out + 4 * i, s->state[i]);
}

void sha256d_final(struct sha256 *s, uint8_t out[static 32])
{
    uint8_t digest[32];

    sha256_final(s, digest);
    sha256_init(s, s->compress);
    sha256_update(s, digest, sizeof(digest));
    sha256_final(s, out);
}

void sha256d(sha256_compress_fn *compress, uint8_t out[static 32], const void *data, size_t size)
{
    struct sha256 s;

    sha256_init(&s, compress);
    sha256_update(&s, data, size);
    sha256d_final(&s, out);
}
