// SPDX-License-Identifier: GPL-2.0
/*
 * Does a scheduler load on this kernel? All its BPF programs are verified. The
 * scheduler is not attached, so one that is running is not disturbed.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <scx/common.h>
#include "scx_check.h"

static const char help[] =
"Tell whether a scheduler loads on this kernel, without leaving it loaded.\n"
"Usage: %s [-v] [-t SEC] FILE.bpf.o\n"
"       %s [-v] [-t SEC] PROGRAM [ARGUMENT...]\n"
"\n"
"A FILE with BPF programs is checked as it is: variables that a loader of its own\n"
"would set keep their values, except for the constants of scx's headers. A PROGRAM is\n"
"started, and ended at the moment at which it would attach its scheduler.\n"
"\n"
"  -t SEC   how long the program may take until then [60]\n"
"  -v       print what libbpf or the program prints\n"
"  -h       print this text\n"
"\n"
"The exit status is 0 if it loads, 1 if it does not, and 2 if that is not known.\n";

static void parse(struct check *check, int argc, char **argv)
{
	int opt;

	/* The options of the program that is checked are its own. */
	while ((opt = getopt(argc, argv, "+t:vh")) != -1) {
		switch (opt) {
		case 't':
			check->seconds = atoi(optarg) > 0 ? atoi(optarg) : 0;
			break;
		case 'v':
			check->verbose = true;
			break;
		case 'h':
			printf(help, argv[0], argv[0]);
			exit(LOADS);
		default:
			fprintf(stderr, "Try '%s -h'.\n", argv[0]);
			exit(NOT_KNOWN);
		}
	}
	if (optind == argc || !check->seconds) {
		fprintf(stderr, "%s; try '%s -h'\n", optind == argc ?
			"no scheduler was named" : "-t wants a number of seconds", argv[0]);
		exit(NOT_KNOWN);
	}
}

/* Files with BPF programs are ELF files of the machine "BPF". */
static bool is_object(const char *path)
{
	unsigned char head[20];
	FILE *file = fopen(path, "r");
	bool found;

	if (!file)
		return false;
	found = fread(head, sizeof(head), 1, file) == 1 && !memcmp(head, "\177ELF", 4) &&
		(head[18] | head[19]) == 247;
	fclose(file);
	return found;
}

int main(int argc, char **argv)
{
	struct check check = { .seconds = 60 };
	enum verdict verdict;
	struct utsname host;
	const char *name;

	parse(&check, argc, argv);
	name = argv[optind];
	setvbuf(stdout, NULL, _IOLBF, 0);
	uname(&host);
	GIVE_UP_IF(geteuid(), "only root may load schedulers");

	printf("%s on Linux %s:\n", name, host.release);
	if (!__COMPAT_struct_has_field("sched_ext_ops", "dump")) {
		say("it does not load: this kernel's sched_ext is missing or too old (no ops.dump)");
		return LOADS_NOT;
	}
	verdict = is_object(name) ? check_object(&check, name) :
				    check_program(&check, argv + optind);
	if (verdict == LOADS)
		say("it loads: %u program%s verified, no scheduler was attached", check.programs,
		    check.programs == 1 ? " was" : "s were");
	else if (verdict == LOADS_NOT)
		say("it does not load");
	return verdict;
}
