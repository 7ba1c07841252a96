// SPDX-License-Identifier: GPL-2.0
/*
 * Many tasks in one queue: those of the process under test yield all the time,
 * so that each turn takes one task out and puts one back at constant length.
 * Everybody else goes first. The time of the machine is a count of instructions.
 */
#include <scx/common.bpf.h>

char _license[] SEC("license") = "GPL";

enum { QUEUE_FIFO = 1, QUEUE_VTIME };

#define MAX_CPUS	16
/* Keys are spread over this much, as with tasks of different shares. */
#define SPREAD		(1ULL << 20)

int tested_tgid;		/* set before its tasks are started */
bool by_vtime;			/* which queue is in use */
bool hold;			/* leave the queue alone */

u64 taken, taking;		/* tasks taken out, and instructions for that */
u64 put, putting;		/* tasks put in, and instructions up to ops.running() */
u64 reading;			/* what it costs to read the clock */

static u64 vtime_now, seed;
static u64 put_at[MAX_CPUS];

static u64 random_key(void)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return vtime_now + (seed >> 44) % SPREAD;
}

static bool tested(const struct task_struct *p)
{
	return p->tgid == tested_tgid && p->pid != p->tgid;
}

static u64 *stamp(void)
{
	u32 cpu = bpf_get_smp_processor_id();

	return cpu < MAX_CPUS ? &put_at[cpu] : NULL;
}

void BPF_STRUCT_OPS(queue_enqueue, struct task_struct *p, u64 enq_flags)
{
	u64 *at = stamp();

	if (!tested(p)) {
		scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, enq_flags);
		return;
	}
	if (by_vtime)
		scx_bpf_dsq_insert_vtime(p, QUEUE_VTIME, SCX_SLICE_DFL, random_key(), enq_flags);
	else
		scx_bpf_dsq_insert(p, QUEUE_FIFO, SCX_SLICE_DFL, enq_flags);
	if (at)
		*at = bpf_ktime_get_ns();
}

static bool take(u64 queue)
{
	u64 before = bpf_ktime_get_ns();

	if (!scx_bpf_dsq_move_to_local(queue))
		return false;
	__sync_fetch_and_add(&taking, bpf_ktime_get_ns() - before);
	__sync_fetch_and_add(&taken, 1);
	return true;
}

/* The other queue holds tasks for a while after a change. */
void BPF_STRUCT_OPS(queue_dispatch, s32 cpu, struct task_struct *prev)
{
	u64 first = by_vtime ? QUEUE_VTIME : QUEUE_FIFO;

	if (hold)
		return;
	if (!take(QUEUE_FIFO + QUEUE_VTIME - first))
		take(first);
}

void BPF_STRUCT_OPS(queue_running, struct task_struct *p)
{
	u64 *at = stamp();

	if (at && *at) {
		__sync_fetch_and_add(&putting, bpf_ktime_get_ns() - *at);
		__sync_fetch_and_add(&put, 1);
		*at = 0;
	}
	if (tested(p) && p->scx.dsq_vtime > vtime_now)
		vtime_now = p->scx.dsq_vtime;
}

s32 BPF_STRUCT_OPS_SLEEPABLE(queue_init)
{
	u64 before = bpf_ktime_get_ns();
	s32 err;

	reading = bpf_ktime_get_ns() - before;
	err = scx_bpf_create_dsq(QUEUE_FIFO, -1);
	return err ?: scx_bpf_create_dsq(QUEUE_VTIME, -1);
}

SCX_OPS_DEFINE(queue_ops,
	       .enqueue		= (void *)queue_enqueue,
	       .dispatch	= (void *)queue_dispatch,
	       .running		= (void *)queue_running,
	       .init		= (void *)queue_init,
	       .timeout_ms	= 30000,
	       .name		= "queue");
