#include "fs/virt/feature_list.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>

#include "fs/virt/control_text.h"
#include "lsm/base/coding.h"
#include "lsm/base/error.h"

static const char magic[] = "apexfeat";

enum {
	NOTE_WITHOUT_FIRST = 1,
	NOTE_NOW = 2,
};

bool feature_name_is_valid(struct slice name)
{
	if (name.len == 0 || name.len > FEATURE_NAME_MAX || name.ptr[0] == '.')
		return false;
	for (size_t i = 0; i < name.len; i++) {
		if (!isalnum(name.ptr[i]) && !memchr("_-.", name.ptr[i], 3))
			return false;
	}
	return true;
}

struct feature *feature_find(struct feature_list *list, struct slice name)
{
	for (size_t i = 0; i < list->count; i++) {
		if (slice_eq(name, slice_str(list->items[i].name)))
			return &list->items[i];
	}
	return NULL;
}

static void set_text(char *to, struct slice text)
{
	if (text.len > 0)
		memcpy(to, text.ptr, text.len);
	to[text.len] = '\0';
}

struct feature *feature_add(struct feature_list *list, struct slice name)
{
	if (list->count == FEATURES_MAX)
		return NULL;
	struct feature *feature = &list->items[list->count++];

	*feature = (struct feature){.version = list->first_version};
	set_text(feature->name, name);
	return feature;
}

void feature_remove(struct feature_list *list, struct feature *feature)
{
	size_t behind = (size_t)(list->items + list->count - (feature + 1));

	if (feature->kept)
		list->first_version = max_of(list->first_version, feature->version + 1);
	memmove(feature, feature + 1, behind * sizeof(*feature));
	list->count--;
}

static int encode_one(const struct feature *feature, struct buf *out)
{
	int rc = buf_append_sized(out, slice_str(feature->name));

	if (!rc)
		rc = buf_append_byte(out, feature->enabled);
	if (!rc)
		rc = buf_append_varint(out, feature->version);
	return rc ? rc : buf_append_sized(out, slice_str(feature->description));
}

int feature_list_encode(const struct feature_list *list, struct buf *ret_bytes)
{
	size_t empty = ret_bytes->len;
	int rc = buf_append(ret_bytes, magic, sizeof(magic) - 1);
	bool any = list->first_version > 0;

	if (!rc)
		rc = buf_append_byte(ret_bytes, NOTE_NOW);
	if (!rc)
		rc = buf_append_varint(ret_bytes, list->first_version);
	for (size_t i = 0; i < list->count && !rc; i++) {
		if (!list->items[i].kept)
			continue;
		rc = encode_one(&list->items[i], ret_bytes);
		any = true;
	}
	if (!rc && !any)
		ret_bytes->len = empty;
	return rc;
}

static bool has_control(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < ' ')
			return true;
	}
	return false;
}

static int refuse(const char *why)
{
	return fail(-EUCLEAN, "the store's note of feature flags: %s", why);
}

static int decode_one(struct slice *rest, struct feature_list *list)
{
	struct slice name;
	struct slice description;
	uint8_t enabled;
	uint64_t version;

	if (sized_take(rest, &name) || byte_take(rest, &enabled) || varint_take(rest, &version) ||
	    sized_take(rest, &description))
		return refuse("cut off");
	if (!feature_name_is_valid(name) || enabled > 1 || version > FEATURE_VERSION_MAX ||
	    has_control(description) || description.len > FEATURE_DESCRIPTION_MAX)
		return refuse("a field out of range");
	if (feature_find(list, name))
		return refuse("a name comes twice");
	struct feature *feature = feature_add(list, name);

	if (!feature)
		return refuse("too many");
	feature->enabled = enabled;
	feature->kept = true;
	feature->version = version;
	set_text(feature->description, description);
	return 0;
}

int feature_list_decode(struct slice bytes, struct feature_list *ret_list)
{
	uint8_t format;
	int rc = 0;

	ret_list->count = 0;
	ret_list->first_version = 0;
	if (bytes.len == 0)
		return 0;
	if (!slice_starts_with(bytes, slice_str(magic)))
		return refuse("written by something else");
	bytes = slice_skip(bytes, sizeof(magic) - 1);
	if (byte_take(&bytes, &format) || format < NOTE_WITHOUT_FIRST || format > NOTE_NOW)
		return refuse("written by another version");
	if (format >= NOTE_NOW && varint_take(&bytes, &ret_list->first_version))
		return refuse("cut off");
	if (ret_list->first_version > FEATURE_VERSION_MAX)
		return refuse("a field out of range");
	while (bytes.len > 0 && !rc)
		rc = decode_one(&bytes, ret_list);
	return rc;
}

int feature_render(const struct feature *feature, struct buf *text)
{
	return buf_printf(text, "version %" PRIu64 "\nenabled %s\ndescription %s\n",
			  feature->version, feature->enabled ? "on" : "off", feature->description);
}

/* ---- changes ---- */

static bool read_bool(struct slice word, bool *ret_value)
{
	static const char *const words[] = {"off", "on", "false", "true", "0", "1", "no", "yes"};

	for (size_t i = 0; i < array_size(words); i++) {
		if (!slice_eq(word, slice_str(words[i])))
			continue;
		*ret_value = i % 2;
		return true;
	}
	return false;
}

static bool read_number(struct slice word, uint64_t *ret_value)
{
	uint64_t value = 0;

	for (size_t i = 0; i < word.len; i++) {
		if (!isdigit(word.ptr[i]) || value > (UINT64_MAX - 9) / 10)
			return false;
		value = value * 10 + (uint64_t)(word.ptr[i] - '0');
	}
	*ret_value = value;
	return word.len > 0;
}

static bool is_gap(uint8_t c)
{
	return c == ' ' || c == '=' || c == '\t' || c == '\r';
}

/* The first word, up to a blank or '='; the rest begins behind one of these. */
static struct slice take_word(struct slice *line)
{
	size_t len = 0;

	while (len < line->len && !is_gap(line->ptr[len]))
		len++;
	struct slice word = slice_of(line->ptr, len);

	*line = slice_skip(*line, min_of(len + 1, line->len));
	return word;
}

static int take_enabled(struct slice value, struct feature_change *change)
{
	if (change->has_enabled)
		return fail(-EINVAL, "enabled comes twice");
	if (!read_bool(value, &change->enabled))
		return fail(-EINVAL, "enabled is on or off");
	change->has_enabled = true;
	return 0;
}

static int take_version(struct slice value, struct feature_change *change)
{
	if (change->has_version)
		return fail(-EINVAL, "version comes twice");
	if (!read_number(value, &change->version))
		return fail(-EINVAL, "version is a number, and fits 64 bits");
	change->has_version = true;
	return 0;
}

static int take_description(struct slice value, struct feature_change *change)
{
	if (change->has_description)
		return fail(-EINVAL, "description comes twice");
	if (has_control(value))
		return fail(-EINVAL, "description has a tab or another control character");
	if (value.len > FEATURE_DESCRIPTION_MAX)
		return fail(-EINVAL, "description has more than %d bytes", FEATURE_DESCRIPTION_MAX);
	change->has_description = true;
	change->description = value;
	return 0;
}

static int take_change_line(struct slice line, struct feature_change *change)
{
	int rc = 0;

	while (line.len > 0 && !rc) {
		struct slice name = take_word(&line);

		if (name.len == 0)
			continue;
		if (slice_eq(name, slice_str("description"))) {
			rc = take_description(line, change);
			line.len = 0;
		} else if (slice_eq(name, slice_str("enabled"))) {
			rc = take_enabled(take_word(&line), change);
		} else if (slice_eq(name, slice_str("version"))) {
			rc = take_version(take_word(&line), change);
		} else if (read_bool(name, &(bool){false})) {
			rc = take_enabled(name, change);
		} else {
			rc = fail(-EINVAL, "it is: version N, enabled on or off, description ...");
		}
	}
	return rc;
}

int feature_change_parse(struct slice text, struct feature_change *ret_change)
{
	struct feature_change change = {0};
	struct slice line;
	int rc = 0;

	while (!rc && control_line_next(&text, &line))
		rc = take_change_line(line, &change);
	if (!rc)
		*ret_change = change;
	return rc;
}

int feature_check_version(const struct feature *feature, const struct feature_change *change)
{
	if (change->has_version && change->version != feature->version)
		return fail(-ESTALE, "version %" PRIu64 " was meant, it has %" PRIu64,
			    change->version, feature->version);
	return 0;
}

int feature_apply(struct feature *feature, const struct feature_change *change)
{
	int rc = feature_check_version(feature, change);

	if (rc)
		return rc;
	if (change->has_enabled)
		feature->enabled = change->enabled;
	if (change->has_description)
		set_text(feature->description, change->description);
	feature->version++;
	feature->kept = true;
	return 0;
}
