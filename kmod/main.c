// SPDX-License-Identifier: GPL-2.0-only
/*
 * candor: keystroke and pointer capture that the person at the keyboard can
 * see, stop and check. This file is the way up and the way down, no more.
 */
#include <linux/module.h>

#define CREATE_TRACE_POINTS
#include "candor_trace.h"
#include "gate.h"
#include "handler.h"
#include "indicator.h"
#include "lease.h"
#include "pause.h"

static int __init candor_init(void)
{
	int ret;

	candor_pause_init();
	ret = candor_gate_init();
	if (ret)
		goto err_gate;
	ret = candor_indicator_init();
	if (ret)
		goto err_indicator;
	ret = candor_handler_init();
	if (ret)
		goto err_handler;
	ret = candor_lease_init();
	if (ret)
		goto err_lease;
	candor_gate_go_live();
	return 0;

err_lease:
	candor_handler_exit();
err_handler:
	candor_indicator_exit();
err_indicator:
	candor_gate_exit();
err_gate:
	candor_pause_exit();
	return ret;
}

static void __exit candor_exit(void)
{
	candor_gate_go_quiet();
	candor_lease_exit();
	candor_handler_exit();
	candor_indicator_exit();
	candor_gate_exit();
	candor_pause_exit();
	tracepoint_synchronize_unregister();
}

module_init(candor_init);
module_exit(candor_exit);

MODULE_DESCRIPTION("Input capture with a gate that its subject holds");
MODULE_AUTHOR("The candor developers");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1");
