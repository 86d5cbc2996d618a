/* The options of exs-miner: its table of settings, and what they say about nodes. */
#ifndef PROGRAMS_MINER_OPTIONS_H
#define PROGRAMS_MINER_OPTIONS_H

#include "base/settings.h"
#include "mining/solo.h"

enum { MINER_OPTIONS_ERROR_SIZE = 512 };

/* The settings of exs-miner with nothing read yet; NULL where memory lacks. */
struct settings *miner_options_create(void);

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

/*
 * Replaces what was given as a password on the command line by asterisks there,
 * so that other users don't read it in the list of processes. Settings have copies.
 */
void miner_options_hide_secrets(int argc, char **argv);

#endif
