// SPDX-License-Identifier: GPL-2.0
/*
 * A census: every thread that lived before a scheduler was loaded must live
 * afterwards, outside the class, and every thread that wants to run must run.
 */
#include <ctype.h>
#include <dirent.h>
#include "scx_test.h"

#define CENSUS_MAX 4096

struct census {
	int nr;
	struct {
		pid_t pid;
		unsigned long long start;
		char comm[32];
	} who[CENSUS_MAX];
};

/*
 * Name and start time tell a process from a later one with the same pid. The
 * test's own children come and go; the crew knows those that must not.
 */
static bool census_look(pid_t pid, char *comm, size_t size,
			unsigned long long *start)
{
	char path[64], buf[2048], *open, *close;
	int group;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (!file_read(path, buf, sizeof(buf)))
		return false;
	open = strchr(buf, '(');
	close = strrchr(buf, ')');
	if (!open || !close || close[2] == 'Z')
		return false;
	snprintf(comm, size, "%.*s", (int)(close - open - 1), open + 1);
	return sscanf(close + 2,
		      "%*s%*s%d%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%llu",
		      &group, start) == 2 && group != getpgrp();
}

/* Workqueue and hotplug threads come and go at any time. */
static bool census_counts(const char *comm)
{
	return strncmp(comm, "kworker", 7) && strncmp(comm, "cpuhp", 5);
}

struct census *census_take(void)
{
	struct census *census = calloc(1, sizeof(*census));
	struct dirent *entry;
	DIR *proc = opendir("/proc");

	ASSERT_TRUE(census && proc, "errno %d", errno);
	crews_rest(true);
	while ((entry = readdir(proc)) && census->nr < CENSUS_MAX) {
		typeof(census->who[0]) *who = &census->who[census->nr];

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		who->pid = atoi(entry->d_name);
		if (census_look(who->pid, who->comm, sizeof(who->comm),
				&who->start) && census_counts(who->comm))
			census->nr++;
	}
	closedir(proc);
	crews_rest(false);
	return census;
}

void census_check(struct census *before)
{
	unsigned long long start;
	char comm[32];
	int i;

	for (i = 0; i < before->nr; i++) {
		pid_t pid = before->who[i].pid;

		EXPECT_TRUE(census_look(pid, comm, sizeof(comm), &start) &&
			    start == before->who[i].start,
			    "pid %d (%s) is gone", pid, before->who[i].comm);
		EXPECT_LE(task_ext_enabled(pid), 0);
	}
	free(before);
}
