/* What the files of a session share; for session*.c alone. */
#ifndef PROGRAMS_SESSION_IMPL_H
#define PROGRAMS_SESSION_IMPL_H

#include "programs/session.h"

/*
 * What is mined on is there: servers, governor and monitor may use control, and a
 * stop reaches stop_fn. False, with an exit code, where any of them can't be had.
 */
bool session_begin(struct session *session, const struct mining_control *control,
                   void (*stop_fn)(void *arg), void *stop_arg, int *code);

/* The contrary, before that goes. */
void session_end(struct session *session);

#endif
