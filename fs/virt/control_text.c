#include "fs/virt/control_text.h"

#include <inttypes.h>

#include "lsm/base/hex.h"
#include "lsm/base/version.h"

int control_text_readme(struct buf *text)
{
	static const char readme[] =
		"apexfs: control files. They are found by name; with fs.virtual_files = listed "
		"the\n"
		"root lists .apex, too. What is read shows one moment. A write is a command: it "
		"is\n"
		"done when write(2) returns, its errno is the answer, and error says why.\n"
		"\n"
		"README      this\n"
		"version     of the program\n"
		"health      ok, degraded or read-only, and why\n"
		"levels      the tree: files, runs, bytes, entries of each level\n"
		"error       why commands failed lately, the newest first\n"
		"config      all settings, and where each value comes from\n"
		"config.d    a file for each; those that are live can be written\n"
		"ctl         commands to the store; reading it lists them\n"
		"batch       lines key=value, put<TAB>key<TAB>value, del<TAB>key, # comment: each\n"
		"            write(2) is applied all or not at all; read: what was imported so "
		"far\n"
		"batch.d     longer batches: cp FILE batch.d/NAME; mv batch.d/NAME batch\n"
		"search      search/prefix/TEXT, substring/TEXT, value/TEXT: a path on each line;\n"
		"            prefix0, substring0, value0 end each with a NUL; %2F in TEXT is a /,\n"
		"            %XX any byte\n"
		"count       count/all, count/prefix/TEXT and so on: how many\n"
		"features    flags: version, enabled, description; a write that names a version,\n"
		"            in its first line, which is not the present one changes nothing\n"
		"            (ESTALE); for cp and >, as mv removes the flag first\n"
		"snapshots   mkdir makes one, rmdir drops it; in it, the store as it was\n"
		"watch       a line for each change: seq op key; tail -f follows\n";

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

bool control_line_next(struct slice *text, struct slice *ret_line)
{
	if (text->len == 0)
		return false;
	const uint8_t *end = memchr(text->ptr, '\n', text->len);
	size_t len = end ? (size_t)(end - text->ptr) : text->len;

	*ret_line = slice_of(text->ptr, len);
	*text = slice_skip(*text, end ? len + 1 : len);
	return true;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

bool control_word_next(struct slice *line, struct slice *ret_word)
{
	size_t begin = 0;

	while (begin < line->len && is_blank(line->ptr[begin]))
		begin++;
	size_t end = begin;

	while (end < line->len && !is_blank(line->ptr[end]))
		end++;
	if (end == begin)
		return false;
	*ret_word = slice_of(line->ptr + begin, end - begin);
	*line = slice_skip(*line, end);
	return true;
}

int control_key(uint8_t separator, struct slice text, struct buf *ret_key)
{
	int rc = buf_reserve(ret_key, text.len);

	if (rc)
		return rc;
	buf_clear(ret_key);
	for (size_t i = 0; i < text.len; i++) {
		uint8_t byte = text.ptr[i];
		bool complete = byte == '%' && i + 2 < text.len;
		int escaped = complete ? hex_byte(text.ptr + i + 1) : -1;

		if (escaped >= 0) {
			byte = (uint8_t)escaped;
			i += 2;
		} else if (byte == '/') {
			byte = separator;
		}
		buf_add(ret_key, &byte, 1);
	}
	return 0;
}
