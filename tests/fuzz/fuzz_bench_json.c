/*
 * Whatever a file of exs-bench says: it is refused with a reason that no terminal
 * obeys, or it can be compared, drawn and put on a page. Compared with itself,
 * nothing changed.
 */
#include "bench/compare_text.h"
#include "bench/page.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

/* That nothing but our own markup begins a tag, and nothing is left of control characters. */
static void check_markup(const char *text, size_t size)
{
    FUZZ_CHECK(!strstr(text, "<script") && !strstr(text, "<img") && !strstr(text, "\"nan\""));
    FUZZ_CHECK(strlen(text) == size);
    for (size_t i = 0; i < size; i++)
        FUZZ_CHECK((unsigned char)text[i] >= ' ' || text[i] == '\n');
}

static void draw(const struct results *r, struct compare_rule rule)
{
    const struct page_document document[2] = {{"a", r}, {"b", r}};
    struct figures f = {0};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        abort();
    FUZZ_CHECK(page_write(out, document, 2, rule));
    figures_add(&f, r, NULL);
    plot_draw_document(f.plot, f.count, out, results_machine_text(r, "cpu"), "x");
    figures_free(&f);
    fclose(out);
    check_markup(text, size);
    free(text);
}

static void compare(const struct results *r, struct compare_rule rule)
{
    struct compare_differences differences;
    struct comparison c;
    struct compare_report report = {"a", "b", r, r, &c, &differences};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    json_t *json;

    if (!out)
        abort();
    compare_documents(&c, r, r, rule);
    compare_machines(&differences, r, r);
    FUZZ_CHECK(c.count == r->count && differences.count == 0);
    FUZZ_CHECK(!c.verdicts[COMPARE_WORSE] && !c.verdicts[COMPARE_BETTER]);
    FUZZ_CHECK(!c.verdicts[COMPARE_ONLY_A] && !c.verdicts[COMPARE_ONLY_B]);
    compare_print(out, &report);
    fflush(out);
    for (size_t i = 0; i < size; i++)
        FUZZ_CHECK((unsigned char)text[i] >= ' ' || text[i] == '\n');
    rewind(out);
    FUZZ_CHECK(compare_write_json(out, &report));
    fclose(out);
    json = json_loadb(text, size, JSON_DISABLE_EOF_CHECK, NULL);
    FUZZ_CHECK(json_array_size(json_object_get(json, "rows")) == r->count);
    json_decref(json);
    free(text);
    compare_differences_free(&differences);
    compare_free(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct compare_rule rule = {2, 0.01};
    char error[RESULTS_ERROR_SIZE];
    struct results r;

    if (!results_parse(&r, bytes_of(data, size), error)) {
        FUZZ_CHECK(memchr(error, '\0', sizeof(error)) && *error);
        for (const char *c = error; *c; c++)
            FUZZ_CHECK(*c >= ' ' && *c <= '~');
        return 0;
    }
    draw(&r, rule);
    compare(&r, rule);
    results_free(&r);
    return 0;
}
