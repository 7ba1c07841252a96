/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a plugin needs of QEMU's interface. No distribution packages its
 * header; the layout of the structures is private to QEMU.
 */
#ifndef __BENCH_QEMU_PLUGIN_H
#define __BENCH_QEMU_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint64_t u64;
typedef u64 qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info;

enum qemu_plugin_cb_flags {
	QEMU_PLUGIN_CB_NO_REGS,
};

typedef void (*tb_trans_fn)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
typedef void (*exec_fn)(unsigned int cpu, void *data);
typedef void (*exit_fn)(qemu_plugin_id_t id, void *data);

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, tb_trans_fn fn);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, exec_fn fn,
					  enum qemu_plugin_cb_flags flags, void *data);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, exec_fn fn,
					    enum qemu_plugin_cb_flags flags, void *data);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, exit_fn fn, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
u64 qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t idx);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv);

/* QEMU reads it before it calls anything. */
extern int qemu_plugin_version;

#if PLUGIN_API >= 3
size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *dest, size_t len);

static inline bool insn_bytes(const struct qemu_plugin_insn *insn, void *dest, size_t len)
{
	return qemu_plugin_insn_data(insn, dest, len) == len;
}
#else
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);

static inline bool insn_bytes(const struct qemu_plugin_insn *insn, void *dest, size_t len)
{
	memcpy(dest, qemu_plugin_insn_data(insn), len);
	return true;
}
#endif

#endif /* __BENCH_QEMU_PLUGIN_H */
