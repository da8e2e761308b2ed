#include "fs/core/search.h"

#include <errno.h>

#include "fs/core/fs_internal.h"
#include "lsm/base/cleanup.h"

/* A search under way. */
struct hunt {
	struct fs *fs;
	const struct fs_search *search;
	struct lsm_iter *it;
	struct buf key; /* room for one */
};

static int matches(struct hunt *h, const struct lsm_record *record, bool *ret_match)
{
	switch (h->search->in) {
	case FS_SEARCH_PREFIX:
		*ret_match = true; /* the iterator's doing */
		return 0;
	case FS_SEARCH_SUBSTRING:
		*ret_match = slice_contains(record->key, h->search->text);
		return 0;
	case FS_SEARCH_VALUE:
		break;
	}
	return lsm_iter_value_contains(h->it, h->search->text, ret_match);
}

/* -ENOENT: at the end. */
static int next_match(struct hunt *h)
{
	while (lsm_iter_valid(h->it)) {
		bool match = false;
		int err = matches(h, lsm_iter_record(h->it), &match);

		if (err || match)
			return err;
		lsm_iter_next(h->it);
	}
	int err = lsm_iter_status(h->it);

	return err ? err : -ENOENT;
}

/* What its path shows it as. */
static int role_of(struct hunt *h, const struct lsm_record *record, enum path_role *ret_role)
{
	struct fs *fs = h->fs;
	bool is_folder = false;
	int err = attr_is_folder_record(fs->separator, record, &is_folder);

	if (err || is_folder) {
		*ret_role = PATH_RECORD;
		return err;
	}
	err = buf_set(&h->key, record->key);
	if (!err)
		err = buf_append_byte(&h->key, fs->separator);
	if (!err)
		err = lsm_prefix_exists(fs->db, buf_slice(&h->key), &fs->read);
	*ret_role = err ? PATH_FILE : PATH_OWN_VALUE;
	return err == -ENOENT ? 0 : err;
}

static int append_path(struct hunt *h, struct buf *paths)
{
	const struct lsm_record *record = lsm_iter_record(h->it);
	size_t before = paths->len;
	enum path_role role;
	int err = role_of(h, record, &role);

	if (!err)
		err = path_encode(h->fs->separator, record->key, role, paths);
	if (!err)
		err = buf_append_byte(paths, h->search->separator);
	if (err)
		paths->len = before;
	return err;
}

static int hunt_begin(struct fs *fs, const struct fs_search *search, struct hunt *ret_hunt)
{
	struct lsm_read_options options = {.snapshot = fs->read.snapshot,
					   .no_cache_fill = search->in != FS_SEARCH_PREFIX};
	struct hunt h = {.fs = fs, .search = search};

	if (search->in == FS_SEARCH_PREFIX)
		options.prefix = search->text;
	/* what is held would not be found; if it cannot be logged it is not in the store either */
	int err = fs->read_only ? 0 : hold_log_all(fs);

	if (!err)
		err = lsm_iter_new(fs->db, &options, &h.it);
	if (err)
		return err;
	lsm_iter_first(h.it);
	*ret_hunt = h;
	return 0;
}

static void hunt_end(struct hunt *h)
{
	lsm_iter_free(h->it);
	buf_done(&h->key);
}

int fs_search(struct fs *fs, const struct fs_search *search, struct buf *ret_paths, bool *ret_cut)
{
	struct hunt h;
	size_t begin = ret_paths->len;
	int err = hunt_begin(fs, search, &h);

	if (err)
		return faults_answer(&fs->faults, err);
	*ret_cut = false;
	for (uint64_t found = 0; (err = next_match(&h)) == 0; found++) {
		if (found == search->results_max || ret_paths->len - begin >= search->output_max) {
			*ret_cut = true;
			break;
		}
		err = append_path(&h, ret_paths);
		if (err)
			break;
		lsm_iter_next(h.it);
	}
	hunt_end(&h);
	return faults_answer(&fs->faults, err == -ENOENT ? 0 : err);
}

int fs_search_count(struct fs *fs, const struct fs_search *search, uint64_t *ret_count)
{
	struct hunt h;
	uint64_t found = 0;
	int err = hunt_begin(fs, search, &h);

	if (err)
		return faults_answer(&fs->faults, err);
	while ((err = next_match(&h)) == 0) {
		found++;
		lsm_iter_next(h.it);
	}
	hunt_end(&h);
	if (err != -ENOENT)
		return faults_answer(&fs->faults, err);
	*ret_count = found;
	return 0;
}
