/*
 * Folders with the sticky bit: only the owner of the entry, the owner of the folder and root may
 * remove or rename an entry.
 */
#include <errno.h>
#include <stdio.h>

#include "tests/mount/posix/posix.h"

struct removal {
	const char *name;
	enum kind kind; /* of the entry */
	struct call (*call)(void);
};

static struct call entry_unlink(void)
{
	return call_unlink("folder/entry");
}

static struct call entry_rmdir(void)
{
	return call_rmdir("folder/entry");
}

static struct call entry_rename(void)
{
	return call_rename("folder/entry", "folder/new");
}

static struct call entry_move_out(void)
{
	return call_rename("folder/entry", "new");
}

static struct call entry_replace(void)
{
	return call_rename("source", "folder/entry");
}

static const struct removal removals[] = {
	{"unlink", KIND_FILE, entry_unlink},         {"unlink", KIND_LINK, entry_unlink},
	{"unlink", KIND_FIFO, entry_unlink},         {"unlink", KIND_SOCKET, entry_unlink},
	{"rmdir", KIND_FOLDER, entry_rmdir},         {"rename", KIND_FILE, entry_rename},
	{"rename", KIND_FOLDER, entry_rename},       {"rename", KIND_LINK, entry_rename},
	{"rename out", KIND_FILE, entry_move_out},   {"rename onto", KIND_FILE, entry_replace},
	{"rename onto", KIND_FOLDER, entry_replace}, {"rename onto", KIND_LINK, entry_replace},
};

static const struct user *const owners[] = {&root, &ann, &bob};

static void check_one(const struct removal *r, const struct user *who, const struct user *of_folder,
		      const struct user *of_entry)
{
	bool allowed = who->uid == 0 || who == of_folder || who == of_entry;

	make(KIND_FOLDER, "folder", 01777, of_folder);
	make(r->kind, "folder/entry", 0777, of_entry);
	make(r->kind == KIND_FOLDER ? KIND_FOLDER : KIND_FILE, "source", 0777, who);
	check_call(who, allowed ? 0 : either(EPERM, EACCES), r->call(),
		   "%s %s %s, a %s of %s's in a folder of %s's", who->name,
		   allowed ? "may" : "may not", r->name, kind_names[r->kind], of_entry->name,
		   of_folder->name);
	if (!allowed)
		check_kind("folder/entry", r->kind, "and the %s is still there",
			   kind_names[r->kind]);
	clear("folder");
	clear("source");
	clear("new");
}

/* Without the bit only the folder's permissions count. */
static void check_plain(const struct removal *r)
{
	make(KIND_FOLDER, "folder", 0777, &bob);
	make(r->kind, "folder/entry", 0777, &bob);
	make(r->kind == KIND_FOLDER ? KIND_FOLDER : KIND_FILE, "source", 0777, &ann);
	check_call(&ann, 0, r->call(), "without the bit everybody may %s a %s", r->name,
		   kind_names[r->kind]);
	clear("folder");
	clear("source");
	clear("new");
}

static void check_removal(const struct removal *r)
{
	for (size_t folder = 0; folder < array_size(owners); folder++) {
		for (size_t entry = 0; entry < array_size(owners); entry++) {
			check_one(r, &ann, owners[folder], owners[entry]);
			if (folder == entry)
				check_one(r, &root, owners[folder], owners[entry]);
		}
	}
	check_plain(r);
}

void topic_sticky(void)
{
	for (size_t i = 0; i < array_size(removals); i++)
		check_removal(&removals[i]);
}
