/* The table of exs-verify's settings. */
#ifndef PROGRAMS_VERIFY_TABLE_H
#define PROGRAMS_VERIFY_TABLE_H

#include "base/settings.h"

extern const struct setting verify_table[];
extern const size_t verify_table_size;

#endif
