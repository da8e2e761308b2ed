#include "fs/path/path_text.h"

#include "lsm/base/compiler.h"

/* The bytes that one side writes as tokens and the other raw. */
struct byte_set {
	uint8_t bytes[2];
	size_t count;
};

/* What a component may hold and a text may not. */
static struct byte_set only_in_components(uint8_t separator)
{
	struct byte_set set = {.count = 0};

	if (separator != '\0')
		set.bytes[set.count++] = '\0';
	if (separator != '/')
		set.bytes[set.count++] = '/';
	return set;
}

/* What a text may hold and a component may not. */
static struct byte_set only_in_texts(uint8_t separator)
{
	struct byte_set set = {.count = 0};

	if (separator != '\0' && separator != '/')
		set.bytes[set.count++] = separator;
	return set;
}

static bool set_has(const struct byte_set *set, int byte)
{
	for (size_t i = 0; i < set->count; i++) {
		if (set->bytes[i] == byte)
			return true;
	}
	return false;
}

void path_text_add(struct path_text *t, struct slice s)
{
	if (t->len < t->cap && s.len > 0)
		memcpy(t->ptr + t->len, s.ptr, min_of(s.len, t->cap - t->len));
	t->len += s.len;
}

static int escape_digit(uint8_t byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	if (byte >= 'A' && byte <= 'F')
		return byte - 'A' + 10;
	return -1;
}

size_t path_text_run(struct slice s)
{
	size_t at = 1;

	while (at + 1 < s.len && s.ptr[at] == '2' && s.ptr[at + 1] == '5')
		at += 2;
	return at - 1;
}

/* One atom of the side being read. */
struct atom {
	size_t len;     /* bytes it has there */
	size_t out_len; /* bytes it has on the other side */
	size_t run_len; /* of a token */
	enum atom_kind {
		ATOM_BYTE,    /* stands for itself */
		ATOM_RAW,     /* a token on the other side */
		ATOM_TOKEN,   /* raw on the other side */
		ATOM_LOWERED, /* a token with one 25 less on the other side */
		ATOM_RAISED,  /* a token with one 25 more on the other side */
	} kind;
	uint8_t byte; /* what a token names */
};

/* The translation from one side to the other. */
struct translation {
	struct byte_set raw_here;  /* and tokens there */
	struct byte_set raw_there; /* and tokens here */
};

static struct atom percent_atom(const struct translation *t, struct slice s)
{
	struct atom atom = {.len = 1, .out_len = 1, .kind = ATOM_BYTE, .byte = '%'};
	size_t run = path_text_run(s);

	if (s.len < 1 + run + 2)
		return atom;

	int high = escape_digit(s.ptr[1 + run]);
	int low = escape_digit(s.ptr[1 + run + 1]);

	if (high < 0 || low < 0)
		return atom;

	int byte = high * 16 + low;
	size_t len = 1 + run + 2;

	if (set_has(&t->raw_here, byte))
		return (struct atom){len, len + 2, run, ATOM_RAISED, (uint8_t)byte};
	if (set_has(&t->raw_there, byte))
		return (struct atom){len, len - 2, run, run ? ATOM_LOWERED : ATOM_TOKEN,
				     (uint8_t)byte};
	return atom;
}

/* The atom at the front of s, which is not empty. */
static struct atom next_atom(const struct translation *t, struct slice s)
{
	uint8_t byte = s.ptr[0];

	if (byte == '%')
		return percent_atom(t, s);
	if (set_has(&t->raw_here, byte))
		return (struct atom){1, 3, 0, ATOM_RAW, byte};
	return (struct atom){1, 1, 0, ATOM_BYTE, byte};
}

static void put_atom(const struct atom *atom, struct slice s, struct path_text *out)
{
	static const char digits[] = "0123456789ABCDEF";
	const char token[] = {'%', digits[atom->byte >> 4], digits[atom->byte & 15]};

	switch (atom->kind) {
	case ATOM_BYTE:
	case ATOM_TOKEN:
		path_text_add(out, slice_of(&atom->byte, 1));
		break;
	case ATOM_RAW:
		path_text_add(out, slice_of(token, sizeof(token)));
		break;
	case ATOM_LOWERED:
		path_text_add(out, slice_str("%"));
		path_text_add(out, slice_of(s.ptr + 3, atom->len - 3));
		break;
	case ATOM_RAISED:
		path_text_add(out, slice_str("%25"));
		path_text_add(out, slice_of(s.ptr + 1, atom->len - 1));
		break;
	}
}

static void translate(const struct translation *t, struct slice s, struct path_text *out)
{
	while (s.len > 0 && path_text_fits(out)) {
		struct atom atom = next_atom(t, s);

		put_atom(&atom, s, out);
		s = slice_skip(s, atom.len);
	}
}

static struct translation to_text(uint8_t separator)
{
	return (struct translation){
		.raw_here = only_in_components(separator),
		.raw_there = only_in_texts(separator),
	};
}

static struct translation to_component(uint8_t separator)
{
	return (struct translation){
		.raw_here = only_in_texts(separator),
		.raw_there = only_in_components(separator),
	};
}

void path_text_encode(uint8_t separator, struct slice component, struct path_text *out)
{
	struct translation t = to_text(separator);

	translate(&t, component, out);
}

void path_text_decode(uint8_t separator, struct slice text, struct path_text *out)
{
	struct translation t = to_component(separator);

	translate(&t, text, out);
}

/*
 * With f(n) the length of the text of the component's first n bytes, this is the first n with f(n)
 * >= text_len. Within an atom of several bytes, which is not yet one, f grows by 1 a byte; at its
 * end it grows by up to 3 or falls by 1.
 */
size_t path_text_piece(uint8_t separator, struct slice component, size_t text_len)
{
	struct translation t = to_text(separator);
	/* More bytes than these have a text that is long enough, so none beyond can matter; it
	 * spares walking long runs of "25" again and again. */
	struct slice s =
		slice_of(component.ptr, min_of(component.len, PATH_ATOM_GROWTH * (text_len + 1)));
	size_t done = 0, f = 0;

	while (done < s.len) {
		struct atom atom = next_atom(&t, slice_skip(s, done));

		if (f + atom.len - 1 >= text_len)
			return done + (text_len - f);
		done += atom.len;
		f += atom.out_len;
		if (f >= text_len)
			return done;
	}
	return 0;
}
