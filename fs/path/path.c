#include "fs/path/path.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "fs/path/path_name.h"

bool path_separator_ok(uint8_t separator)
{
	bool letter =
		(separator >= 'a' && separator <= 'z') || (separator >= 'A' && separator <= 'Z');
	bool digit = separator >= '0' && separator <= '9';

	return !letter && !digit && separator != '%' && separator != '.' && separator != '=' &&
	       separator != '~';
}

void path_place_done(struct path_place *place)
{
	buf_done(&place->key);
	buf_done(&place->prefix);
}

/* The component at the front of s, without the separator that may follow it. */
static struct slice first_component(uint8_t separator, struct slice s)
{
	const uint8_t *end = s.len > 0 ? memchr(s.ptr, separator, s.len) : NULL;

	return slice_of(s.ptr, end ? (size_t)(end - s.ptr) : s.len);
}

/* Where the component that a partial folder's prefix ends in begins. */
static size_t component_start(uint8_t separator, struct slice prefix)
{
	const uint8_t *last = prefix.len > 0 ? memrchr(prefix.ptr, separator, prefix.len) : NULL;

	return last ? (size_t)(last - prefix.ptr) + 1 : 0;
}

/*
 * Whether the names of a component lead through the partial folder that is `inside` bytes into it.
 * Its names are walked from the first: pieces depend on what is before them.
 */
static bool leads_through(uint8_t separator, struct slice key, size_t start, struct slice component,
			  size_t inside)
{
	struct path_folder folder = {.prefix = slice_of(key.ptr, start), .partial = false};
	size_t done = 0;

	while (done < inside) {
		struct path_spot spot = path_spot_of(separator, folder);
		struct slice rest = slice_skip(component, done);
		struct path_name name;

		path_name_encode(&spot, rest, &name);
		if (name.taken == rest.len)
			return false;
		done += name.taken;
		folder = (struct path_folder){slice_of(key.ptr, start + done), true};
	}
	assert(done ==
	       inside); /* the folder begins with whole pieces, as path_resolve answered it */
	return true;
}

static bool key_leads_through(uint8_t separator, struct slice key, struct path_folder folder)
{
	size_t start = component_start(separator, folder.prefix);
	struct slice component = first_component(separator, slice_skip(key, start));

	return leads_through(separator, key, start, component, folder.prefix.len - start);
}

static int resolve_plain(uint8_t separator, struct path_folder folder,
			 const struct path_meaning *meaning, struct path_place *place)
{
	int rc = buf_append_slice(&place->key, folder.prefix);

	if (rc == 0)
		rc = buf_append(&place->key, meaning->bytes, meaning->len);
	if (rc)
		return rc;
	if (place->key.len > PATH_KEY_MAX)
		return -ENAMETOOLONG;
	if (folder.partial && !key_leads_through(separator, buf_slice(&place->key), folder))
		return -ENOENT;
	rc = buf_append_slice(&place->prefix, buf_slice(&place->key));
	return rc ? rc : buf_append_byte(&place->prefix, separator);
}

static int resolve_partial(struct path_folder folder, const struct path_meaning *meaning,
			   struct path_place *place)
{
	int rc = buf_append_slice(&place->prefix, folder.prefix);

	if (rc == 0)
		rc = buf_append(&place->prefix, meaning->bytes, meaning->len);
	if (rc)
		return rc;
	place->partial = true;
	/* A key below has at least one byte more. */
	return place->prefix.len >= PATH_KEY_MAX ? -ENAMETOOLONG : 0;
}

static int resolve(uint8_t separator, struct path_folder folder, struct slice name,
		   struct path_place *place)
{
	struct path_spot spot = path_spot_of(separator, folder);
	struct path_meaning meaning;

	if (name.len > PATH_NAME_MAX)
		return -ENAMETOOLONG;

	int rc = path_name_decode(&spot, name, &meaning);

	if (rc)
		return rc;
	place->kind = meaning.kind;
	switch (meaning.kind) {
	case PATH_PLAIN:
		return resolve_plain(separator, folder, &meaning, place);
	case PATH_PARTIAL:
		return resolve_partial(folder, &meaning, place);
	case PATH_OWN:
		return buf_append(&place->key, folder.prefix.ptr, folder.prefix.len - 1);
	case PATH_RESERVED:
	case PATH_ELSEWHERE:
		break;
	}
	return 0;
}

int path_resolve(uint8_t separator, struct path_folder folder, struct slice name,
		 struct path_place *ret_place)
{
	struct path_place place = {.partial = false};

	assert(path_separator_ok(separator));

	int rc = resolve(separator, folder, name, &place);

	if (rc) {
		path_place_done(&place);
		return rc;
	}
	*ret_place = place;
	return 0;
}

static void entry_elsewhere(size_t end, bool separator_follows, struct path_entry *ret_entry)
{
	ret_entry->kind = PATH_ELSEWHERE;
	ret_entry->skip_len = separator_follows ? end + 1 : 0;
}

void path_entry_of(uint8_t separator, struct path_folder folder, struct slice key,
		   bool record_of_folder, struct path_entry *ret_entry)
{
	struct path_spot spot = path_spot_of(separator, folder);
	size_t start = folder.prefix.len;

	assert(path_separator_ok(separator) && slice_starts_with(key, folder.prefix));
	*ret_entry = (struct path_entry){.own_record = false};
	if (key.len == start && record_of_folder && !folder.partial) {
		ret_entry->own_record = true;
		return;
	}

	struct slice component = first_component(separator, slice_skip(key, start));
	size_t end = start + component.len;
	bool separator_follows = end < key.len;

	if (folder.partial && !key_leads_through(separator, key, folder)) {
		entry_elsewhere(end, separator_follows, ret_entry);
		return;
	}

	struct path_name name;

	path_name_encode(&spot, component, &name);
	memcpy(ret_entry->name, name.bytes, name.len + 1);
	ret_entry->name_len = name.len;
	ret_entry->kind = name.taken == component.len ? PATH_PLAIN : PATH_PARTIAL;
	ret_entry->folder = separator_follows || ret_entry->kind == PATH_PARTIAL;
	ret_entry->skip_len = separator_follows ? end + 1 : 0;
	if (ret_entry->kind == PATH_PARTIAL) {
		size_t sure = path_name_sure_len(&spot, component);

		if (sure > 0)
			ret_entry->skip_len = start + sure;
	}
}

/* Append the names of a component that begins `start` bytes into the key. */
static int encode_component(uint8_t separator, struct slice key, size_t start,
			    struct slice component, struct buf *path)
{
	struct path_folder folder = {.prefix = slice_of(key.ptr, start), .partial = false};

	for (;;) {
		struct path_spot spot = path_spot_of(separator, folder);
		struct path_name name;

		path_name_encode(&spot, component, &name);

		int rc = buf_append(path, name.bytes, name.len);

		component = slice_skip(component, name.taken);
		if (rc || component.len == 0)
			return rc;
		rc = buf_append_byte(path, '/');
		if (rc)
			return rc;
		start += name.taken;
		folder = (struct path_folder){slice_of(key.ptr, start), true};
	}
}

static int encode(uint8_t separator, struct slice key, enum path_role role, struct buf *path)
{
	size_t start = 0;

	for (;;) {
		struct slice component = first_component(separator, slice_skip(key, start));
		int rc = encode_component(separator, key, start, component, path);

		start += component.len;
		if (rc || start == key.len)
			return rc;
		start++; /* the separator */
		rc = buf_append_byte(path, '/');
		if (rc || (role == PATH_RECORD && start == key.len))
			return rc;
	}
}

int path_encode(uint8_t separator, struct slice key, enum path_role role, struct buf *ret_path)
{
	size_t before = ret_path->len;

	assert(path_separator_ok(separator) && key.len > 0);
	assert(role != PATH_RECORD || key.ptr[key.len - 1] == separator);

	int rc = encode(separator, key, role, ret_path);

	if (rc == 0 && role == PATH_OWN_VALUE)
		rc = buf_append_slice(ret_path, slice_str("/" PATH_OWN_NAME));
	if (rc)
		ret_path->len = before;
	return rc;
}

static bool is_name(struct slice name)
{
	return name.len > 0 && !memchr(name.ptr, '\0', name.len) &&
	       !slice_eq(name, slice_str(".")) && !slice_eq(name, slice_str(".."));
}

/* One step of path_decode: from the folder in *place (its prefix) to what name is there. */
static int step(uint8_t separator, struct slice name, struct path_place *place)
{
	struct path_folder folder = {buf_slice(&place->prefix), place->partial};
	struct path_place next;

	if (!is_name(name))
		return -EINVAL;

	int rc = path_resolve(separator, folder, name, &next);

	if (rc)
		return rc == -ENOENT ? -EINVAL : rc;
	path_place_done(place);
	*place = next;
	return 0;
}

/* Walk all names of the path. A '/' at its end leaves no name after it. */
static int walk(uint8_t separator, struct slice path, struct path_place *place)
{
	for (;;) {
		struct slice name = first_component('/', path);
		int rc = step(separator, name, place);

		if (rc)
			return rc;
		path = slice_skip(path, name.len);
		if (path.len <= 1)
			return 0;
		if (place->kind != PATH_PLAIN && place->kind != PATH_PARTIAL)
			return -EINVAL;
		path = slice_skip(path, 1);
	}
}

int path_decode(uint8_t separator, struct slice path, struct buf *ret_key, enum path_role *ret_role)
{
	__attribute__((cleanup(path_place_done))) struct path_place place = {.partial = false};
	bool record = path.len > 0 && path.ptr[path.len - 1] == '/';

	assert(path_separator_ok(separator));

	int rc = walk(separator, path, &place);

	if (rc)
		return rc;
	if (place.kind != PATH_PLAIN && (record || place.kind != PATH_OWN))
		return -EINVAL;

	struct slice key = buf_slice(record ? &place.prefix : &place.key);

	if (key.len == 0)
		return -EINVAL;
	if (key.len > PATH_KEY_MAX)
		return -ENAMETOOLONG;
	rc = buf_set(ret_key, key);
	if (rc == 0 && ret_role)
		*ret_role = record                   ? PATH_RECORD
			    : place.kind == PATH_OWN ? PATH_OWN_VALUE
						     : PATH_FILE;
	return rc;
}
