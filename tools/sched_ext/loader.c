// SPDX-License-Identifier: GPL-2.0
/* What all loaders have in common, see loader.h. */
#include <getopt.h>
#include <libgen.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>
#include "loader.h"

/* Letters of the options that every loader has. */
#define COMMON_LETTERS "pi:d:t:vh"

static const char common_options[] =
"  -p       take only tasks with policy SCHED_EXT, leave the others alone\n"
"  -i SEC   seconds between two lines of statistics [1]\n"
"  -d SEC   stop that long after the start [run until stopped or ended]\n"
"  -t SEC   how long a task may wait before the kernel removes the scheduler, 30 at\n"
"           most [what the scheduler says itself, 30 if it says nothing]\n"
"  -v       print libbpf's messages\n"
"  -h       print this text\n";

volatile bool loader_stop;

static bool verbose, partial;
static u64 interval = 1, duration, timeout;

static int print_libbpf(enum libbpf_print_level level, const char *fmt, va_list args)
{
	if (level == LIBBPF_DEBUG && !verbose)
		return 0;
	return vfprintf(stderr, fmt, args);
}

static void on_signal(int sig)
{
	loader_stop = true;
}

static void catch_signals(void)
{
	struct sigaction sa = { .sa_handler = on_signal };

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
}

/**
 * loader_number - Read the number given with an option, or end with a message
 * @opt: the option's letter
 * @arg: its argument
 * @min: least value allowed
 * @max: greatest value allowed
 */
u64 loader_number(int opt, const char *arg, u64 min, u64 max)
{
	unsigned long long val;
	char *end;

	errno = 0;
	val = strtoull(arg, &end, 10);
	if (errno || end == arg || *end || *arg == '-' || val < min || val > max) {
		fprintf(stderr, "-%c %s: expected a number from %llu to %llu\n", opt, arg,
			(unsigned long long)min, (unsigned long long)max);
		exit(EXIT_FAILURE);
	}
	return val;
}

static void help(const struct loader *loader, const char *name)
{
	printf("%s\nUsage: %s [options]\n\n%s%s\n", loader->about ?: "Run a scheduler.\n",
	       name, loader->options ?: "", common_options);
	if (loader->columns)
		printf("%s\n", loader->columns);
	printf("The exit status is 0 if the scheduler was stopped, or ended without an error.\n");
}

static void take_option(const struct loader *loader, int opt, const char *name)
{
	switch (opt) {
	case 'p':
		partial = true;
		break;
	case 'i':
		interval = loader_number(opt, optarg, 1, 86400);
		break;
	case 'd':
		duration = loader_number(opt, optarg, 1, 31536000);
		break;
	case 't':
		timeout = loader_number(opt, optarg, 1, 30);
		break;
	case 'v':
		verbose = true;
		break;
	case 'h':
		help(loader, name);
		exit(EXIT_SUCCESS);
	case '?':
		fprintf(stderr, "Try '%s -h'.\n", name);
		exit(EXIT_FAILURE);
	default:
		loader->option(opt, optarg);
	}
}

/* If two options had one letter, getopt() would take the first. */
static void check_letters(const char *own)
{
	for (; own && *own; own++)
		SCX_BUG_ON(*own != ':' && strchr(COMMON_LETTERS, *own),
			   "the option -%c is one that every loader has", *own);
}

static void parse_options(const struct loader *loader, int argc, char **argv)
{
	char letters[64];
	int opt;

	check_letters(loader->letters);
	snprintf(letters, sizeof(letters), "%s%s", COMMON_LETTERS, loader->letters ?: "");
	while ((opt = getopt(argc, argv, letters)) != -1)
		take_option(loader, opt, basename(argv[0]));
	if (optind < argc) {
		fprintf(stderr, "%s: takes no arguments; try -h\n", argv[optind]);
		exit(EXIT_FAILURE);
	}
}

/**
 * loader_sum - Sum of an element of a per-CPU array over all CPUs
 * @map: the array, of u64
 * @idx: the element
 */
u64 loader_sum(const struct bpf_map *map, u32 idx)
{
	int cpu, nr_cpus = libbpf_num_possible_cpus();
	u64 sum = 0, *vals;

	SCX_BUG_ON(nr_cpus < 0, "cannot count the CPUs");
	vals = calloc(nr_cpus, sizeof(*vals));
	SCX_BUG_ON(!vals, "no memory for statistics");
	SCX_BUG_ON(bpf_map_lookup_elem(bpf_map__fd(map), &idx, vals),
		   "cannot read element %u of %s", idx, bpf_map__name(map));
	for (cpu = 0; cpu < nr_cpus; cpu++)
		sum += vals[cpu];
	free(vals);
	return sum;
}

/**
 * loader_print_sums - Print sums with their names, without a newline
 * @map: per-CPU array of u64
 * @names: names of its elements
 * @nr: number of names
 */
void loader_print_sums(const struct bpf_map *map, const char * const *names, u32 nr)
{
	u32 i;

	for (i = 0; i < nr; i++)
		printf("%s%s=%llu", i ? " " : "", names[i],
		       (unsigned long long)loader_sum(map, i));
}

static time_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

static void print_line(const struct loader *loader)
{
	if (!loader->stats)
		return;
	loader->stats();
	putchar('\n');
	fflush(stdout);
}

/* Print statistics until told to stop, or until the scheduler has ended. */
static void watch(const struct loader *loader, time_t deadline)
{
	time_t next = now() + interval;

	while (!loader_stop && !loader->exited()) {
		if (loader->serve)
			loader->serve();
		else
			sleep(1);
		if (now() >= next) {
			print_line(loader);
			next += interval;
		}
		if (deadline && now() >= deadline)
			loader_stop = true;
	}
}

static struct bpf_link *start(const struct loader *loader)
{
	loader->open(partial, timeout * 1000);
	if (loader->configure)
		loader->configure();
	loader->load();
	if (loader->loaded)
		loader->loaded();
	return loader->attach();
}

/* Run the scheduler once; true if it asked to be started again. */
static bool live(const struct loader *loader, time_t *deadline, bool *ok)
{
	struct bpf_link *link = start(loader);
	u64 ecode;

	if (duration && !*deadline)
		*deadline = now() + duration;
	watch(loader, *deadline);
	bpf_link__destroy(link);

	print_line(loader);
	ecode = loader->report(ok);
	loader->close();
	return UEI_ECODE_RESTART(ecode) && !loader_stop;
}

/**
 * loader_main - Parse options and run the scheduler until it ends
 * @loader: description of the loader
 * @argc: as main() got it
 * @argv: as main() got it
 *
 * Return: the process's exit status.
 */
int loader_main(const struct loader *loader, int argc, char **argv)
{
	time_t deadline = 0;
	bool ok = true;

	parse_options(loader, argc, argv);
	libbpf_set_print(print_libbpf);
	catch_signals();
	while (live(loader, &deadline, &ok))
		fprintf(stderr, "starting again\n");
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
