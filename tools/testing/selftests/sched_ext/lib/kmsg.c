// SPDX-License-Identifier: GPL-2.0
/* The kernel log from a given moment on. */
#include <fcntl.h>
#include "scx_test.h"

struct kmsg {
	int fd;
	size_t len;
	char text[1 << 18];
};

struct kmsg *kmsg_mark(void)
{
	struct kmsg *log = calloc(1, sizeof(*log));

	ASSERT_TRUE(log, "out of memory");
	log->fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ASSERT_TRUE(log->fd >= 0, "/dev/kmsg: errno %d", errno);
	lseek(log->fd, 0, SEEK_END);
	return log;
}

/* A record that was overwritten before it could be read gives EPIPE. */
static void kmsg_fill(struct kmsg *log)
{
	char line[8192];
	ssize_t got;

	while ((got = read(log->fd, line, sizeof(line))) > 0 ||
	       (got < 0 && errno == EPIPE)) {
		if (got < 0 || log->len + got >= sizeof(log->text))
			continue;
		memcpy(log->text + log->len, line, got);
		log->len += got;
	}
}

bool kmsg_has(struct kmsg *log, const char *text)
{
	return kmsg_after(log, text);
}

/* The text that follows @text, NULL if @text is not in the log. */
const char *kmsg_after(struct kmsg *log, const char *text)
{
	const char *at;

	kmsg_fill(log);
	at = strstr(log->text, text);
	return at ? at + strlen(text) : NULL;
}
