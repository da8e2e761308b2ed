#include "lsm/config/profile.h"

#include <assert.h>
#include <string.h>

#include "lsm/config/config_private.h"

const char *const profile_names[] = {"balanced",  "stress",     "high_write",
				     "high_read", "low_memory", NULL};

struct profile_value {
	const char *section, *name, *text;
};

/* Small limits everywhere, so that little data exercises flushes, compactions, stalls, evictions.
 */
static const struct profile_value stress[] = {
	{"memtable", "max_size", "64k"},
	{"memtable", "max_full", "1"},
	{"sstable", "block_size", "512"},
	{"sstable", "target_file_size", "64k"},
	{"blob", "large_value_threshold", "4k"},
	{"blob", "chunk_size", "8k"},
	{"blob", "file_size", "256k"},
	{"cache", "block_cache_size", "256k"},
	{"cache", "shards", "2"},
	{"cache", "max_open_files", "16"},
	{"compaction", "l0_threshold", "2"},
	{"compaction", "l0_slowdown", "4"},
	{"compaction", "l0_stop", "6"},
	{"compaction", "size_ratio", "4"},
	{"compaction", "base_level_size", "256k"},
	{"compaction", "threads", "2"},
};

/* Fewer rewrites, more memory before a flush, more tables before writers have to wait. */
static const struct profile_value high_write[] = {
	{"memtable", "max_size", "128m"},       {"memtable", "max_full", "4"},
	{"sstable", "target_file_size", "64m"}, {"compaction", "strategy", "lazy_leveling"},
	{"compaction", "runs_max", "6"},        {"compaction", "threads", "2"},
	{"compaction", "l0_threshold", "6"},    {"compaction", "l0_slowdown", "24"},
	{"compaction", "l0_stop", "40"},
};

/* One run a level, filters that err seldom, and room for what is read. */
static const struct profile_value high_read[] = {
	{"bloom", "false_positive_rate", "0.001"},
	{"cache", "block_cache_size", "512m"},
	{"cache", "shards", "64"},
	{"cache", "max_open_files", "4096"},
	{"compaction", "strategy", "leveled"},
	{"compaction", "l0_threshold", "2"},
	{"compaction", "l0_slowdown", "8"},
	{"compaction", "l0_stop", "16"},
};

/* About 16 MiB in all. */
static const struct profile_value low_memory[] = {
	{"memtable", "max_size", "2m"},        {"memtable", "max_full", "1"},
	{"sstable", "target_file_size", "4m"}, {"blob", "chunk_size", "64k"},
	{"cache", "block_cache_size", "4m"},   {"cache", "shards", "4"},
	{"cache", "max_open_files", "64"},     {"compaction", "base_level_size", "8m"},
	{"fuse", "max_threads", "4"},
};

static const struct profile {
	const struct profile_value *values;
	size_t count;
	const char *purpose;
} profiles[] = {
	{NULL, 0, "the defaults."},
	{stress, array_size(stress),
	 "small limits everywhere, so that little data tries everything."},
	{high_write, array_size(high_write), "fewer rewrites, for more memory and slower reads."},
	{high_read, array_size(high_read), "fewer reads of the disk, for more memory."},
	{low_memory, array_size(low_memory), "about 16 MiB in all."},
};

_Static_assert(array_size(profile_names) == array_size(profiles) + 1, "one for each name");

static uint64_t chosen(const struct config *c)
{
	return config_number(c, "", "profile");
}

const char *config_profile_name(const struct config *c)
{
	return profile_names[chosen(c)];
}

int config_render_profile(size_t index, struct buf *ret_text)
{
	const struct profile *profile = &profiles[index];
	const char *section = "";
	int rc = buf_printf(ret_text,
			    "# What profile = %s stands for, to begin a settings file with: %s\n",
			    profile_names[index], profile->purpose);

	for (size_t i = 0; i < profile->count && !rc; i++) {
		const struct profile_value *value = &profile->values[i];

		if (strcmp(section, value->section) != 0) {
			section = value->section;
			rc = buf_printf(ret_text, "\n[%s]\n", section);
		}
		if (!rc)
			rc = buf_printf(ret_text, "%s = %s\n", value->name, value->text);
	}
	return rc;
}

void config_take_profile(struct config *c)
{
	const struct profile *profile = &profiles[chosen(c)];

	for (size_t i = 0; i < profile->count; i++) {
		const struct profile_value *value = &profile->values[i];

		if (config_is_foreign(c, slice_str(value->section)))
			continue;
		int index = config_table_find(&c->table, value->section, value->name);

		assert(index >= 0);
		int rc = config_assign_at(c, c->values, index, value->text, CONFIG_PROFILE);

		assert(rc == 0); /* else the table of profiles is wrong */
		(void)rc;
	}
}
