/* The table of exs-miner's settings. */
#ifndef PROGRAMS_MINER_TABLE_H
#define PROGRAMS_MINER_TABLE_H

#include "base/settings.h"

extern const struct setting miner_table[];
extern const size_t miner_table_size;

#endif
