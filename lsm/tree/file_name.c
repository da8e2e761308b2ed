#include "lsm/tree/file_name.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void file_name_make(enum file_kind kind, uint64_t number, char *ret_name)
{
	static const char *const suffixes[] = {
		[FILE_TABLE] = ".sst", [FILE_LOG] = ".wal", [FILE_BLOB] = ".blob"};

	assert(kind == FILE_TABLE || kind == FILE_LOG || kind == FILE_BLOB ||
	       kind == FILE_MANIFEST);
	(void)snprintf(ret_name, ENV_NAME_MAX + 1, "%s%06" PRIu64 "%s",
		       kind == FILE_MANIFEST ? "MANIFEST-" : "", number,
		       kind == FILE_MANIFEST ? "" : suffixes[kind]);
}

/* The digits at p as a number; 0 when there are none or too many. */
static uint64_t digits_value(const char *p)
{
	uint64_t value = 0;

	for (; *p >= '0' && *p <= '9'; p++) {
		value = value * 10 + (uint64_t)(*p - '0');
		if (value > FILE_NUMBER_MAX)
			return 0;
	}
	return value;
}

struct file_name file_name_parse(const char *name)
{
	static const enum file_kind numbered[] = {FILE_TABLE, FILE_LOG, FILE_BLOB, FILE_MANIFEST};
	char made[ENV_NAME_MAX + 1];

	if (strcmp(name, "CURRENT.tmp") == 0)
		return (struct file_name){.kind = FILE_LEFTOVER};
	for (size_t i = 0; i < array_size(numbered); i++) {
		size_t skip = numbered[i] == FILE_MANIFEST ? strlen("MANIFEST-") : 0;

		if (strlen(name) <= skip)
			continue;
		uint64_t number = digits_value(name + skip);
		if (number == 0)
			continue;
		/* Whatever else the name may be, it is ours only if we would have made it so. */
		file_name_make(numbered[i], number, made);
		if (strcmp(made, name) == 0)
			return (struct file_name){.kind = numbered[i], .number = number};
	}
	return (struct file_name){.kind = FILE_UNKNOWN};
}
