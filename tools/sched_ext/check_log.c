// SPDX-License-Identifier: GPL-2.0
/*
 * What the verifier and libbpf say, reduced to what a person has to know: which
 * program, which line of its source, and the verifier's last words; or which
 * thing the kernel lacks.
 */
#include <stdio.h>
#include <string.h>
#include <scx/common.h>
#include "scx_check.h"

/* Lines of the verifier's log that are no reason. */
static bool is_code(const char *line)
{
	static const char * const starts[] = {
		"processed ", "; ", "from ", "verification time", "stack depth", "max_states",
		"func '", "mark_precise", "--", "cur state:", "old state:", "caller:", "callee:",
		"returning from callee:", "to caller at ", "Validating ", "Func#", " ",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(starts); i++)
		if (!strncmp(line, starts[i], strlen(starts[i])))
			return true;
	/* State of registers: "R1=ctx() R2_w=0" */
	if (*line == 'R' && line[strcspn(line, "\n =")] == '=')
		return true;
	/* "12: (85) call pc+3" */
	i = strspn(line, "0123456789");
	return !line[i] || line[i] == '\n' || (i && !strncmp(line + i, ": ", 2));
}

/* The last line of the log that gives a reason, or NULL. */
static const char *last_words(const char *log)
{
	const char *found = NULL, *line = log;

	for (;;) {
		if (*line && !is_code(line) && strncmp(line, "libbpf: ", 8))
			found = line;
		line = strchr(line, '\n');
		if (!line || !*++line)
			return found;
	}
}

/**
 * log_say_refusal - Say which program the verifier has refused, where and why
 * @log: its log, or what libbpf prints with it; may be NULL
 * @prog: name of the program
 */
void log_say_refusal(const char *log, const char *prog)
{
	const char *words = log ? last_words(log) : NULL, *place = NULL;
	bool exact = false;

	say("refused: program %s", prog);
	if (!words)
		return;
	place = __scx_author_place(log, words, &exact);
	if (place)
		say("  %s%.*s: %.*s", exact ? "" : "after ", (int)strcspn(place, "\n"), place,
		    (int)strcspn(words, "\n"), words);
	else
		say("  %.*s", (int)strcspn(words, "\n"), words);
}

struct phrase {
	const char *begin, *end, *what;
};

/* What libbpf says of things that the kernel lacks; their names stand in between. */
static const struct phrase phrases[] = {
	{ "extern (func ksym) '", "': not found", "kernel function" },
	{ "extern (var ksym) '", "': not found", "kernel variable" },
	{ "failed to find kernel BTF type ID of '", "'", "place to attach to" },
	{ "Cannot find member ", " in kernel BTF", "member of struct sched_ext_ops" },
	{ "struct ", " is not found in kernel BTF", "type" },
};

/**
 * log_say_missing - Say what the kernel lacks
 * @output: what a program has printed, libbpf's messages among it
 *
 * Return: false if it does not say that anything is missing.
 */
bool log_say_missing(const char *output)
{
	const char *at, *end;
	bool found = false;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(phrases); i++) {
		for (at = output; (at = strstr(at, phrases[i].begin)); at = end) {
			at += strlen(phrases[i].begin);
			end = strstr(at, phrases[i].end);
			if (!end || end - at > (long)strcspn(at, "\n")) {
				end = at;
				continue;
			}
			say("missing: %s %.*s", phrases[i].what, (int)(end - at), at);
			found = true;
		}
	}
	return found;
}
