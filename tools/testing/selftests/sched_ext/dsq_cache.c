// SPDX-License-Identifier: GPL-2.0
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include "scx_test.h"
#include "dsq_cache.bpf.skel.h"

#define NOTHING	(~0ULL)

static struct dsq_cache *skel;

/* The same as the kernel's hash_64() with as many bits as the cache has */
static u32 place_of(u64 id)
{
	return id * 0x61C8864680B583EBull >> 58;
}

static void start(void)
{
	u64 id = 1;

	skel = SCHED_OPEN(dsq_cache);
	SCHED_LOAD(skel);
	while (place_of(++id) != place_of(1))
		;
	skel->bss->ids[0] = 1;
	skel->bss->ids[1] = id;
	skel->bss->place = place_of(1);
}

static u64 in_place(void)
{
	ASSERT_EQ(prog_run(skel->progs.read_place, NULL, 0), 0);
	return skel->bss->cached;
}

SCX_TEST(dsq_cache, "a DSQ gets its place in the cache when the place becomes free")
{
	struct bpf_link *link;

	start();
	link = sched_attach(skel->maps.dsq_cache);
	ASSERT_EQ(prog_run(skel->progs.create_first, NULL, 0), 0);
	ASSERT_EQ(prog_run(skel->progs.create_second, NULL, 0), 0);
	EXPECT_EQ(in_place(), skel->bss->ids[0]);
	prog_run(skel->progs.look_up, NULL, 0);
	EXPECT_EQ(in_place(), skel->bss->ids[0]);

	prog_run(skel->progs.destroy_first, NULL, 0);
	EXPECT_EQ(in_place(), NOTHING);
	EXPECT_EQ(prog_run(skel->progs.look_up, NULL, 0), 0);
	EXPECT_EQ(in_place(), skel->bss->ids[1]);

	prog_run(skel->progs.destroy_second, NULL, 0);
	EXPECT_EQ(in_place(), NOTHING);
	EXPECT_EQ(prog_run(skel->progs.look_up, NULL, 0), -ENOENT);
	EXPECT_EQ(in_place(), NOTHING);
	sched_detach(link);
}

/* Not a crew, which keeps no programs open; started before there is a link. */
static void look_up_for_ever(volatile u64 *looks)
{
	pid_t parent = getpid();

	fflush(stdout);
	if (fork())
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (getppid() == parent) {
		prog_run(skel->progs.look_up, NULL, 0);
		__sync_fetch_and_add(looks, 1);
	}
	_exit(0);
}

SCX_TEST(dsq_cache_gone, "looking up DSQs does not bring back a destroyed one")
{
	volatile u64 *looks = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct bpf_link *link;
	int i;

	ASSERT_TRUE(looks != MAP_FAILED, "errno %d", errno);
	start();
	for (i = 0; i < 3; i++)
		look_up_for_ever(looks);
	link = sched_attach(skel->maps.dsq_cache);
	for (i = 0; i < 1000; i++) {
		EXPECT_EQ(prog_run(skel->progs.create_first, NULL, 0), 0);
		EXPECT_EQ(prog_run(skel->progs.create_second, NULL, 0), 0);
		prog_run(skel->progs.destroy_first, NULL, 0);
		prog_run(skel->progs.destroy_second, NULL, 0);
		if (!EXPECT_EQ(in_place(), NOTHING))
			break;
	}
	EXPECT_GT(*looks, 100);
	EXPECT_EQ(prog_run(skel->progs.look_up, NULL, 0), -ENOENT);
	scx_expect_enabled("dsq_cache");
	sched_detach(link);
}
