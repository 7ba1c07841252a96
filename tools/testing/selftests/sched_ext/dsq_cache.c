// SPDX-License-Identifier: GPL-2.0
#include "scx_test.h"
#include "dsq_cache.bpf.skel.h"

#define NOTHING	(~0ULL)

static struct dsq_cache *skel;

/* As the kernel's hash_64() with as many bits as the cache has */
static u32 place_of(u64 id)
{
	return id * 0x61C8864680B583EBull >> 58;
}

static struct bpf_link *start(void)
{
	u64 id = 1;

	skel = SCHED_OPEN(dsq_cache);
	SCHED_LOAD(skel);
	while (place_of(++id) != place_of(1))
		;
	skel->bss->ids[0] = 1;
	skel->bss->ids[1] = id;
	skel->bss->place = place_of(1);
	return sched_attach(skel->maps.dsq_cache);
}

static u64 in_place(void)
{
	ASSERT_EQ(prog_run(skel->progs.read_place, NULL, 0), 0);
	return skel->bss->cached;
}

SCX_TEST(dsq_cache, "a DSQ gets its place in the cache when that becomes free")
{
	struct bpf_link *link = start();

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

static void job_look(struct mate *self)
{
	prog_run(skel->progs.look_up, NULL, 0);
	self->count++;
}

SCX_TEST(dsq_cache_gone, "looking DSQs up does not bring back one that is gone")
{
	struct bpf_link *link = start();
	struct crew *crew = crew_start(3, job_look);
	int i;

	for (i = 0; i < 3000; i++) {
		EXPECT_EQ(prog_run(skel->progs.create_first, NULL, 0), 0);
		EXPECT_EQ(prog_run(skel->progs.create_second, NULL, 0), 0);
		prog_run(skel->progs.destroy_first, NULL, 0);
		prog_run(skel->progs.destroy_second, NULL, 0);
		if (!EXPECT_EQ(in_place(), NOTHING))
			break;
	}
	crew_progress(crew);
	crew_stop(crew);
	EXPECT_EQ(prog_run(skel->progs.look_up, NULL, 0), -ENOENT);
	sched_detach(link);
}
