#include "lsm/base/log.h"

#include <errno.h>
#include <regex.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/thread.h"
#include "tests/unit/unit.h"

/* Each write(2) into the one end is a message of its own at the other. */
static void open_wire(int *ret_read_fd, int *ret_write_fd)
{
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	*ret_read_fd = ends[0];
	*ret_write_fd = ends[1];
	log_set_fd(ends[1]);
}

/* The next message, "" when there is none. */
static size_t receive(int fd, char *line, size_t room)
{
	ssize_t len = recv(fd, line, room - 1, MSG_DONTWAIT);

	if (len < 0)
		ck_assert_int_eq(errno, EAGAIN);
	line[len < 0 ? 0 : len] = '\0';
	return len < 0 ? 0 : (size_t)len;
}

static void check_matches(const char *line, const char *pattern)
{
	regex_t regex;

	ck_assert_int_eq(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
	ck_assert_msg(regexec(&regex, line, 0, NULL, 0) == 0, "\"%s\" is not %s", line, pattern);
	regfree(&regex);
}

START_TEST(line_has_time_level_and_text)
{
	cleanup_fd int in = -1;
	cleanup_fd int out = -1;
	char line[2000];

	open_wire(&in, &out);
	log_set_level(LOG_LEVEL_DEBUG);
	errno = EXDEV;
	log_error("file=%s offset=%d", "000007.sst", 12);
	ck_assert_int_eq(errno, EXDEV);
	receive(in, line, sizeof(line));
	check_matches(line, "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z "
			    "error file=000007\\.sst offset=12\n$");
	log_warn("a");
	receive(in, line, sizeof(line));
	check_matches(line, "Z warn a\n$");
	log_info("b");
	receive(in, line, sizeof(line));
	check_matches(line, "Z info b\n$");
	log_debug("c");
	receive(in, line, sizeof(line));
	check_matches(line, "Z debug c\n$");
}
END_TEST

START_TEST(time_is_utc_and_now)
{
	cleanup_fd int in = -1;
	cleanup_fd int out = -1;
	char line[2000];
	struct tm utc = {0};
	time_t before = time(NULL);

	setenv("TZ", "Asia/Kathmandu", 1);
	tzset();
	open_wire(&in, &out);
	log_error("x");
	receive(in, line, sizeof(line));
	ck_assert_ptr_nonnull(strptime(line, "%Y-%m-%dT%H:%M:%S", &utc));
	ck_assert_int_ge(timegm(&utc), before - 1); /* time() may lag behind the fine clock */
	ck_assert_int_le(timegm(&utc), time(NULL) + 1);
}
END_TEST

START_TEST(json_lines_are_objects_of_three_strings)
{
	cleanup_fd int in = -1;
	cleanup_fd int out = -1;
	char line[4000];

	open_wire(&in, &out);
	log_set_level(LOG_LEVEL_DEBUG);
	log_set_format(LOG_JSON);
	log_warn("key=\"a\\b\" \xff\n\xc3\xa4");
	receive(in, line, sizeof(line));
	check_matches(line, "^\\{\"time\":\"[0-9T:.-]+Z\",\"level\":\"warn\",\"text\":");
	ck_assert_msg(strstr(line, "\"key=\\\"a\\\\b\\\" \\ufffd?\xc3\xa4\"}\n") != NULL, "%s",
		      line);
	log_set_format(LOG_TEXT);
	log_warn("plain");
	receive(in, line, sizeof(line));
	check_matches(line, "Z warn plain\n$");
}
END_TEST

START_TEST(lines_above_the_level_are_dropped)
{
	cleanup_fd int in = -1;
	cleanup_fd int out = -1;
	char line[2000];

	open_wire(&in, &out);
	log_set_level(LOG_LEVEL_WARN);
	log_info("dropped");
	log_debug("dropped");
	log_warn("kept");
	receive(in, line, sizeof(line));
	check_matches(line, "warn kept\n$");
	ck_assert_uint_eq(receive(in, line, sizeof(line)), 0);
}
END_TEST

START_TEST(long_line_is_cut_and_still_ends)
{
	cleanup_fd int in = -1;
	cleanup_fd int out = -1;
	char line[2000];

	open_wire(&in, &out);
	log_error("%01500d", 1);
	ck_assert_uint_eq(receive(in, line, sizeof(line)), LOG_LINE_MAX);
	check_matches(line, "^[^\n]*0\n$");
}
END_TEST

START_TEST(control_bytes_cannot_forge_a_line)
{
	cleanup_fd int in = -1;
	cleanup_fd int out = -1;
	char line[2000];

	open_wire(&in, &out);
	log_error("key=%s", "a\nb\x1b[31m\x7f\xc3\xa9");
	receive(in, line, sizeof(line));
	check_matches(line, "key=a\\?b\\?\\[31m\\?\xc3\xa9\n$");
}
END_TEST

START_TEST(unwritable_descriptor_is_survived)
{
	log_set_fd(-1);
	errno = 0;
	log_error("nobody hears this");
	ck_assert_int_eq(errno, 0);
}
END_TEST

enum {
	WRITERS = 3,
	LINES = 20, /* fit into the socket together */
};

static void write_lines(void *arg)
{
	for (int i = 0; i < LINES; i++)
		log_error("writer=%s line=%d end", (const char *)arg, i);
}

START_TEST(lines_of_several_threads_stay_whole)
{
	static char name[] = "w";
	cleanup_fd int in = -1;
	cleanup_fd int out = -1;
	struct thread threads[WRITERS] = {0};
	char line[2000];

	open_wire(&in, &out);
	for (size_t i = 0; i < WRITERS; i++)
		ck_assert_int_eq(thread_start(&threads[i], "writer", write_lines, name), 0);
	for (size_t i = 0; i < WRITERS; i++)
		thread_join(&threads[i]);
	for (int i = 0; i < WRITERS * LINES; i++) {
		receive(in, line, sizeof(line));
		check_matches(line, "Z error writer=w line=[0-9]+ end\n$");
	}
	ck_assert_uint_eq(receive(in, line, sizeof(line)), 0);
}
END_TEST

static const TTest *const *const tests[] = {
	&line_has_time_level_and_text,
	&time_is_utc_and_now,
	&json_lines_are_objects_of_three_strings,
	&lines_above_the_level_are_dropped,
	&long_line_is_cut_and_still_ends,
	&control_bytes_cannot_forge_a_line,
	&unwritable_descriptor_is_survived,
	&lines_of_several_threads_stay_whole,
};

UNIT_SUITE("lsm/base/log", tests)
