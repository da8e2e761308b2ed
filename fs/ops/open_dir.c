#include "fs/ops/open_dir.h"

#include <errno.h>
#include <string.h>

void open_dir_close(struct open_dir *open)
{
	if (open->dir)
		fs_dir_close(open->dir);
	ops_target_end(&open->target);
	buf_done(&open->names);
}

static void names_begin(struct open_dir *open)
{
	open->in_names = true;
	open->unread = false;
	open->rest = buf_slice(&open->names);
	open->index = 0;
}

static int names_next(struct open_dir *open, struct fs_dirent *ret_entry)
{
	struct virt_name name;

	if (open->unread) {
		open->rest = open->again;
		open->index--;
		open->unread = false;
	}
	open->again = open->rest;
	if (!virt_list_next(&open->rest, &name))
		return -ENOENT;
	open->index++;
	memcpy(open->name, name.name.ptr, min_of(name.name.len, (size_t)NAME_MAX));
	open->name[min_of(name.name.len, (size_t)NAME_MAX)] = '\0';
	*ret_entry = (struct fs_dirent){
		.name = open->name,
		.name_len = strlen(open->name),
		.ino = FS_VIRTUAL_BIT | open->index,
		.type = name.type,
		.cookie = FS_COOKIE_FREE_BIT | open->index,
	};
	return 0;
}

int open_dir_seek(struct open_dir *open, uint64_t cookie)
{
	struct fs_dirent entry;

	if (open->dir && !(cookie & FS_COOKIE_FREE_BIT)) {
		open->in_names = false;
		return fs_dir_seek(open->dir, cookie);
	}
	names_begin(open);
	while (open->index < (cookie & ~FS_COOKIE_FREE_BIT) && names_next(open, &entry) == 0)
		;
	return 0;
}

int open_dir_next(struct open_dir *open, struct fs_dirent *ret_entry)
{
	if (!open->in_names) {
		int rc = open->dir ? fs_dir_next(open->dir, ret_entry) : -ENOENT;

		if (!rc && open->target.view)
			ret_entry->ino = view_inode(open->target.view, ret_entry->ino);
		if (rc != -ENOENT)
			return rc;
		names_begin(open);
	}
	return names_next(open, ret_entry);
}

void open_dir_unread(struct open_dir *open)
{
	if (open->in_names)
		open->unread = true;
	else
		fs_dir_unread(open->dir);
}

int open_dir_lookup(struct open_dir *open, struct fs_entry *ret_entry)
{
	int rc = open->in_names ? -EISDIR : fs_dir_lookup(open->dir, ret_entry);

	if (!rc)
		ops_target_entry(&open->target, ret_entry);
	return rc;
}
