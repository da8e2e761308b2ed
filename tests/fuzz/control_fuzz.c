/*
 * What people write into control files, and what the store keeps for them: lines of batches,
 * changes of features, the note they are kept in, keys in the names of searches, commands.
 *
 *	input: which (u8), the text
 */
#include <errno.h>

#include "fs/virt/batch_text.h"
#include "fs/virt/control_text.h"
#include "fs/virt/feature_list.h"
#include "fs/virt/virt.h"
#include "lsm/base/escape.h"
#include "tests/fuzz/feed.h"
#include "tests/fuzz/fuzz.h"

static void try_batch(struct slice text)
{
	cleanup_buf struct buf memory = {0};
	struct slice line;

	while (control_line_next(&text, &line)) {
		struct batch_line parsed;
		int rc = batch_line_parse(line, &memory, &parsed);

		expect(rc == 0 || rc == -EINVAL);
		if (!rc && parsed.kind != BATCH_LINE_NONE)
			expect(parsed.key.len > 0 && parsed.key.len + parsed.value.len <= line.len);
	}
}

static void try_feature(struct slice text)
{
	struct feature feature = {.version = 3};
	struct feature_change change;
	int rc = feature_change_parse(text, &change);

	expect(rc == 0 || rc == -EINVAL);
	if (!rc)
		rc = feature_apply(&feature, &change);
	expect(rc == 0 || rc == -EINVAL || rc == -ESTALE);
	expect(feature.version == (rc ? 3 : 4));
	expect(strlen(feature.description) <= FEATURE_DESCRIPTION_MAX);
}

static void try_note(struct slice text)
{
	static struct feature_list list;
	cleanup_buf struct buf back = {0};
	int rc = feature_list_decode(text, &list);

	expect(rc == 0 || rc == -EUCLEAN);
	if (rc)
		return;
	static struct feature_list again;

	expect(feature_list_encode(&list, &back) == 0);
	expect(feature_list_decode(buf_slice(&back), &again) == 0 && again.count == list.count);
	expect(again.first_version == list.first_version);
}

static void try_key(struct slice text)
{
	cleanup_buf struct buf key = {0};

	expect(control_key(':', text, &key) == 0 && key.len <= text.len);
	buf_clear(&key);
	int rc = escape_parse_slice(text, &key);

	expect((rc == 0 || rc == -EINVAL) && key.len <= text.len);
}

static void try_list(struct slice text)
{
	struct virt_name name;
	size_t before = text.len;

	while (virt_list_next(&text, &name)) {
		expect(text.len < before && name.name.len < before);
		before = text.len;
	}
}

static void (*const tries[])(struct slice text) = {
	try_batch, try_feature, try_note, try_key, try_list,
};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct feed f = feed_of(bytes, len);
	uint8_t which = feed_byte(&f) % array_size(tries);

	tries[which](f.rest);
	return 0;
}

static void put_seed(const struct fuzz_sink *sink, uint8_t which, const char *name,
		     struct slice text)
{
	cleanup_buf struct buf seed = {0};

	feed_put_byte(&seed, which);
	feed_put(&seed, text);
	sink->take(sink->arg, name, buf_slice(&seed));
}

void fuzz_seeds(const struct fuzz_sink *sink)
{
	static struct feature_list list;
	cleanup_buf struct buf note = {0};
	cleanup_buf struct buf names = {0};

	put_seed(sink, 0, "batch",
		 slice_str("# c\n\na=b=c\nput\ta\\tb\tx\\n\\x41\\\\\ndel\tk\nput\tk\t\nlast=1"));
	put_seed(sink, 0, "batch_octal",
		 slice_str("put\t\\101\\0\t\\377\\x4\\x414\\\"\ndel\t\\400\n"));
	put_seed(sink, 1, "feature", slice_str("version=3\nenabled on\ndescription a b\n"));
	put_seed(sink, 1, "feature_short", slice_str("on version 3"));
	list.count = 0;
	(void)feature_add(&list, slice_str("one"));
	feature_add(&list, slice_str("two-2"))->version = 300;
	list.items[0].kept = list.items[1].kept = true;
	list.first_version = 7;
	expect(feature_list_encode(&list, &note) == 0);
	put_seed(sink, 2, "note", buf_slice(&note));
	put_seed(sink, 2, "note_first",
		 slice_of("apexfeat\x01\x01"
			  "a\x01\x02\x00",
			  14));
	put_seed(sink, 3, "key", slice_str("a/b%2Fc%%2f%zz%3a\\x41\\n%2"));
	expect(virt_list_add(&names, slice_str("name"), 0100000) == 0);
	expect(virt_list_add(&names, slice_str("other"), 0040000) == 0);
	put_seed(sink, 4, "names", buf_slice(&names));
}
