/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * handler.h - the input handler: from the input core to candor_packet
 *
 * Handles are registered closed, which costs the input path nothing; the work
 * opens them when the gate opens and closes them when it has closed.
 */
#ifndef CANDOR_HANDLER_H
#define CANDOR_HANDLER_H

int candor_handler_init(void);
void candor_handler_exit(void);

/* Called by the work, with the gate open: announces, opens and arms each. */
void candor_handler_open_all(void);
/* Called by the work: when it returns no handle is open. */
void candor_handler_close_all(void);

/* Called by the work: gives devices the report that LED writes left out. */
void candor_handler_resync(void);

#endif /* CANDOR_HANDLER_H */
