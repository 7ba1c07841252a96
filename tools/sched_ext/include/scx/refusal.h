/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Why a scheduler was not loaded, for its author. If a callback may not call a
 * kernel function, the verifier's log ends with the function's name in the
 * kernel, which is not what the author wrote, and does not say where the call
 * would be allowed. SCX_OPS_LOAD() listens to what libbpf prints, reads the log
 * in it, and adds what is missing.
 */
#ifndef __SCX_REFUSAL_H
#define __SCX_REFUSAL_H

#include "kfunc_ops.h"

#define __SCX_CALLING		"calling kernel function "
#define __SCX_NOT_ALLOWED	" is not allowed"

/*
 * Ends of the line in front of @at, which is the end of a line or of the text.
 * Returns its beginning, or NULL if there is none.
 */
static inline const char *__scx_line_before(const char *log, const char *at)
{
	if (at == log)
		return NULL;
	while (--at > log && at[-1] != '\n')
		;
	return at;
}

/* The last " @ file:line" of a line that shows a line of the source, or NULL. */
static inline const char *__scx_line_place(const char *line)
{
	const char *place = NULL, *at;

	if (strncmp(line, "; ", 2))
		return NULL;
	for (at = line; *at && *at != '\n'; at++)
		if (!strncmp(at, " @ ", 3))
			place = at + 3;
	return place;
}

/**
 * __scx_author_place - where in the author's source something happened
 * @log: the verifier's log
 * @at: line of the log that says what
 * @exact: set to whether it is the very line; else something after it
 *
 * A call in one of the wrappers has the wrapper's line where the compiler was
 * not told otherwise. Lines in files named compat*.h are nobody's own.
 *
 * Return: "file:line" and the rest of the log, or NULL.
 */
static inline const char *__scx_author_place(const char *log, const char *at, bool *exact)
{
	const char *place;

	*exact = true;
	while ((at = __scx_line_before(log, at))) {
		place = __scx_line_place(at);
		if (place && strncmp(place, "compat", 6))
			return place;
		if (place)
			*exact = false;
	}
	*exact = true;
	return NULL;
}

/* Callbacks that may call a function, or NULL if all may or it is not known. */
static inline const char *__scx_kfunc_callers(const char *kfunc, int len)
{
	const char * const *name;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(__scx_kfunc_ops); i++)
		for (name = __scx_kfunc_ops[i].kfuncs; *name; name++)
			if (strlen(*name) == len && !strncmp(*name, kfunc, len))
				return __scx_kfunc_ops[i].callers;
	return NULL;
}

/* A function as authors call it: without leading "__" and "___suffix". */
static inline const char *__scx_kfunc_name(const char *kfunc, int *len)
{
	int i;

	if (!strncmp(kfunc, "__", 2)) {
		kfunc += 2;
		*len -= 2;
	}
	for (i = 0; i + 3 < *len; i++)
		if (!strncmp(kfunc + i, "___", 3))
			*len = i;
	return kfunc;
}

/* The last refusal of a call in @log, or NULL. */
static inline const char *__scx_find_refusal(const char *log)
{
	const char *at = NULL, *next = log;

	while ((next = strstr(next, __SCX_CALLING)))
		at = next++;
	return at && strstr(at, __SCX_NOT_ALLOWED) ? at : NULL;
}

/**
 * scx_explain_refusal - say which call the verifier has refused
 * @log: its log
 * @prog: name of the program
 * @caller: what scx_caller_of() says about it
 * @text: where the explanation goes
 * @size: room there
 *
 * Return: false if the log has no call that was refused.
 */
static inline bool scx_explain_refusal(const char *log, const char *prog, const char *caller,
				       char *text, size_t size)
{
	const char *at = __scx_find_refusal(log), *kfunc, *place, *callers;
	bool exact;
	int len;

	if (!at)
		return false;

	kfunc = at + strlen(__SCX_CALLING);
	len = strstr(kfunc, __SCX_NOT_ALLOWED) - kfunc;
	callers = __scx_kfunc_callers(kfunc, len);
	kfunc = __scx_kfunc_name(kfunc, &len);
	place = __scx_author_place(log, at, &exact);

	snprintf(text, size, "%s%.*s%s%.*s() is not allowed in %s, program %s.\n%s%s%s",
		 exact ? "" : "after ", place ? (int)strcspn(place, "\n") : 0, place ?: "",
		 place ? ": " : "", len, kfunc, caller, prog,
		 callers ? "It is allowed in: " : "", callers ?: "", callers ? ".\n" : "");
	return true;
}

/* Name of the member of @ops that a program is in, or NULL. */
static inline const char *__scx_op_of(const struct bpf_object *obj, const void *ops,
				      const struct bpf_program *prog)
{
	const struct btf *btf = bpf_object__btf(obj);
	const struct btf_member *m;
	const struct btf_type *t;
	int i;

	i = btf__find_by_name_kind(btf, "sched_ext_ops", BTF_KIND_STRUCT);
	if (i < 0)
		return NULL;
	t = btf__type_by_id(btf, i);
	m = btf_members(t);

	for (i = 0; i < btf_vlen(t); i++) {
		const char *mem = (const char *)ops + btf_member_bit_offset(t, i) / 8;

		if (btf_is_ptr(btf__type_by_id(btf, m[i].type)) &&
		    *(const struct bpf_program * const *)mem == prog)
			return btf__name_by_offset(btf, m[i].name_off);
	}
	return NULL;
}

/**
 * scx_caller_of - where a program's calls come from, in words
 * @obj: its object
 * @ops: the object's struct sched_ext_ops, as user space has it before loading
 * @prog: the program
 * @text: where the words go, "ops.NAME()" or a type of programs
 * @size: room there
 */
static inline void scx_caller_of(const struct bpf_object *obj, const void *ops,
				 const struct bpf_program *prog, char *text, size_t size)
{
	const char *op = __scx_op_of(obj, ops, prog);

	if (op)
		snprintf(text, size, "ops.%s()", op);
	else
		snprintf(text, size, "%s programs",
			 libbpf_bpf_prog_type_str(bpf_program__type(prog)));
}

/* The last verifier's log that libbpf has printed, to be freed; or NULL. */
static char *__scx_log __attribute__((__unused__));
static libbpf_print_fn_t __scx_print __attribute__((__unused__));

static inline void __scx_keep_log(const char *fmt, va_list args)
{
	va_list again;
	int len;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, fmt, again) + 1;
	va_end(again);

	free(__scx_log);
	__scx_log = malloc(len);
	if (__scx_log)
		vsnprintf(__scx_log, len, fmt, args);
}

/* What libbpf prints while the object is loaded. */
static inline int __scx_listen(enum libbpf_print_level level, const char *fmt, va_list args)
{
	va_list again;

	if (level == LIBBPF_WARN && strstr(fmt, "PROG LOAD LOG")) {
		va_copy(again, args);
		__scx_keep_log(fmt, again);
		va_end(again);
	}
	return __scx_print ? __scx_print(level, fmt, args) : 0;
}

/* Listen to libbpf while @load is evaluated, which is its value. */
#define __SCX_LISTEN(__load) ({						\
	int __ret;							\
									\
	__scx_print = libbpf_set_print(__scx_listen);			\
	__ret = (__load);						\
	libbpf_set_print(__scx_print);					\
	__ret;								\
})

/* Explain what was heard, if anything. libbpf's text begins with a name. */
static inline void __scx_report_refusal(const struct bpf_object *obj, const void *ops)
{
	const struct bpf_program *prog = NULL;
	char name[64], caller[64], text[1024];
	int err = errno;

	if (__scx_log && sscanf(__scx_log, "libbpf: prog '%63[^']'", name) == 1)
		prog = bpf_object__find_program_by_name(obj, name);
	if (prog) {
		scx_caller_of(obj, ops, prog, caller, sizeof(caller));
		if (scx_explain_refusal(__scx_log, name, caller, text, sizeof(text)))
			fprintf(stderr, "%s", text);
	}
	free(__scx_log);
	__scx_log = NULL;
	errno = err;
}

#endif /* __SCX_REFUSAL_H */
