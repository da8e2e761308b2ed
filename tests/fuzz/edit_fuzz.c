/*
 * A version edit: what decodes encodes again to the same edit, and makes a sound version or none.
 */
#include <errno.h>

#include "lsm/tree/version_builder.h"
#include "tests/fuzz/feed.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/tree_seeds.h"

static void build(const struct version_edit *e)
{
	cleanup_builder struct version_builder b = {0};
	struct version *v;
	const char *reason = NULL;
	int rc = version_builder_apply(&b, e, &reason);

	if (!rc)
		rc = version_builder_finish(&b, &v, &reason);
	expect(rc == 0 || (rc == -EUCLEAN && reason && reason[0]));
	if (!rc) {
		version_check(v);
		version_unref(v);
	}
}

static void expect_round_trip(const struct version_edit *e)
{
	cleanup_buf struct buf once = {0}, twice = {0};
	cleanup_edit struct version_edit again = {0};
	const char *reason = "";

	expect(version_edit_encode(e, &once) == 0);
	expect(version_edit_decode(&again, buf_slice(&once), &reason) == 0);
	expect(version_edit_encode(&again, &twice) == 0);
	expect(slice_eq(buf_slice(&once), buf_slice(&twice)));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	cleanup_edit struct version_edit e = {0};
	const char *reason = NULL;
	int rc = version_edit_decode(&e, slice_of(bytes, len), &reason);

	expect(rc == 0 || (rc == -EUCLEAN && reason && reason[0]));
	if (!rc) {
		expect_round_trip(&e);
		build(&e);
	}
	return 0;
}

void fuzz_seeds(const struct fuzz_sink *sink)
{
	for (unsigned i = 0; i < SEED_EDITS; i++) {
		cleanup_edit struct version_edit e = {0};
		cleanup_buf struct buf bytes = {0};
		char name[32];

		seed_edit(&e, i);
		expect(version_edit_encode(&e, &bytes) == 0);
		(void)snprintf(name, sizeof(name), "edit%u", i);
		sink->take(sink->arg, name, buf_slice(&bytes));
	}
}
