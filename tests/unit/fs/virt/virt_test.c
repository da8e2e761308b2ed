#include "fs/virt/stats_files.h"
#include "fs/virt/virt.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>

#include "fs/core/stale.h"
#include "fs/virt/virt_nodes.h"
#include "lsm/base/thread.h"
#include "lsm/env/env_mem.h"
#include "tests/unit/unit.h"

static struct env *env;
static struct lsm *db;
static struct fs *fs;
static struct virt *virt;
static struct stats_files files;
static const struct fs_caller owner = {.uid = 7, .gid = 8, .pid = 100};
/* Of a thread that is not known no question is the second one. */
static const struct fs_caller anybody = {.uid = 7, .gid = 8};
static int more_error;
static _Atomic unsigned renderings;

static int more_lines(void *arg, struct buf *text)
{
	(void)arg;
	return more_error ? more_error : buf_printf(text, "renderings %u\n", ++renderings);
}

static void setup(void)
{
	struct lsm_options options;

	lsm_options_init(&options);
	env = env_mem_new();
	ck_assert_ptr_nonnull(env);
	options.env = env;
	ck_assert_int_eq(lsm_open("store", &options, &db), 0);
	struct fs_options fs_options = {
		.db = db, .separator = '/', .uid = 7, .gid = 8, .umask = 022, .value_max = 1 << 20};

	ck_assert_int_eq(fs_new(&fs_options, &fs), 0);
	struct virt_options virt_options = {.uid = 7, .gid = 8};

	more_error = 0;
	renderings = 0;
	ck_assert_int_eq(virt_new(&virt_options, &virt), 0);
	files.stats = (struct stats){.db = db, .fs = fs, .more = more_lines};
	ck_assert_int_eq(stats_files_add(&files, virt), 0);
}

static struct buf kept[16];
static size_t kept_count;

static void teardown(void)
{
	while (kept_count > 0)
		buf_done(&kept[--kept_count]);
	virt_free(virt);
	ck_assert_int_eq(fs_free(fs), 0);
	ck_assert_int_eq(lsm_close(db), 0);
	env_free(env);
}

/* One request after the other, each alone. */
static _Atomic uint64_t requests;

static uint64_t asked(void)
{
	return ++requests;
}

static struct fs_entry look_up_by(const struct fs_caller *caller, const char *name)
{
	struct fs_entry entry;

	ck_assert_int_eq(virt_lookup(virt, caller, FS_ROOT, slice_str(name), asked(), &entry), 0);
	return entry;
}

static struct fs_entry look_up(const char *name)
{
	return look_up_by(&owner, name);
}

/* The text goes with the test. */
static struct slice read_part(uint64_t node, uint64_t offset, size_t size)
{
	struct buf *text = &kept[kept_count++];

	ck_assert_uint_le(kept_count, array_size(kept));
	ck_assert_int_eq(virt_read(virt, &owner, node, offset, size, text), 0);
	return buf_slice(text);
}

static struct slice read_all(const struct fs_entry *entry)
{
	return read_part(entry->node, 0, 1 << 20);
}

START_TEST(only_our_names_are_found)
{
	struct fs_entry entry;

	setup();
	ck_assert(virt_has(virt, slice_str(".stats")));
	ck_assert(virt_has(virt, slice_str(".stats.json")));
	ck_assert(virt_has(virt, slice_str(".stats.prom")));
	ck_assert(virt_has(virt, slice_str(".stats.d")));
	ck_assert(!virt_has(virt, slice_str(".stats.")));
	ck_assert(!virt_has(virt, slice_str(".stat")));
	ck_assert(!virt_has(virt, slice_str("")));
	ck_assert_int_eq(virt_lookup(virt, &owner, FS_ROOT, slice_str("user"), 0, &entry), -ENOENT);
	teardown();
}
END_TEST

START_TEST(entry_is_a_read_only_file_of_the_exact_size)
{
	setup();
	struct fs_entry entry = look_up(".stats");
	struct stat again;

	ck_assert(entry.node & FS_VIRTUAL_BIT);
	ck_assert_uint_eq(entry.attr.st_mode, S_IFREG | 0444);
	ck_assert_uint_eq(entry.attr.st_uid, 7);
	ck_assert_uint_eq(entry.attr.st_gid, 8);
	ck_assert_uint_eq(entry.attr.st_nlink, 1);
	ck_assert_uint_eq((size_t)entry.attr.st_size, read_all(&entry).len);
	ck_assert_int_eq(virt_getattr(virt, entry.node, &again), 0);
	ck_assert_mem_eq(&again, &entry.attr, sizeof(again));
	teardown();
}
END_TEST

START_TEST(each_lookup_is_a_node_that_never_changes)
{
	setup();
	struct fs_entry first = look_up_by(&anybody, ".stats");
	struct slice before = read_all(&first);

	ck_assert_int_eq(lsm_put(db, slice_str("key"), slice_str("value"), NULL), 0);
	struct fs_entry second = look_up_by(&anybody, ".stats");

	ck_assert_uint_ne(first.node, second.node);
	ck_assert_uint_eq(first.attr.st_ino, second.attr.st_ino);
	ck_assert_uint_ne(first.attr.st_ino, look_up(".stats.json").attr.st_ino);
	ck_assert(slice_eq(before, read_all(&first)));
	ck_assert(!slice_eq(before, read_all(&second)));
	ck_assert(memmem(read_all(&second).ptr, read_all(&second).len, "\nmem_records 1\n", 14) ||
		  memcmp(read_all(&second).ptr, "mem_records 1\n", 14) == 0);
	teardown();
}
END_TEST

/* As the kernel opens a file whose node it has: the first answer tells it that the name leads to
 * another by now, and is forgotten. */
static struct fs_entry open_again(const char *name)
{
	struct fs_entry first = look_up(name);

	virt_forget(virt, first.node, 1);
	struct fs_entry second = look_up(name);

	ck_assert_uint_eq(second.node, first.node);
	requests++; /* it is read, for example */
	return second;
}

START_TEST(an_opening_that_asks_twice_is_rendered_for_once)
{
	setup();
	for (unsigned i = 1; i < 5; i++) {
		struct fs_entry entry = open_again(".stats");

		ck_assert_uint_eq(renderings, i);
		ck_assert_uint_eq(read_all(&entry).len, entry.attr.st_size);
		virt_forget(virt, entry.node, 1);
		ck_assert_int_eq(virt_getattr(virt, entry.node, &entry.attr), -ESTALE);
	}
	teardown();
}
END_TEST

START_TEST(what_is_kept_for_the_second_question_answers_no_other)
{
	struct fs_caller other = owner;
	struct fs_entry first, second;

	setup();
	other.pid = 200;
	first = look_up(".stats");
	ck_assert_int_eq(virt_lookup(virt, &other, FS_ROOT, slice_str(".stats"), asked(), &second),
			 0);
	ck_assert_uint_ne(second.node, first.node); /* another thread's */

	first = look_up(".stats");
	ck_assert_uint_ne(look_up(".stats.json").node, first.node); /* another name's */

	first = look_up(".stats");
	requests++;
	second = look_up(".stats");
	ck_assert_uint_ne(second.node, first.node); /* something was asked meanwhile */

	first = look_up(".stats");
	ck_assert_uint_eq(first.node, second.node);
	second = look_up(".stats");
	ck_assert_uint_ne(second.node, first.node); /* the third question */

	first = look_up_by(&anybody, ".stats");
	second = look_up_by(&anybody, ".stats");
	ck_assert_uint_ne(second.node, first.node); /* nobody knows whose */

	first = look_up(".stats");
	ck_assert_int_eq(poll(NULL, 0, 2 * VIRT_SPARE_MS), 0);
	second = look_up(".stats");
	ck_assert_uint_ne(second.node, first.node); /* too late */
	teardown();
}
END_TEST

START_TEST(a_question_among_others_is_rendered_for)
{
	struct fs_entry first, second;

	setup();
	ck_assert_int_eq(virt_lookup(virt, &owner, FS_ROOT, slice_str(".stats"), 0, &first), 0);
	ck_assert_int_eq(virt_lookup(virt, &owner, FS_ROOT, slice_str(".stats"), 0, &second), 0);
	ck_assert_uint_ne(second.node, first.node);
	teardown();
}
END_TEST

START_TEST(read_is_cut_at_the_end)
{
	setup();
	struct fs_entry entry = look_up(".stats.json");
	struct slice whole = read_all(&entry);
	struct slice bytes;

	bytes = read_part(entry.node, 1, 3);
	ck_assert(slice_eq(bytes, slice_of(whole.ptr + 1, 3)));
	bytes = read_part(entry.node, whole.len - 2, 100);
	ck_assert(slice_eq(bytes, slice_str("}\n")));
	bytes = read_part(entry.node, whole.len, 100);
	ck_assert_uint_eq(bytes.len, 0);
	bytes = read_part(entry.node, UINT64_MAX, 100);
	ck_assert_uint_eq(bytes.len, 0);
	teardown();
}
END_TEST

START_TEST(forgotten_node_is_gone)
{
	setup();
	struct fs_entry one = look_up_by(&anybody, ".stats");
	struct fs_entry other = look_up_by(&anybody, ".stats");
	struct stat attr;
	struct buf bytes = {0};

	virt_forget(virt, one.node, 1);
	ck_assert_int_eq(virt_getattr(virt, one.node, &attr), -ESTALE);
	ck_assert_int_eq(virt_read(virt, &owner, one.node, 0, 1, &bytes), -ESTALE);
	ck_assert_int_eq(virt_getattr(virt, other.node, &attr), 0);
	virt_forget(virt, one.node, 1);
	teardown();
}
END_TEST

START_TEST(number_of_nodes_is_limited)
{
	struct fs_entry entry;
	struct fs_entry last = {0};
	int rc = 0;

	setup();
	for (int i = 0; i < 10000 && !rc; i++) {
		rc = virt_lookup(virt, &anybody, FS_ROOT, slice_str(".stats"), 0, &entry);
		if (!rc)
			last = entry;
	}
	ck_assert_int_eq(rc, -ENFILE);
	virt_forget(virt, last.node, 1);
	ck_assert_int_eq(virt_lookup(virt, &anybody, FS_ROOT, slice_str(".stats"), 0, &entry), 0);
	teardown();
}
END_TEST

static size_t asked_of(void)
{
	struct fs_stale stale = {0};

	ck_assert_int_eq(virt_trim(virt, &stale), 0);
	size_t count = stale.count;

	fs_stale_done(&stale);
	return count;
}

/* One that has been opened anew since is forgotten unasked. */
START_TEST(names_of_many_nodes_are_asked_back)
{
	struct fs_entry entry;

	setup();
	(void)look_up_by(&anybody, ".stats.json");
	(void)look_up_by(&anybody, ".stats.prom");
	ck_assert_uint_eq(asked_of(), 0);
	for (int i = 0; i < VIRT_NODES_MANY; i++)
		(void)look_up_by(&anybody, ".stats");
	ck_assert_uint_eq(asked_of(), 2);
	ck_assert_uint_eq(asked_of(), 0);
	(void)look_up_by(&anybody, ".stats.json");
	for (int i = 0; i < VIRT_ASK_TOGETHER - 2; i++) {
		(void)look_up_by(&anybody, ".stats");
		ck_assert_uint_eq(asked_of(), 0);
	}
	(void)look_up_by(&anybody, ".stats");
	ck_assert_uint_eq(asked_of(), 1);
	while (virt_lookup(virt, &anybody, FS_ROOT, slice_str(".stats"), 0, &entry) == 0)
		continue;
	ck_assert_uint_eq(asked_of(), 3);
	ck_assert_uint_eq(asked_of(), 0);
	teardown();
}
END_TEST

struct forgetter {
	struct thread thread;
	_Atomic unsigned wanted;
	unsigned rounds;
	uint64_t *nodes; /* the oldest first */
};

/* As the kernel does it: later. */
static void forget_later(void *arg)
{
	struct forgetter *f = arg;

	for (unsigned i = 0; i < f->rounds; i++) {
		while (atomic_load(&f->wanted) <= i)
			(void)sched_yield();
		for (int yields = 0; yields < 10; yields++)
			(void)sched_yield();
		virt_forget(virt, f->nodes[i], 1);
	}
}

START_TEST(a_full_table_waits_for_what_is_being_forgotten)
{
	static uint64_t nodes[VIRT_NODES_MAX];
	struct forgetter f = {.rounds = 500, .nodes = nodes};

	setup();
	for (size_t i = 0; i < array_size(nodes); i++)
		nodes[i] = look_up_by(&anybody, ".stats").node;
	ck_assert_int_eq(thread_start(&f.thread, "forget", forget_later, &f), 0);
	for (unsigned i = 0; i < f.rounds; i++) {
		atomic_fetch_add(&f.wanted, 1);
		(void)look_up_by(&anybody, ".stats");
	}
	thread_join(&f.thread);
	teardown();
}
END_TEST

START_TEST(failure_of_a_module_is_the_answer)
{
	struct fs_entry entry;

	setup();
	more_error = -ENOMEM;
	ck_assert_int_eq(virt_lookup(virt, &owner, FS_ROOT, slice_str(".stats"), 0, &entry),
			 -ENOMEM);
	teardown();
}
END_TEST

static void reader(void *arg)
{
	(void)arg;
	for (int i = 0; i < 200; i++) {
		struct fs_entry entry = look_up_by(&anybody, i % 2 ? ".stats" : ".stats.json");
		struct buf bytes = {0};

		ck_assert_int_eq(virt_read(virt, &owner, entry.node, 0, 1 << 20, &bytes), 0);
		ck_assert_uint_eq(bytes.len, (size_t)entry.attr.st_size);
		ck_assert_uint_eq(bytes.ptr[bytes.len - 1], '\n');
		buf_done(&bytes);
		virt_forget(virt, entry.node, 1);
	}
}

START_TEST(threads_render_side_by_side)
{
	struct thread threads[4] = {0};

	setup();
	for (size_t i = 0; i < array_size(threads); i++)
		ck_assert_int_eq(thread_start(&threads[i], "reader", reader, NULL), 0);
	for (size_t i = 0; i < array_size(threads); i++)
		thread_join(&threads[i]);
	ck_assert_uint_eq(renderings, 800);
	teardown();
}
END_TEST

static const TTest *const *const tests[] = {
	&only_our_names_are_found,
	&entry_is_a_read_only_file_of_the_exact_size,
	&each_lookup_is_a_node_that_never_changes,
	&an_opening_that_asks_twice_is_rendered_for_once,
	&what_is_kept_for_the_second_question_answers_no_other,
	&a_question_among_others_is_rendered_for,
	&read_is_cut_at_the_end,
	&forgotten_node_is_gone,
	&number_of_nodes_is_limited,
	&names_of_many_nodes_are_asked_back,
	&a_full_table_waits_for_what_is_being_forgotten,
	&failure_of_a_module_is_the_answer,
	&threads_render_side_by_side,
};

UNIT_SUITE("fs/virt/virt", tests)
