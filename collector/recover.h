/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * recover.h - a part that a crash left becomes a sealed segment
 *
 * Every frame that is whole goes unchanged into a new file, with a trailer
 * that says so and a ledger of what the rows tell: where they carry packet
 * sequences, what is missing between them is lost, reason unknown; elsewhere
 * nothing is claimed. The part is removed after the new file has its name, so
 * a crash at any moment leaves one or both, and doing it again is harmless.
 */
#ifndef CANDOR_RECOVER_H
#define CANDOR_RECOVER_H

#include <sys/types.h>

#include "spool_name.h"

/*
 * @part stands in the folder @fd; the new file gets @mode. 0; -ENODATA when it
 * has no header that can be read; -EEXIST when what bears its sealed name is no
 * whole segment; or another -errno. The part is then as it was.
 */
int recover_part(int fd, const struct spool_name *part, mode_t mode);

#endif
