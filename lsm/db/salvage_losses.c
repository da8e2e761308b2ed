#include "lsm/db/salvage_losses.h"

#include <stdarg.h>
#include <stdio.h>

enum {
	KEY_SHOWN_MAX = 256, /* bytes of a key in a sentence */
	PART_MAX = 512,
};

void salvage_losses_done(struct salvage_losses *l)
{
	buf_done(&l->text);
}

void salvage_lose_changes(struct salvage_losses *l, uint64_t first, uint64_t last)
{
	l->first_change = l->last_change ? min_of(l->first_change, first) : first;
	l->last_change = max_of(l->last_change, last);
}

bool salvage_may_lack(const struct salvage_losses *l, uint64_t from, uint64_t to)
{
	uint64_t first = max_of(l->first_change, from + 1);

	return first < to && first <= l->last_change;
}

static void append(struct salvage_losses *l, const char *text)
{
	int rc = buf_append(&l->text, text, strlen(text));

	if (rc)
		l->error = rc;
}

static void append_printed(struct salvage_losses *l, const char *fmt, va_list args)
{
	char part[PART_MAX];

	(void)vsnprintf(part, sizeof(part), fmt, args);
	append(l, part);
}

void salvage_say(struct salvage_losses *l, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	append_printed(l, fmt, args);
	va_end(args);
}

void salvage_say_key(struct salvage_losses *l, struct slice key)
{
	size_t shown = min_of(key.len, (size_t)KEY_SHOWN_MAX);

	append(l, "\"");
	for (size_t i = 0; i < shown; i++) {
		uint8_t byte = key.ptr[i];
		bool prints = byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';

		salvage_say(l, prints ? "%c" : "\\x%02x", byte);
	}
	append(l, shown < key.len ? "...\"" : "\"");
}

void salvage_say_keys(struct salvage_losses *l, struct slice first, struct slice last)
{
	if (!first.ptr && !last.ptr) {
		append(l, " among any keys");
		return;
	}
	append(l, " among the keys");
	if (first.ptr) {
		append(l, " from ");
		salvage_say_key(l, first);
	}
	if (last.ptr) {
		append(l, " to ");
		salvage_say_key(l, last);
	}
}

void salvage_say_end(struct salvage_losses *l)
{
	int rc = buf_append_byte(&l->text, 0);

	l->report.losses++;
	if (rc)
		l->error = rc;
	else if (l->lost)
		l->lost(l->arg, (const char *)l->text.ptr);
	buf_clear(&l->text);
}

void salvage_lost(struct salvage_losses *l, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	append_printed(l, fmt, args);
	va_end(args);
	salvage_say_end(l);
}
