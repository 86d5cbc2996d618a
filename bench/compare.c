#include "bench/compare.h"

#include "bench/bench_alloc.h"
#include "bench/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Rows in the order of their names. */
struct index {
    const struct results_row **row;
    size_t count;
};

static int compare_pointers(const void *a, const void *b)
{
    return results_compare_names(*(const struct results_row *const *)a,
                                 *(const struct results_row *const *)b);
}

static struct index make_index(const struct results *r)
{
    struct index index = {bench_alloc(r->count, sizeof(*index.row)), r->count};

    for (size_t i = 0; i < r->count; i++)
        index.row[i] = &r->row[i];
    qsort(index.row, index.count, sizeof(*index.row), compare_pointers);
    return index;
}

/* The row of the same names, and how many there are of them. */
static const struct results_row *find(const struct index *index, const struct results_row *row,
                                      size_t *count)
{
    size_t low = 0, high = index->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (results_compare_names(index->row[middle], row) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *count = 0;
    while (low + *count < index->count && results_compare_names(index->row[low + *count], row) == 0)
        ++*count;
    return *count ? index->row[low] : NULL;
}

/* Whether the medians differ by more than the threshold allows. */
static bool is_beyond(const struct compare_row *row, const struct compare_rule *rule)
{
    /* From 0 to anything else is more than any percentage. */
    if (isnan(row->ratio))
        return row->b->median > 0;
    return fabs(compare_change(row)) > rule->threshold;
}

static void decide(struct compare_row *row, const struct compare_rule *rule)
{
    const struct results_row *a = row->a, *b = row->b;

    row->verdict = COMPARE_UNDECIDED;
    if (a->count == 0 || b->count == 0)
        return;
    row->ratio = a->median > 0 ? b->median / a->median : NAN;
    if (row->ratio > COMPARE_RATIO_MAX)
        row->ratio = NAN;
    row->p = stats_rank_p(a->samples, a->count, b->samples, b->count);
    if (stats_rank_p_least(a->count, b->count) > rule->significance)
        return;
    row->verdict = COMPARE_SAME;
    if (row->p > rule->significance || !is_beyond(row, rule))
        return;
    if (results_is_peer(a))
        row->verdict = COMPARE_PEER;
    else
        row->verdict =
            (b->median < a->median) == a->lower_is_better ? COMPARE_BETTER : COMPARE_WORSE;
}

static void add_row(struct comparison *c, struct compare_row row)
{
    c->row[c->count++] = row;
    c->verdicts[row.verdict]++;
}

void compare_documents(struct comparison *c, const struct results *a, const struct results *b,
                       struct compare_rule rule)
{
    struct index in_a = make_index(a), in_b = make_index(b);

    *c = (struct comparison){.rule = rule};
    c->row = bench_alloc(a->count + b->count, sizeof(*c->row));
    for (size_t i = 0; i < a->count; i++) {
        struct compare_row row = {.a = &a->row[i], .ratio = NAN, .p = NAN};
        size_t here, there;

        find(&in_a, row.a, &here);
        row.b = find(&in_b, row.a, &there);
        if (here > 1 || there > 1) {
            row.verdict = COMPARE_AMBIGUOUS;
            row.b = NULL;
        } else if (!row.b) {
            row.verdict = COMPARE_ONLY_A;
        } else {
            decide(&row, &rule);
        }
        add_row(c, row);
    }
    for (size_t i = 0; i < b->count; i++) {
        struct compare_row row = {.b = &b->row[i], .ratio = NAN, .p = NAN};
        size_t here, there;

        find(&in_b, row.b, &here);
        if (find(&in_a, row.b, &there))
            continue;
        row.verdict = here > 1 ? COMPARE_AMBIGUOUS : COMPARE_ONLY_B;
        add_row(c, row);
    }
    free(in_a.row);
    free(in_b.row);
}

void compare_free(struct comparison *c)
{
    free(c->row);
    *c = (struct comparison){0};
}

size_t compare_decided(const struct comparison *c)
{
    return c->verdicts[COMPARE_SAME] + c->verdicts[COMPARE_BETTER] + c->verdicts[COMPARE_WORSE] +
           c->verdicts[COMPARE_PEER];
}

const char *compare_name(enum compare_verdict verdict)
{
    static const char *const names[COMPARE_VERDICTS] = {"same",         "better",    "worse",
                                                        "peer changed", "undecided", "only in A",
                                                        "only in B",    "ambiguous"};

    return names[verdict];
}

double compare_change(const struct compare_row *row) { return 100 * (row->ratio - 1); }

const struct results_row *compare_either(const struct compare_row *row)
{
    return row->a ? row->a : row->b;
}

/* Whether the member says the same of both machines. */
static bool is_equal(const char *key, const json_t *a, const json_t *b)
{
    static const char *const momentary[] = {"started", "current_mhz"};

    for (size_t i = 0; i < sizeof(momentary) / sizeof(*momentary); i++)
        if (strcmp(key, momentary[i]) == 0)
            return true;
    /* It is measured, to a few parts in ten thousand. */
    if (strcmp(key, "reference_mhz") == 0 && json_is_number(a) && json_is_number(b))
        return fabs(json_number_value(a) - json_number_value(b)) <= 0.01 * json_number_value(a);
    return a && b && json_equal(a, b);
}

static char *dump(const json_t *value)
{
    char *text = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;

    return text ? text : bench_copy("null");
}

static void add_difference(struct compare_differences *d, const char *key, const json_t *a,
                           const json_t *b)
{
    d->item = bench_grow(d->item, d->count + 1, sizeof(*d->item));
    d->item[d->count++] = (struct compare_difference){key, dump(a), dump(b)};
}

void compare_machines(struct compare_differences *d, const struct results *a,
                      const struct results *b)
{
    const char *key;
    json_t *value;

    *d = (struct compare_differences){0};
    json_object_foreach(a->machine, key, value)
    {
        const json_t *other = json_object_get(b->machine, key);

        if (!is_equal(key, value, other))
            add_difference(d, key, value, other);
    }
    json_object_foreach(b->machine, key,
                        value) if (!json_object_get(a->machine, key) && !is_equal(key, NULL, value))
        add_difference(d, key, NULL, value);
}

void compare_differences_free(struct compare_differences *d)
{
    for (size_t i = 0; i < d->count; i++) {
        free(d->item[i].a);
        free(d->item[i].b);
    }
    free(d->item);
    *d = (struct compare_differences){0};
}
