#include "tests/unit/consensus/script_assembler.h"

#include "base/hex.h"
#include "consensus/script_flags.h"

#include <stdlib.h>
#include <string.h>

#define NUMBER_MAX INT64_C(0xffffffff)

static bool is_number(const char *word, size_t length)
{
    size_t sign = length > 0 && word[0] == '-';

    return length > sign && strspn(word + sign, "0123456789") >= length - sign;
}

static bool put_number(struct script_builder *out, const char *word, size_t length)
{
    char *end;
    long long number = strtoll(word, &end, 10);

    if (end != word + length || number > NUMBER_MAX || number < -NUMBER_MAX)
        return false;
    script_push_number(out, number);
    return true;
}

static bool put_hex(struct script_builder *out, const char *digits, size_t length)
{
    uint8_t *data = malloc(length / 2 + 1);
    bool good = data && hex_decode(data, length / 2, digits, length);

    if (good)
        script_raw(out, bytes_of(data, length / 2));
    free(data);
    return good;
}

static bool put_opcode(struct script_builder *out, const char *word, size_t length)
{
    for (unsigned opcode = OP_RESERVED; opcode <= 0xff; opcode++) {
        const char *name = script_opcode_name((uint8_t)opcode);

        if ((opcode > OP_RESERVED && opcode < OP_NOP) || strcmp(name, "OP_UNKNOWN") == 0)
            continue;
        if ((strlen(name) == length && memcmp(name, word, length) == 0) ||
            (strlen(name) == length + 3 && memcmp(name + 3, word, length) == 0)) {
            script_op(out, (uint8_t)opcode);
            return true;
        }
    }
    return false;
}

static bool put_word(struct script_builder *out, const char *word, size_t length)
{
    if (is_number(word, length))
        return put_number(out, word, length);
    if (length > 2 && word[0] == '0' && word[1] == 'x')
        return put_hex(out, word + 2, length - 2);
    if (length >= 2 && word[0] == '\'' && word[length - 1] == '\'') {
        script_push(out, bytes_of(word + 1, length - 2));
        return true;
    }
    return put_opcode(out, word, length);
}

bool script_assemble(struct script_builder *out, const char *text)
{
    for (text += strspn(text, " \t\n"); *text; text += strspn(text, " \t\n")) {
        size_t length = strcspn(text, " \t\n");

        if (!put_word(out, text, length))
            return false;
        text += length;
    }
    return !out->failed;
}

bool script_flags_parse(uint32_t *flags, const char *text)
{
    *flags = 0;
    if (!*text || strcmp(text, "NONE") == 0)
        return true;
    for (;;) {
        size_t length = strcspn(text, ",");
        char name[64] = "";
        uint32_t flag;

        if (length >= sizeof(name))
            return false;
        memcpy(name, text, length);
        flag = script_flag_find(name);
        if (!flag)
            return false;
        *flags |= flag;
        if (!text[length])
            return true;
        text += length + 1;
    }
}
