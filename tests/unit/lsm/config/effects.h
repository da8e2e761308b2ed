/*
 * Each option of the engine, and the test that shows what it does: not that it is read, but that
 * the store is another one by it. The lists make the tables of the test programs, and
 * engine_options_test holds them against the options, so that none can be left out.
 */
#pragma once

/* clang-format off */

/* effects_write_test.c: opening, memtables, the log */
#define EFFECTS_WRITE(row) \
	row("profile", profile_changes_what_nothing_else_names) \
	row("store.data_dir", data_dir_is_the_store_of_who_names_none) \
	row("store.create", create_makes_an_absent_store) \
	row("store.read_only", read_only_refuses_changes) \
	row("store.reserve", reserve_takes_room_on_the_disk) \
	row("store.separator", separator_is_noted_and_makes_prefixes) \
	row("store.change_separator", change_separator_takes_another_one) \
	row("store.max_value_size", max_value_size_refuses_longer_values) \
	row("store.max_key_size", max_key_size_refuses_longer_keys) \
	row("store.verify_on_open", verify_on_open_refuses_a_damaged_store) \
	row("memtable.max_size", max_size_says_when_a_memtable_is_written_out) \
	row("memtable.max_full", max_full_memtables_wait_before_writers_do) \
	row("memtable.pool_size", pool_size_keeps_memory_for_the_next) \
	row("wal.sync_mode", sync_mode_always_syncs_each_write) \
	row("wal.sync_interval_ms", sync_interval_ms_syncs_unasked) \
	row("wal.batch_records", batch_records_ends_a_batch) \
	row("wal.batch_delay_us", batch_delay_us_ends_a_batch_too) \
	row("wal.buffer_size", buffer_size_is_what_one_read_of_a_log_takes) \
	row("wal.max_record_size", max_record_size_refuses_larger_batches) \
	row("wal.segment_size", segment_size_ends_a_log) \
	row("wal.recovery", recovery_says_which_ends_of_a_log_are_taken)

/* effects_table_test.c: tables, large values, filters, caches */
#define EFFECTS_TABLE(row) \
	row("sstable.block_size", block_size_makes_more_or_fewer_blocks) \
	row("sstable.index_interval", index_interval_bounds_a_block_s_records) \
	row("sstable.restart_interval", restart_interval_costs_whole_keys) \
	row("sstable.compression", compression_shrinks_tables) \
	row("sstable.min_saving_pct", min_saving_pct_leaves_blocks_as_they_are) \
	row("sstable.value_inline_max", value_inline_max_gives_values_blocks_of_their_own) \
	row("sstable.target_file_size", target_file_size_begins_new_tables) \
	row("sstable.verify_reads", verify_reads_checks_what_is_read) \
	row("blob.large_value_threshold", large_value_threshold_moves_values_to_blob_files) \
	row("blob.chunk_size", chunk_size_cuts_values) \
	row("blob.blob_gc_ratio", blob_gc_ratio_empties_files) \
	row("blob.file_size", file_size_begins_new_blob_files) \
	row("bloom.enable", enable_makes_filters) \
	row("bloom.false_positive_rate", false_positive_rate_is_about_the_rate) \
	row("cache.block_cache_size", block_cache_size_spares_reads) \
	row("cache.shards", shards_divide_the_cache) \
	row("cache.max_open_files", max_open_files_closes_tables)

/* effects_tree_test.c: compaction, input and output */
#define EFFECTS_TREE(row) \
	row("compaction.strategy", strategy_lets_runs_pile_up_or_not) \
	row("compaction.runs_max", runs_max_is_how_many_pile_up) \
	row("compaction.garbage_ratio", garbage_ratio_merges_the_last_level) \
	row("compaction.max_levels", max_levels_keeps_the_tree_flat) \
	row("compaction.threads", threads_compact_unasked) \
	row("compaction.rate_limit", rate_limit_makes_compactions_wait) \
	row("compaction.l0_threshold", l0_threshold_starts_compactions) \
	row("compaction.l0_slowdown", l0_slowdown_delays_writes) \
	row("compaction.l0_stop", l0_stop_stops_writes) \
	row("compaction.size_ratio", size_ratio_is_how_much_larger_a_level_is) \
	row("compaction.base_level_size", base_level_size_is_what_level_1_holds) \
	row("io.read_ahead_size", read_ahead_size_is_what_one_read_of_a_compaction_takes) \
	row("io.mmap", mmap_opens_tables_to_be_mapped) \
	row("io.direct_io", direct_io_makes_tables_past_the_page_cache) \
	row("io.threads", threads_write_large_values_side_by_side)

/* clang-format on */
