// SPDX-License-Identifier: GPL-2.0
/* Removal does not wait for something that only removal can end. */
#include <dirent.h>
#include "scx_test.h"
#include "rescue.bpf.skel.h"

static struct rescue *rescue_skel;

/* Without a system call that sleeps, because no task would wake it meanwhile. */
static void job_watch(struct mate *self)
{
	if (scx_state_is("disabling"))
		rescue_skel->bss->release = 1;
	self->count++;
}

/* The helper must not be woken on a CPU whose runqueue is locked. */
static void pin_helper(int cpu)
{
	DIR *proc = opendir("/proc");
	char path[64], comm[32];
	struct dirent *entry;

	ASSERT_TRUE(proc, "errno %d", errno);
	while ((entry = readdir(proc))) {
		snprintf(path, sizeof(path), "/proc/%.20s/comm", entry->d_name);
		if (file_read(path, comm, sizeof(comm)) &&
		    !strncmp(comm, "sched_ext_helpe", 15))
			ASSERT_TRUE(task_pin(atoi(entry->d_name), cpu),
				    "errno %d", errno);
	}
	closedir(proc);
}

SCX_TEST(rescue_locked, "a dump leaves out a runqueue that is locked for ever")
{
	struct crew *crew = crew_start(1, job_nap), *watch[2];
	struct bpf_link *link;
	int i;

	need_cpus(4);
	rescue_skel = SCHED_OPEN(rescue);
	UEI_SET_SIZE(rescue_skel, rescue, uei);
	SCHED_LOAD(rescue_skel);
	crew_pin(crew, 1);
	link = sched_attach(rescue_skel->maps.rescue);
	pin_helper(0);
	ASSERT_TRUE(task_pin(0, 0), "errno %d", errno);
	for (i = 0; i < 2; i++) {
		watch[i] = crew_start(1, job_watch);
		crew_pin(watch[i], 2 + i);
		crew_progress(watch[i]);
	}

	rescue_skel->bss->holder = crew->mate[0].pid;
	while (!*(volatile u64 *)&rescue_skel->bss->nr_held)
		;
	prog_run(rescue_skel->progs.rescue_error, NULL, 0);

	ASSERT_EXIT(rescue_skel, EXIT_KIND_ERROR_BPF, 0, REASON_ERROR_BPF);
	EXPECT_EQ(rescue_skel->data->held_cpu, 1);
	/* A dump that waited for the lock would have got it in the end. */
	test_note("the lock was %s", rescue_skel->bss->nr_given_up ?
		  "given up after a while" : "held until the scheduler was removed");
	EXPECT_HAS(rescue_skel->data_uei_dump->uei_dump, "\nCPU 0 ");
	EXPECT_HAS(rescue_skel->data_uei_dump->uei_dump,
		   "\nCPU 1   : its runqueue was locked");
	bpf_link__destroy(link);
	for (i = 0; i < 2; i++)
		crew_stop(watch[i]);
	crew_progress(crew);
	crew_stop(crew);
}
