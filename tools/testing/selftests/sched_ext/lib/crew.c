// SPDX-License-Identifier: GPL-2.0
/*
 * Forked processes whose progress can be measured. Each mate counts in memory
 * shared with the test, so a test sees what the scheduler really ran. A mate dies
 * with the test.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include "scx_test.h"

#define CREWS_MAX 8

static bool task_blocked(pid_t tid);

/*
 * The signal that ends the rest interrupts a read(), too. A mate that has not
 * come back to it yet would find what crew_wake() writes without being woken up.
 */
static void crew_settle(struct crew *crew)
{
	int i;

	for (i = 0; i < crew->nr; i++)
		if (crew->mate[i].waits)
			WAIT_UNTIL(task_blocked(crew->mate[i].pid));
}

/* A mate that kept the link of a scheduler would keep the scheduler loaded. */
static void mate_close_others(int keep)
{
	if (keep > 3)
		close_range(3, keep - 1, 0);
	close_range(keep + 1, ~0U, 0);
}

static void mate_run(struct mate *self, job_fn job, pid_t parent)
{
	mate_close_others(self->pipe[0]);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	for (;;)
		job(self);
}

static void mate_fork(struct crew *crew, int nr, job_fn job)
{
	struct mate *mate = &crew->mate[nr];
	pid_t parent = getpid(), pid;

	mate->nr = nr;
	mate->crew = crew;
	ASSERT_EQ(pipe2(mate->pipe, O_CLOEXEC), 0);
	fflush(stdout);
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid)
		mate_run(mate, job, parent);
	mate->pid = pid;
}

static struct crew *crews[CREWS_MAX];

static void crews_replace(struct crew *from, struct crew *to)
{
	int i;

	for (i = 0; i < CREWS_MAX; i++)
		if (crews[i] == from) {
			crews[i] = to;
			return;
		}
	ASSERT_TRUE(false, "more than %d crews", CREWS_MAX);
}

/*
 * Let the crews rest while the test prepares something that takes long without
 * them, and much longer with them on an emulated CPU: reading types, verifying
 * programs, going through all tasks.
 */
void crews_rest(bool on)
{
	int i;

	for (i = 0; i < CREWS_MAX; i++)
		if (crews[i])
			crew_freeze(crews[i], on);
	for (i = 0; i < CREWS_MAX && !on; i++)
		if (crews[i])
			crew_settle(crews[i]);
}

struct crew *crew_start(int nr, job_fn job)
{
	size_t size = sizeof(struct crew) + nr * sizeof(struct mate);
	struct crew *crew = mmap(NULL, size, PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int i;

	ASSERT_TRUE(crew != MAP_FAILED, "out of memory");
	crew->nr = nr;
	for (i = 0; i < nr; i++)
		mate_fork(crew, i, job);
	crews_replace(NULL, crew);
	return crew;
}

/* Let a mate that does job_wait() run one round. */
void crew_wake(struct crew *crew, int nr)
{
	ASSERT_EQ(write(crew->mate[nr].pipe[1], "x", 1), 1);
}

void crew_pin(struct crew *crew, int cpu)
{
	int i;

	for (i = 0; i < crew->nr; i++)
		ASSERT_TRUE(task_pin(crew->mate[i].pid, cpu),
			    "pinning %d to CPU %d: errno %d",
			    crew->mate[i].pid, cpu, errno);
}

/* Wait until every mate has made progress. */
void crew_progress(struct crew *crew)
{
	u64 from[crew->nr];
	int i;

	for (i = 0; i < crew->nr; i++)
		from[i] = crew->mate[i].count;
	for (i = 0; i < crew->nr; i++)
		EXPECT_TRUE(WAIT_UNTIL(crew->mate[i].count > from[i]),
			    "pid %d stands still at %llu (state %c)",
			    crew->mate[i].pid, (unsigned long long)from[i],
			    task_run_state(crew->mate[i].pid));
}

/* CPU time in ns, which unlike rounds does not depend on how busy a host is */
long long mate_time(struct mate *mate)
{
	struct timespec ts;
	clockid_t clock;

	ASSERT_EQ(clock_getcpuclockid(mate->pid, &clock), 0);
	ASSERT_EQ(clock_gettime(clock, &ts), 0);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

long long crew_time(struct crew *crew)
{
	long long sum = 0;
	int i;

	for (i = 0; i < crew->nr; i++)
		sum += mate_time(&crew->mate[i]);
	return sum;
}

/* State letter of /proc/TID/stat, '?' if there is no such task */
char task_run_state(pid_t tid)
{
	char path[64], buf[1024], *end;

	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	if (!file_read(path, buf, sizeof(buf)))
		return '?';
	end = strrchr(buf, ')');
	return end ? end[2] : '?';
}

/*
 * A task shows as sleeping before it is off its runqueue. If it is woken up in
 * between, it just goes on, and the scheduler is told nothing.
 */
static bool task_blocked(pid_t tid)
{
	char path[64], where[128];

	if (task_run_state(tid) != 'S')
		return false;
	snprintf(path, sizeof(path), "/proc/%d/wchan", tid);
	return !file_read(path, where, sizeof(where)) || strcmp(where, "0");
}

bool crew_blocked(struct crew *crew)
{
	int i;

	for (i = 0; i < crew->nr; i++)
		if (!task_blocked(crew->mate[i].pid))
			return false;
	return true;
}

/* Stop everyone for a moment; children that are being forked end first. */
void crew_freeze(struct crew *crew, bool on)
{
	int i;

	for (i = 0; i < crew->nr; i++)
		EXPECT_EQ(kill(crew->mate[i].pid, on ? SIGSTOP : SIGCONT), 0);
}

void crew_stop(struct crew *crew)
{
	int i, status;

	crews_replace(crew, NULL);
	for (i = 0; i < crew->nr; i++) {
		struct mate *mate = &crew->mate[i];

		EXPECT_EQ(kill(mate->pid, SIGKILL), 0);
		EXPECT_EQ(waitpid(mate->pid, &status, 0), mate->pid);
		EXPECT_TRUE(WIFSIGNALED(status), "pid %d ended by itself: %#x",
			    mate->pid, status);
		close(mate->pipe[0]);
		close(mate->pipe[1]);
	}
	munmap(crew, sizeof(*crew) + crew->nr * sizeof(struct mate));
}

/* Jobs: one round each */

static void burn(int rounds)
{
	int i;

	for (i = 0; i < rounds; i++)
		asm volatile("" ::: "memory");
}

void job_spin(struct mate *self)
{
	burn(20000);
	self->count++;
}

void job_nap(struct mate *self)
{
	burn(2000);
	usleep(2000);
	self->count++;
}

void job_yield(struct mate *self)
{
	burn(500);
	sched_yield();
	self->count++;
}

/* Wait for crew_wake(). */
void job_wait(struct mate *self)
{
	char byte;

	self->waits = true;
	if (read(self->pipe[0], &byte, 1) == 1) {
		self->waits = false;
		self->count++;
	}
}

void job_fork(struct mate *self)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(0);
	if (pid > 0 && waitpid(pid, &status, 0) == pid && !status)
		self->count++;
}

void job_exec(struct mate *self)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		execl("/bin/true", "true", NULL);
		_exit(1);
	}
	if (pid > 0 && waitpid(pid, &status, 0) == pid && !status)
		self->count++;
}

/* A mixture of the jobs above, by number */
void job_mixed(struct mate *self)
{
	static const job_fn jobs[] = { job_spin, job_nap, job_yield, job_fork };

	jobs[self->nr % 4](self);
}
