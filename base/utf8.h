/* UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates, nothing beyond U+10FFFF. Pure. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/bytes.h"

/* The bytes of the character that text begins with, 1 to 4; 0 where it begins with none. */
size_t utf8_size(struct bytes text);

/*
 * The size of the control character with which text begins, 0 where it begins
 * with something else: C0 and DEL, 1 byte, and C1, 2 bytes, all of which
 * terminals obey.
 */
size_t utf8_control_size(struct bytes text);

#endif
