/* The options of exs-miner: its table of settings, and what they say about nodes. */
#ifndef PROGRAMS_MINER_OPTIONS_H
#define PROGRAMS_MINER_OPTIONS_H

#include "base/settings.h"
#include "mining/solo.h"

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

/* Nodes and who is calling them. */
struct miner_nodes {
    size_t count;
    struct upstream_options node[SOLO_MAX_NODES];
    char *name[SOLO_MAX_NODES]; /* the first half of --userpass, or NULL */
};

/*
 * Reads the nodes from settings, which must outlive them. port is for URLs
 * without one. False, with the reason in error, where they make no sense.
 */
bool miner_options_nodes(struct miner_nodes *nodes, const struct settings *s, uint16_t port,
                         char error[static MINER_OPTIONS_ERROR_SIZE]);

void miner_options_free_nodes(struct miner_nodes *nodes);

/* What the coinbase is to say, by whichever name. */
const char *miner_options_tag(const struct settings *s);

#endif
