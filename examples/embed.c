/*
 * A program with a store in it. After `meson install`:
 *
 *	cc -o embed embed.c $(pkg-config --cflags --libs lsm)
 *	./embed STORE
 */
#include <err.h>
#include <inttypes.h>
#include <stdio.h>

#include <lsm/lsm.h>

/* Functions return 0 or a negative errno; the sentence about a failure is kept per thread. */
static void must(int rc)
{
	if (rc < 0)
		errx(1, "%s", lsm_error_text());
}

/* Two changes, both or neither, and on the disk when lsm_write returns. */
static void move(struct lsm *db, struct slice from, struct slice to)
{
	const struct lsm_write_options durable = {.sync = true};
	struct lsm_batch *batch = lsm_batch_new();
	struct lsm_record found;

	if (!batch)
		errx(1, "out of memory");
	must(lsm_get(db, from, NULL, &found));
	must(lsm_batch_put(batch, to, found.meta, found.value));
	must(lsm_batch_delete(batch, from));
	lsm_record_release(&found); /* the batch has copied it */
	must(lsm_write(db, batch, &durable, NULL));
	lsm_batch_free(batch);
}

/* Keys come in the order of their bytes, as they are when the iterator is made. */
static void list(struct lsm *db, struct slice prefix)
{
	const struct lsm_read_options users = {.prefix = prefix};
	struct lsm_iter *it;
	struct slice value;

	must(lsm_iter_new(db, &users, &it));
	for (lsm_iter_first(it); lsm_iter_valid(it); lsm_iter_next(it)) {
		struct slice key = lsm_iter_record(it)->key;

		must(lsm_iter_value(it, &value)); /* read only when asked for */
		printf("%.*s = %.*s\n", (int)key.len, (const char *)key.ptr, (int)value.len,
		       (const char *)value.ptr);
	}
	must(lsm_iter_status(it)); /* the end, or a failure? */
	lsm_iter_free(it);
}

int main(int argc, char **argv)
{
	struct lsm *db;
	struct lsm_record found;

	if (argc != 2)
		errx(2, "usage: embed STORE");
	must(lsm_open(argv[1], NULL, &db)); /* NULL: the defaults; makes the store */

	must(lsm_put(db, slice_str("user/1"), slice_str("Ada"), NULL));
	must(lsm_put(db, slice_str("user/2"), slice_str("Grace"), NULL));

	/* Not copied: the value points into the store until the record is released. */
	must(lsm_get(db, slice_str("user/1"), NULL, &found));
	printf("user/1 has %" PRIu64 " bytes\n", found.value_len);
	lsm_record_release(&found);

	move(db, slice_str("user/2"), slice_str("user/3"));
	list(db, slice_str("user/"));

	must(lsm_close(db));
	return 0;
}
