#include "lsm/cli/change_input.h"

#include <errno.h>

#include "lsm/base/error.h"

static bool is_word(struct slice word, const char *name, const char *other)
{
	return slice_eq(word, slice_str(name)) || slice_eq(word, slice_str(other));
}

static int take_change(const struct words *w, struct change *ret_change)
{
	struct slice verb = words_at(w, 0);

	if (is_word(verb, "put", "set")) {
		if (w->count != 3)
			return fail(-EINVAL, "put takes a key and a value");
		*ret_change = (struct change){.key = words_at(w, 1), .value = words_at(w, 2)};
	} else if (is_word(verb, "delete", "del")) {
		if (w->count != 2)
			return fail(-EINVAL, "delete takes a key");
		*ret_change = (struct change){.deletes = true, .key = words_at(w, 1)};
	} else {
		return fail(-EINVAL, "a line is put KEY VALUE, delete KEY or a comment");
	}
	return 0;
}

int change_input_next(struct line_input *in, struct words *words, struct change *ret_change)
{
	struct slice line;
	int rc;

	do {
		rc = line_input_next(in, &line);
		if (!rc)
			rc = words_parse(words, line);
	} while (!rc && words->count == 0);
	return rc ? rc : take_change(words, ret_change);
}
