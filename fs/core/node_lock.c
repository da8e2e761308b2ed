#include "fs/core/node_lock.h"

#include "fs/core/store.h"

void node_lock_view(struct fs *fs, struct node_view *view, struct node_lock *ret_lock)
{
	struct node_lock lock = {.view = *view};

	/* Between reading the name and taking its stripe a rename may give the node another. */
	for (;;) {
		stripe_set_add(&lock.stripes, stripe_of(&fs->stripes, &lock.view.key->name));
		stripes_lock(&fs->stripes, &lock.stripes);

		const struct node_key *locked_key = lock.view.key;

		(void)nodes_refresh(&fs->nodes, &lock.view); /* namelessness does not matter here */
		if (lock.view.key == locked_key)
			break;
		stripes_unlock(&fs->stripes, &lock.stripes);
		lock.stripes = (struct stripe_set){0};
	}
	*view = (struct node_view){0};
	*ret_lock = lock;
}

int node_lock_change(struct fs *fs, const struct fs_caller *caller, uint64_t id,
		     struct node_lock *ret_lock)
{
	struct node_view view;
	int err = store_check_writable(fs);

	if (!err)
		err = nodes_pin(&fs->nodes, id, &view);
	if (err)
		return err;
	err = hold_log_of(fs, caller->pid, view.key->name.bytes);
	if (err) {
		nodes_unpin(&fs->nodes, &view);
		return err;
	}
	node_lock_view(fs, &view, ret_lock);
	return 0;
}

void node_unlock(struct fs *fs, struct node_lock *lock)
{
	stripes_unlock(&fs->stripes, &lock->stripes);
	nodes_unpin(&fs->nodes, &lock->view);
}

static int pair_pin(struct fs *fs, uint64_t from, uint64_t to, struct node_pair_lock *lock)
{
	int err = nodes_pin(&fs->nodes, from, &lock->from);

	if (err)
		return err;
	err = nodes_pin(&fs->nodes, to, &lock->to);
	if (err)
		nodes_unpin(&fs->nodes, &lock->from);
	return err;
}

static void pair_unpin(struct fs *fs, struct node_pair_lock *lock)
{
	nodes_unpin(&fs->nodes, &lock->from);
	nodes_unpin(&fs->nodes, &lock->to);
}

/* Take the stripes of the names that the nodes have by then, as node_lock_view does. */
static void pair_lock(struct fs *fs, struct node_pair_lock *lock)
{
	for (;;) {
		const struct node_key *from_key = lock->from.key;
		const struct node_key *to_key = lock->to.key;

		lock->stripes = (struct stripe_set){0};
		stripe_set_add(&lock->stripes, stripe_of(&fs->stripes, &from_key->name));
		stripe_set_add(&lock->stripes, stripe_of(&fs->stripes, &to_key->name));
		stripes_lock(&fs->stripes, &lock->stripes);
		(void)nodes_refresh(&fs->nodes, &lock->from); /* what it answers does not matter */
		(void)nodes_refresh(&fs->nodes, &lock->to);
		if (lock->from.key == from_key && lock->to.key == to_key)
			return;
		stripes_unlock(&fs->stripes, &lock->stripes);
	}
}

int node_pair_lock_change(struct fs *fs, const struct fs_caller *caller, uint64_t from, uint64_t to,
			  struct node_pair_lock *ret_lock)
{
	struct node_pair_lock lock = {0};
	int err = store_check_writable(fs);

	if (!err)
		err = pair_pin(fs, from, to, &lock);
	if (err)
		return err;
	err = hold_log_of(fs, caller->pid, lock.to.key->name.bytes);
	if (err) {
		pair_unpin(fs, &lock);
		return err;
	}
	pair_lock(fs, &lock);
	*ret_lock = lock;
	return 0;
}

void node_pair_unlock(struct fs *fs, struct node_pair_lock *lock)
{
	stripes_unlock(&fs->stripes, &lock->stripes);
	pair_unpin(fs, lock);
}
