#include "tests/stress/world_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lsm/base/compiler.h"
#include "lsm/base/rng.h"

enum {
	SMALL_PART = 300,
	LARGE_PART = 9000,
};

/* All that a step does follows from its number. */
static struct rng rng_of(const struct file_step *step)
{
	struct rng rng;

	rng_seed(&rng, step->number * 256 + (uint64_t)step->kind);
	return rng;
}

static uint64_t part_len(struct rng *rng)
{
	return rng_below(rng, rng_below(rng, 3) == 0 ? LARGE_PART : SMALL_PART);
}

struct file_part file_part_of(const struct file_step *step, uint64_t size)
{
	struct rng rng = rng_of(step);
	struct file_part part = {.size = max_of(size, (uint64_t)FILE_HEAD), .offset = FILE_HEAD};

	switch (step->kind) {
	case FILE_WHOLE:
		part.size += rng_below(&rng, rng_below(&rng, 2) ? 600 : FILE_SIZE_MAX - FILE_HEAD);
		part.len = part.size - FILE_HEAD;
		break;
	case FILE_PART:
	case FILE_ZEROS:
		part.len = part_len(&rng);
		part.offset += rng_below(&rng, part.size - FILE_HEAD + 1);
		part.len = min_of(part.len, FILE_SIZE_MAX - part.offset);
		part.size = max_of(part.size, part.offset + part.len);
		break;
	case FILE_SIZE:
		part.size = FILE_HEAD + rng_below(&rng, FILE_SIZE_MAX - FILE_HEAD);
		break;
	case FILE_COPY:
		break;
	}
	return part;
}

int file_bytes_of(const struct file_step *step, uint64_t len, struct buf *ret_bytes)
{
	struct rng rng = rng_of(step);
	int err;

	buf_clear(ret_bytes);
	err = buf_reserve(ret_bytes, len + 1);
	if (err)
		return err;
	ret_bytes->len = len;
	if (step->kind == FILE_ZEROS)
		memset(ret_bytes->ptr, 0, len);
	else if (step->number % 2)
		rng_fill(&rng, ret_bytes->ptr, len);
	else
		memset(ret_bytes->ptr, 'a' + (int)(step->number % 26), len);
	return 0;
}

void file_head(unsigned writer, unsigned key, const struct file_history *h,
	       char ret_head[FILE_HEAD])
{
	int len = snprintf(ret_head, FILE_HEAD, "%u %u |", writer, key);

	for (unsigned i = 0; i < h->count; i++)
		len += snprintf(ret_head + len, (size_t)(FILE_HEAD - len), " %c%" PRIu64,
				(char)h->steps[i].kind, h->steps[i].number);
	memset(ret_head + len, ' ', (size_t)(FILE_HEAD - len));
	ret_head[FILE_HEAD - 1] = '\n';
}

static int take_step(const struct file_step *step, struct buf *value, struct buf *room)
{
	uint64_t size = step->kind == FILE_WHOLE ? 0 : value->len;
	struct file_part part = file_part_of(step, size);
	int err = file_bytes_of(step, part.len, room);

	if (!err && part.size > value->len)
		err = buf_reserve(value, part.size - value->len);
	if (err)
		return err;
	if (part.size > value->len)
		memset(value->ptr + value->len, 0, part.size - value->len);
	value->len = part.size;
	memcpy(value->ptr + part.offset, room->ptr, part.len);
	return 0;
}

int file_make(unsigned writer, unsigned key, const struct file_history *h, struct buf *ret_value)
{
	cleanup_buf struct buf room = {0};
	char head[FILE_HEAD];
	int err = 0;

	buf_clear(ret_value);
	for (unsigned i = 0; !err && i < h->count; i++)
		err = take_step(&h->steps[i], ret_value, &room);
	if (err || h->count == 0)
		return err;
	file_head(writer, key, h, head);
	memcpy(ret_value->ptr, head, FILE_HEAD);
	return 0;
}

/* What the head says; false: it is none, or another key's. */
static bool parse_head(unsigned writer, unsigned key, struct slice bytes,
		       struct file_history *ret_history)
{
	char text[FILE_HEAD] = "", prefix[32];
	int len = snprintf(prefix, sizeof(prefix), "%u %u |", writer, key);
	struct file_history h = {0};

	if (bytes.len < FILE_HEAD || memcmp(bytes.ptr, prefix, (size_t)len) != 0)
		return false;
	memcpy(text, bytes.ptr, FILE_HEAD - 1);
	for (char *at = text + len; *at == ' ' && at[1] != ' ' && at[1]; h.count++) {
		if (h.count == FILE_STEPS_MAX || !strchr("wpzsc", at[1]))
			return false;
		h.steps[h.count].kind = (enum file_step_kind)at[1];
		h.steps[h.count].number = strtoull(at + 2, &at, 10);
	}
	*ret_history = h;
	return h.count > 0;
}

uint64_t file_number(unsigned writer, unsigned key, struct slice bytes, uint64_t size)
{
	cleanup_buf struct buf value = {0};
	struct file_history h;

	if (!parse_head(writer, key, bytes, &h) || file_make(writer, key, &h, &value))
		return 0;
	if (value.len != size || bytes.len > size || memcmp(value.ptr, bytes.ptr, bytes.len) != 0)
		return 0;
	return h.steps[h.count - 1].number;
}
