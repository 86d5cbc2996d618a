/*
 * The drop-in library from C: every error, and many threads. The functional test of the same name goes further; this
 * one runs under sanitizers, too.
 */
#include "include/bitcoinconsensus.h"

#include "base/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

enum {
    P2SH = bitcoinconsensus_SCRIPT_FLAGS_VERIFY_P2SH,
    WITNESS = bitcoinconsensus_SCRIPT_FLAGS_VERIFY_WITNESS,
    TAPROOT = bitcoinconsensus_SCRIPT_FLAGS_VERIFY_TAPROOT,
    ALL = bitcoinconsensus_SCRIPT_FLAGS_VERIFY_ALL,
};

/* The first payment from one person to another: block 170's second transaction, whose input pays to a public key. */
static const char payment[] =
    "0100000001c997a5e56e104102fa209c6a852dd90660a20b2d9c352423edce25857fcd3704000000004847304402"
    "204e45e16932b8af514961a1d3a1a25fdf3f4f7732e9d624c6c61548ab5fb8cd410220181522ec8eca07de4860a4"
    "acdd12909d831cc56cbbac4622082221a8768d1d0901ffffffff0200ca9a3b00000000434104ae1a62fe09c5f51b"
    "13905f07f06b99a2f7159b2225f374cd378d71302fa28414e7aab37397f554a7df5f142c21c1b7303b8a0626f1ba"
    "ded5c72a704f7e6cd84cac00286bee0000000043410411db93e1dcdb8a016b49840f8c53bc1eb68a382e97b1482e"
    "cad7b148a6909a5cb2e0eaddfb84ccf9744464f82e160bfa9b8b64f9d4c03f999b8643f656b412a3ac00000000";
static const char paid_key[] =
    "410411db93e1dcdb8a016b49840f8c53bc1eb68a382e97b1482ecad7b148a6909a5cb2e0eaddfb84ccf9744464f8"
    "2e160bfa9b8b64f9d4c03f999b8643f656b412a3ac";

/* With one byte more than each holds. */
static uint8_t tx[sizeof(payment) / 2 + 1], script[sizeof(paid_key) / 2];
enum { TX = sizeof(payment) / 2, SCRIPT = sizeof(paid_key) / 2 };
static const int64_t value = 5000000000;

static int decode(void **unused)
{
    (void)unused;
    return !hex_decode(tx, TX, payment, 2 * TX) ||
           !hex_decode(script, SCRIPT, paid_key, 2 * SCRIPT);
}

static void good_and_bad(void **unused)
{
    bitcoinconsensus_error error = bitcoinconsensus_ERR_INVALID_FLAGS;
    uint8_t other[TX];

    (void)unused;
    assert_int_equal(bitcoinconsensus_version(), 2);
    assert_true(bitcoinconsensus_verify_script(script, SCRIPT, tx, TX, 0, P2SH, &error));
    assert_int_equal(error, bitcoinconsensus_ERR_OK);
    assert_true(bitcoinconsensus_verify_script(script, SCRIPT, tx, TX, 0, P2SH, NULL));
    assert_true(bitcoinconsensus_verify_script_with_amount(script, SCRIPT, value, tx, TX, 0,
                                                           P2SH | WITNESS, &error));
    memcpy(other, tx, TX);
    other[60] ^= 1; /* in r */
    assert_false(bitcoinconsensus_verify_script(script, SCRIPT, other, TX, 0, P2SH, &error));
    assert_int_equal(error, bitcoinconsensus_ERR_OK);
    /* An empty script leaves what the input pushes, and that is not false. */
    assert_true(bitcoinconsensus_verify_script(NULL, 0, tx, TX, 0, P2SH, &error));
    assert_int_equal(error, bitcoinconsensus_ERR_OK);
}

static void errors(void **unused)
{
    const UTXO spent[2] = {{script, SCRIPT, value}, {NULL, 0, 0}};
    const struct {
        unsigned tx_size, spent_count, input, flags;
        bitcoinconsensus_error want;
        bool without_spent;
    } cases[] = {
        {TX, 1, 0, ALL, bitcoinconsensus_ERR_OK, false},
        {TX, 0, 0, 0, bitcoinconsensus_ERR_OK, true},
        {TX, 1, 1, ALL, bitcoinconsensus_ERR_TX_INDEX, false},
        {TX + 1, 1, 0, ALL, bitcoinconsensus_ERR_TX_SIZE_MISMATCH, false},
        {TX + 1, 1, 1, ALL, bitcoinconsensus_ERR_TX_INDEX, false},
        {TX - 1, 2, 1, ALL, bitcoinconsensus_ERR_TX_DESERIALIZE, false},
        {0, 1, 0, ALL, bitcoinconsensus_ERR_TX_DESERIALIZE, false},
        {TX, 2, 1, ALL, bitcoinconsensus_ERR_SPENT_OUTPUTS_MISMATCH, false},
        {0, 1, 0, TAPROOT, bitcoinconsensus_ERR_SPENT_OUTPUTS_REQUIRED, true},
        {0, 1, 0, TAPROOT | 1 << 1, bitcoinconsensus_ERR_INVALID_FLAGS, true},
        {TX, 1, 0, 1U << 31, bitcoinconsensus_ERR_INVALID_FLAGS, false},
        {TX, 1, 0, WITNESS, bitcoinconsensus_ERR_INVALID_FLAGS, false},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bitcoinconsensus_error error = bitcoinconsensus_ERR_AMOUNT_REQUIRED;
        int good = bitcoinconsensus_verify_script_with_spent_outputs(
            script, SCRIPT, value, tx, cases[i].tx_size, cases[i].without_spent ? NULL : spent,
            cases[i].spent_count, cases[i].input, cases[i].flags, &error);

        if (error != cases[i].want || good != (error == bitcoinconsensus_ERR_OK))
            fail_msg("case %zu: %d, error %d", i, good, (int)error);
    }
    for (unsigned size = 0; size <= TX; size++) { /* exactly so many bytes, for ASan to watch */
        bitcoinconsensus_error error = bitcoinconsensus_ERR_AMOUNT_REQUIRED;
        uint8_t *cut = malloc(size + 1);

        assert_non_null(cut);
        memcpy(cut + 1, tx, size);
        assert_int_equal(
            bitcoinconsensus_verify_script(script, SCRIPT, cut + 1, size, 0, 0, &error),
            size == TX);
        assert_int_equal(error, size == TX ? bitcoinconsensus_ERR_OK
                                           : bitcoinconsensus_ERR_TX_DESERIALIZE);
        free(cut);
    }
    for (int with_error = 0; with_error < 2; with_error++) {
        bitcoinconsensus_error error = bitcoinconsensus_ERR_OK;

        assert_false(bitcoinconsensus_verify_script(script, SCRIPT, NULL, 0, 9, WITNESS | 1 << 1,
                                                    with_error ? &error : NULL));
        assert_int_equal(error, with_error ? bitcoinconsensus_ERR_AMOUNT_REQUIRED : 0);
    }
}

static void *verify_often(void *arg)
{
    size_t *good = arg;

    for (int i = 0; i < 100; i++)
        *good += (size_t)bitcoinconsensus_verify_script(script, SCRIPT, tx, TX, 0, P2SH, NULL);
    return NULL;
}

static void many_threads(void **unused)
{
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    size_t good[THREADS] = {0};

    (void)unused;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, verify_often, &good[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(good[i], 100);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_threads), /* first, so that the first calls are made at once */
        cmocka_unit_test(good_and_bad),
        cmocka_unit_test(errors),
    };

    return cmocka_run_group_tests(tests, decode, NULL);
}
