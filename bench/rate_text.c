#include "bench/rate_text.h"

#include "bench/stats.h"

#include <ctype.h>
#include <math.h>
#include <string.h>
#include <strings.h>

enum { NUMBER_SIZE = 32 };

void rate_text_init(struct rate_text *t) { memset(t, 0, sizeof(*t)); }

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* What the unit at text multiplies by; 0 where it is no unit of a hash rate. */
static double unit_factor(const char *text)
{
    static const char *const units[] = {"hashes/s", "hash/s", "H/s"};
    static const char prefixes[] = "kmgtp";
    const char *prefix = *text ? strchr(prefixes, tolower((unsigned char)*text)) : NULL;
    double factor = 1;

    if (prefix) {
        factor = pow(1000, (double)(prefix - prefixes + 1));
        text++;
    }
    for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
        size_t length = strlen(units[i]);

        if (strncasecmp(text, units[i], length) == 0 && !isalnum((unsigned char)text[length]))
            return factor;
    }
    return 0;
}

/* A decimal number of size bytes, which are digits and at most one point. */
static double read_decimal(const char *text, size_t size)
{
    double value = 0, place = 0;

    for (size_t i = 0; i < size; i++) {
        if (text[i] == '.') {
            place = 1;
        } else {
            value = value * 10 + (text[i] - '0');
            place *= 10;
        }
    }
    return place > 1 ? value / place : value;
}

/*
 * Whether a number may begin at text[at]: not behind a minus, and not behind a
 * digit and a separator, which is a decimal comma to some and groups digits for
 * others ("28,700").
 */
static bool may_begin(const char *text, size_t at)
{
    if (at > 0 && text[at - 1] == '-')
        return false;
    return at < 2 || !strchr(",'_", text[at - 1]) || !is_digit(text[at - 2]);
}

double rate_text_parse(const char *line)
{
    double rate = NAN;

    for (size_t at = 0; line[at];) {
        size_t size = 0;
        bool point = false;
        double factor;

        while (is_digit(line[at + size]) ||
               (line[at + size] == '.' && size && !point && is_digit(line[at + size + 1]))) {
            point = point || line[at + size] == '.';
            size++;
        }
        if (size == 0) {
            at++;
            continue;
        }
        factor = unit_factor(line + at + size + strspn(line + at + size, " \t"));
        if (factor > 0 && size < NUMBER_SIZE && may_begin(line, at))
            rate = read_decimal(line + at, size) * factor;
        at += size;
    }
    return rate;
}

static bool holds(const char *line, const char *word) { return strcasestr(line, word) != NULL; }

static void take_line(struct rate_text *t)
{
    struct rate_text_list *list;
    double rate;

    t->line[t->used] = 0;
    t->used = 0;
    rate = rate_text_parse(t->line);
    if (!(rate > 0))
        return;
    if (holds(t->line, "total"))
        list = &t->total;
    else if (holds(t->line, "benchmark"))
        list = &t->benchmark;
    else if (holds(t->line, "thread ") || holds(t->line, "CPU #") || holds(t->line, "GPU #"))
        return;
    else
        list = &t->other;
    list->rate[list->count++ % RATE_TEXT_RATES] = rate;
}

/* Moves on in an escape sequence (ECMA-48, 5.4): ESC [ parameters final, or ESC and one byte. */
static void take_escape(struct rate_text *t, char c)
{
    if (t->escape == RATE_TEXT_ESCAPE && c == '[')
        t->escape = RATE_TEXT_SEQUENCE;
    else if (t->escape == RATE_TEXT_ESCAPE || (c >= 0x40 && c <= 0x7e) || c == '\n')
        t->escape = RATE_TEXT_PLAIN;
}

void rate_text_feed(struct rate_text *t, const char *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        char c = data[i];

        if (t->escape != RATE_TEXT_PLAIN)
            take_escape(t, c);
        else if (c == '\033')
            t->escape = RATE_TEXT_ESCAPE;
        else if (c != '\n' && c != '\r' && c != 0 && t->used < RATE_TEXT_LINE)
            t->line[t->used++] = c;
        /* A carriage return ends a line too: live displays write over themselves. */
        if (c == '\n' || c == '\r')
            take_line(t);
    }
}

/* The median of all but the first, or the only one. */
static double settled(const struct rate_text_list *list)
{
    double kept[RATE_TEXT_RATES];
    size_t count = list->count < RATE_TEXT_RATES ? list->count : RATE_TEXT_RATES;
    size_t skip = list->count > 1 && list->count <= RATE_TEXT_RATES;

    memcpy(kept, list->rate + skip, (count - skip) * sizeof(*kept));
    stats_sort(kept, count - skip);
    return stats_median(kept, count - skip);
}

double rate_text_result(struct rate_text *t, const char **rule)
{
    const char *none;
    const struct rate_text_list *benchmark = &t->benchmark;

    if (!rule)
        rule = &none;
    take_line(t);
    *rule = "total";
    if (t->total.count > 1)
        return settled(&t->total);
    if (benchmark->count) {
        *rule = "benchmark";
        return benchmark->rate[(benchmark->count - 1) % RATE_TEXT_RATES];
    }
    if (t->total.count)
        return settled(&t->total);
    *rule = "other";
    return settled(&t->other);
}
