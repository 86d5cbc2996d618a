#include "base/settings_impl.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum { COIN = 100000000 };

bool settings_value_bool(bool *value, const char *text)
{
    static const char *const words[] = {"0", "1", "false", "true", "no", "yes", "off", "on"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcasecmp(text, words[i]) == 0) {
            *value = i % 2;
            return true;
        }
    }
    return false;
}

/* "-12", "+12" or "0x1f"; strtoll alone would take spaces before it. */
static bool parse_whole(int64_t *value, const char *text)
{
    const char *digits = text + (*text == '-' || *text == '+');
    bool hex = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
    char *end;

    if (!isxdigit((unsigned char)digits[hex ? 2 : 0]))
        return false;
    errno = 0;
    *value = strtoll(text, &end, hex ? 16 : 10);
    return end != text && *end == 0 && errno == 0;
}

/* The factor that a letter stands for, as in Core's ParseByteUnits; 0: none. */
static int64_t unit_of(char letter)
{
    static const char letters[] = "kKmMgGtT";
    const char *at = letter ? strchr(letters, letter) : NULL;
    int64_t unit = 1;

    if (!at)
        return 0;
    for (long i = 0; i <= (at - letters) / 2; i++)
        unit *= isupper((unsigned char)letter) ? 1024 : 1000;
    return unit;
}

static bool parse_size(int64_t *value, const char *text)
{
    size_t length = strlen(text);
    int64_t unit = length ? unit_of(text[length - 1]) : 0;
    char digits[24];

    if (unit == 0)
        return parse_whole(value, text) && *value >= 0;
    if (length > sizeof digits)
        return false;
    memcpy(digits, text, length - 1);
    digits[length - 1] = 0;
    return parse_whole(value, digits) && *value >= 0 &&
           !__builtin_mul_overflow(*value, unit, value);
}

/* Coins with at most eight decimals, exactly. */
static bool parse_amount(int64_t *value, const char *text)
{
    bool negative = *text == '-';
    int64_t satoshis = 0;
    int decimals = -1; /* -1: no point yet */

    text += negative;
    if (!isdigit((unsigned char)*text))
        return false;
    for (; *text; text++) {
        if (*text == '.' && decimals < 0 && isdigit((unsigned char)text[1])) {
            decimals = 0;
            continue;
        }
        if (!isdigit((unsigned char)*text) || decimals == 8)
            return false;
        if (__builtin_mul_overflow(satoshis, 10, &satoshis) ||
            __builtin_add_overflow(satoshis, *text - '0', &satoshis))
            return false;
        decimals += decimals >= 0;
    }
    for (int i = decimals < 0 ? 0 : decimals; i < 8; i++)
        if (__builtin_mul_overflow(satoshis, 10, &satoshis))
            return false;
    *value = negative ? -satoshis : satoshis;
    return true;
}

bool settings_value_int(int64_t *value, const struct setting *setting, const char *text)
{
    bool flag;

    switch (setting->type) {
    case SETTING_INT:
        if (parse_whole(value, text))
            return true;
        *value = 0;
        return settings_value_bool(&flag, text) && !flag;
    case SETTING_SIZE:
        return parse_size(value, text);
    case SETTING_AMOUNT:
        return parse_amount(value, text);
    case SETTING_BOOL:
    case SETTING_DOUBLE:
    case SETTING_PERCENT:
    case SETTING_STRING:
    case SETTING_LIST:
    case SETTING_HEADING:
        break;
    }
    return false;
}

bool settings_value_double(double *value, const struct setting *setting, const char *text)
{
    char *end;

    /* strtod would also take spaces, "nan", "inf" and hexadecimal. */
    if (text[strspn(text, "+-.0123456789eE%")] != 0 || isalpha((unsigned char)*text))
        return false;
    *value = strtod(text, &end);
    if (end == text || !isfinite(*value))
        return false;
    if (setting->type == SETTING_PERCENT && *end == '%')
        end++;
    return *end == 0;
}

/* A bound as the user would write it. */
static void print_bound(char out[static 32], const struct setting *setting, int64_t bound)
{
    uint64_t size = bound < 0 ? 0 - (uint64_t)bound : (uint64_t)bound;

    if (setting->type == SETTING_AMOUNT)
        snprintf(out, 32, "%s%" PRIu64 ".%08" PRIu64, bound < 0 ? "-" : "", size / COIN,
                 size % COIN);
    else
        snprintf(out, 32, "%" PRId64 "%s", bound, setting->type == SETTING_PERCENT ? "%" : "");
}

static const char *type_name(enum setting_type type)
{
    switch (type) {
    case SETTING_BOOL:
        return "a yes or no (1 or 0)";
    case SETTING_INT:
        return "a whole number";
    case SETTING_SIZE:
        return "a size (such as 100, 100k or 100M)";
    case SETTING_AMOUNT:
        return "an amount in coins with at most 8 decimals";
    case SETTING_DOUBLE:
        return "a number";
    case SETTING_PERCENT:
        return "a percentage (such as 40%)";
    case SETTING_STRING:
    case SETTING_LIST:
    case SETTING_HEADING:
        break;
    }
    return "a text";
}

/* Whether text is a value of the type (*parsed), and one within the limits. */
static bool is_within(bool *parsed, const struct setting *setting, const char *text)
{
    bool limited = setting->min != 0 || setting->max != 0;
    int64_t whole = 0;
    double real = 0;
    bool flag;

    switch (setting->type) {
    case SETTING_BOOL:
        *parsed = settings_value_bool(&flag, text);
        return *parsed;
    case SETTING_INT:
    case SETTING_SIZE:
    case SETTING_AMOUNT:
        *parsed = settings_value_int(&whole, setting, text);
        return *parsed && (!limited || (whole >= setting->min && whole <= setting->max));
    case SETTING_DOUBLE:
    case SETTING_PERCENT:
        *parsed = settings_value_double(&real, setting, text);
        return *parsed &&
               (!limited || (real >= (double)setting->min && real <= (double)setting->max));
    case SETTING_STRING:
    case SETTING_LIST:
    case SETTING_HEADING:
        break;
    }
    *parsed = true;
    return true;
}

bool settings_value_check(char *problem, size_t size, const struct setting *setting,
                          const char *text)
{
    char low[32], high[32], shown[100];
    bool parsed;

    if (is_within(&parsed, setting, text))
        return true;
    settings_value_show(shown, sizeof shown, setting, text);
    print_bound(low, setting, setting->min);
    print_bound(high, setting, setting->max);
    if (parsed)
        snprintf(problem, size, "%s is not within %s to %s", shown, low, high);
    else if (setting->min != 0 || setting->max != 0)
        snprintf(problem, size, "\"%s\" is not %s within %s to %s", shown, type_name(setting->type),
                 low, high);
    else
        snprintf(problem, size, "\"%s\" is not %s", shown, type_name(setting->type));
    return false;
}

/*
 * The password of "scheme://user:password@host", the scheme left out or not, as
 * offsets; false where there is none. Whatever comes before the last @ of the
 * authority counts, so that a password with an @ in it is hidden whole; and
 * where the authority has none, before the last one of all, as people do not
 * know that a slash in a password ends the authority.
 */
static bool find_password(size_t *start, size_t *end, const char *text)
{
    const char *scheme = strstr(text, "://");
    const char *authority = scheme ? scheme + 3 : text;
    const char *colon, *at = NULL;

    for (const char *c = authority; *c && *c != '/'; c++)
        if (*c == '@')
            at = c;
    if (!at)
        at = strrchr(authority, '@');
    if (!at)
        return false;
    colon = memchr(authority, ':', (size_t)(at - authority));
    if (!colon)
        return false;
    *start = (size_t)(colon + 1 - text);
    *end = (size_t)(at - text);
    return true;
}

void settings_value_show(char *out, size_t size, const struct setting *setting, const char *text)
{
    size_t start, end;

    if (setting->flags & SETTING_SECRET)
        snprintf(out, size, "****");
    else if (find_password(&start, &end, text))
        snprintf(out, size, "%.*s****%s", (int)start, text, text + end);
    else
        snprintf(out, size, "%s", text);
    if (!(setting->flags & SETTING_SECRET) && strlen(out) == size - 1 && size > 4)
        memcpy(out + size - 4, "...", 4);
}
