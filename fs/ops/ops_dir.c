#include <errno.h>
#include <stdlib.h>

#include "fs/ops/open_dir.h"
#include "fs/ops/ops_request.h"
#include "lsm/base/cleanup.h"

/*
 * An answer being put together. It is the request's own: the kernel may have read it, woken the
 * program and sent the RELEASEDIR that frees the open_dir before the call that answers has
 * returned.
 */
struct page {
	fuse_req_t req;
	struct open_dir *open; /* borrowed */
	struct buf bytes;      /* owned; never more than `size` */
	size_t size;           /* what the kernel has room for */
};

/* How many bytes an entry took, or would take if it did not fit. */
typedef size_t (*entry_put)(struct page *page, const struct fs_dirent *entry);

/*
 * What a file handle of a folder points to. The kernel sends one READDIR at a time for it (it holds
 * the open file's position lock), so only the list is locked.
 */
static struct open_dir *open_dir_of(const struct fuse_file_info *fi)
{
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): libfuse keeps handles as integers */
	return (struct open_dir *)(uintptr_t)fi->fh;
}

static bool has_cached_locked(const struct ops *ops, fuse_ino_t node)
{
	mutex_assert_held(&ops->dirs_mu);
	for (const struct open_dir *open = ops->dirs; open; open = open->next)
		if (open->node == node && open->cached)
			return true;
	return false;
}

/*
 * The kernel keeps one listing of a folder, for all that were opened with its cache, and shows it
 * even to one that began with another: if the folder changed in between, such a one looks for a
 * position that is not there, and where the listing kept happens to end with a page the kernel
 * (6.18) takes that for the end. So of the openings that last at one time only the first has the
 * cache; the others ask for their own. Virtual folders change by themselves: none has it.
 */
static void list_add(struct ops *ops, struct open_dir *open)
{
	mutex_guard(&ops->dirs_mu);
	open->cached = !ops_is_virtual(open->node) && !has_cached_locked(ops, open->node);
	open->next = ops->dirs;
	if (open->next)
		open->next->prev = open;
	ops->dirs = open;
}

static void list_remove(struct ops *ops, struct open_dir *open)
{
	mutex_guard(&ops->dirs_mu);
	if (open->prev)
		open->prev->next = open->next;
	else
		ops->dirs = open->next;
	if (open->next)
		open->next->prev = open->prev;
}

static void open_dir_free(struct ops *ops, struct open_dir *open)
{
	list_remove(ops, open);
	open_dir_close(open);
	free(open);
}

void ops_dirs_close(struct ops *ops)
{
	while (ops->dirs)
		open_dir_free(ops, ops->dirs);
}

static int open_real(struct ops *ops, fuse_ino_t node, const struct fs_caller *caller,
		     struct open_dir *open)
{
	int rc = ops_target_begin(ops, node, &open->target);

	if (rc)
		return rc;
	rc = fs_dir_open(open->target.fs, open->target.node, &open->dir);
	if (!rc && node == FS_ROOT && ops->options.virtual_files == OPS_VIRTUAL_LISTED)
		rc = virt_list(ops->virt, caller, FS_ROOT, &open->names);
	if (rc)
		open_dir_close(open);
	return rc;
}

static int open_dir_new(struct ops *ops, fuse_ino_t node, const struct fs_caller *caller,
			struct open_dir **ret_open)
{
	cleanup_free struct open_dir *open = calloc(1, sizeof(*open));

	if (!open)
		return -ENOMEM;
	open->node = node;
	int rc = ops_is_virtual(node) ? virt_list(ops->virt, caller, node, &open->names)
				      : open_real(ops, node, caller, open);

	if (rc)
		return rc;
	list_add(ops, open);
	*ret_open = move_ptr(&open);
	return 0;
}

void ops_opendir(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *fi)
{
	struct ops *ops = ops_begin(req, OPS_OPENDIR);
	struct fs_caller caller = ops_caller(req);
	struct open_dir *open;
	int rc = open_dir_new(ops, node, &caller, &open);

	if (rc) {
		ops_reply_status(req, rc);
		return;
	}
	fi->fh = (uintptr_t)open;
	/*
	 * The kernel keeps the listing until it changes the folder: a warm listing costs this one
	 * trip. Who does not use what is kept leaves it to those who do.
	 */
	fi->cache_readdir = open->cached;
	fi->keep_cache = !ops_is_virtual(node);
	ops_end(req, 0);
	if (fuse_reply_open(req, fi) != 0)
		open_dir_free(ops, open);
}

void ops_releasedir(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *fi)
{
	struct ops *ops = ops_begin(req, OPS_RELEASEDIR);

	(void)node;
	open_dir_free(ops, open_dir_of(fi));
	ops_reply_status(req, 0);
}

static char *page_end(const struct page *page)
{
	return (char *)page->bytes.ptr + page->bytes.len;
}

static size_t page_room(const struct page *page)
{
	return page->size - page->bytes.len;
}

static size_t put_plain(struct page *page, const struct fs_dirent *entry)
{
	struct stat attr = {.st_ino = entry->ino, .st_mode = entry->type};

	return fuse_add_direntry(page->req, page_end(page), page_room(page), entry->name, &attr,
				 (off_t)entry->cookie);
}

static bool is_dot_name(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/*
 * Each entry that goes out with a node number is a lookup that the kernel will forget one day, so
 * the size is asked first. An entry without one (0) is a bare name to the kernel.
 */
static size_t put_plus(struct page *page, const struct fs_dirent *entry)
{
	size_t size = fuse_add_direntry_plus(page->req, NULL, 0, entry->name, NULL, 0);
	struct fuse_entry_param param = {.attr = {.st_ino = entry->ino, .st_mode = entry->type}};
	struct fs_entry found;
	int rc = -EISDIR; /* "." and "..": never looked up here, nor what is virtual */

	if (size > page_room(page))
		return size;
	if (!is_dot_name(entry->name))
		rc = open_dir_lookup(page->open, &found);
	if (rc == -ENOENT)
		return 0; /* removed since the folder was opened */
	/*
	 * With any other error the name is listed all the same; a stat of it will say what is
	 * wrong.
	 */
	if (!rc)
		param = ops_entry(fuse_req_userdata(page->req), &found);
	return fuse_add_direntry_plus(page->req, page_end(page), page_room(page), entry->name,
				      &param, (off_t)entry->cookie);
}

/*
 * Put entries into the page until the next does not fit. An error counts only when nothing came
 * before it.
 */
static int page_fill(struct page *page, entry_put put)
{
	struct open_dir *open = page->open;
	struct fs_dirent entry;
	int rc;

	while ((rc = open_dir_next(open, &entry)) == 0) {
		size_t taken = put(page, &entry);

		if (taken > page_room(page)) {
			open_dir_unread(open);
			return 0;
		}
		page->bytes.len += taken;
		open->cookie = entry.cookie;
	}
	return rc == -ENOENT || page->bytes.len > 0 ? 0 : rc;
}

/* Of a virtual folder that has been read: the names as they are now. */
static int list_anew(struct page *page)
{
	struct ops *ops = fuse_req_userdata(page->req);
	struct fs_caller caller = ops_caller(page->req);
	struct open_dir *open = page->open;

	if (!ops_is_virtual(open->node) || open->index == 0)
		return 0;
	buf_clear(&open->names);
	return virt_list(ops->virt, &caller, open->node, &open->names);
}

static int page_begin(struct page *page, uint64_t cookie)
{
	struct open_dir *open = page->open;
	int rc = buf_reserve(&page->bytes, page->size);

	if (!rc && cookie == 0)
		rc = list_anew(page);
	/* The start is read anew, of the folder as it is now: see fs_dir_seek. */
	if (!rc && (cookie == 0 || cookie != open->cookie)) {
		rc = open_dir_seek(open, cookie);
		if (!rc)
			open->cookie = cookie;
	}
	return rc;
}

static void reply_page(fuse_req_t req, struct open_dir *open, size_t size, uint64_t cookie,
		       entry_put put)
{
	struct page page = {.req = req, .open = open, .size = size};
	int rc = page_begin(&page, cookie);

	if (!rc)
		rc = page_fill(&page, put);
	if (rc)
		ops_reply_status(req, rc);
	else /* undelivered: the mount is gone, and with it every node that was counted */
		ops_reply_buf(req, (const char *)page.bytes.ptr, page.bytes.len);
	buf_done(&page.bytes);
}

void ops_readdir(fuse_req_t req, fuse_ino_t node, size_t size, off_t offset,
		 struct fuse_file_info *fi)
{
	(void)node;
	(void)ops_begin(req, OPS_READDIR);
	reply_page(req, open_dir_of(fi), size, (uint64_t)offset, put_plain);
}

void ops_readdirplus(fuse_req_t req, fuse_ino_t node, size_t size, off_t offset,
		     struct fuse_file_info *fi)
{
	(void)node;
	(void)ops_begin(req, OPS_READDIRPLUS);
	reply_page(req, open_dir_of(fi), size, (uint64_t)offset, put_plus);
}

void ops_fsyncdir(fuse_req_t req, fuse_ino_t node, int datasync, struct fuse_file_info *fi)
{
	struct ops *ops = ops_begin(req, OPS_FSYNCDIR);

	(void)node;
	(void)datasync;
	(void)fi;
	ops_reply_status(req, fs_sync(ops->fs));
}
