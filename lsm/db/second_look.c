#include "lsm/db/second_look.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
	LOOKS_MAX = 100,
};

bool second_look_wanted(struct second_look *look, int error)
{
	if (error != -EUCLEAN && error != -EBADMSG && error != -ENOENT && error != -ESTALE)
		return false;
	if (++look->looks >= LOOKS_MAX || strcmp(look->before, fail_text()) == 0)
		return false;
	(void)snprintf(look->before, sizeof(look->before), "%s", fail_text());
	return true;
}
