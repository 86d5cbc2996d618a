#include "mining/status.h"

#include "base/utf8.h"

#include <stdio.h>

void mining_clean_text(char *out, size_t size, const char *text)
{
    struct bytes rest = bytes_of(text, strlen(text));
    size_t at = 0;

    while (rest.size) {
        size_t one = utf8_size(rest), skip = one ? one : 1;

        if (one && !utf8_control_size(rest)) {
            if (at + one >= size)
                break;
            memcpy(out + at, rest.data, one);
            at += one;
        }
        rest = bytes_of(rest.data + skip, rest.size - skip);
    }
    out[at] = '\0';
}

void mining_reasons_add(struct mining_reason reasons[static MINING_MAX_REASONS], const char *text)
{
    char clean[MINING_REASON_SIZE];
    size_t i = 0;

    mining_clean_text(clean, sizeof(clean), text);
    if (!*clean)
        snprintf(clean, sizeof(clean), "no reason given");
    while (i < MINING_MAX_REASONS - 1 && reasons[i].count && strcmp(reasons[i].text, clean) != 0)
        i++;
    if (i == MINING_MAX_REASONS - 1)
        snprintf(reasons[i].text, sizeof(reasons[i].text), "other reasons");
    else
        memcpy(reasons[i].text, clean, sizeof(clean));
    reasons[i].count++;
}

void mining_reasons_sort(struct mining_reason out[static MINING_MAX_REASONS],
                         const struct mining_reason reasons[static MINING_MAX_REASONS])
{
    for (size_t i = 0; i < MINING_MAX_REASONS; i++) {
        size_t at = i;

        for (; at > 0 && out[at - 1].count < reasons[i].count; at--)
            out[at] = out[at - 1];
        out[at] = reasons[i];
    }
}

void mining_counts_add(struct mining_counts *sum, const struct mining_counts *c)
{
    sum->accepted += c->accepted;
    sum->rejected += c->rejected;
    sum->stale += c->stale;
    sum->lost += c->lost;
    sum->blocks += c->blocks;
    sum->accepted_difficulty += c->accepted_difficulty;
    sum->rejected_difficulty += c->rejected_difficulty;
    sum->stale_difficulty += c->stale_difficulty;
}
