#include "tests/fault/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/fault/recoveries.h"
#include "tests/support/scratch.h"

static uint64_t number_from(const char *variable, uint64_t otherwise)
{
	const char *text = getenv(variable);

	return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

bool settings_begin(struct settings *s, const char *name, int argc, char **argv)
{
	*s = (struct settings){
		.seed = number_from("APEX_SEED", 1),
		.stride = max_of(number_from("APEX_FAULT_STRIDE", 1), (uint64_t)1),
		.is_long = argc == 2 && strcmp(argv[1], "long") == 0,
	};
	if (argc > 2 || (argc == 2 && !s->is_long && strcmp(argv[1], "quick") != 0)) {
		fprintf(stderr, "usage: %s [quick | long]\n", argv[0]);
		return false;
	}
	if (!getenv("TMPDIR") && access("/dev/shm", W_OK | X_OK) == 0)
		(void)setenv("TMPDIR", "/dev/shm", 0); /* else /tmp */
	if (scratch_make(name, &s->folder)) {
		fprintf(stderr, "no scratch folder\n");
		return false;
	}
	if (!recoveries_begin()) {
		fprintf(stderr, "no memory\n");
		return false;
	}
	return true;
}

void settings_end(struct settings *s)
{
	recoveries_end();
	if (scratch_remove(s->folder))
		fprintf(stderr, "%s: cannot be removed\n", s->folder);
	free(s->folder);
}

enum lsm_sync_mode settings_mode(const struct settings *s)
{
	return (enum lsm_sync_mode)(number_from("APEX_SYNC_MODE", s->seed) % 4);
}
