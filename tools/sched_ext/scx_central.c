// SPDX-License-Identifier: GPL-2.0
/* Loader of scx_central. */
#define _GNU_SOURCE
#include <sched.h>
#include "loader.h"
#include "scx_central.bpf.skel.h"

DEFINE_LOADER_CALLS(scx_central, central_ops)

/* In the order of enum stat_idx in scx_central.bpf.c. */
static const char * const stat_names[] = {
	"total", "local", "queued", "dispatch", "asked", "handed", "own", "kept", "mismatch",
	"lost", "timer", "astray", "preempted",
};

#define MAX_CPUS	8192

static u64 slice_us = 20000, central;

static void option(int opt, const char *arg)
{
	switch (opt) {
	case 'c':
		central = loader_number(opt, arg, 0, libbpf_num_possible_cpus() - 1);
		break;
	case 's':
		slice_us = loader_number(opt, arg, 1, 10000000);
		break;
	}
}

static void configure(void)
{
	skel->rodata->central_cpu = central;
	skel->rodata->slice_ns = slice_us * 1000;
}

static void run_on(const cpu_set_t *cpus, size_t size)
{
	SCX_BUG_ON(sched_setaffinity(0, size, cpus), "cannot change the CPU mask");
}

static void run_start_timer(void)
{
	int fd = bpf_program__fd(skel->progs.central_start_timer);

	LIBBPF_OPTS(bpf_test_run_opts, opts);

	SCX_BUG_ON(bpf_prog_test_run_opts(fd, &opts) || opts.retval,
		   "cannot start the timer (%d)", (int)opts.retval);
}

/* Go to the central CPU, and then back to where the process was allowed before. */
static void start_timer(void)
{
	cpu_set_t *cpus = CPU_ALLOC(MAX_CPUS), *central_only = CPU_ALLOC(MAX_CPUS);
	size_t size = CPU_ALLOC_SIZE(MAX_CPUS);

	SCX_BUG_ON(!cpus || !central_only, "no memory for CPU masks");
	SCX_BUG_ON(sched_getaffinity(0, size, cpus), "cannot read the CPU mask");
	CPU_ZERO_S(size, central_only);
	CPU_SET_S(central, size, central_only);

	run_on(central_only, size);
	run_start_timer();
	run_on(cpus, size);

	CPU_FREE(cpus);
	CPU_FREE(central_only);
}

static void stats(void)
{
	loader_print_sums(skel->maps.stats, stat_names, ARRAY_SIZE(stat_names));
}

static const struct loader loader = {
	LOADER_CALLS,
	.about =
"Let one CPU make all scheduling decisions. The others run tasks without a tick\n"
"(on nohz_full CPUs), until the central CPU preempts them.\n",
	.options =
"  -c CPU   the central CPU [0]\n"
"  -s USEC  slice, how long a task may run while others wait [20000]\n",
	.columns =
"A line of statistics counts since the start: tasks enqueued (total), of these\n"
"kernel threads sent straight to their CPU (local) and tasks put in the queue\n"
"(queued), times the central CPU looked at the queue (dispatch), times another CPU\n"
"asked for work (asked), tasks handed to another CPU (handed) or taken by the\n"
"central one (own), tasks left running (kept), waiting tasks that a CPU may not\n"
"run (mismatch), tasks gone while they were to be moved (lost), times the timer\n"
"went off (timer), that on another CPU than the central one (astray), and CPUs\n"
"it has preempted (preempted).\n",
	.letters	= "c:s:",
	.option		= option,
	.configure	= configure,
	.loaded		= start_timer,
	.stats		= stats,
};

int main(int argc, char **argv)
{
	return loader_main(&loader, argc, argv);
}
