#include "fs/core/dir_scan.h"

#include <errno.h>

int dir_scan_open(struct fs *fs, struct node_key *folder, struct dir_scan *ret_scan)
{
	*ret_scan = (struct dir_scan){0};

	int err = dir_source_open(fs, folder->name.bytes, &ret_scan->source);

	if (err)
		return err;
	ret_scan->folder = node_key_ref(folder);
	dir_scan_restart(ret_scan);
	return 0;
}

void dir_scan_done(struct fs *fs, struct dir_scan *scan)
{
	dir_source_done(fs, &scan->source);
	node_key_unref(scan->folder);
	buf_done(&scan->passed);
	buf_done(&scan->key);
}

void dir_scan_restart(struct dir_scan *scan)
{
	scan->partial_len = 0;
	scan->ended = false;
	dir_source_first(&scan->source);
}

/* To the first key that does not share `len` bytes with the present one (0: just the next). */
static int step_over(struct dir_scan *scan, size_t len)
{
	struct dir_source *source = &scan->source;

	if (len > 0) {
		int err = buf_set(&scan->passed, slice_of(dir_source_key(source).ptr, len));

		if (err)
			return err;
	}
	/* Often the next key is another entry's: cheaper than a seek. */
	dir_source_next(source);
	if (len == 0 || !dir_source_valid(source) ||
	    !slice_starts_with(dir_source_key(source), buf_slice(&scan->passed)))
		return 0;
	scan->ended = !buf_prefix_end(&scan->passed);
	if (!scan->ended)
		dir_source_seek(source, buf_slice(&scan->passed));
	return 0;
}

/* Whether keys begin with the file's key and the separator, of which `key` could be the first after
 * it. */
static int hides_file(struct fs *fs, struct dir_scan *scan, bool *ret_hidden)
{
	struct dir_source *source = &scan->source;
	struct slice file = buf_slice(&scan->key);

	*ret_hidden = false;
	if (!dir_source_valid(source))
		return dir_source_status(source);

	struct slice next = dir_source_key(source);

	if (!slice_starts_with(next, file))
		return 0;
	if (next.ptr[file.len] >= fs->separator) {
		*ret_hidden = next.ptr[file.len] == fs->separator;
		return 0;
	}

	struct lsm_read_options options = {.snapshot = source->snapshot};
	int err = buf_set(&scan->passed, file);

	if (!err)
		err = buf_append_byte(&scan->passed, fs->separator);
	if (!err)
		err = lsm_prefix_exists(fs->db, buf_slice(&scan->passed), &options);
	*ret_hidden = !err;
	return err == -ENOENT ? 0 : err;
}

/* -EAGAIN: a folder of that name hides it. */
static int take_file(struct fs *fs, struct dir_scan *scan)
{
	const struct lsm_record *record = dir_source_record(&scan->source);
	int err = buf_set(&scan->key, dir_source_key(&scan->source));
	bool hidden;

	scan->attr_known = record != NULL;
	if (!err && record)
		err = attr_of_file(&fs->defaults, record, &scan->attr);
	if (err)
		return err;
	scan->attr.xattrs = slice_of(NULL, 0);
	dir_source_next(&scan->source);
	err = hides_file(fs, scan, &hidden);
	if (!err && hidden)
		return -EAGAIN;
	scan->name = node_name_file(buf_slice(&scan->key));
	return err;
}

static int take_folder(struct fs *fs, struct dir_scan *scan)
{
	const struct lsm_record *record = dir_source_record(&scan->source);
	struct slice key = dir_source_key(&scan->source);
	size_t len = scan->entry.skip_len;
	bool has_record = false;
	int err = buf_set(&scan->key, slice_of(key.ptr, len));

	/* Its own record is the first of all that begin with its prefix. */
	if (!err && record && key.len == len)
		err = attr_is_folder_record(fs->separator, record, &has_record);
	if (!err && has_record)
		err = attr_of_folder(&fs->defaults, record, &scan->attr);
	if (err)
		return err;
	if (!has_record)
		attr_of_implied_folder(&fs->defaults, &scan->attr);
	scan->attr.xattrs = slice_of(NULL, 0);
	scan->attr_known = true;
	scan->name = node_name_folder(buf_slice(&scan->key), false);
	return step_over(scan, len);
}

/* -EAGAIN: it has been answered already. */
static int take_partial(struct fs *fs, struct dir_scan *scan)
{
	struct slice name = slice_of(scan->entry.name, scan->entry.name_len);
	bool again = slice_eq(name, slice_of(scan->partial_name, scan->partial_len));
	struct path_place place;
	int err = step_over(scan, scan->entry.skip_len);

	if (err)
		return err;
	if (again)
		return -EAGAIN;
	memcpy(scan->partial_name, name.ptr, name.len);
	scan->partial_len = name.len;
	err = path_resolve(fs->separator, node_name_as_folder(&scan->folder->name), name, &place);
	if (err)
		return err;
	err = buf_set(&scan->key, buf_slice(&place.prefix));
	path_place_done(&place);
	attr_of_implied_folder(&fs->defaults, &scan->attr);
	scan->attr_known = true;
	scan->name = node_name_folder(buf_slice(&scan->key), true);
	return err;
}

/* The entry of the present key, moving past it; -EAGAIN: it has none, or one that is not answered.
 */
static int take_entry(struct fs *fs, struct dir_scan *scan)
{
	const struct lsm_record *record = dir_source_record(&scan->source);
	bool record_of_folder = false;

	if (record) {
		int err = attr_is_folder_record(fs->separator, record, &record_of_folder);

		if (err)
			return err;
	}
	path_entry_of(fs->separator, node_name_as_folder(&scan->folder->name),
		      dir_source_key(&scan->source), record_of_folder, &scan->entry);
	if (scan->entry.own_record) {
		dir_source_next(&scan->source);
		return -EAGAIN;
	}
	if (scan->entry.kind == PATH_ELSEWHERE) {
		int err = step_over(scan, scan->entry.skip_len);

		return err ? err : -EAGAIN;
	}
	if (scan->entry.kind == PATH_PARTIAL)
		return take_partial(fs, scan);
	return scan->entry.folder ? take_folder(fs, scan) : take_file(fs, scan);
}

int dir_scan_next(struct fs *fs, struct dir_scan *scan)
{
	int err;

	do {
		if (scan->ended || !dir_source_valid(&scan->source)) {
			err = dir_source_status(&scan->source);
			return err ? err : -ENOENT;
		}
		err = take_entry(fs, scan);
	} while (err == -EAGAIN);
	return err;
}
