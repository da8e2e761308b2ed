/*
 * The folder .apex: the store's state and its levers, as files of the mounting user.
 *
 * Thread rule: as virt_folder.h.
 */
#pragma once

#include "fs/virt/virt_folder.h"
#include "lsm/lsm.h"

struct control;

struct control_options {
	struct lsm *db; /* borrowed */
	struct fs *fs;  /* borrowed */
};

/* Hang .apex into the tree; both are borrowed until control_free, which comes after virt_free. */
must_check int control_new(const struct control_options *options, struct virt *v,
			   struct control **ret_control);
void control_free(struct control *c);
