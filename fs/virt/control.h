/*
 * The folder .apex: the store's state and its levers, as files of the mounting user.
 *
 * A write(2) of whole lines is one command or several; its errno is the answer, the sentence behind
 * it stands in .apex/error.
 *
 * Thread rule: as virt_folder.h.
 */
#pragma once

#include "fs/virt/reasons.h"
#include "fs/virt/virt_folder.h"
#include "lsm/lsm.h"

struct control;

enum {
	CONTROL_SETTING_NAME_MAX = 255,
};

/* The settings of the program, which fs/virt knows through these only (lsm/config/settings.h). */
struct control_settings {
	int (*render)(void *arg, struct buf *text);
	size_t (*count)(void *arg);
	/* "section.key" */
	void (*name)(void *arg, size_t index, char name[CONTROL_SETTING_NAME_MAX + 1]);
	/* -ENOENT. */
	int (*is_live)(void *arg, const char *name, bool *ret_live);
	int (*render_value)(void *arg, const char *name, struct buf *text);
	/* Of a BOOL. */
	int (*is_on)(void *arg, const char *name, bool *ret_on);
	int (*change)(void *arg, const char *name, struct slice text);
	void *arg;
};

struct control_options {
	struct lsm *db;          /* borrowed */
	struct fs *fs;           /* borrowed */
	struct reasons *reasons; /* borrowed */
	struct views *views;     /* borrowed */
	struct control_settings settings;
	const char *mountpoint; /* borrowed; absolute; NULL: there is none */
	uint8_t separator;      /* of keys */
	uint64_t search_max;    /* results of a search, at most; control_set_search_max */
	size_t batch_max;       /* bytes of a staged batch, and of a line */
	bool steer;             /* some features steer the daemon */
};

/* Hang .apex into the tree; both are borrowed until control_free, which comes after virt_free. */
must_check int control_new(const struct control_options *options, struct virt *v,
			   struct control **ret_control);
void control_free(struct control *c);
/* Any time. */
void control_set_search_max(struct control *c, uint64_t results);
