/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CANDOR_VERSION_H
#define CANDOR_VERSION_H

#define CANDOR_VERSION "0.1"

#endif
