#include "fs/core/node_table.h"

#include <errno.h>

#include "lsm/base/rng.h"
#include "tests/unit/fs/core/fs_fixture.h"

static struct node_table table;

static struct node_name file(const char *key)
{
	return node_name_file(slice_str(key));
}

/* A lookup that the kernel was told of; the pin is given back. */
static struct node_view enter(const char *key)
{
	struct node_name name = file(key);
	struct node_view view;

	ck_assert_int_eq(nodes_enter(&table, &name, &view), 0);
	struct node_view copy = view;

	nodes_unpin(&table, &view);
	return copy; /* the node lives by its lookup; the key by the node */
}

START_TEST(the_root_is_there_and_stays)
{
	struct node_view view;

	ck_assert_int_eq(nodes_init(&table), 0);
	ck_assert_int_eq(nodes_pin(&table, FS_ROOT, &view), 0);
	ck_assert_uint_eq(view.node->ino, FS_ROOT);
	ck_assert(view.key->name.folder);
	nodes_unpin(&table, &view);
	ck_assert(!nodes_forget(&table, FS_ROOT, 100));
	ck_assert_int_eq(nodes_pin(&table, FS_ROOT, &view), 0);
	nodes_unpin(&table, &view);
	nodes_done(&table);
}
END_TEST

START_TEST(a_node_lives_until_its_lookups_are_taken_back)
{
	struct node_view view;

	ck_assert_int_eq(nodes_init(&table), 0);
	struct node *node = enter("a").node;
	uint64_t id = node->id;

	ck_assert_ptr_eq(enter("a").node, node);
	ck_assert(!nodes_forget(&table, id, 1));
	ck_assert_int_eq(nodes_pin(&table, id, &view), 0);
	ck_assert(nodes_forget(&table, id, 1));
	/* The pin keeps it. */
	ck_assert_uint_eq(view.node->id, id);
	nodes_unpin(&table, &view);
	ck_assert_int_eq(nodes_pin(&table, id, &view), -ESTALE);
	nodes_done(&table);
}
END_TEST

START_TEST(a_number_is_never_given_out_again)
{
	struct node_view view;

	ck_assert_int_eq(nodes_init(&table), 0);
	uint64_t before = enter("a").node->id;

	nodes_forget(&table, before, 1);
	uint64_t after = enter("b").node->id;

	ck_assert_uint_eq((uint32_t)before, (uint32_t)after); /* the slot is used again, */
	ck_assert_uint_ne(before, after);                     /* the number is not */
	ck_assert_int_eq(nodes_pin(&table, before, &view), -ESTALE);
	ck_assert_uint_eq(after & FS_VIRTUAL_BIT, 0);
	nodes_done(&table);
}
END_TEST

START_TEST(numbers_that_were_never_given_out_are_stale)
{
	static const uint64_t wrong[] = {
		0, 2, 77, UINT64_C(1) << 32, UINT64_C(1) << 32 | 1, FS_VIRTUAL_BIT | 1, UINT64_MAX};
	struct node_view view;

	ck_assert_int_eq(nodes_init(&table), 0);
	for (size_t i = 0; i < array_size(wrong); i++) {
		ck_assert_int_eq(nodes_pin(&table, wrong[i], &view), -ESTALE);
		ck_assert(!nodes_forget(&table, wrong[i], 1));
	}
	nodes_done(&table);
}
END_TEST

START_TEST(file_and_folder_of_the_same_bytes_are_two_nodes)
{
	struct node_name folder = node_name_folder(slice_str("a/"), false);
	struct node_view view;

	ck_assert_int_eq(nodes_init(&table), 0);
	struct node *node = enter("a/").node;

	ck_assert_int_eq(nodes_enter(&table, &folder, &view), 0);
	ck_assert_ptr_ne(view.node, node);
	ck_assert_uint_ne(view.node->ino, node->ino);
	nodes_unpin(&table, &view);
	nodes_done(&table);
}
END_TEST

START_TEST(a_renamed_node_keeps_its_ino_and_the_next_of_its_name_gets_another)
{
	struct node_name old_name = file("old");
	struct node_name new_name = file("new");
	struct node_view view;

	ck_assert_int_eq(nodes_init(&table), 0);
	struct node *node = enter("old").node;
	uint64_t ino = node->ino;

	nodes_rename(&table, node, node_key_new(&new_name));
	ck_assert_uint_eq(node->ino, ino);
	ck_assert(nodes_find(&table, &new_name, &view));
	ck_assert_ptr_eq(view.node, node);
	nodes_unpin(&table, &view);
	ck_assert(!nodes_find(&table, &old_name, &view));

	/* What a listing says before there is a node is what the node gets. */
	uint64_t next_ino = nodes_ino(&table, &old_name);

	ck_assert_uint_ne(next_ino, ino);
	ck_assert_uint_eq(enter("old").node->ino, next_ino);
	nodes_done(&table);
}
END_TEST

START_TEST(the_ino_is_the_same_in_every_run)
{
	ck_assert_int_eq(nodes_init(&table), 0);
	uint64_t ino = enter("a").node->ino;

	nodes_done(&table);
	ck_assert_int_eq(nodes_init(&table), 0);
	(void)enter("b");
	ck_assert_uint_eq(enter("a").node->ino, ino);
	nodes_done(&table);
}
END_TEST

START_TEST(a_nameless_node_leaves_its_name_to_others)
{
	struct node_name name = file("a");
	struct fs_stats stats = {0};
	struct node_view view;

	ck_assert_int_eq(nodes_init(&table), 0);
	struct node *node = enter("a").node;
	uint64_t id = node->id;

	nodes_unname(&table, node, NULL);
	ck_assert(!nodes_find(&table, &name, &view));
	ck_assert_int_eq(nodes_pin(&table, id, &view), 0);
	ck_assert(view.nameless);
	nodes_unpin(&table, &view);
	nodes_stats(&table, &stats);
	ck_assert_uint_eq(stats.unlinked_nodes, 1);
	ck_assert_ptr_ne(enter("a").node, node);
	nodes_forget(&table, id, 1);
	nodes_stats(&table, &stats);
	ck_assert_uint_eq(stats.unlinked_nodes, 0);
	nodes_done(&table);
}
END_TEST

START_TEST(a_view_tells_when_its_name_changed)
{
	struct node_name new_name = file("new");
	struct node_view view;

	ck_assert_int_eq(nodes_init(&table), 0);
	struct node *node = enter("old").node;

	ck_assert_int_eq(nodes_pin(&table, node->id, &view), 0);
	ck_assert(!nodes_refresh(&table, &view));
	nodes_rename(&table, node, node_key_new(&new_name));
	ck_assert(slice_eq(view.key->name.bytes, slice_str("old")));
	ck_assert(nodes_refresh(&table, &view));
	ck_assert(slice_eq(view.key->name.bytes, slice_str("new")));
	nodes_unname(&table, node, NULL);
	ck_assert(nodes_refresh(&table, &view));
	ck_assert(view.nameless);
	nodes_unpin(&table, &view);
	nodes_done(&table);
}
END_TEST

START_TEST(a_node_that_may_be_leaving_is_not_known)
{
	struct node_name name = file("a");
	struct node_view view;
	struct node_view known;

	ck_assert_int_eq(nodes_init(&table), 0);
	struct node *node = enter("a").node;

	ck_assert_int_eq(nodes_pin(&table, node->id, &view), 0);
	ck_assert(nodes_enter_known(&table, &name, &known));
	nodes_unpin(&table, &known);
	nodes_set_leaving(&table, node, true);
	ck_assert(!nodes_enter_known(&table, &name, &known));
	ck_assert(nodes_refresh(&table, &view));
	nodes_set_leaving(&table, node, false);
	ck_assert(!nodes_refresh(&table, &view));
	/* Nor is one that has no lookups, and is only pinned. */
	nodes_forget(&table, node->id, 2);
	ck_assert(!nodes_enter_known(&table, &name, &known));
	ck_assert_int_eq(nodes_enter(&table, &name, &known), 0);
	ck_assert_ptr_eq(known.node, node);
	nodes_unpin(&table, &known);
	nodes_unpin(&table, &view);
	nodes_done(&table);
}
END_TEST

enum {
	MANY = 50000,
};

START_TEST(many_nodes_are_found_by_number_and_by_name)
{
	uint64_t *ids = calloc(MANY, sizeof(*ids));
	struct fs_stats stats = {0};

	ck_assert_int_eq(nodes_init(&table), 0);
	for (unsigned i = 0; i < MANY; i++) {
		char key[32];

		snprintf(key, sizeof(key), "key%u", i);
		ids[i] = enter(key).node->id;
		if (i % 3 == 0) /* slots that are used again, in between */
			nodes_forget(&table, ids[i / 2], 1);
	}
	for (unsigned i = MANY; i-- > 0;) {
		struct node_view by_id;
		struct node_view by_name;
		char key[32];

		snprintf(key, sizeof(key), "key%u", i);
		struct node_name name = file(key);
		bool alive = nodes_pin(&table, ids[i], &by_id) == 0;

		ck_assert_int_eq(nodes_find(&table, &name, &by_name), alive);
		if (!alive)
			continue;
		ck_assert_ptr_eq(by_id.node, by_name.node);
		ck_assert(slice_eq(by_id.key->name.bytes, slice_str(key)));
		nodes_unpin(&table, &by_id);
		nodes_unpin(&table, &by_name);
		nodes_forget(&table, ids[i], 1);
	}
	nodes_stats(&table, &stats);
	ck_assert_uint_eq(stats.nodes, 1);
	nodes_done(&table);
	free(ids);
}
END_TEST

static const TTest *const *const tests[] = {
	&the_root_is_there_and_stays,
	&a_node_lives_until_its_lookups_are_taken_back,
	&a_number_is_never_given_out_again,
	&numbers_that_were_never_given_out_are_stale,
	&file_and_folder_of_the_same_bytes_are_two_nodes,
	&a_renamed_node_keeps_its_ino_and_the_next_of_its_name_gets_another,
	&the_ino_is_the_same_in_every_run,
	&a_nameless_node_leaves_its_name_to_others,
	&a_view_tells_when_its_name_changed,
	&a_node_that_may_be_leaving_is_not_known,
	&many_nodes_are_found_by_number_and_by_name,
};

UNIT_SUITE("fs/core/node_table", tests)
