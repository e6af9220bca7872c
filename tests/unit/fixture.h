/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fixture.h - a small recording, for the tests of what stores and reads it
 */
#ifndef CANDOR_FIXTURE_H
#define CANDOR_FIXTURE_H

#include "bytes.h"
#include "row.h"
#include "stored.h"

/* Rows with what they point to. */
struct kept {
	struct row *row;
	size_t len, cap;
};

/* A row_fn whose context is a struct kept. */
int kept_add(const struct row *row, void *ctx);
void kept_free(struct kept *kept);
/* Fails the test unless both hold the same rows in the same order. */
void kept_same(const struct kept *have, const struct kept *want);

extern const struct header_info fixture_actions;
extern const struct header_info fixture_demonstration;

/* A few rows of every kind that @level stores, in decode's order. */
void fixture_rows(enum level level, struct kept *kept);
/* The ledger that belongs to them: rows, at most 4. */
size_t fixture_ledger(enum level level, struct ledger_row *ledger);
/* Header, one batch of fixture_rows(), trailer. */
void fixture_frames(enum level level, struct bytes *out);
/* The segment that FORMAT.md takes apart. */
void fixture_example(struct bytes *out);

#endif
