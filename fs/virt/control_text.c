#include "fs/virt/control_text.h"

#include <inttypes.h>

#include "lsm/base/version.h"

int control_text_readme(struct buf *text)
{
	static const char readme[] =
		"apexfs: control files. They are found by name, and listed only with\n"
		"fs.virtual_files = listed. Reading one shows one moment; a write is a command, "
		"its\n"
		"errno the answer.\n"
		"\n"
		"README      this\n"
		"version     of the program\n"
		"health      ok, degraded or read-only, and why\n"
		"levels      the tree: files, bytes, entries of each level\n";

	return buf_append(text, readme, sizeof(readme) - 1);
}

int control_text_version(struct buf *text)
{
	return buf_printf(text, "apexfs %s\n", LSM_VERSION);
}

/* A sentence may quote anything; a line stays a line. */
static int append_line(struct buf *text, const char *line)
{
	int rc = 0;

	for (; *line && !rc; line++)
		rc = buf_append_byte(text, (uint8_t)*line < ' ' ? ' ' : (uint8_t)*line);
	return rc ? rc : buf_append_byte(text, '\n');
}

int control_text_health(const struct lsm_stats *stats, struct buf *text)
{
	int rc = buf_printf(text, "%s\n", lsm_health_name(stats->health));

	if (!rc && stats->health != LSM_HEALTH_OK)
		rc = append_line(text, stats->health_text);
	return rc;
}

int control_text_levels(const struct lsm_stats *stats, struct buf *text)
{
	int rc = buf_printf(text, "%-5s %6s %5s %14s %12s %12s %7s\n", "level", "files", "runs",
			    "bytes", "entries", "tombstones", "score");

	for (unsigned i = 0; i < LSM_LEVELS && !rc; i++) {
		const struct lsm_level_stats *l = &stats->levels[i];

		rc = buf_printf(text,
				"%-5u %6" PRIu64 " %5" PRIu64 " %14" PRIu64 " %12" PRIu64
				" %12" PRIu64 " %7.3f\n",
				i, l->files, l->runs, l->bytes, l->entries, l->tombstones,
				l->score);
	}
	return rc;
}
