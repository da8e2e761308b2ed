#include "tests/kill/folder_found.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"

void folder_found_done(struct folder_found *f)
{
	for (uint32_t i = 0; i < FOLDER_FILES; i++)
		buf_done(&f->content[i]);
	buf_done(&f->expected);
}

static void found_clear(struct folder_found *f, uint32_t writer)
{
	f->writer = writer;
	f->trouble[0] = '\0';
	memset(f->subfolders, 0, sizeof(f->subfolders));
	memset(f->files, 0, sizeof(f->files));
	for (uint32_t i = 0; i < FOLDER_FILES; i++)
		buf_clear(&f->content[i]);
}

/* False, for the caller to pass on. */
static bool trouble(struct folder_found *f, const char *fmt, ...) printf_like(2, 3);
static bool trouble(struct folder_found *f, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(f->trouble, sizeof(f->trouble), fmt, args);
	va_end(args);
	return false;
}

/* ---- what is listed ---- */

/* Mark the entry as there. subfolder: the one that is listed, or -1. */
static bool take_entry(struct folder_found *f, const char *name, int subfolder)
{
	unsigned number;
	char letter;
	bool *seen = NULL;

	if (sscanf(name, "%c%2u", &letter, &number) != 2)
		return trouble(f, "an entry '%s'", name);
	if (letter == 'f' && number < FOLDER_FILES && folder_subfolder_of(number) == subfolder &&
	    strlen(name) == 3)
		seen = &f->files[number];
	if (letter == 'd' && number < FOLDER_SUBFOLDERS && subfolder < 0 && strlen(name) == 2)
		seen = &f->subfolders[number];
	if (!seen)
		return trouble(f, "an entry '%s'", name);
	if (*seen)
		return trouble(f, "'%s' is listed twice", name);
	*seen = true;
	return true;
}

static bool list(struct folder_found *f, const char *root, const char *name, int subfolder)
{
	char path[PATH_MAX];
	const struct dirent *entry;
	bool good = true;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	DIR *dir = opendir(path);

	if (!dir)
		return trouble(f, "%s: %s", name, strerror(errno));
	errno = 0;
	while (good && (entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			good = take_entry(f, entry->d_name, subfolder);
	}
	if (good && errno)
		good = trouble(f, "%s: %s", name, strerror(errno));
	closedir(dir);
	return good;
}

static bool list_all(struct folder_found *f, const char *root)
{
	char name[FOLDER_NAME_MAX];

	folder_top_name(f->writer, name);
	if (!list(f, root, name, -1))
		return false;
	for (uint32_t i = 0; i < FOLDER_SUBFOLDERS; i++) {
		folder_subfolder_name(f->writer, i, name);
		if (f->subfolders[i] && !list(f, root, name, (int)i))
			return false;
	}
	return true;
}

/* ---- what is in it ---- */

static int read_whole(int fd, struct buf *bytes)
{
	ssize_t n;

	do {
		int rc = buf_reserve(bytes, VALUE_FILLER_MAX);

		if (rc)
			return rc;
		n = read(fd, bytes->ptr + bytes->len, VALUE_FILLER_MAX);
		if (n > 0)
			bytes->len += (size_t)n;
	} while (n > 0);
	return n < 0 ? -errno : 0;
}

static bool read_file(struct folder_found *f, const char *path, const char *name, uint32_t file)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		return trouble(f, "%s: %s", name, strerror(errno));
	int rc = read_whole(fd, &f->content[file]);

	if (rc)
		return trouble(f, "%s: %s", name, strerror(-rc));
	if ((size_t)st.st_size != f->content[file].len)
		return trouble(f, "%s: size %lld, but %zu bytes", name, (long long)st.st_size,
			       f->content[file].len);
	return true;
}

/* A name that is not listed must not be found either. */
static bool take_file(struct folder_found *f, const char *root, uint32_t file)
{
	char name[FOLDER_NAME_MAX];
	char path[PATH_MAX];
	struct stat st;

	folder_file_name(f->writer, file, name);
	snprintf(path, sizeof(path), "%s/%s", root, name);
	if (f->files[file])
		return read_file(f, path, name, file);
	if (stat(path, &st) == 0)
		return trouble(f, "%s: not listed, but there", name);
	return errno == ENOENT ? true : trouble(f, "%s: %s", name, strerror(errno));
}

bool folder_found_read(struct folder_found *f, const char *root, uint32_t writer)
{
	found_clear(f, writer);
	if (!list_all(f, root))
		return false;
	for (uint32_t i = 0; i < FOLDER_FILES; i++) {
		if (!take_file(f, root, i))
			return false;
	}
	return true;
}

/* ---- against the model ---- */

static bool file_differs(struct folder_found *f, const struct folder_model *model, uint32_t file,
			 char ret_text[FOUND_TEXT_MAX])
{
	char name[FOLDER_NAME_MAX], has[VALUE_TEXT_MAX], wants[VALUE_TEXT_MAX];

	folder_file_name(model->writer, file, name);
	if (f->files[file] != model->files[file].present) {
		snprintf(ret_text, FOUND_TEXT_MAX, "%s is %s", name,
			 f->files[file] ? "there" : "missing");
		return true;
	}
	if (!f->files[file])
		return false;
	if (folder_model_bytes(model, file, &f->expected) != 0) {
		snprintf(ret_text, FOUND_TEXT_MAX, "%s: no memory", name);
		return true;
	}
	if (slice_eq(buf_slice(&f->content[file]), buf_slice(&f->expected)))
		return false;
	value_describe(buf_slice(&f->content[file]), has);
	value_describe(buf_slice(&f->expected), wants);
	snprintf(ret_text, FOUND_TEXT_MAX, "%s has %s; expected are %s", name, has, wants);
	return true;
}

bool folder_found_differs(struct folder_found *f, const struct folder_model *model,
			  char ret_text[FOUND_TEXT_MAX])
{
	for (uint32_t i = 0; i < FOLDER_SUBFOLDERS; i++) {
		if (f->subfolders[i] == model->subfolders[i])
			continue;
		snprintf(ret_text, FOUND_TEXT_MAX, "subfolder d%u is %s", (unsigned)i,
			 f->subfolders[i] ? "there" : "missing");
		return true;
	}
	for (uint32_t i = 0; i < FOLDER_FILES; i++) {
		if (file_differs(f, model, i, ret_text))
			return true;
	}
	return false;
}
