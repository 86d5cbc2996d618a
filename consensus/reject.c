#include "consensus/reject.h"

#include "base/bytes.h"

/*
 * Every reason in one place, so that a new one is text and class at once. Core's words; ours for
 * what is ours.
 */
static const struct {
    const char *text;
    enum reject_class class;
} reasons[REJECTS + 1] = {
#define ROW(name, text, class) [REJECT_##name] = {text, REJECT_CLASS_##class}
    ROW(NONE, "", NONE),

    ROW(TXNS_VIN_EMPTY, "bad-txns-vin-empty", CONSENSUS),
    ROW(TXNS_VOUT_EMPTY, "bad-txns-vout-empty", CONSENSUS),
    ROW(TXNS_OVERSIZE, "bad-txns-oversize", CONSENSUS),
    ROW(TXNS_VOUT_NEGATIVE, "bad-txns-vout-negative", CONSENSUS),
    ROW(TXNS_VOUT_TOOLARGE, "bad-txns-vout-toolarge", CONSENSUS),
    ROW(TXNS_TXOUTTOTAL_TOOLARGE, "bad-txns-txouttotal-toolarge", CONSENSUS),
    ROW(TXNS_INPUTS_DUPLICATE, "bad-txns-inputs-duplicate", CONSENSUS),
    ROW(CB_LENGTH, "bad-cb-length", CONSENSUS),
    ROW(TXNS_PREVOUT_NULL, "bad-txns-prevout-null", CONSENSUS),

    ROW(TXNS_INPUTS_MISSINGORSPENT, "bad-txns-inputs-missingorspent", MISSING_INPUTS),
    ROW(TXNS_PREMATURE_SPEND_OF_COINBASE, "bad-txns-premature-spend-of-coinbase", PREMATURE_SPEND),
    ROW(TXNS_INPUTVALUES_OUTOFRANGE, "bad-txns-inputvalues-outofrange", CONSENSUS),
    ROW(TXNS_IN_BELOWOUT, "bad-txns-in-belowout", CONSENSUS),
    ROW(TXNS_FEE_OUTOFRANGE, "bad-txns-fee-outofrange", CONSENSUS),
    ROW(TXNS_ACCUMULATED_FEE_OUTOFRANGE, "bad-txns-accumulated-fee-outofrange", CONSENSUS),
    ROW(TXNS_NONFINAL, "bad-txns-nonfinal", CONSENSUS),
    ROW(SCRIPT, "block-script-verify-flag-failed", CONSENSUS),

    ROW(HIGH_HASH, "high-hash", INVALID_HEADER),
    ROW(DIFFBITS, "bad-diffbits", INVALID_HEADER),
    ROW(TIME_TOO_OLD, "time-too-old", INVALID_HEADER),
    ROW(TIME_TIMEWARP_ATTACK, "time-timewarp-attack", INVALID_HEADER),
    ROW(TIME_TOO_NEW, "time-too-new", TIME_FUTURE),
    ROW(VERSION, "bad-version", INVALID_HEADER),

    ROW(SIGNET_BLKSIG, "bad-signet-blksig", CONSENSUS),
    ROW(TXNMRKLROOT, "bad-txnmrklroot", MUTATED),
    ROW(TXNS_DUPLICATE, "bad-txns-duplicate", MUTATED),
    ROW(BLK_LENGTH, "bad-blk-length", CONSENSUS),
    ROW(CB_MISSING, "bad-cb-missing", CONSENSUS),
    ROW(CB_MULTIPLE, "bad-cb-multiple", CONSENSUS),
    ROW(BLK_SIGOPS, "bad-blk-sigops", CONSENSUS),

    ROW(CB_HEIGHT, "bad-cb-height", CONSENSUS),
    ROW(WITNESS_NONCE_SIZE, "bad-witness-nonce-size", MUTATED),
    ROW(WITNESS_MERKLE_MATCH, "bad-witness-merkle-match", MUTATED),
    ROW(UNEXPECTED_WITNESS, "unexpected-witness", MUTATED),
    ROW(BLK_WEIGHT, "bad-blk-weight", CONSENSUS),
    ROW(TXNS_BIP30, "bad-txns-BIP30", CONSENSUS),
    ROW(CB_AMOUNT, "bad-cb-amount", CONSENSUS),

    ROW(NO_MEMORY, "out of memory", OURS),
#undef ROW
};

const char *reject_text(enum reject reason) { return reasons[reason].text; }

enum reject_class reject_class(enum reject reason) { return reasons[reason].class; }

/* Text that is cut where it no longer fits. */
struct line {
    char *out;
    size_t size;
};

static void put(struct line *line, const char *text)
{
    for (; *text && line->size < REJECTION_TEXT_SIZE - 1; text++)
        line->out[line->size++] = *text;
    line->out[line->size] = 0;
}

static void put_hex32(struct line *line, uint32_t x)
{
    char text[9] = {0};

    for (size_t i = 0; i < 8; i++)
        text[i] = "0123456789abcdef"[x >> (28 - 4 * i) & 15];
    put(line, text);
}

char *rejection_text(char out[static REJECTION_TEXT_SIZE], const struct rejection *rejection)
{
    struct line line = {out, 0};

    put(&line, reject_text(rejection->reason));
    if (rejection->reason == REJECT_SCRIPT) {
        put(&line, " (");
        put(&line, script_error_text(rejection->script));
        put(&line, ")");
    } else if (rejection->reason == REJECT_VERSION) {
        put(&line, "(0x");
        put_hex32(&line, (uint32_t)rejection->version);
        put(&line, ")");
    }
    return out;
}
