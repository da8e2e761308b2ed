/*
 * What apexkv reads from people and programs: records as text in each form, words of a session, the
 * statistics of a mount, the line of a lock's holder. The first byte of an input says which.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lsm/base/error.h"
#include "lsm/cli/holder.h"
#include "lsm/cli/record_input.h"
#include "lsm/cli/top_view.h"
#include "lsm/cli/words.h"
#include "tests/fuzz/feed.h"
#include "tests/fuzz/fuzz.h"

struct parsed {
	struct buf key, value, meta;
};

static void parsed_done(struct parsed *p)
{
	buf_done(&p->key);
	buf_done(&p->value);
	buf_done(&p->meta);
}

/* A whole record's text, without its end. */
static int parse(enum record_format format, struct slice text, struct parsed *p)
{
	const uint8_t *nul;

	fail_clear();
	switch (format) {
	case RECORD_KV:
		return record_parse_kv(text, &p->key, &p->value);
	case RECORD_TSV:
		return record_parse_tsv(text, &p->key, &p->value);
	case RECORD_JSON:
		return record_parse_json(text, &p->key, &p->value, &p->meta);
	default:
		break;
	}
	nul = text.len > 0 ? memchr(text.ptr, 0, text.len) : NULL;
	if (!nul)
		return -EINVAL;
	int rc = record_parse_nul(slice_of(text.ptr, (size_t)(nul - text.ptr)), &p->key);

	return rc ? rc
		  : record_parse_nul(slice_skip(text, (size_t)(nul - text.ptr) + 1), &p->value);
}

/* What was read is printed, and that read is the same. */
static void expect_back(enum record_format format, const struct parsed *p)
{
	const struct record_style style = {
		.format = format, .keys = true, .values = true, .meta = true};
	const struct lsm_record record = {.key = buf_slice(&p->key), .meta = buf_slice(&p->meta)};
	__attribute__((cleanup(parsed_done))) struct parsed again = {0};
	char *text = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&text, &len);

	expect(file);
	record_output_piece(file, &style, &record, buf_slice(&p->value), true, true);
	expect(fclose(file) == 0 && len > 0);
	expect(parse(format, slice_of(text, len - 1), &again) == 0);
	expect(slice_eq(buf_slice(&again.key), buf_slice(&p->key)));
	expect(slice_eq(buf_slice(&again.value), buf_slice(&p->value)));
	expect(slice_eq(buf_slice(&again.meta), buf_slice(&p->meta)));
	free(text);
}

static void try_record(struct feed *f, enum record_format format)
{
	__attribute__((cleanup(parsed_done))) struct parsed p = {0};
	int rc = parse(format, f->rest, &p);

	expect(rc == 0 || rc == -EINVAL || (rc == -ENODATA && format == RECORD_KV));
	expect(p.key.len + p.value.len + p.meta.len <= 2 * f->rest.len + 16);
	if (!rc && p.key.len > 0)
		expect_back(format, &p);
}

static void try_kv(struct feed *f)
{
	try_record(f, RECORD_KV);
}

static void try_tsv(struct feed *f)
{
	try_record(f, RECORD_TSV);
}

static void try_json(struct feed *f)
{
	try_record(f, RECORD_JSON);
}

static void try_nul(struct feed *f)
{
	try_record(f, RECORD_NUL);
}

static void try_words(struct feed *f)
{
	struct words w = {0};
	size_t bytes = 0;
	int rc = words_parse(&w, f->rest);

	expect(rc == 0 || (rc == -EINVAL && fail_text()[0] && w.count == 0));
	for (size_t i = 0; i < w.count; i++)
		bytes += words_at(&w, i).len;
	expect(bytes <= f->rest.len);
	words_done(&w);
}

static void try_top(struct feed *f)
{
	static struct top_view view;
	cleanup_buf struct buf out = {0};
	struct top_sample s = {0};
	int width = feed_byte(f), height = feed_byte(f);

	view = (struct top_view){.mount = "/mnt", .utf8 = width % 2};
	expect(top_sample_parse(&s, f->rest) == 0);
	top_view_note(&view, &s, &s);
	expect(top_view_render(&view, &s, &s, width, height, false, &out) == 0);
	for (size_t i = 0; i < out.len; i++)
		expect(out.ptr[i] >= 0x20 || out.ptr[i] == '\n');
	top_sample_done(&s);
}

static void try_holder(struct feed *f)
{
	cleanup_buf struct buf sentence = {0}, mounts = {0};
	struct holder h;

	feed_put(&sentence, feed_sized(f));
	feed_put_byte(&sentence, 0);
	feed_put(&mounts, f->rest);
	feed_put_byte(&mounts, 0);
	holder_parse((char *)sentence.ptr, (char *)mounts.ptr, &h);
	expect(memchr(h.mount, 0, sizeof(h.mount)) && memchr(h.program, 0, sizeof(h.program)));
	expect(!h.mount[0] || strstr((char *)sentence.ptr, h.mount));

	const char *path = (char *)sentence.ptr, *list = (char *)mounts.ptr;
	struct mounted m;

	if (mounts_find_around(list, path, &m))
		expect(m.point[0] && strncmp(path, m.point, strlen(m.point)) == 0);
	if (mounts_find_store(list, path, &m))
		expect(m.point[0] && strcmp(m.store, path) == 0);
}

static void (*const tries[])(struct feed *f) = {
	try_kv, try_tsv, try_json, try_nul, try_words, try_top, try_holder,
};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct feed f = feed_of(bytes, len);

	tries[feed_byte(&f) % array_size(tries)](&f);
	return 0;
}

static void take_seed(const struct fuzz_sink *sink, const char *name, uint8_t which,
		      struct slice bytes)
{
	cleanup_buf struct buf seed = {0};

	feed_put_byte(&seed, which);
	feed_put(&seed, bytes);
	sink->take(sink->arg, name, buf_slice(&seed));
}

void fuzz_seeds(const struct fuzz_sink *sink)
{
	static const char json[] = "{\"key\":\"a\\u00e4\\ud83d\\ude00\\n\",\"value_hex\":\"00ff\","
				   "\"meta_hex\":\"01\"}";
	static const char stats[] = "\x50\x18mem_records 1\nhealth ok\nlevel0_files 2\n"
				    "get_count 3\nget_p99_ns 1e9\ngets -5\nmemtable_bytes 9\n";
	cleanup_buf struct buf holder = {0};

	take_seed(sink, "kv", 0, slice_str("\\x23a\\x3d=b=\\n"));
	take_seed(sink, "tsv", 1, slice_str("a\tb\\t"));
	take_seed(sink, "json", 2, slice_str(json));
	take_seed(sink, "nul", 3, slice_of("a\\0\0b\\\\", 7));
	take_seed(sink, "words", 4, slice_str("put 'a b' \"c\\\"\\x00\" \\# d # e"));
	take_seed(sink, "top", 5, slice_of(stats, sizeof(stats) - 1));
	feed_put_sized(&holder, slice_str("s: in use: pid=7 program=apexfs mount=/m n"));
	feed_put(&holder, slice_str("1 2 0:1 / /m\\040n rw - fuse.apexfs s rw\n"));
	take_seed(sink, "holder", 6, buf_slice(&holder));
}
