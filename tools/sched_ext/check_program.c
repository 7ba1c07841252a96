// SPDX-License-Identifier: GPL-2.0
/*
 * Checking a program that brings its own BPF objects and sets them up itself.
 * It runs under ptrace() and stops at each bpf() system call, by a filter of
 * its own that lets all other calls pass. What it loads is verified. At the call
 * that would make its scheduler the kernel's it is killed, before the call is made,
 * and the kernel frees what it has loaded.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include <scx/common.h>
#include "scx_check.h"

/* Facts of linux/seccomp.h, whose copy in tools/ needs headers of the kernel itself */
#define SECCOMP_MODE_FILTER	2
#define SECCOMP_RET_TRACE	0x7ff00000U
#define SECCOMP_RET_ALLOW	0x7fff0000U
#define SECCOMP_DATA_NR		0

/* Later than those of libc's own header */
#ifndef PTRACE_GET_SYSCALL_INFO
#define PTRACE_GET_SYSCALL_INFO		0x420e
#endif
#ifndef PTRACE_SYSCALL_INFO_EXIT
#define PTRACE_SYSCALL_INFO_EXIT	2
#define PTRACE_SYSCALL_INFO_SECCOMP	3
#endif

/* Type of the values of maps with schedulers */
#define SCHEDULERS	"bpf_struct_ops_sched_ext_ops"
#define TASKS_MAX	1024
#define NO_EXEC		127
#define LOG_MAX		(1 << 16)

/* struct ptrace_syscall_info, whose place depends on the C library */
struct call_info {
	__u8 op, pad[3];
	__u32 arch;
	__u64 ip, sp;
	union {
		struct {
			__u64 nr, args[6];
		} entry;
		struct {
			__s64 ret;
			__u8 is_error;
		} exit;
	};
};

/* A thread of the program, and the BPF program that it is loading */
struct task {
	pid_t tid;
	__u64 attr, size;
};

/**
 * struct trial - a program that is being checked
 * @pid: its process
 * @tasks: its threads, and those of the processes that it has started
 * @output: file with all that it has printed
 * @loaded: BPF programs that were accepted
 * @status: its exit status, as waitpid() gives it
 * @tried: it has made a bpf() call
 * @attaching: it was about to make its scheduler the kernel's
 * @refused: name of the last program that was not accepted
 * @log: what the verifier said about that
 */
struct trial {
	pid_t pid;
	struct task tasks[TASKS_MAX];
	int output;
	unsigned int loaded;
	int status;
	bool tried, attaching;
	char refused[BPF_OBJ_NAME_LEN];
	char log[LOG_MAX];
};

static volatile bool out_of_time;

static void on_alarm(int sig)
{
	out_of_time = true;
}

/* bpf() stops for the tracer, all other calls are made. */
static int filter_calls(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SECCOMP_DATA_NR),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_bpf, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { .len = ARRAY_SIZE(code), .filter = code };

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog);
}

/* In the new process */
static void become(char **argv, int output)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	setpgid(0, 0);
	/* A process group in the background may not read from the terminal. */
	dup2(null, STDIN_FILENO);
	if (output >= 0) {
		dup2(output, STDOUT_FILENO);
		dup2(output, STDERR_FILENO);
	}
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	if (filter_calls()) {
		dprintf(STDERR_FILENO, "cannot filter system calls: %s\n", strerror(errno));
		_exit(NO_EXEC);
	}
	execvp(argv[0], argv);
	dprintf(STDERR_FILENO, "%s: %s\n", argv[0], strerror(errno));
	_exit(NO_EXEC);
}

static void start(struct trial *trial, char **argv, bool verbose)
{
	int status;

	trial->output = memfd_create("output", MFD_CLOEXEC);
	GIVE_UP_IF(trial->output < 0, "no memory for the program's output");
	trial->pid = fork();
	GIVE_UP_IF(trial->pid < 0, "cannot start a process");
	if (!trial->pid)
		become(argv, verbose ? -1 : trial->output);
	GIVE_UP_IF(waitpid(trial->pid, &status, 0) != trial->pid || !WIFSTOPPED(status),
		   "the process cannot be traced");
	GIVE_UP_IF(ptrace(PTRACE_SETOPTIONS, trial->pid, NULL,
			  PTRACE_O_EXITKILL | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
			  PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD |
			  PTRACE_O_TRACESECCOMP),
		   "the process cannot be traced");
	ptrace(PTRACE_CONT, trial->pid, NULL, NULL);
}

/* Not by process_vm_readv(), which kernels may lack */
static size_t read_from(pid_t tid, __u64 from, void *to, size_t size)
{
	char path[64];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	len = pread(fd, to, size, from);
	close(fd);
	return len < 0 ? 0 : len;
}

static struct task *task_of(struct trial *trial, pid_t tid)
{
	struct task *task, *vacant = NULL;

	for (task = trial->tasks; task < trial->tasks + TASKS_MAX; task++) {
		if (task->tid == tid)
			return task;
		if (!task->tid && !vacant)
			vacant = task;
	}
	GIVE_UP_IF(!vacant, "the program has more than %d threads", TASKS_MAX);
	vacant->tid = tid;
	return vacant;
}

static void forget(struct trial *trial, pid_t tid)
{
	task_of(trial, tid)->tid = 0;
}

/* A number in what the kernel tells of a descriptor */
static unsigned int fd_info(pid_t tid, int fd, const char *format)
{
	char path[64], line[128];
	unsigned int number = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", tid, fd);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, format, &number) == 1)
			break;
	if (file)
		fclose(file);
	return number;
}

/* Maps of the type "struct_ops" hold schedulers, and operations of TCP and the like. */
static bool is_scheduler(pid_t tid, int fd)
{
	struct bpf_map_info info = {};
	const struct btf_type *type;
	__u32 size = sizeof(info);
	int map;

	if (fd_info(tid, fd, "map_type: %u") != BPF_MAP_TYPE_STRUCT_OPS)
		return false;
	map = bpf_map_get_fd_by_id(fd_info(tid, fd, "map_id: %u"));
	if (map < 0)
		return true;
	bpf_map_get_info_by_fd(map, &info, &size);
	close(map);
	type = __COMPAT_find_type(SCHEDULERS, BTF_KIND_STRUCT);
	return type && type == btf__type_by_id(__COMPAT_vmlinux_btf,
					       info.btf_vmlinux_value_type_id);
}

/* Without BPF_F_LINK, writing to the map attaches the scheduler. */
static bool attaches(pid_t tid, __u64 cmd, const union bpf_attr *attr)
{
	switch (cmd) {
	case BPF_LINK_CREATE:
		return attr->link_create.attach_type == BPF_STRUCT_OPS &&
			is_scheduler(tid, attr->link_create.map_fd);
	case BPF_MAP_UPDATE_ELEM:
		return is_scheduler(tid, attr->map_fd) &&
			!(fd_info(tid, attr->map_fd, "map_flags: %x") & BPF_F_LINK);
	default:
		return false;
	}
}

/* The end of the verifier's log, which may be long */
static void read_log(struct trial *trial, pid_t tid, const union bpf_attr *attr)
{
	__u64 at = attr->log_buf, end = at + attr->log_size;
	static char part[LOG_MAX / 2];
	size_t have = 0, len;

	trial->log[0] = '\0';
	while (attr->log_level && at && at < end) {
		len = read_from(tid, at, part, sizeof(part));
		if (!len)
			return;
		at += len;
		len = strnlen(part, len);
		/* Keep the last two parts. */
		if (have + len >= LOG_MAX) {
			memmove(trial->log, trial->log + have - LOG_MAX / 4, LOG_MAX / 4);
			have = LOG_MAX / 4;
		}
		memcpy(trial->log + have, part, len);
		have += len;
		trial->log[have] = '\0';
		if (len < sizeof(part))
			return;
	}
}

/* libbpf finds out what the kernel can do by programs that may be refused. */
static bool is_probe(const char *name)
{
	return !*name || !strncmp(name, "libbpf_", 7) || !strcmp(name, "det_arg_ctx");
}

static void on_loaded(struct trial *trial, const struct task *task, __s64 ret)
{
	union bpf_attr attr = {};
	char *name;

	read_from(task->tid, task->attr, &attr,
		  task->size < sizeof(attr) ? task->size : sizeof(attr));
	name = attr.prog_name;
	name[BPF_OBJ_NAME_LEN - 1] = '\0';
	/* After -EAGAIN, because of a signal, libbpf tries again. */
	if (is_probe(name) || ret == -EAGAIN)
		return;
	if (ret < 0) {
		snprintf(trial->refused, sizeof(trial->refused), "%s", name);
		read_log(trial, task->tid, &attr);
		return;
	}
	trial->loaded++;
	if (!strcmp(trial->refused, name))
		trial->refused[0] = '\0';
}

/* Before a bpf() call: false if the program is to go no further. */
static bool on_call(struct trial *trial, pid_t tid, const struct call_info *info)
{
	const __u64 *args = info->entry.args;
	union bpf_attr attr = {};

	trial->tried = true;
	read_from(tid, args[1], &attr, args[2] < sizeof(attr) ? args[2] : sizeof(attr));
	trial->attaching = attaches(tid, args[0], &attr);
	if (trial->attaching)
		return false;
	if (args[0] == BPF_PROG_LOAD) {
		task_of(trial, tid)->attr = args[1];
		task_of(trial, tid)->size = args[2];
	}
	/* The result is of interest for programs only. */
	ptrace(args[0] == BPF_PROG_LOAD ? PTRACE_SYSCALL : PTRACE_CONT, tid, NULL, NULL);
	return true;
}

/* A thread that calls exec() becomes the only one, and has the process's id from then on. */
static void on_exec(struct trial *trial, pid_t tid)
{
	unsigned long before = tid;

	ptrace(PTRACE_GETEVENTMSG, tid, NULL, &before);
	if ((pid_t)before != tid)
		forget(trial, before);
}

/* A thread has stopped: false if the program is to go no further. */
static bool on_stop(struct trial *trial, pid_t tid, int status)
{
	struct task *task = task_of(trial, tid);
	struct call_info info = {};
	int sig = WSTOPSIG(status), event = status >> 16;

	if (event == PTRACE_EVENT_SECCOMP || sig == (SIGTRAP | 0x80))
		ptrace(PTRACE_GET_SYSCALL_INFO, tid, sizeof(info), &info);
	if (info.op == PTRACE_SYSCALL_INFO_SECCOMP)
		return on_call(trial, tid, &info);
	if (info.op == PTRACE_SYSCALL_INFO_EXIT)
		on_loaded(trial, task, info.exit.ret);
	if (event == PTRACE_EVENT_EXEC)
		on_exec(trial, tid);
	/* Threads begin with a SIGSTOP that is ptrace()'s own. */
	if (event || sig == SIGSTOP || sig == (SIGTRAP | 0x80))
		sig = 0;
	ptrace(PTRACE_CONT, tid, NULL, sig);
	return true;
}

/* They may be in sessions and process groups of their own. */
static void end_all(struct trial *trial)
{
	struct task *task;
	int status;
	pid_t tid;

	for (task = trial->tasks; task < trial->tasks + TASKS_MAX; task++)
		if (task->tid)
			kill(task->tid, SIGKILL);
	while ((tid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR)
		if (tid > 0 && WIFSTOPPED(status))
			kill(tid, SIGKILL);
}

/*
 * Until the program attaches its scheduler, ends, or takes too long. One that ends
 * without an error may go on in the background.
 */
static void follow(struct trial *trial)
{
	int status;
	pid_t tid;

	while (!out_of_time) {
		tid = waitpid(-1, &status, __WALL);
		if (tid < 0 && errno == EINTR)
			continue;
		if (tid < 0)
			return;
		if (WIFSTOPPED(status)) {
			if (!on_stop(trial, tid, status))
				break;
			continue;
		}
		forget(trial, tid);
		if (tid == trial->pid)
			trial->status = status;
		if (tid == trial->pid && status)
			break;
	}
	end_all(trial);
}

/* All that the program has printed, to be freed */
static char *output_of(struct trial *trial)
{
	off_t size = lseek(trial->output, 0, SEEK_END);
	char *text = calloc(1, size + 1);

	GIVE_UP_IF(!text || pread(trial->output, text, size, 0) != size,
		   "cannot read the program's output");
	return text;
}

static void say_last_line(char *text)
{
	char *line, *next, *last = NULL;

	for (line = text; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (line[strspn(line, " \t\r")])
			last = line;
	}
	say("it ended before it attached a scheduler; its last words: %s", last ?: "(none)");
}

/* The program has ended by itself. */
static enum verdict say_why(struct trial *trial)
{
	char *output = output_of(trial);
	bool known = log_say_missing(output);

	if (trial->refused[0])
		log_say_refusal(trial->log, trial->refused);
	else if (WIFSIGNALED(trial->status))
		say("not known: it was ended by signal %d (%s)", WTERMSIG(trial->status),
		    strsignal(WTERMSIG(trial->status)));
	else if (!known)
		say_last_line(output);
	free(output);

	if (known || trial->refused[0])
		return LOADS_NOT;
	/* Without an attempt or an error there is nothing to judge by. */
	return trial->tried && WIFEXITED(trial->status) && WEXITSTATUS(trial->status) ?
		LOADS_NOT : NOT_KNOWN;
}

/**
 * check_program - Check a program that loads a scheduler
 * @check: what is asked for, and what was found
 * @argv: its command line
 *
 * Return: the verdict; the reasons have been printed.
 */
enum verdict check_program(struct check *check, char **argv)
{
	static struct trial trial;
	struct sigaction sa = { .sa_handler = on_alarm };
	/* Again each second, in case that it comes just before waitpid() */
	struct itimerval timer = { .it_value.tv_sec = check->seconds, .it_interval.tv_sec = 1 };

	sigaction(SIGALRM, &sa, NULL);
	start(&trial, argv, check->verbose);
	setitimer(ITIMER_REAL, &timer, NULL);
	follow(&trial);

	check->programs = trial.loaded;
	if (trial.attaching)
		return LOADS;
	if (out_of_time) {
		say("not known: after %u s it had not tried to attach a scheduler",
		    check->seconds);
		return NOT_KNOWN;
	}
	return say_why(&trial);
}
