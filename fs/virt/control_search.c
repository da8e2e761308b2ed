/*
 * .apex/search/WHAT/TEXT: a path on each line. .apex/count/WHAT/TEXT: how many there are, and
 * .apex/count/all. A lookup is the search; nothing is ever listed. In TEXT, %2F is a '/', and %XX
 * any byte.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "fs/core/search.h"
#include "fs/virt/control_impl.h"
#include "fs/virt/control_text.h"

enum {
	SEARCH_OUTPUT_MAX = 8 << 20, /* bytes of one result */
};

/* What a folder searches, in the order of control.searches. */
static const struct search_kind {
	const char *name;
	enum fs_search_in in;
	char separator;
} kinds[] = {
	{"prefix", FS_SEARCH_PREFIX, '\n'},       {"prefix0", FS_SEARCH_PREFIX, '\0'},
	{"substring", FS_SEARCH_SUBSTRING, '\n'}, {"substring0", FS_SEARCH_SUBSTRING, '\0'},
	{"value", FS_SEARCH_VALUE, '\n'},         {"value0", FS_SEARCH_VALUE, '\0'},
};

_Static_assert(array_size(kinds) == CONTROL_SEARCHES, "a folder for each");

/* The object of a result is the text that is searched. */
struct needle {
	struct buf bytes;
};

static void needle_done(void *object)
{
	struct needle *needle = object;

	buf_done(&needle->bytes);
	free(needle);
}

static int find_needle(const struct control_search *s, const struct virt_file *file,
		       struct slice name, struct virt_found *ret_found)
{
	struct needle *needle = calloc(1, sizeof(*needle));

	if (!needle)
		return -ENOMEM;
	int rc = control_key(s->control->options.separator, name, &needle->bytes);

	if (rc) {
		needle_done(needle);
		return rc;
	}
	*ret_found = (struct virt_found){.file = file, .object = needle};
	return 0;
}

static struct fs_search search_of(const struct control_search *s, const struct needle *needle)
{
	return (struct fs_search){
		.in = kinds[s->kind].in,
		.text = buf_slice(&needle->bytes),
		.results_max = atomic_load_explicit(&s->control->search_max, memory_order_relaxed),
		.output_max = SEARCH_OUTPUT_MAX,
		.separator = (uint8_t)kinds[s->kind].separator,
	};
}

static int render_result(void *arg, void *object, struct buf *text)
{
	const struct control_search *s = arg;
	struct fs_search search = search_of(s, object);
	bool cut;

	return fs_search(s->control->options.fs, &search, text, &cut);
}

static int render_count(void *arg, void *object, struct buf *text)
{
	const struct control_search *s = arg;
	struct fs_search search = search_of(s, object);
	uint64_t count;
	int rc = fs_search_count(s->control->options.fs, &search, &count);

	return rc ? rc : buf_printf(text, "%" PRIu64 "\n", count);
}

static const struct virt_file result_file = {
	.mode = 0400, .render = render_result, .object_done = needle_done};
static const struct virt_file count_file = {
	.mode = 0400, .render = render_count, .object_done = needle_done};

static int find_result(void *arg, struct slice name, struct virt_found *ret_found)
{
	return find_needle(arg, &result_file, name, ret_found);
}

static int find_count(void *arg, struct slice name, struct virt_found *ret_found)
{
	return find_needle(arg, &count_file, name, ret_found);
}

static const struct virt_hooks result_hooks = {.find = find_result};
static const struct virt_hooks count_hooks = {.find = find_count};

static int render_all(void *arg, void *object, struct buf *text)
{
	struct control *c = arg;
	struct fs_search all = {.in = FS_SEARCH_PREFIX};
	uint64_t count;
	int rc = fs_search_count(c->options.fs, &all, &count);

	(void)object;
	return rc ? rc : buf_printf(text, "%" PRIu64 "\n", count);
}

static const struct virt_file count_files[] = {
	{.name = "all", .mode = 0400, .render = render_all},
};

static int add_kind(struct control *c, struct virt *v, unsigned kind)
{
	struct control_search *s = &c->searches[kind];
	unsigned number;

	s->control = c;
	s->kind = kind;
	s->results = (struct virt_folder){
		.name = kinds[kind].name, .mode = 0500, .hooks = &result_hooks, .arg = s};
	s->counts = (struct virt_folder){
		.name = kinds[kind].name, .mode = 0500, .hooks = &count_hooks, .arg = s};
	int rc = virt_add_folder(v, c->search_number, &s->results, &number);

	/* a count has nothing to separate */
	if (!rc && kinds[kind].separator == '\n')
		rc = virt_add_folder(v, c->count_number, &s->counts, &number);
	return rc;
}

void control_set_search_max(struct control *c, uint64_t results)
{
	atomic_store_explicit(&c->search_max, results, memory_order_relaxed);
}

int control_search_add(struct control *c, struct virt *v)
{
	control_set_search_max(c, c->options.search_max);
	c->search = (struct virt_folder){.name = "search", .mode = 0500};
	c->count = (struct virt_folder){.name = "count",
					.mode = 0500,
					.files = count_files,
					.file_count = array_size(count_files),
					.arg = c};
	int rc = virt_add_folder(v, c->apex, &c->search, &c->search_number);

	if (!rc)
		rc = virt_add_folder(v, c->apex, &c->count, &c->count_number);
	for (unsigned i = 0; i < CONTROL_SEARCHES && !rc; i++)
		rc = add_kind(c, v, i);
	return rc;
}
