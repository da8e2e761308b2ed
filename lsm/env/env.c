#include "lsm/env/env.h"

#include <errno.h>
#include <stdio.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/error.h"
#include "lsm/env/env_name.h"

int env_file_read_exact(struct env_file *f, const char *name, uint64_t offset, void *into,
			size_t len)
{
	size_t got = 0;
	int rc = env_file_read(f, offset, into, len, &got);

	if (rc)
		return rc;
	if (got < len)
		return fail(-EUCLEAN, "%s: offset %llu: the file ends after %zu of %zu bytes", name,
			    (unsigned long long)offset, got, len);
	return 0;
}

enum {
	PATCH_BYTES = 4096, /* what a failing disk loses at once: a page of the cache */
};

int env_file_read_patchy(struct env_file *f, const char *name, uint64_t offset, void *into,
			 size_t len, uint64_t *unreadable)
{
	int rc = env_file_read_exact(f, name, offset, into, len);

	if (rc != -EIO)
		return rc;
	for (size_t at = 0; at < len;) {
		uint8_t *patch = (uint8_t *)into + at;
		size_t patch_len =
			min_of(len - at, (size_t)(PATCH_BYTES - (offset + at) % PATCH_BYTES));

		rc = env_file_read_exact(f, name, offset + at, patch, patch_len);
		if (rc == -EIO) {
			memset(patch, 0, patch_len);
			*unreadable += patch_len;
		} else if (rc) {
			return rc;
		}
		at += patch_len;
	}
	return 0;
}

int env_dir_read_small(struct env_dir *d, const char *name, size_t limit, uint8_t **ret_bytes,
		       size_t *ret_len)
{
	cleanup_file struct env_file *f = NULL;
	uint64_t size = 0;
	int rc = env_dir_open(d, name, ENV_READ, &f);

	if (!rc)
		rc = env_file_size(f, &size);
	if (rc)
		return rc;
	if (size > limit)
		return fail(-EFBIG, "%s: %llu bytes, at most %zu are allowed", name,
			    (unsigned long long)size, limit);

	cleanup_free uint8_t *bytes = (uint8_t *)malloc(size ? (size_t)size : 1);

	if (!bytes)
		return -ENOMEM;
	rc = env_file_read_exact(f, name, 0, bytes, (size_t)size);
	if (rc)
		return rc;
	*ret_bytes = move_ptr(&bytes);
	*ret_len = (size_t)size;
	return 0;
}

static int write_and_sync(struct env_dir *d, const char *name, struct slice bytes)
{
	cleanup_file struct env_file *f = NULL;
	int rc = env_dir_open(d, name, ENV_REPLACE, &f);

	if (!rc)
		rc = env_file_append(f, &bytes, 1);
	if (!rc)
		rc = env_file_sync(f);
	return rc;
}

/* Remove what a failed attempt left; the sentence about the attempt stays, whatever this meets. */
static int give_up(struct env_dir *d, const char *name, int code)
{
	char why[ERROR_TEXT_MAX];

	(void)snprintf(why, sizeof(why), "%s", fail_text());
	/* A leftover does no harm: the next attempt empties it. */
	ignore_result(env_dir_unlink(d, name));
	return fail(code, "%s", why);
}

/* "name.tmp" into ret_fresh. */
static int fresh_name(const char *name, char ret_fresh[ENV_NAME_MAX + sizeof(".tmp")])
{
	int rc = env_name_check(name);

	if (rc)
		return rc;
	(void)snprintf(ret_fresh, ENV_NAME_MAX + sizeof(".tmp"), "%s.tmp", name);
	return env_name_check(ret_fresh);
}

int env_dir_prepare_small(struct env_dir *d, const char *name, struct slice bytes)
{
	char fresh[ENV_NAME_MAX + sizeof(".tmp")];
	int rc = fresh_name(name, fresh);

	if (rc)
		return rc;
	rc = write_and_sync(d, fresh, bytes);
	return rc ? give_up(d, fresh, rc) : 0;
}

int env_dir_switch_small(struct env_dir *d, const char *name)
{
	char fresh[ENV_NAME_MAX + sizeof(".tmp")];
	int rc = fresh_name(name, fresh);

	if (rc)
		return rc;
	rc = env_dir_rename(d, fresh, name);
	if (rc)
		return give_up(d, fresh, env_is_full(rc) ? -ENOSPC : rc);
	rc = env_dir_sync(d);
	return env_is_full(rc) ? -EIO : rc; /* the sentence has the error itself */
}

int env_dir_write_small(struct env_dir *d, const char *name, struct slice bytes)
{
	int rc = env_dir_prepare_small(d, name, bytes);

	return rc ? rc : env_dir_switch_small(d, name);
}
