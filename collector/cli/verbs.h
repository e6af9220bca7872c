/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * verbs.h - the verbs of `candor`, one file each
 *
 * A verb gets its own arguments, argv[0] being its name, and returns an exit
 * code of exit.h. It prints data on stdout and everything else on stderr;
 * candor.c answers --help for it and checks stdout at the end.
 */
#ifndef CANDOR_VERBS_H
#define CANDOR_VERBS_H

int verb_demonstrate(int argc, char **argv);
int verb_pause(int argc, char **argv);
int verb_resume(int argc, char **argv);
int verb_shield(int argc, char **argv);
int verb_show(int argc, char **argv);
int verb_status(int argc, char **argv);
int verb_verify(int argc, char **argv);

#endif
