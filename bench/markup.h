/*
 * Text from anywhere, put into XML and HTML, or shown on a terminal. It may hold
 * whatever a file or another program's name holds: nothing of it becomes markup,
 * and no terminal obeys it. The caller checks the stream for errors.
 */
#ifndef BENCH_MARKUP_H
#define BENCH_MARKUP_H

#include <stdio.h>

/*
 * Escaped for the content of an element and for an attribute in quotes, in XML
 * and in HTML. What XML cannot hold (control characters, bytes that are no
 * UTF-8) becomes U+FFFD.
 */
void markup_text(FILE *out, const char *text);

/* For a terminal: control characters, line ends among them, become "?". */
void markup_plain(FILE *out, const char *text);

#endif
