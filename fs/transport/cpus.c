#include "fs/transport/cpus.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lsm/base/error.h"

/* A number at *text, which moves behind it. */
static int take_number(const char **text, unsigned *ret_number)
{
	char *end;

	if (**text < '0' || **text > '9')
		return -EINVAL;
	unsigned long number = strtoul(*text, &end, 10);

	if (number >= CPUS_MAX)
		return -E2BIG;
	*text = end;
	*ret_number = (unsigned)number;
	return 0;
}

/* "3" or "3-5" */
static int take_range(const char **text, bool *set, unsigned *end)
{
	unsigned first, last;
	int rc = take_number(text, &first);

	if (rc)
		return rc;
	last = first;
	if (**text == '-') {
		++*text;
		rc = take_number(text, &last);
	}
	if (rc)
		return rc;
	if (last < first)
		return -EINVAL;
	for (unsigned i = first; i <= last; i++)
		set[i] = true;
	if (*end <= last)
		*end = last + 1;
	return 0;
}

int cpus_parse(const char *list, bool *ret_set, unsigned *ret_end)
{
	unsigned end = 0;

	memset(ret_set, 0, CPUS_MAX * sizeof(*ret_set));
	for (;;) {
		int rc = take_range(&list, ret_set, &end);

		if (rc)
			return rc;
		if (*list != ',')
			break;
		list++;
	}
	if (*list != '\0' && *list != '\n')
		return -EINVAL;
	*ret_end = end;
	return 0;
}

static int read_list(const char *path, bool *ret_set, unsigned *ret_end)
{
	char text[4096];
	FILE *file = fopen(path, "re");

	if (!file)
		return fail(-errno, "%s: %s", path, strerror(errno));
	bool read = fgets(text, sizeof(text), file);
	int rc = read ? cpus_parse(text, ret_set, ret_end) : -EINVAL;

	fclose(file);
	return rc ? fail(rc, "%s: %s", path, strerror(-rc)) : 0;
}

int cpus_check(const bool *possible, unsigned end)
{
	for (unsigned cpu = 0; cpu < end; cpu++) {
		if (!possible[cpu])
			return fail(-EOPNOTSUPP,
				    "io_uring: the numbers of the CPUs have a gap: no CPU %u of %u",
				    cpu, end);
	}
	return 0;
}

int cpus_read(struct cpus *ret_cpus)
{
	unsigned online_end;
	int rc = read_list("/sys/devices/system/cpu/possible", ret_cpus->online,
			   &ret_cpus->possible);

	if (!rc)
		rc = cpus_check(ret_cpus->online, ret_cpus->possible);
	if (!rc)
		rc = read_list("/sys/devices/system/cpu/online", ret_cpus->online, &online_end);
	return rc;
}
