#include "base/utf8.h"

/* By the first byte: how many there are, and within which limits the second is (RFC 3629, section 4). */
struct form {
    uint8_t first_low, first_high, size, second_low, second_high;
};

static const struct form forms[] = {
    {0xc2, 0xdf, 2, 0x80, 0xbf}, {0xe0, 0xe0, 3, 0xa0, 0xbf}, {0xe1, 0xec, 3, 0x80, 0xbf},
    {0xed, 0xed, 3, 0x80, 0x9f}, {0xee, 0xef, 3, 0x80, 0xbf}, {0xf0, 0xf0, 4, 0x90, 0xbf},
    {0xf1, 0xf3, 4, 0x80, 0xbf}, {0xf4, 0xf4, 4, 0x80, 0x8f},
};

static bool form_matches(const struct form *form, struct bytes text)
{
    if (text.size < form->size)
        return false;
    if (text.data[1] < form->second_low || text.data[1] > form->second_high)
        return false;
    for (size_t i = 2; i < form->size; i++)
        if ((text.data[i] & 0xc0) != 0x80)
            return false;
    return true;
}

size_t utf8_size(struct bytes text)
{
    if (text.size == 0)
        return 0;
    if (text.data[0] < 0x80)
        return 1;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (text.data[0] >= forms[i].first_low && text.data[0] <= forms[i].first_high)
            return form_matches(&forms[i], text) ? forms[i].size : 0;
    return 0;
}

size_t utf8_control_size(struct bytes text)
{
    size_t size = utf8_size(text);

    if (size == 1 && (text.data[0] < 0x20 || text.data[0] == 0x7f))
        return 1;
    return size == 2 && text.data[0] == 0xc2 && text.data[1] < 0xa0 ? 2 : 0;
}
