#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/crc32c.h"
#include "lsm/base/error.h"
#include "lsm/tree/file_name.h"
#include "lsm/tree/manifest.h"

enum {
	CURRENT_MAX = ENV_NAME_MAX + 32,
};

static size_t current_line(uint64_t number, char ret_line[CURRENT_MAX])
{
	char name[ENV_NAME_MAX + 1];

	file_name_make(FILE_MANIFEST, number, name);
	return (size_t)snprintf(ret_line, CURRENT_MAX, "%s crc32c=%08x\n", name,
				crc32c(0, name, strlen(name)));
}

int current_prepare(struct env_dir *dir, uint64_t number)
{
	char line[CURRENT_MAX];
	size_t len = current_line(number, line);

	return env_dir_prepare_small(dir, "CURRENT", slice_of(line, len));
}

int current_switch(struct env_dir *dir)
{
	return env_dir_switch_small(dir, "CURRENT");
}

int current_write(struct env_dir *dir, uint64_t number)
{
	int err = current_prepare(dir, number);

	return err ? err : current_switch(dir);
}

/* The name up to the first space, in a buffer of its own; "" when there is no such thing. */
static void first_word(struct slice text, char ret_word[ENV_NAME_MAX + 1])
{
	const uint8_t *end = text.len ? memchr(text.ptr, ' ', text.len) : NULL;
	size_t len = end ? (size_t)(end - text.ptr) : 0;

	if (len > ENV_NAME_MAX)
		len = 0;
	memcpy(ret_word, text.ptr ? text.ptr : (const uint8_t *)"", len);
	ret_word[len] = '\0';
}

int current_read(struct env_dir *dir, uint64_t *ret_number)
{
	cleanup_free uint8_t *bytes = NULL;
	char word[ENV_NAME_MAX + 1];
	char line[CURRENT_MAX];
	size_t len = 0;
	int err = env_dir_read_small(dir, "CURRENT", CURRENT_MAX, &bytes, &len);

	if (err == -EFBIG)
		return fail(-EUCLEAN, "CURRENT: offset %d: too long", CURRENT_MAX);
	if (err)
		return err;
	first_word(slice_of(bytes, len), word);
	struct file_name name = file_name_parse(word);
	if (name.kind != FILE_MANIFEST)
		return fail(-EUCLEAN, "CURRENT: offset 0: does not name a manifest");
	size_t line_len = current_line(name.number, line);
	/* The file is a function of the number: compare it whole instead of parsing the rest. */
	if (!slice_eq(slice_of(bytes, len), slice_of(line, line_len)))
		return fail(-EBADMSG, "CURRENT: offset 0: the checksum does not match");
	*ret_number = name.number;
	return 0;
}
