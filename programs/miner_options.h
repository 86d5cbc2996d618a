/* The options of exs-miner: the command line, the file that it names, and what they say. */
#ifndef PROGRAMS_MINER_OPTIONS_H
#define PROGRAMS_MINER_OPTIONS_H

#include "base/settings.h"

enum { MINER_OPTIONS_ERROR_SIZE = 512 };

/* The settings of exs-miner with nothing read yet; NULL where memory lacks. */
struct settings *miner_options_create(void);

/*
 * Reads the command line, then the file that it names with --config; what
 * deserves a warning is in settings_warning. Passwords in argv are overwritten, so
 * that other users don't read them in the list of processes. False, with the reason in error,
 * where either can't be.
 */
bool miner_options_read(struct settings *s, int argc, char **argv,
                        char error[static MINER_OPTIONS_ERROR_SIZE]);

/* What the coinbase is to say, by whichever name. */
const char *miner_options_tag(const struct settings *s);

#endif
