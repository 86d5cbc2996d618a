/*
 * One page of HTML that needs nothing but itself: no script, no font, no image
 * and no other file; its policy (Content-Security-Policy) forbids the reader's
 * browser to ask for any, whatever a document's texts hold. Readable from 320
 * pixels on, in light and dark, and in print.
 *
 * Each number is a <data value="..."> with all of its digits, in a row that
 * carries what names it, so that programs can read them from the page too.
 */
#ifndef BENCH_PAGE_H
#define BENCH_PAGE_H

#include "bench/compare.h"
#include "bench/results.h"

#include <stdio.h>

enum { PAGE_DOCUMENTS = 8 };

struct page_document {
    const char *path; /* "" for what has just been measured */
    const struct results *results;
};

/*
 * Writes the page of 1 to PAGE_DOCUMENTS documents; each after the first is
 * compared with the first. False, errno set, where out does not take it.
 */
bool page_write(FILE *out, const struct page_document *document, size_t count,
                struct compare_rule rule);

#endif
