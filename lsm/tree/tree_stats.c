#include "lsm/tree/tree_impl.h"

static void describe_level(struct tree *t, const struct version *v, int level,
			   const struct picker_options *picker, struct tree_stats *s)
{
	const struct version_level *l = &v->levels[level];

	s->levels[level].files = l->count;
	s->levels[level].runs = l->run_count;
	s->levels[level].bytes = l->bytes;
	for (size_t i = 0; i < l->count; i++) {
		s->levels[level].entries += l->files[i]->entries;
		s->levels[level].tombstones += l->files[i]->tombstones;
		for (size_t k = 0; k < l->files[i]->blobs.count; k++)
			s->blob_live_bytes += l->files[i]->blobs.refs[k].bytes;
	}
	s->levels[level].score = picker_score(v, level, picker);
	s->levels[level].read_bytes = counter_read(&t->counters.read_bytes[level]);
	s->levels[level].written_bytes = counter_read(&t->counters.written_bytes[level]);
	s->levels[level].jobs = counter_read(&t->counters.jobs[level]);
}

void tree_stats_read(struct tree *t, const struct version *v, struct tree_stats *ret_stats)
{
	const struct tree_counters *c = &t->counters;
	struct picker_options picker;

	seq_copy_read(&t->picker, &picker, sizeof(picker));
	struct tree_stats s = {
		.flushes = counter_read(&c->flushes),
		.flush_bytes = counter_read(&c->flush_bytes),
		.trivial_moves = counter_read(&c->trivial_moves),
		.paced_ns = counter_read(&t->pace.waited_ns),
		.debt_bytes = picker_debt(v, &picker),
		.manifest_bytes = counter_read(&c->manifest_bytes),
		.blob_moved_bytes = counter_read(&c->blob_moved_bytes),
		.open_tables = table_cache_count(&t->tables),
		.table_memory_bytes = counter_read(&t->tables.memory_bytes),
	};

	for (int level = 0; level < TREE_LEVELS; level++) {
		describe_level(t, v, level, &picker, &s);
		s.compactions += s.levels[level].jobs;
		s.compaction_read_bytes += s.levels[level].read_bytes;
		s.compaction_written_bytes += s.levels[level].written_bytes;
	}
	*ret_stats = s;
}
