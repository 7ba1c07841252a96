// SPDX-License-Identifier: GPL-2.0
/*
 * A plugin for QEMU's translator: counts how often each block of instructions
 * is executed between two marks that the measured program passes, and writes
 * a line "address instructions executions" per block when QEMU ends.
 *
 *	-plugin count.so,out=FILE
 */
#include <stdio.h>
#include <stdlib.h>
#include "qemu_plugin.h"

int qemu_plugin_version = PLUGIN_API;

#define HASH_SIZE	(1 << 16)
#define MARK_SIZE	7

/* What a block is known by, and how often it was executed. */
struct block {
	struct block *next;
	u64 address, insns, count;
};

/* A NOP with a displacement that nobody else has; see measure.c. */
static const unsigned char marks[2][MARK_SIZE] = {
	{ 0x0f, 0x1f, 0x80, 0xb1, 0xc0, 0x3a, 0x5e },
	{ 0x0f, 0x1f, 0x80, 0xb2, 0xc0, 0x3a, 0x5e },
};

static struct block *blocks[HASH_SIZE];
static bool counting;
static const char *path;

/* QEMU forgets translations; the same code keeps its counter. */
static struct block *find_block(u64 address, u64 insns)
{
	struct block **head = &blocks[(address * 31 + insns) % HASH_SIZE];
	struct block *block;

	for (block = *head; block; block = block->next)
		if (block->address == address && block->insns == insns)
			return block;
	block = calloc(1, sizeof(*block));
	if (!block) {
		fprintf(stderr, "count: no memory for the block at %#lx\n", address);
		exit(EXIT_FAILURE);
	}
	block->address = address;
	block->insns = insns;
	block->next = *head;
	*head = block;
	return block;
}

static void executed(unsigned int cpu, void *data)
{
	struct block *block = data;

	if (counting)
		block->count++;
}

static void passed_begin(unsigned int cpu, void *data)
{
	counting = true;
}

static void passed_end(unsigned int cpu, void *data)
{
	counting = false;
}

static void look_for_marks(struct qemu_plugin_insn *insn)
{
	unsigned char bytes[MARK_SIZE];

	if (qemu_plugin_insn_size(insn) != MARK_SIZE || !insn_bytes(insn, bytes, MARK_SIZE))
		return;
	if (!memcmp(bytes, marks[0], MARK_SIZE))
		qemu_plugin_register_vcpu_insn_exec_cb(insn, passed_begin,
						       QEMU_PLUGIN_CB_NO_REGS, NULL);
	else if (!memcmp(bytes, marks[1], MARK_SIZE))
		qemu_plugin_register_vcpu_insn_exec_cb(insn, passed_end,
						       QEMU_PLUGIN_CB_NO_REGS, NULL);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t i, nr = qemu_plugin_tb_n_insns(tb);

	qemu_plugin_register_vcpu_tb_exec_cb(tb, executed, QEMU_PLUGIN_CB_NO_REGS,
					     find_block(qemu_plugin_tb_vaddr(tb), nr));
	for (i = 0; i < nr; i++)
		look_for_marks(qemu_plugin_tb_get_insn(tb, i));
}

static void write_counts(qemu_plugin_id_t id, void *data)
{
	const struct block *block;
	FILE *file = fopen(path, "w");
	size_t i;

	if (!file) {
		perror(path);
		return;
	}
	for (i = 0; i < HASH_SIZE; i++)
		for (block = blocks[i]; block; block = block->next)
			if (block->count)
				fprintf(file, "%lx %lu %lu\n",
					block->address, block->insns, block->count);
	if (fclose(file))
		perror(path);
}

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv)
{
	if (argc != 1 || strncmp(argv[0], "out=", 4)) {
		fprintf(stderr, "count: expected one argument, out=FILE\n");
		return -1;
	}
	path = strdup(argv[0] + 4);
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, write_counts, NULL);
	return path ? 0 : -1;
}
