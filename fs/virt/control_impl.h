/*
 * The folder .apex from the inside, for the files of this folder that fill it.
 */
#pragma once

#include <stdatomic.h>

#include "fs/virt/control.h"
#include "fs/virt/feature_list.h"
#include "fs/virt/stage.h"
#include "fs/virt/views.h"
#include "fs/virt/virt_folder.h"
#include "lsm/base/log.h"
#include "lsm/base/mutex.h"

/* What was imported since the mount. */
struct control_batch {
	struct mutex mu; /* RANK_FS_VIRT */
	/* guarded by mu */
	uint64_t batches, lines, bytes, puts, deletes;
	uint64_t last_lines; /* of the import that wrote last, so far */
	uint64_t cut_bytes;  /* taken of lines that have not ended, yet or at all */
};

struct control_watch {
	struct mutex mu;          /* RANK_FS_WATCH */
	struct lsm_watch *window; /* guarded by mu; owned; NULL until somebody watches */
};

struct control_features {
	struct mutex mu; /* RANK_FS_FEATURES */
	/* guarded by mu */
	struct feature_list list;
};

enum {
	CONTROL_SEARCHES = 6,
};

struct control_search {
	struct control *control;
	unsigned kind;
	struct virt_folder results;
	struct virt_folder counts;
};

struct control {
	/* immutable after control_new */
	struct control_options options;
	unsigned apex; /* number of .apex */
	struct virt_folder apex_folder;
	struct virt_folder config_files; /* of .apex */
	struct virt_folder config_d;
	struct virt_folder levers;      /* of .apex */
	struct virt_folder batch_files; /* of .apex */
	struct virt_folder batch_d;
	struct virt_folder search;
	struct virt_folder count;
	unsigned search_number;
	unsigned count_number;
	struct control_search searches[CONTROL_SEARCHES];
	_Atomic uint64_t search_max; /* relaxed: a setting */
	struct virt_folder snapshots;
	struct virt_folder watch_files; /* of .apex */
	struct control_watch watch;
	struct virt_folder features_folder;
	struct control_features features;
	struct stages stages;
	struct control_batch batch;
};

/* Hang the module's files into .apex, whose number is known. */
must_check int control_config_add(struct control *c, struct virt *v);
must_check int control_levers_add(struct control *c, struct virt *v);
must_check int control_batch_add(struct control *c, struct virt *v);
must_check int control_search_add(struct control *c, struct virt *v);
must_check int control_snapshots_add(struct control *c, struct virt *v);
must_check int control_watch_add(struct control *c, struct virt *v);
/* Before the store is closed; nobody watches any more. */
void control_watch_end(struct control *c);
must_check int control_features_add(struct control *c, struct virt *v);
/* Change a live setting, as options.settings has it; a feature that is the same lever changes with
 * it, and so is kept. */
must_check int control_setting_change(struct control *c, const char *name, struct slice text);

/*
 * Run the commands of a text, a line each, in order; what is empty or begins with '#' is none. The
 * first failure ends it, and its sentence then begins with "line N: " if there is more than one.
 */
must_check int control_each_line(struct slice text, int (*run)(void *arg, struct slice line),
				 void *arg);
