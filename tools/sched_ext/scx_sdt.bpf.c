// SPDX-License-Identifier: GPL-2.0
/*
 * Data about each task in a BPF arena.
 *
 * Tasks are scheduled from one queue for the machine, ordered by weighted virtual
 * time. The point is where the data is: every task has an entry in an arena, which
 * is memory that BPF programs and the loader share, and in which both can follow
 * pointers. The loader reads the entries without a single system call.
 *
 * Entries are as large as a cache line and are cut from pages. Free entries form
 * a list. When the list is empty, ops.init_task() adds a page, because it is the
 * only one that can sleep; returning an entry works anywhere. Pages stay until the
 * scheduler ends. An arena cannot hold a lock, so the lock of the list lies
 * outside. Task storage tells which entry belongs to which task.
 *
 * The counters in a task's entry are changed under the lock of its run queue, or
 * while it wakes up. The loader reads them without a lock, so its numbers need not
 * belong to exactly the same moment.
 */
#include <scx/common.bpf.h>
#include "scx_sdt.h"
#include "vtime.bpf.h"

char _license[] SEC("license") = "GPL";

/* Set by the loader; under bpftool this default holds. */
const volatile u64 slice_ns = SCX_SLICE_DFL;

#define SHARED_DSQ	0
#define MAX_PAGES	16384

/* Tries to get an entry while other CPUs take those of the page just added. */
#define MAX_TRIES	16

struct {
	__uint(type, BPF_MAP_TYPE_ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, MAX_PAGES);
} arena SEC(".maps");

__weak_ksym void __arena *bpf_arena_alloc_pages(void *p__map, void __arena *addr__ign,
						u32 page_cnt, int node_id, u64 flags);

struct sdt_pool __arena pool SEC(".addr_space.1");

private(POOL) struct bpf_spin_lock pool_lock;

struct task_ctx {
	struct sdt_entry __arena *entry;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_ctx);
} task_ctxs SEC(".maps");

UEI_DEFINE(uei);

static u64 vtime_now;

/* The verifier requires that a program that uses an arena names it. */
static __always_inline void use_arena(void)
{
	asm volatile("" : : "r"(&arena));
}

static struct task_ctx *task_ctx(struct task_struct *p)
{
	return bpf_task_storage_get(&task_ctxs, p, NULL, 0);
}

static __always_inline void count_for(struct task_struct *p, enum sdt_stat_idx idx)
{
	struct task_ctx *tctx = task_ctx(p);

	use_arena();
	if (tctx && tctx->entry)
		tctx->entry->stats[idx]++;
}

static struct sdt_entry __arena *take_entry(s32 pid)
{
	struct sdt_entry __arena *entry;

	bpf_spin_lock(&pool_lock);
	entry = pool.free;
	if (entry) {
		pool.free = entry->next;
		entry->next = NULL;
		entry->pid = pid;
		pool.live++;
	}
	bpf_spin_unlock(&pool_lock);
	return entry;
}

/* Add the entry's counters to those of ended tasks, so that totals never fall. */
static void return_entry(struct sdt_entry __arena *entry)
{
	int i;

	bpf_spin_lock(&pool_lock);
	for (i = 0; i < NR_SDT_STATS; i++) {
		pool.gone[i] += entry->stats[i];
		entry->stats[i] = 0;
	}
	entry->pid = 0;
	entry->next = pool.free;
	pool.free = entry;
	pool.live--;
	bpf_spin_unlock(&pool_lock);
}

static void count_lost(void)
{
	bpf_spin_lock(&pool_lock);
	pool.lost++;
	bpf_spin_unlock(&pool_lock);
}

/* Make a chain of the entries of a new page and put it in front of the free list. */
static bool add_page(void)
{
	struct sdt_page __arena *page;
	u32 i;

	page = bpf_arena_alloc_pages(&arena, NULL, 1, NUMA_NO_NODE, 0);
	if (!page)
		return false;
	bpf_for(i, 0, SDT_PER_PAGE - 1)
		page->entries[i].next = &page->entries[i + 1];

	bpf_spin_lock(&pool_lock);
	page->entries[SDT_PER_PAGE - 1].next = pool.free;
	pool.free = &page->entries[0];
	page->next = pool.pages;
	pool.pages = page;
	pool.nr_pages++;
	bpf_spin_unlock(&pool_lock);
	return true;
}

static struct sdt_entry __arena *new_entry(s32 pid)
{
	struct sdt_entry __arena *entry = NULL;
	int i;

	bpf_for(i, 0, MAX_TRIES) {
		entry = take_entry(pid);
		if (entry || !add_page())
			break;
	}
	return entry;
}

s32 BPF_STRUCT_OPS_SLEEPABLE(sdt_init_task, struct task_struct *p,
			     struct scx_init_task_args *args)
{
	struct task_ctx *tctx;

	tctx = bpf_task_storage_get(&task_ctxs, p, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!tctx)
		return -ENOMEM;
	tctx->entry = new_entry(p->pid);
	return tctx->entry ? 0 : -ENOMEM;
}

void BPF_STRUCT_OPS(sdt_exit_task, struct task_struct *p, struct scx_exit_task_args *args)
{
	struct task_ctx *tctx = task_ctx(p);

	if (!tctx || !tctx->entry) {
		count_lost();
		return;
	}
	return_entry(tctx->entry);
	tctx->entry = NULL;
}

s32 BPF_STRUCT_OPS(sdt_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	bool is_idle = false;
	s32 cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &is_idle);

	count_for(p, SDT_STAT_SELECT);
	if (is_idle) {
		count_for(p, SDT_STAT_LOCAL);
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, slice_ns, 0);
	}
	return cpu;
}

void BPF_STRUCT_OPS(sdt_enqueue, struct task_struct *p, u64 enq_flags)
{
	count_for(p, SDT_STAT_ENQUEUE);
	scx_bpf_dsq_insert_vtime(p, SHARED_DSQ, slice_ns,
				 vtime_claim(p, vtime_now, slice_ns), enq_flags);
	wake_idle_cpu(p->cpus_ptr);
}

void BPF_STRUCT_OPS(sdt_dispatch, s32 cpu, struct task_struct *prev)
{
	if (prev && vtime_keep(prev, cpu, SHARED_DSQ, vtime_now, slice_ns, false))
		count_for(prev, SDT_STAT_KEPT);
	else
		scx_bpf_dsq_move_to_local(SHARED_DSQ, 0);
}

void BPF_STRUCT_OPS(sdt_running, struct task_struct *p)
{
	count_for(p, SDT_STAT_RUN);
	vtime_advance(&vtime_now, p->scx.dsq_vtime);
}

void BPF_STRUCT_OPS(sdt_stopping, struct task_struct *p, bool runnable)
{
	if (runnable && !p->scx.slice)
		count_for(p, SDT_STAT_EXPIRED);
	scx_bpf_task_set_dsq_vtime(p, vtime_after_run(p, p->scx.dsq_vtime, slice_ns));
}

/* A task new to the scheduler starts level with the others. */
void BPF_STRUCT_OPS(sdt_enable, struct task_struct *p)
{
	scx_bpf_task_set_dsq_vtime(p, vtime_now);
}

s32 BPF_STRUCT_OPS_SLEEPABLE(sdt_init)
{
	return scx_bpf_create_dsq(SHARED_DSQ, NUMA_NO_NODE);
}

void BPF_STRUCT_OPS(sdt_exit, struct scx_exit_info *ei)
{
	UEI_RECORD(uei, ei);
}

SCX_OPS_DEFINE(sdt_ops,
	       .select_cpu	= (void *)sdt_select_cpu,
	       .enqueue		= (void *)sdt_enqueue,
	       .dispatch	= (void *)sdt_dispatch,
	       .running		= (void *)sdt_running,
	       .stopping	= (void *)sdt_stopping,
	       .init_task	= (void *)sdt_init_task,
	       .exit_task	= (void *)sdt_exit_task,
	       .enable		= (void *)sdt_enable,
	       .init		= (void *)sdt_init,
	       .exit		= (void *)sdt_exit,
	       .name		= "sdt");
