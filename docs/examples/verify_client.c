/*
 * Asks a running exs-verify, everything at once: whether a signature is good
 * (the second test vector of BIP340), and whether the first payment that Bitcoin
 * ever made (block 170) and a copy of which somebody raised the payment are
 * valid. Answers come in any order.
 *
 *     cc verify_client.c $(pkg-config --cflags --libs exs)
 *     exs-verify --socket=/tmp/exs-verify &
 *     ./a.out /tmp/exs-verify
 */
#include <exs/verify_client.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char key_hex[] = "dff1d77f2a671c5f36183726db2341be58feae1da2deced843240f7b502ba659";
static const char hash_hex[] = "243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89";
static const char signature_hex[] =
    "6896bd60eeae296db48a229ff71dfe071bde413e6d43f917dc8dcf8c78de3341"
    "8906d11ac976abccb20b091292bff4ea897efcb639ea871cfa95f6de339e4b0a";

static const char payment_hex[] =
    "0100000001c997a5e56e104102fa209c6a852dd90660a20b2d9c352423edce25857fcd3704"
    "000000004847304402204e45e16932b8af514961a1d3a1a25fdf3f4f7732e9d624c6c61548ab5fb8cd41"
    "0220181522ec8eca07de4860a4acdd12909d831cc56cbbac4622082221a8768d1d0901ffffffff"
    "0200ca9a3b00000000434104ae1a62fe09c5f51b13905f07f06b99a2f7159b2225f374cd378d71302fa28414"
    "e7aab37397f554a7df5f142c21c1b7303b8a0626f1baded5c72a704f7e6cd84cac"
    "00286bee0000000043410411db93e1dcdb8a016b49840f8c53bc1eb68a382e97b1482ecad7b148a6909a5c"
    "b2e0eaddfb84ccf9744464f82e160bfa9b8b64f9d4c03f999b8643f656b412a3ac00000000";
static const char script_hex[] =
    "410411db93e1dcdb8a016b49840f8c53bc1eb68a382e97b1482ecad7b148a6909a5c"
    "b2e0eaddfb84ccf9744464f82e160bfa9b8b64f9d4c03f999b8643f656b412a3ac";

enum {
    PAYMENT_AMOUNT_AT = 119, /* the first output's amount: 8 bytes, little-endian */
    TIMEOUT_MS = 60000,
};

static size_t from_hex(uint8_t *out, const char *hex)
{
    static const char digits[] = "0123456789abcdef";
    size_t n = 0;

    for (; hex[0] && hex[1]; hex += 2)
        out[n++] =
            (uint8_t)((strchr(digits, hex[0]) - digits) << 4 | (strchr(digits, hex[1]) - digits));
    return n;
}

/* The numbers that the questions get. */
struct asked {
    uint64_t signature, payment, raised;
};

static enum exs_verify_status ask_signature(struct exs_verify_client *client, uint64_t *id)
{
    uint8_t key[32], hash[32], value[64];
    const struct exs_verify_signature signature = {
        .kind = EXS_SIGNATURE_SCHNORR,
        .key_size = (uint32_t)from_hex(key, key_hex),
        .signature_size = (uint32_t)from_hex(value, signature_hex),
        .key = key,
        .hash32 = hash,
        .signature = value,
    };

    from_hex(hash, hash_hex);
    return exs_verify_client_submit_signatures(client, id, &signature, 1);
}

static enum exs_verify_status ask_payments(struct exs_verify_client *client, struct asked *asked)
{
    /* A block reward of 50 coins that was nine blocks deep in the chain. */
    uint8_t payment[512], script[128];
    const struct exs_spent spent = {
        .amount = 5000000000,
        .script = script,
        .script_size = from_hex(script, script_hex),
        .height = 9,
        .coinbase = EXS_COINBASE,
        .median_time_past = EXS_UNKNOWN_TIME,
    };
    const struct exs_block_place place = {
        .size = sizeof(place),
        .network = "main",
        .height = 170,
        .median_time_past = 1231725000,
    };
    const struct exs_verify_transaction_question question = {
        .tx = payment,
        .tx_size = from_hex(payment, payment_hex),
        .place = &place,
        .flags = EXS_VERIFY_FLAGS_OF_PLACE,
        .spent = &spent,
        .spent_count = 1,
    };
    enum exs_verify_status status =
        exs_verify_client_submit_transaction(client, &asked->payment, &question);

    /* The question was copied, so its bytes may change. */
    payment[PAYMENT_AMOUNT_AT]++;
    if (status == EXS_VERIFY_OK)
        status = exs_verify_client_submit_transaction(client, &asked->raised, &question);
    return status;
}

/* Prints an answer; whether it is the right one. */
static bool is_right(const struct asked *asked, const struct exs_verify_answer *answer)
{
    char text[EXS_VERDICT_TEXT_SIZE];

    if (answer->id == asked->signature) {
        printf("the signature: %s\n", answer->good[0] ? "good" : "bad");
        return answer->good_count == 1 && answer->good[0] == 1;
    }
    printf("%s: %s\n",
           answer->id == asked->payment ? "the payment" : "the payment with one satoshi more",
           exs_verdict_text(text, &answer->verdict));
    return answer->verdict.result == (answer->id == asked->payment ? EXS_VALID : EXS_INVALID);
}

static int ask_all(struct exs_verify_client *client)
{
    struct asked asked = {0};
    struct exs_verify_answer answer;
    enum exs_verify_status status = ask_signature(client, &asked.signature);
    int right = 0;

    if (status == EXS_VERIFY_OK)
        status = ask_payments(client, &asked);
    while (status == EXS_VERIFY_OK && exs_verify_client_pending(client) > 0) {
        status = exs_verify_client_receive(client, &answer, TIMEOUT_MS);
        if (status == EXS_VERIFY_OK)
            right += is_right(&asked, &answer);
    }
    if (status != EXS_VERIFY_OK)
        fprintf(stderr, "verify_client: %s: %s\n", exs_verify_status_text(status),
                exs_verify_client_error(client));
    return right == 3 ? 0 : 1;
}

int main(int argc, char **argv)
{
    char error[EXS_ERROR_SIZE];
    struct exs_verify_client *client;
    int code;

    if (argc != 2) {
        puts("usage: verify_client PATH-OR-ADDRESS");
        return argc > 2;
    }
    client = exs_verify_client_connect(argv[1], TIMEOUT_MS, error);
    if (!client) {
        fprintf(stderr, "verify_client: %s: %s\n", argv[1], error);
        return 1;
    }
    printf("%s answers\n", exs_verify_client_service(client)->program);
    code = ask_all(client);
    exs_verify_client_close(client);
    return code;
}
