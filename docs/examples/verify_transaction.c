/*
 * Verifies the first payment that Bitcoin ever made (block 170, from Satoshi
 * Nakamoto to Hal Finney): one of its scripts, then the transaction as a whole,
 * then a copy of which somebody raised the payment.
 *
 *     cc verify_transaction.c $(pkg-config --cflags --libs exs) && ./a.out
 */
#include <exs/exs.h>

#include <stdio.h>
#include <string.h>

static const char payment_hex[] =
    "0100000001c997a5e56e104102fa209c6a852dd90660a20b2d9c352423edce25857fcd370400000000484730440220"
    "4e"
    "45e16932b8af514961a1d3a1a25fdf3f4f7732e9d624c6c61548ab5fb8cd410220181522ec8eca07de4860a4acdd12"
    "90"
    "9d831cc56cbbac4622082221a8768d1d0901ffffffff0200ca9a3b00000000434104ae1a62fe09c5f51b13905f07f0"
    "6b"
    "99a2f7159b2225f374cd378d71302fa28414e7aab37397f554a7df5f142c21c1b7303b8a0626f1baded5c72a704f7e"
    "6c"
    "d84cac00286bee0000000043410411db93e1dcdb8a016b49840f8c53bc1eb68a382e97b1482ecad7b148a6909a5cb2"
    "e0"
    "eaddfb84ccf9744464f82e160bfa9b8b64f9d4c03f999b8643f656b412a3ac00000000";
static const char script_hex[] = "410411db93e1dcdb8a016b49840f8c53bc1eb68a382e97b1482ecad7b148a6909"
                                 "a5cb2e0eaddfb84ccf9744464f82e16"
                                 "0bfa9b8b64f9d4c03f999b8643f656b412a3ac";

enum { PAYMENT_AMOUNT_AT = 119 }; /* the first output's amount: 8 bytes, little-endian */

static size_t from_hex(uint8_t *out, const char *hex)
{
    static const char digits[] = "0123456789abcdef";
    size_t n = 0;

    for (; hex[0] && hex[1]; hex += 2)
        out[n++] =
            (uint8_t)((strchr(digits, hex[0]) - digits) << 4 | (strchr(digits, hex[1]) - digits));
    return n;
}

static void print(const char *what, const struct exs_verdict *verdict)
{
    char text[EXS_VERDICT_TEXT_SIZE];

    printf("%s: %s\n", what, exs_verdict_text(text, verdict));
}

int main(void)
{
    /* A block reward of 50 coins that was nine blocks deep in the chain. */
    uint8_t payment[512], script[128];
    size_t payment_size = from_hex(payment, payment_hex);
    struct exs_spent spent = {
        .amount = 5000000000,
        .script = script,
        .script_size = from_hex(script, script_hex),
        .height = 9,
        .coinbase = EXS_COINBASE,
        .median_time_past = EXS_UNKNOWN_TIME,
    };
    struct exs_block_place place = {
        .size = sizeof(place),
        .network = "main",
        .height = 170,
        .median_time_past = 1231725000,
    };
    struct exs_verdict verdict;
    char error[EXS_ERROR_SIZE];
    struct exs_context *exs = exs_context_create(NULL, error);
    int failures = 0;

    if (!exs) {
        fprintf(stderr, "verify_transaction: %s\n", error);
        return 1;
    }
    failures += exs_verify_script(exs, &verdict, payment, payment_size, 0, &spent, 1,
                                  EXS_SCRIPT_VERIFY_P2SH) != EXS_VALID;
    print("its script", &verdict);
    failures += exs_verify_transaction(exs, &verdict, payment, payment_size, &place, &spent, 1) !=
                EXS_VALID;
    print("the payment", &verdict);
    payment[PAYMENT_AMOUNT_AT]++;
    failures += exs_verify_transaction(exs, &verdict, payment, payment_size, &place, &spent, 1) !=
                EXS_INVALID;
    print("with one satoshi more", &verdict);
    exs_context_destroy(exs);
    return failures != 0;
}
