/*
 * Profiles: sets of values that go well together, chosen by the option `profile`. They take the
 * place of defaults: any other source has more to say.
 *
 * Thread rule: as config.h.
 */
#pragma once

#include "lsm/config/config.h"

/* The names, for the option `profile` (a CHOICE without a section); NULL-terminated. */
extern const char *const profile_names[];

/*
 * Once all sources are read: give the values of the chosen profile to the options that none has
 * named. Asserts that c's table has what the profile names.
 */
void config_take_profile(struct config *c);

/* The values of the profile of that index as an INI file. -ENOMEM. */
must_check int config_render_profile(size_t index, struct buf *ret_text);

/* The name of the chosen one. */
const char *config_profile_name(const struct config *c);
