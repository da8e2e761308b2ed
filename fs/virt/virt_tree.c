#include "fs/virt/virt_tree.h"

#include <assert.h>
#include <errno.h>

#include "lsm/base/clock.h"
#include "lsm/base/error.h"
#include "lsm/base/hash.h"

static const struct virt_folder root_folder = {.name = "", .mode = 0755};

void virt_tree_init(struct virt_tree *t)
{
	*t = (struct virt_tree){.place_count = 1, .born_ns = clock_real_ns()};
	t->places[VIRT_ROOT].tables[0] = &root_folder;
	t->places[VIRT_ROOT].table_count = 1;
	mutex_init(&t->mu, RANK_FS_VIRT);
}

void virt_tree_done(struct virt_tree *t)
{
	mutex_done(&t->mu);
}

int virt_tree_add_folder(struct virt_tree *t, unsigned parent, const struct virt_folder *folder,
			 unsigned *ret_number)
{
	assert(parent < t->place_count);
	if (t->place_count == VIRT_FOLDERS_MAX)
		return fail(-ENOSPC, "more than %d virtual folders", VIRT_FOLDERS_MAX);
	struct virt_place *place = &t->places[t->place_count];

	place->parent = parent;
	place->tables[0] = folder;
	place->table_count = 1;
	*ret_number = t->place_count++;
	return 0;
}

int virt_tree_add_files(struct virt_tree *t, unsigned number, const struct virt_folder *table)
{
	assert(number < t->place_count);
	struct virt_place *place = &t->places[number];

	if (place->table_count == VIRT_TABLES_MAX)
		return fail(-ENOSPC, "more than %d tables of a virtual folder", VIRT_TABLES_MAX);
	place->tables[place->table_count++] = table;
	return 0;
}

uint64_t virt_inode(unsigned number, struct slice name)
{
	return FS_VIRTUAL_BIT | (hash64(name, number) & (VIRT_FOLDER_BIT - 1));
}

bool virt_tree_number(const struct virt_tree *t, uint64_t node, unsigned *ret_number)
{
	uint64_t number = node ^ virt_folder_node(0);

	if (number >= t->place_count)
		return false;
	*ret_number = (unsigned)number;
	return true;
}

/* ---- finding ---- */

static const struct virt_file *file_find(const struct virt_place *place, struct slice name,
					 void **ret_arg)
{
	for (unsigned i = 0; i < place->table_count; i++) {
		const struct virt_folder *table = place->tables[i];

		for (size_t j = 0; j < table->file_count; j++) {
			if (!slice_eq(name, slice_str(table->files[j].name)))
				continue;
			*ret_arg = table->arg;
			return &table->files[j];
		}
	}
	return NULL;
}

/* 0 (the root, which stands in no folder): none. */
static unsigned folder_find(const struct virt_tree *t, unsigned parent, struct slice name)
{
	for (unsigned i = 1; i < t->place_count; i++) {
		if (t->places[i].parent == parent &&
		    slice_eq(name, slice_str(t->places[i].tables[0]->name)))
			return i;
	}
	return 0;
}

bool virt_tree_has(const struct virt_tree *t, unsigned number, struct slice name)
{
	void *arg;

	return file_find(&t->places[number], name, &arg) || folder_find(t, number, name);
}

static const struct virt_hooks *hooks_of(const struct virt_tree *t, unsigned number)
{
	static const struct virt_hooks none;
	const struct virt_hooks *hooks = t->places[number].tables[0]->hooks;

	return hooks ? hooks : &none;
}

static void *arg_of(const struct virt_tree *t, unsigned number)
{
	return t->places[number].tables[0]->arg;
}

static struct virt_absent *absent_find_locked(struct virt_tree *t, const struct virt_file *file,
					      pid_t pid)
{
	for (size_t i = 0; i < VIRT_ABSENT_MAX; i++) {
		if (t->absent[i].pid == pid && t->absent[i].file == file)
			return &t->absent[i];
	}
	return NULL;
}

static bool is_absent(struct virt_tree *t, const struct virt_file *file, pid_t pid)
{
	mutex_guard(&t->mu);
	return absent_find_locked(t, file, pid) != NULL;
}

static int hook_find(struct virt_tree *t, unsigned number, struct slice name,
		     struct virt_entry *ret_entry)
{
	const struct virt_hooks *hooks = hooks_of(t, number);
	struct virt_found found = {0};
	int rc = hooks->find ? hooks->find(arg_of(t, number), name, &found) : -ENOENT;

	if (rc)
		return rc;
	*ret_entry = (struct virt_entry){
		.kind = found.file ? VIRT_ENTRY_FILE : VIRT_ENTRY_ELSEWHERE,
		.file = found.file,
		.arg = arg_of(t, number),
		.object = found.object,
		.elsewhere = found.entry,
	};
	return 0;
}

int virt_tree_find(struct virt_tree *t, unsigned number, struct slice name, pid_t pid,
		   struct virt_entry *ret_entry)
{
	struct virt_entry entry = {.kind = VIRT_ENTRY_FILE};

	entry.file = file_find(&t->places[number], name, &entry.arg);
	if (entry.file && is_absent(t, entry.file, pid))
		return -ENOENT;
	if (!entry.file) {
		entry.kind = VIRT_ENTRY_FOLDER;
		entry.number = folder_find(t, number, name);
		if (!entry.number)
			return hook_find(t, number, name, ret_entry);
	}
	*ret_entry = entry;
	return 0;
}

static int list_fixed(const struct virt_tree *t, unsigned number, struct buf *names)
{
	const struct virt_place *place = &t->places[number];
	int rc = 0;

	for (unsigned i = 0; i < place->table_count; i++) {
		const struct virt_folder *table = place->tables[i];

		for (size_t j = 0; j < table->file_count && !rc; j++)
			rc = virt_list_add(names, slice_str(table->files[j].name), S_IFREG);
	}
	for (unsigned i = 1; i < t->place_count && !rc; i++) {
		if (t->places[i].parent == number)
			rc = virt_list_add(names, slice_str(t->places[i].tables[0]->name), S_IFDIR);
	}
	return rc;
}

int virt_tree_list(const struct virt_tree *t, unsigned number, struct buf *names)
{
	const struct virt_hooks *hooks = hooks_of(t, number);
	int rc = 0;

	if (number != VIRT_ROOT)
		rc = virt_list_add(names, slice_str("."), S_IFDIR);
	if (!rc && number != VIRT_ROOT)
		rc = virt_list_add(names, slice_str(".."), S_IFDIR);
	if (!rc)
		rc = list_fixed(t, number, names);
	if (!rc && hooks->list)
		rc = hooks->list(arg_of(t, number), names);
	return rc;
}

/* ---- changes ---- */

bool virt_tree_restore(struct virt_tree *t, unsigned number, struct slice name, pid_t pid)
{
	void *arg;
	const struct virt_file *file = file_find(&t->places[number], name, &arg);

	mutex_guard(&t->mu);
	struct virt_absent *absent = file ? absent_find_locked(t, file, pid) : NULL;

	if (absent)
		*absent = (struct virt_absent){0};
	return absent != NULL;
}

int virt_tree_create(struct virt_tree *t, const struct virt_change *change, unsigned number,
		     struct slice name)
{
	const struct virt_hooks *hooks = hooks_of(t, number);

	return hooks->create ? hooks->create(arg_of(t, number), change, name) : -EACCES;
}

int virt_tree_unlink(struct virt_tree *t, const struct virt_change *change, unsigned number,
		     struct slice name)
{
	const struct virt_hooks *hooks = hooks_of(t, number);
	void *arg;
	const struct virt_file *file = file_find(&t->places[number], name, &arg);

	if (!file && folder_find(t, number, name))
		return -EISDIR;
	if (!file)
		return hooks->unlink ? hooks->unlink(arg_of(t, number), change, name) : -EACCES;
	if (!file->write)
		return -EACCES;
	mutex_guard(&t->mu);
	t->absent[t->next_absent++ % VIRT_ABSENT_MAX] =
		(struct virt_absent){.pid = change->caller->pid, .file = file};
	return 0;
}

int virt_tree_mkdir(struct virt_tree *t, const struct virt_change *change, unsigned number,
		    struct slice name)
{
	const struct virt_hooks *hooks = hooks_of(t, number);

	if (virt_tree_has(t, number, name))
		return -EEXIST;
	return hooks->mkdir ? hooks->mkdir(arg_of(t, number), change, name) : -EACCES;
}

int virt_tree_rmdir(struct virt_tree *t, const struct virt_change *change, unsigned number,
		    struct slice name)
{
	const struct virt_hooks *hooks = hooks_of(t, number);
	void *arg;

	if (file_find(&t->places[number], name, &arg))
		return -ENOTDIR;
	if (folder_find(t, number, name))
		return -EACCES;
	return hooks->rmdir ? hooks->rmdir(arg_of(t, number), change, name) : -EACCES;
}

int virt_tree_rename(struct virt_tree *t, const struct virt_change *change, unsigned from,
		     struct slice name, unsigned to, struct slice to_name)
{
	const struct virt_hooks *hooks = hooks_of(t, from);

	if (virt_tree_has(t, from, name) || !hooks->rename)
		return -EACCES;
	return hooks->rename(arg_of(t, from), change, name, t->places[to].tables[0], to_name);
}

bool virt_tree_may_replace(const struct virt_tree *t, unsigned number, struct slice name)
{
	const struct virt_hooks *hooks = hooks_of(t, number);
	void *arg;
	const struct virt_file *file = file_find(&t->places[number], name, &arg);

	if (file)
		return file->write != NULL;
	return !folder_find(t, number, name) && (hooks->create || hooks->unlink);
}
