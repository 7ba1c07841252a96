// SPDX-License-Identifier: GPL-2.0
/*
 * The example schedulers while a CPU goes offline and comes back. Those that have ops
 * for it stay; the kernel ends the others, and their loaders start them again.
 */
#include "scx_test.h"

static int restarts(struct running *run)
{
	static const char said[] = "starting again\n";
	const char *at;
	int n = 0;

	example_printed(run, said);
	for (at = run->text; (at = strstr(at, said)); at += strlen(said))
		n++;
	return n;
}

static void example_hotplug(const struct example *ex, bool stays)
{
	int cpu = cpu_hotpluggable(), i;
	struct crew *crew = crew_start(3, job_mixed);
	struct census *census = census_take();
	struct running run;

	crews_rest(true);
	run = example_start(ex);
	if (!EXPECT_SOON(example_loaded(ex)))
		goto out;
	crews_rest(false);
	for (i = 1; i <= 2; i++) {
		cpu_set_online(cpu, i == 2);
		/* Loading takes long beside busy tasks. */
		crews_rest(true);
		EXPECT_SOON(stays || restarts(&run) == i);
		EXPECT_SOON(example_loaded(ex));
		crews_rest(false);
		crew_progress(crew);
	}
	crew_pin(crew, cpu);
	crew_progress(crew);
	EXPECT_EQ(restarts(&run), stays ? 0 : 2);
	EXPECT_TRUE(example_loaded(ex), "it is gone");
out:
	crews_rest(false);
	example_stop(&run);
	EXPECT_TRUE(example_printed(&run, REASON_UNREG), "it printed:\n%s", run.text);
	crew_progress(crew);
	census_check(census);
	crew_stop(crew);
	close(run.out);
}

#define EXAMPLE(id, program, ops, stays, ...)				\
SCX_TEST(example_hotplug_##id, program " while a CPU goes and comes")	\
{									\
	static const struct example ex = { program, ops, { __VA_ARGS__ } };	\
									\
	example_hotplug(&ex, stays);					\
}

EXAMPLE(simple, "scx_simple", "simple", false)
EXAMPLE(qmap, "scx_qmap", "qmap", true)
EXAMPLE(central, "scx_central", "central", false)
EXAMPLE(pair, "scx_pair", "pair", false, "-S", "1")
EXAMPLE(userland, "scx_userland", "userland", false)
EXAMPLE(numa, "scx_numa", "numa", false)
EXAMPLE(nest, "scx_nest", "nest", true)
EXAMPLE(flatcg, "scx_flatcg", "flatcg", false)
EXAMPLE(sdt, "scx_sdt", "sdt", false)
