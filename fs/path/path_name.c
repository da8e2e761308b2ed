#include "fs/path/path_name.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "fs/path/path_text.h"

/* A whole name that is a token: '%' and the tail. With any number of 25 between them it is the text
 * with one less. */
struct whole_token {
	const char *text; /* what the bare token stands for; NULL: no text */
	const char *tail;
	enum {
		ANYWHERE,
		AT_THE_ROOT, /* and there the text itself is reserved */
		WITH_OWN_VALUE,
	} where;
};

static const struct whole_token whole_tokens[] = {
	{"", "", ANYWHERE},
	{".", "2E", ANYWHERE},
	{"..", "2E%2E", ANYWHERE},
	{NULL, "=", WITH_OWN_VALUE},
	{".stats", "2Estats", AT_THE_ROOT},
	{".stats.json", "2Estats.json", AT_THE_ROOT},
	{".stats.prom", "2Estats.prom", AT_THE_ROOT},
	{".stats.d", "2Estats.d", AT_THE_ROOT},
	{".apex", "2Eapex", AT_THE_ROOT},
};

struct path_spot path_spot_of(uint8_t separator, struct path_folder folder)
{
	return (struct path_spot){
		.separator = separator,
		.root = folder.prefix.len == 0,
		.own_value = !folder.partial && folder.prefix.len >= 2,
		.partial = folder.partial,
	};
}

static bool token_applies(const struct whole_token *token, const struct path_spot *spot)
{
	return token->where == ANYWHERE || (token->where == AT_THE_ROOT && spot->root) ||
	       (token->where == WITH_OWN_VALUE && spot->own_value);
}

/* Bytes of text that make a piece. */
static size_t piece_text_len(const struct path_spot *spot)
{
	return spot->partial ? 250 : 251;
}

static bool is_piece(const struct path_spot *spot, struct slice component)
{
	return component.len > 0 &&
	       path_text_piece(spot->separator, component, piece_text_len(spot)) == component.len;
}

/* How s is escaped: where its '%' stands whose run of 25 tells the token from the text. */
struct escape {
	const struct whole_token *token; /* NULL: of a piece */
	size_t at;
	size_t run;
};

static bool find_whole(const struct path_spot *spot, struct slice s, struct escape *ret_escape)
{
	if (spot->partial || s.len == 0 || s.ptr[0] != '%')
		return false;

	size_t run = path_text_run(s);
	struct slice tail = slice_skip(s, 1 + run);

	for (size_t i = 0; i < array_size(whole_tokens); i++) {
		const struct whole_token *token = &whole_tokens[i];

		if (token_applies(token, spot) && slice_eq(tail, slice_str(token->tail))) {
			*ret_escape = (struct escape){.token = token, .at = 0, .run = run};
			return true;
		}
	}
	return false;
}

/* Whether text (a name without its leading '~') is PIECE%(25)*~. */
static bool find_piece(const struct path_spot *spot, struct slice text, struct escape *ret_escape)
{
	uint8_t bytes[PATH_COMPONENT_MAX];
	struct path_text piece = {.ptr = bytes, .cap = sizeof(bytes)};
	const uint8_t *percent = text.len > 0 ? memrchr(text.ptr, '%', text.len) : NULL;

	if (!percent)
		return false;

	size_t at = (size_t)(percent - text.ptr);
	size_t run = path_text_run(slice_skip(text, at));

	if (!slice_eq(slice_skip(text, at + 1 + run), slice_str("~")) || at < piece_text_len(spot))
		return false;
	path_text_decode(spot->separator, slice_of(text.ptr, at), &piece);
	if (!path_text_fits(&piece) || !is_piece(spot, slice_of(bytes, piece.len)))
		return false;
	*ret_escape = (struct escape){.token = NULL, .at = at, .run = run};
	return true;
}

static bool find_escape(const struct path_spot *spot, struct slice s, struct escape *ret_escape)
{
	return find_whole(spot, s, ret_escape) || find_piece(spot, s, ret_escape);
}

/* The token whose text is `text`. */
static const struct whole_token *token_of_text(const struct path_spot *spot, struct slice text)
{
	for (size_t i = 0; i < array_size(whole_tokens) && !spot->partial; i++) {
		const struct whole_token *token = &whole_tokens[i];

		if (token->text && token_applies(token, spot) &&
		    slice_eq(text, slice_str(token->text)))
			return token;
	}
	return NULL;
}

/* Step 2: append the name of a text. */
static void add_name(const struct path_spot *spot, struct slice text, struct path_text *out)
{
	const struct whole_token *token = token_of_text(spot, text);
	struct escape escape;

	if (token) {
		path_text_add(out, slice_str("%"));
		path_text_add(out, slice_str(token->tail));
	} else if (find_escape(spot, text, &escape)) {
		path_text_add(out, slice_of(text.ptr, escape.at + 1));
		path_text_add(out, slice_str("25"));
		path_text_add(out, slice_skip(text, escape.at + 1));
	} else {
		path_text_add(out, text);
	}
}

/* The name of the whole component, if one is enough. */
static bool name_whole(const struct path_spot *spot, struct slice component,
		       struct path_name *ret_name)
{
	uint8_t bytes[PATH_NAME_MAX]; /* a name is never shorter than its text */
	struct path_text text = {.ptr = bytes, .cap = sizeof(bytes)};
	struct path_text name = {.ptr = (uint8_t *)ret_name->bytes, .cap = PATH_NAME_MAX};

	path_text_encode(spot->separator, component, &text);
	if (!path_text_fits(&text))
		return false;
	if (spot->partial)
		path_text_add(&name, slice_str("~"));
	add_name(spot, slice_of(bytes, text.len), &name);
	if (!path_text_fits(&name))
		return false;
	ret_name->len = name.len;
	ret_name->taken = component.len;
	return true;
}

static void name_piece(const struct path_spot *spot, struct slice component,
		       struct path_name *ret_name)
{
	struct path_text name = {.ptr = (uint8_t *)ret_name->bytes, .cap = PATH_NAME_MAX};
	size_t taken = path_text_piece(spot->separator, component, piece_text_len(spot));

	assert(taken > 0 && taken < component.len);
	if (spot->partial)
		path_text_add(&name, slice_str("~"));
	path_text_encode(spot->separator, slice_of(component.ptr, taken), &name);
	path_text_add(&name, slice_str("%~"));
	assert(path_text_fits(&name));
	ret_name->len = name.len;
	ret_name->taken = taken;
}

void path_name_encode(const struct path_spot *spot, struct slice component,
		      struct path_name *ret_name)
{
	if (!name_whole(spot, component, ret_name))
		name_piece(spot, component, ret_name);
	ret_name->bytes[ret_name->len] = '\0';
}

static bool is_reserved(const struct path_spot *spot, struct slice name)
{
	const struct whole_token *token = token_of_text(spot, name);

	return token && token->where == AT_THE_ROOT;
}

/* Step 2 backwards: name without its '~'. The text is put into `text`, the kind answered. */
static enum path_kind read_name(const struct path_spot *spot, struct slice name,
				struct path_text *text)
{
	struct escape escape;

	if (is_reserved(spot, name))
		return PATH_RESERVED;
	if (!find_escape(spot, name, &escape)) {
		path_text_add(text, name);
		return PATH_PLAIN;
	}
	if (escape.run > 0) {
		path_text_add(text, slice_of(name.ptr, escape.at + 1));
		path_text_add(text, slice_skip(name, escape.at + 3));
		return PATH_PLAIN;
	}
	if (!escape.token) {
		path_text_add(text, slice_of(name.ptr, escape.at));
		return PATH_PARTIAL;
	}
	if (!escape.token->text)
		return PATH_OWN;
	path_text_add(text, slice_str(escape.token->text));
	return PATH_PLAIN;
}

int path_name_decode(const struct path_spot *spot, struct slice name,
		     struct path_meaning *ret_meaning)
{
	uint8_t bytes[PATH_NAME_MAX];
	struct path_text text = {.ptr = bytes, .cap = sizeof(bytes)};
	struct path_text component = {.ptr = ret_meaning->bytes, .cap = PATH_COMPONENT_MAX};

	assert(name.len > 0 && name.len <= PATH_NAME_MAX);
	if (spot->partial) {
		if (name.ptr[0] != '~')
			return -ENOENT;
		name = slice_skip(name, 1);
	}
	ret_meaning->kind = read_name(spot, name, &text);
	assert(path_text_fits(&text));
	path_text_decode(spot->separator, slice_of(bytes, text.len), &component);
	assert(path_text_fits(&component));
	ret_meaning->len = component.len;
	return 0;
}

size_t path_name_sure_len(const struct path_spot *spot, struct slice component)
{
	size_t room = (size_t)PATH_NAME_MAX - spot->partial;

	/* A few bytes more may make a token of the last ones and so the text shorter by 1, then
	 * only longer (path_text_piece says why). */
	return path_text_piece(spot->separator, component, room + 2);
}
