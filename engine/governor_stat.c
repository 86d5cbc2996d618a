/*
 * What the governor reads of the machine. Sources: proc(5) for /proc/stat;
 * Linux, Documentation/ABI/testing/sysfs-firmware-dmi-tables, and AWS's "Identify
 * EC2 instances" for what the firmware of an instance says.
 */
#include "engine/governor_impl.h"

#include <ctype.h>
#include <string.h>

/* The columns of "cpu  user nice system idle iowait irq softirq steal guest guest_nice". */
enum { USER, NICE, SYSTEM, IDLE, IOWAIT, IRQ, SOFTIRQ, STEAL, COLUMNS };

static bool starts_with(struct bytes text, const char *word)
{
    size_t length = strlen(word);

    return text.size >= length && memcmp(text.data, word, length) == 0;
}

/* Takes the first line off of text, without its newline. */
static struct bytes next_line(struct bytes *text)
{
    const uint8_t *end = text->size ? memchr(text->data, '\n', text->size) : NULL;
    struct bytes line = {text->data, end ? (size_t)(end - text->data) : text->size};
    size_t taken = line.size + (end != NULL);

    *text = (struct bytes){taken ? text->data + taken : text->data, text->size - taken};
    return line;
}

/* Reads a number and the blanks before it; false where there is none or it is too large. */
static bool next_number(uint64_t *number, struct bytes *line)
{
    size_t at = 0, first;

    while (at < line->size && line->data[at] == ' ')
        at++;
    first = at;
    *number = 0;
    for (; at < line->size && isdigit(line->data[at]); at++)
        if (__builtin_mul_overflow(*number, 10, number) ||
            __builtin_add_overflow(*number, (uint64_t)(line->data[at] - '0'), number))
            return false;
    if (at == first)
        return false;
    *line = bytes_of(line->data + at, line->size - at);
    return true;
}

/* Old kernels have fewer columns; guests' time is part of user's. */
static bool read_columns(uint64_t column[static COLUMNS], struct bytes line)
{
    size_t count = 0;

    memset(column, 0, COLUMNS * sizeof(*column));
    while (count < COLUMNS && next_number(&column[count], &line))
        count++;
    /* What stands in a column must be a number; sums stay far below 2^64. */
    for (size_t i = 0; i < count; i++)
        if (column[i] >> 60)
            return false;
    return count > IDLE && (count == COLUMNS || line.size == 0);
}

bool governor_stat_parse(struct governor_stat *stat, struct bytes text)
{
    struct bytes line = next_line(&text);
    uint64_t c[COLUMNS];

    *stat = (struct governor_stat){0};
    if (!starts_with(line, "cpu ") || !read_columns(c, bytes_of(line.data + 4, line.size - 4)))
        return false;
    stat->busy = c[USER] + c[NICE] + c[SYSTEM] + c[IRQ] + c[SOFTIRQ];
    stat->idle = c[IDLE] + c[IOWAIT];
    stat->steal = c[STEAL];
    /* A line for each CPU that is online follows. */
    while (text.size) {
        line = next_line(&text);
        if (!starts_with(line, "cpu") || line.size < 4 || !isdigit(line.data[3]))
            break;
        stat->cpus++;
    }
    return stat->cpus > 0 && stat->cpus <= TOPOLOGY_MAX_CPUS;
}

/* Without the blanks and the newline at the end. */
static struct bytes trimmed(struct bytes text)
{
    while (text.size && isspace(text.data[text.size - 1]))
        text.size--;
    return text;
}

/* "family.size": small letters, digits and, as in "u-6tb1.metal", dashes. */
static bool is_type_name(struct bytes name)
{
    size_t dots = 0;

    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = name.data[i];

        if (c == '.' && (i == 0 || i + 1 == name.size))
            return false;
        dots += c == '.';
        if (!(c >= 'a' && c <= 'z') && !isdigit(c) && c != '.' && c != '-')
            return false;
    }
    return dots == 1;
}

bool governor_stat_type(char name[static GOVERNOR_NAME_SIZE], struct bytes product,
                        struct bytes vendor)
{
    static const char amazon[] = "Amazon EC2";

    product = trimmed(product);
    name[0] = 0;
    if (!bytes_equal(trimmed(vendor), bytes_of(amazon, sizeof(amazon) - 1)) ||
        product.size >= GOVERNOR_NAME_SIZE || !is_type_name(product))
        return false;
    memcpy(name, product.data, product.size);
    name[product.size] = 0;
    return true;
}
