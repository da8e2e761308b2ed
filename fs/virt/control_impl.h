/*
 * The folder .apex from the inside, for the files of this folder that fill it.
 */
#pragma once

#include "fs/virt/control.h"
#include "fs/virt/virt_folder.h"

struct control {
	/* immutable after control_new */
	struct control_options options;
	unsigned apex; /* number of .apex */
	struct virt_folder apex_folder;
	struct virt_folder config_files; /* of .apex */
	struct virt_folder config_d;
	struct virt_folder levers; /* of .apex */
};

/* Hang the module's files into .apex, whose number is known. */
must_check int control_config_add(struct control *c, struct virt *v);
must_check int control_levers_add(struct control *c, struct virt *v);

/*
 * Run the commands of a text, a line each, in order; what is empty or begins with '#' is none. The
 * first failure ends it, and its sentence then begins with "line N: " if there is more than one.
 */
must_check int control_each_line(struct slice text, int (*run)(void *arg, struct slice line),
				 void *arg);
