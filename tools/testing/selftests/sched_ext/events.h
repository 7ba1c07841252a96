/* SPDX-License-Identifier: GPL-2.0 */
#ifndef EVENTS_H
#define EVENTS_H

/* The first members of the kernel's struct, which older kernels lack; the order is fixed */
struct event_list {
	long long select_cpu_fallback;
	long long dispatch_local_dsq_offline;
	long long dispatch_keep_last;
	long long enq_skip_exiting;
	long long enq_skip_migration_disabled;
	long long refill_slice_dfl;
	long long bypass_duration;
	long long bypass_dispatch;
	long long bypass_activate;
};

#endif /* EVENTS_H */
