// SPDX-License-Identifier: GPL-2.0
/*
 * Nothing may be left over: a round is repeated, and the objects living in
 * the kmalloc caches are counted before, halfway and afterwards.
 *
 * A leak grows in step with the rounds, everything else does not. Therefore a cache
 * leaks if it gained at least one object per round in the first half and again
 * in the second, and about as many. Caches are shrunk before counting, which
 * returns what is in per-CPU lists and in KASAN's quarantine. Caches of one kind of
 * object are left out: some of them, vmap_area for one, are given back only when
 * many have accumulated. Per-CPU and vmalloc memory, which is in no cache, is
 * counted in pages in the same way.
 */
#include <dirent.h>
#include <limits.h>
#include <string.h>
#include "scx_test.h"

#define SLAB_DIR	"/sys/kernel/slab"
#define CACHES_MAX	512
#define WARM_UP		5

struct count {
	char name[256];
	long objects;
};

struct stock {
	int nr;
	struct count cache[CACHES_MAX];
};

static long cache_num(const char *cache, const char *attr)
{
	char path[PATH_MAX], buf[4096];

	snprintf(path, sizeof(path), SLAB_DIR "/%s/%s", cache, attr);
	return file_read(path, buf, sizeof(buf)) ? strtol(buf, NULL, 10) : 0;
}

static void cache_shrink(const char *cache)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), SLAB_DIR "/%s/shrink", cache);
	file_write(path, "1");
}

static void stock_add(struct stock *stock, const char *name, long objects)
{
	struct count *count = &stock->cache[stock->nr];

	if (stock->nr == CACHES_MAX)
		return;
	snprintf(count->name, sizeof(count->name), "%s", name);
	count->objects = objects;
	stock->nr++;
}

static void stock_meminfo(struct stock *stock, const char *key)
{
	static char text[8192];
	const char *line;

	file_read("/proc/meminfo", text, sizeof(text));
	line = strstr(text, key);
	if (line)
		stock_add(stock, key, strtol(line + strlen(key), NULL, 10) / 4);
}

/*
 * kfree_rcu() collects what it frees for up to five seconds, which may be many
 * rounds. Its shrinker passes on what has been collected, to a grace period.
 */
static void deferred_frees(void)
{
	int i;

	for (i = 0; i < 3; i++) {
		ASSERT_TRUE(file_write("/proc/sys/vm/drop_caches", "2"), "errno %d", errno);
		usleep(500000);
	}
}

/* The class allocates its memory with kmalloc(), vmalloc() and per-CPU allocation. */
static void stock_take(struct stock *stock, struct crew *load)
{
	struct dirent *entry;
	DIR *dir = opendir(SLAB_DIR);

	ASSERT_TRUE(dir, SLAB_DIR ": errno %d", errno);
	stock->nr = 0;
	crew_freeze(load, true);
	deferred_frees();
	while ((entry = readdir(dir))) {
		const char *name = entry->d_name;

		if (strncmp(name, "kmalloc-", 8) ||
		    cache_num(name, "reclaim_account"))
			continue;
		cache_shrink(name);
		stock_add(stock, name, cache_num(name, "objects"));
	}
	closedir(dir);
	crew_freeze(load, false);
	stock_meminfo(stock, "VmallocUsed:");
	stock_meminfo(stock, "Percpu:");
}

static long stock_get(const struct stock *stock, const char *name)
{
	int i;

	for (i = 0; i < stock->nr; i++)
		if (!strcmp(stock->cache[i].name, name))
			return stock->cache[i].objects;
	return 0;
}

static bool in_step(long once, long again, int rounds)
{
	return once >= rounds && again >= rounds &&
	       once <= 2 * again && again <= 2 * once;
}

static void stock_compare(const char *what, const struct stock *taken, int half)
{
	int i;

	for (i = 0; i < taken[0].nr; i++) {
		const char *name = taken[0].cache[i].name;
		long first = stock_get(&taken[0], name);
		long second = stock_get(&taken[1], name);
		long third = stock_get(&taken[2], name);

		EXPECT_TRUE(!in_step(second - first, third - second, half),
			    "%s: %s grew %ld -> %ld -> %ld in twice %d rounds",
			    what, name, first, second, third, half);
	}
}

void slab_must_not_grow(const char *what, int rounds, void (*round)(void *),
			void *arg, struct crew *load)
{
	static struct stock taken[3];
	int i, half = rounds / 2;

	if (!cache_num("task_struct", "objects"))
		test_skip("needs object counts in " SLAB_DIR);
	for (i = 0; i < WARM_UP; i++)
		round(arg);
	stock_take(&taken[0], load);
	for (i = 0; i < half; i++)
		round(arg);
	stock_take(&taken[1], load);
	for (i = 0; i < half; i++)
		round(arg);
	stock_take(&taken[2], load);
	stock_compare(what, taken, half);
}
