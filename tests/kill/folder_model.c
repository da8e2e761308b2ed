#include "tests/kill/folder_model.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "lsm/base/compiler.h"

void folder_model_init(struct folder_model *m, uint32_t writer)
{
	*m = (struct folder_model){.writer = writer, .next_generation = 1};
}

static void add_value(struct folder_model *m, const struct change *c, uint32_t kept)
{
	struct file_model *f = &m->files[c->file];

	assert(f->present && f->value_count < FILE_VALUES_MAX);
	f->values[f->value_count++] = (struct file_value){
		.name = {.writer = m->writer,
			 .file = c->file,
			 .generation = c->generation,
			 .len = c->len},
		.kept = kept,
	};
	m->next_generation = max_of(m->next_generation, c->generation + 1);
}

void folder_model_apply(struct folder_model *m, const struct change *c)
{
	switch (c->kind) {
	case CHANGE_CREATE:
	case CHANGE_CREATE_EXCLUSIVE:
	case CHANGE_TRUNCATE:
		m->files[c->file] = (struct file_model){.present = true};
		break;
	case CHANGE_WRITE:
	case CHANGE_APPEND:
		add_value(m, c, c->len);
		break;
	case CHANGE_RENAME:
		m->files[c->other] = m->files[c->file];
		m->files[c->file] = (struct file_model){0};
		break;
	case CHANGE_UNLINK:
		m->files[c->file] = (struct file_model){0};
		break;
	case CHANGE_MKDIR:
	case CHANGE_RMDIR:
		m->subfolders[c->file] = c->kind == CHANGE_MKDIR;
		break;
	case CHANGE_SYNC:
	case CHANGE_KINDS:
		break;
	}
}

bool folder_model_apply_part(struct folder_model *m, const struct change *c)
{
	const struct file_model *f = &m->files[c->file];
	uint32_t page = (uint32_t)sysconf(_SC_PAGESIZE);
	uint32_t size = 0;

	if (c->kind != CHANGE_APPEND)
		return false;
	for (unsigned i = 0; i < f->value_count; i++)
		size += f->values[i].kept;
	uint32_t first = page - size % page;

	if (first == page || first >= c->len)
		return false;
	add_value(m, c, first);
	return true;
}

int folder_model_bytes(const struct folder_model *m, uint32_t file, struct buf *ret_bytes)
{
	const struct file_model *f = &m->files[file];
	int rc = 0;

	buf_clear(ret_bytes);
	for (unsigned i = 0; i < f->value_count && !rc; i++)
		rc = value_append(&f->values[i].name, f->values[i].kept, ret_bytes);
	return rc;
}

int folder_subfolder_of(uint32_t file)
{
	if (file < FOLDER_TOP_FILES)
		return -1;
	return (int)(file - FOLDER_TOP_FILES) / FOLDER_SUBFOLDER_FILES;
}

void folder_top_name(uint32_t writer, char ret_name[FOLDER_NAME_MAX])
{
	snprintf(ret_name, FOLDER_NAME_MAX, "w%" PRIu32, writer);
}

void folder_file_name(uint32_t writer, uint32_t file, char ret_name[FOLDER_NAME_MAX])
{
	int subfolder = folder_subfolder_of(file);

	if (subfolder < 0)
		snprintf(ret_name, FOLDER_NAME_MAX, "w%" PRIu32 "/f%02" PRIu32, writer, file);
	else
		snprintf(ret_name, FOLDER_NAME_MAX, "w%" PRIu32 "/d%d/f%02" PRIu32, writer,
			 subfolder, file);
}

void folder_subfolder_name(uint32_t writer, uint32_t subfolder, char ret_name[FOLDER_NAME_MAX])
{
	snprintf(ret_name, FOLDER_NAME_MAX, "w%" PRIu32 "/d%" PRIu32, writer, subfolder);
}
