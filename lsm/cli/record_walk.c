#include "lsm/cli/record_walk.h"

#include <errno.h>

#include "lsm/cli/interrupt.h"
#include "lsm/cli/key_range.h"
#include "lsm/cli/output.h"
#include "lsm/cli/record_estimate.h"
#include "lsm/cli/report.h"

/* The keys that a range is given by; they hold what its slices point to. */
struct bounds {
	struct buf prefix, from, to; /* owned */
};

static void bounds_done(struct bounds *b)
{
	buf_done(&b->prefix);
	buf_done(&b->from);
	buf_done(&b->to);
}

static enum exit_status bound(const struct invocation *inv, const char *option, struct buf *key)
{
	const char *text = invocation_value(inv, option);

	return text ? invocation_bytes(inv, text, key) : STATUS_OK;
}

static enum exit_status read_range(const struct invocation *inv, struct bounds *b,
				   struct key_range *ret_range, uint64_t *ret_limit)
{
	enum exit_status status = bound(inv, "prefix", &b->prefix);

	*ret_limit = UINT64_MAX;
	if (status == STATUS_OK)
		status = bound(inv, "from", &b->from);
	if (status == STATUS_OK)
		status = bound(inv, "to", &b->to);
	if (status == STATUS_OK)
		status = invocation_number(inv, "limit", ret_limit);
	if (status != STATUS_OK)
		return status;
	*ret_range = (struct key_range){
		.prefix = buf_slice(&b->prefix),
		.from = buf_slice(&b->from),
		.to = buf_slice(&b->to),
		.reverse = invocation_has(inv, "reverse"),
	};
	return STATUS_OK;
}

enum exit_status record_walk_check(const struct invocation *inv)
{
	__attribute__((cleanup(bounds_done))) struct bounds bounds = {0};
	struct key_range range;
	uint64_t limit;

	return read_range(inv, &bounds, &range, &limit);
}

uint64_t record_walk_estimate(struct lsm *db, const struct invocation *inv)
{
	__attribute__((cleanup(bounds_done))) struct bounds bounds = {0};
	cleanup_buf struct buf end = {0};
	struct key_range range;
	uint64_t limit;

	if (read_range(inv, &bounds, &range, &limit) != STATUS_OK ||
	    buf_append_slice(&end, range.prefix))
		return 0;
	/* the end of the prefix, or `to` where that comes first */
	if (end.len == 0 || !buf_prefix_end(&end) ||
	    (range.to.len > 0 && slice_cmp(range.to, buf_slice(&end)) < 0)) {
		if (buf_set(&end, range.to))
			return 0;
	}
	bool later = slice_cmp(range.from, range.prefix) > 0;
	uint64_t records =
		record_estimate(db, inv->store, later ? range.from : range.prefix, buf_slice(&end));

	return min_of(records, limit);
}

struct walking {
	record_visit visit;
	void *arg;
	uint64_t limit;
	struct slice prefix; /* that keys have to begin with; the walk may know another one */
	struct progress *progress;
};

static int visit_and_note(struct lsm_iter *it, void *arg)
{
	struct walking *w = arg;
	int rc = interrupt_check();

	if (!rc && !slice_starts_with(lsm_iter_record(it)->key, w->prefix))
		rc = RECORD_PASSED;
	else if (!rc)
		rc = w->visit(w->arg, it, &w->progress->value);
	if (rc < 0 || rc == RECORD_STOP)
		return rc;
	value_output_begin(&w->progress->value);
	w->progress->records += rc != RECORD_PASSED;
	rc = buf_set(&w->progress->last_key, lsm_iter_record(it)->key);
	return rc ? rc : w->progress->records >= w->limit ? RECORD_STOP : 0;
}

enum exit_status record_walk(struct lsm *db, const struct invocation *inv, record_visit visit,
			     void *arg)
{
	return record_walk_prefix(db, inv, (struct slice){0}, visit, arg);
}

enum exit_status record_walk_prefix(struct lsm *db, const struct invocation *inv,
				    struct slice prefix, record_visit visit, void *arg)
{
	__attribute__((cleanup(bounds_done))) struct bounds bounds = {0};
	struct walking w = {.visit = visit, .arg = arg, .progress = inv->progress};
	struct key_range range;
	enum exit_status status = read_range(inv, &bounds, &range, &w.limit);

	if (status != STATUS_OK || w.progress->records >= w.limit)
		return status;
	range.behind = buf_slice(&inv->progress->last_key);
	if (prefix.len > range.prefix.len) {
		w.prefix = range.prefix;
		range.prefix = prefix;
	} else {
		w.prefix = prefix;
	}

	int rc = key_range_walk(db, &range, visit_and_note, &w);

	if (rc == RECORD_STOP)
		rc = 0;
	if (!rc && inv->progress->value.done > 0)
		rc = value_output_changed();
	/* What it says is written comes from stdio, whose error is reported at the end. */
	return rc && !output_failed(stdout) ? report_failure(rc) : STATUS_OK;
}

static int read_here(void *arg, const struct lsm_range *range, size_t *ret_len, uint64_t *ret_seqno)
{
	struct lsm_iter *it = arg;

	*ret_seqno = lsm_iter_record(it)->seqno;
	return lsm_iter_read(it, range, ret_len);
}

int record_print(FILE *file, const struct record_style *style, struct lsm_iter *it,
		 struct value_output *value)
{
	bool last = !style->values;

	if (last)
		record_output_piece(file, style, lsm_iter_record(it), (struct slice){0}, true,
				    true);
	while (!last && !output_failed(file)) {
		bool first = value->done == 0;
		struct slice piece;
		int rc = value_output_next(value, read_here, it, &piece, &last);

		if (rc)
			return rc;
		record_output_piece(file, style, lsm_iter_record(it), piece, first, last);
	}
	return output_failed(file) ? -EIO : 0; /* no use in going on */
}
