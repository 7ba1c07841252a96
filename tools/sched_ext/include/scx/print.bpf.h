/* SPDX-License-Identifier: GPL-2.0 */
/* Ending the scheduler with a message, and writing into its debug dump. */
#ifndef __SCX_PRINT_BPF_H
#define __SCX_PRINT_BPF_H

/*
 * Collect up to twelve arguments of a format string in ___param, the way the
 * kernel's bprintf takes them. Pointers are passed as numbers, without a warning.
 */
#define scx_bpf_bstr_preamble(fmt, args...)				\
	static char ___fmt[] = fmt;					\
	/* one element even without arguments: no array may be empty */	\
	unsigned long long ___param[___bpf_narg(args) ?: 1] = {};	\
									\
	_Pragma("GCC diagnostic push")					\
	_Pragma("GCC diagnostic ignored \"-Wint-conversion\"")		\
	___bpf_fill(___param, args);					\
	_Pragma("GCC diagnostic pop")

/**
 * scx_bpf_exit - end the scheduler without an error
 * @code: reported to user space; the low 32 bits are the scheduler's own
 * @fmt: message, followed by its arguments
 */
#define scx_bpf_exit(code, fmt, args...) ({				\
	scx_bpf_bstr_preamble(fmt, args)				\
	scx_bpf_exit_bstr(code, ___fmt, ___param,			\
			  ___bpf_narg(args) * sizeof(___param[0]));	\
})

/**
 * scx_bpf_error - end the scheduler with an error
 * @fmt: message, followed by its arguments
 */
#define scx_bpf_error(fmt, args...) ({					\
	scx_bpf_bstr_preamble(fmt, args)				\
	scx_bpf_error_bstr(___fmt, ___param,				\
			   ___bpf_narg(args) * sizeof(___param[0]));	\
})

/**
 * scx_bpf_dump - write into the debug dump
 * @fmt: text, followed by its arguments
 *
 * Only in ops.dump(), ops.dump_cpu() and ops.dump_task(). Does nothing on
 * kernels without dumps.
 */
#define scx_bpf_dump(fmt, args...) ({					\
	scx_bpf_bstr_preamble(fmt, args)				\
	if (bpf_ksym_exists(scx_bpf_dump_bstr))				\
		scx_bpf_dump_bstr(___fmt, ___param,			\
				  ___bpf_narg(args) * sizeof(___param[0])); \
})

/* Write the place in the program, the CPU and the current task. */
#define scx_bpf_dump_header() do {					\
	struct task_struct *___cur = bpf_get_current_task_btf();	\
									\
	scx_bpf_dump("%s:%d cpu %d %s[%d]\n", __func__, __LINE__,	\
		     bpf_get_smp_processor_id(), ___cur->comm, ___cur->pid); \
} while (0)

#endif /* __SCX_PRINT_BPF_H */
