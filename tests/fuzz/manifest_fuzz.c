/*
 * A whole manifest: it is refused, or its edits add up to a sound version; a torn end makes no
 * difference to what stands before it.
 */
#include <errno.h>

#include "lsm/tree/manifest.h"
#include "lsm/tree/manifest_bytes.h"
#include "tests/fuzz/feed.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/seal.h"
#include "tests/fuzz/tree_seeds.h"

static void check_version(const struct manifest_state *s)
{
	struct version *v;
	const char *reason = NULL;
	int rc = version_builder_finish(&s->tables, &v, &reason);

	expect(rc == 0 || (rc == -EUCLEAN && reason && reason[0]));
	if (!rc) {
		version_check(v);
		version_unref(v);
	}
}

static void check_numbers(const struct manifest_state *s)
{
	for (size_t i = 0; i < s->logs.count; i++) {
		expect(s->logs.numbers[i] < s->next_file);
		expect(i == 0 || s->logs.numbers[i - 1] < s->logs.numbers[i]);
	}
	for (size_t i = 0; i < s->tables.count; i++) {
		const struct table_file *f = s->tables.files[i].file;

		expect(f->number < s->next_file);
		for (size_t k = 0; k < f->blobs.count; k++)
			expect(f->blobs.refs[k].number < s->next_file);
	}
}

/* The same edits, without what stands behind them. */
static void replay_again(const struct manifest_state *s, struct slice content)
{
	cleanup_manifest_state struct manifest_state again = {0};

	expect(s->valid_bytes <= content.len);
	expect(manifest_replay("m", slice_of(content.ptr, s->valid_bytes), &again) == 0);
	expect(again.edits == s->edits && again.valid_bytes == s->valid_bytes);
	expect(again.next_file == s->next_file && again.flushed_seqno == s->flushed_seqno);
	expect(again.logs.count == s->logs.count && again.tables.count == s->tables.count);
	expect(again.store_id == s->store_id);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	cleanup_manifest_state struct manifest_state s = {0};
	cleanup_buf struct buf content = {0};

	feed_put(&content, slice_of(bytes, len));
	seal_manifest(content.ptr, content.len, SEAL_FILL);
	int rc = manifest_replay("m", buf_slice(&content), &s);

	expect(rc == 0 || rc == -EUCLEAN || rc == -EBADMSG);
	if (!rc) {
		check_numbers(&s);
		check_version(&s);
		replay_again(&s, buf_slice(&content));
	}
	return 0;
}

static void put_edit(struct buf *out, uint64_t store_id, unsigned i)
{
	cleanup_edit struct version_edit e = {0};
	cleanup_buf struct buf payload = {0};

	seed_edit(&e, i);
	expect(version_edit_encode(&e, &payload) == 0);
	expect(buf_append_fixed32(out,
				  manifest_edit_crc(store_id, out->len, buf_slice(&payload))) == 0);
	expect(buf_append_fixed32(out, (uint32_t)payload.len) == 0);
	feed_put(out, buf_slice(&payload));
}

void fuzz_seeds(const struct fuzz_sink *sink)
{
	const uint64_t store_id = 0x1122334455667788;
	uint8_t header[MANIFEST_HEADER_SIZE];
	cleanup_buf struct buf m = {0};

	manifest_header_encode(store_id, header);
	feed_put(&m, slice_of(header, sizeof(header)));
	for (unsigned i = 0; i < SEED_EDITS; i++)
		put_edit(&m, store_id, i);
	sink->take(sink->arg, "sealed", buf_slice(&m));
	seal_manifest(m.ptr, m.len, SEAL_CLEAR);
	sink->take(sink->arg, "open", buf_slice(&m));
	/* reserved space, and an edit that a crash cut short */
	for (unsigned i = 0; i < 40; i++)
		feed_put_byte(&m, 0);
	sink->take(sink->arg, "reserved", buf_slice(&m));
	sink->take(sink->arg, "torn", slice_of(m.ptr, m.len - 50));
}
