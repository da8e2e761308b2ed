#include "lsm/config/config_value.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lsm/base/error.h"
#include "lsm/config/config_table.h"

/*
 * The parsers of numbers answer 0, -EINVAL for what is none, and -ERANGE for one that 64 bits do
 * not hold, or below zero.
 */

/* Decimal digits and nothing else, to the end or to `ret_rest`, which is set unless there are none;
 * too many of them are UINT64_MAX. */
static int parse_decimal(const char *text, uint64_t *ret_number, const char **ret_rest)
{
	uint64_t number = 0;
	bool fits = true;
	const char *at = text;

	for (; *at >= '0' && *at <= '9'; at++) {
		uint64_t digit = (uint64_t)(*at - '0');

		fits = fits && number <= (UINT64_MAX - digit) / 10;
		number = number * 10 + digit;
	}
	if (at == text)
		return -EINVAL;
	*ret_number = number;
	*ret_rest = at;
	return fits ? 0 : -ERANGE;
}

static int parse_uint(const char *text, uint64_t *ret_number)
{
	const char *rest = text;
	int rc = parse_decimal(text, ret_number, &rest);

	return *rest == '\0' ? rc : -EINVAL;
}

static int parse_size(const char *text, uint64_t *ret_number)
{
	static const char units[] = "kmg";
	const char *rest = text;
	int rc = parse_decimal(text, ret_number, &rest);

	if (rc == -EINVAL || *rest == '\0')
		return rc;
	const char *unit = strchr(units, tolower((unsigned char)*rest));

	if (!unit || rest[1] != '\0')
		return -EINVAL;
	unsigned shift = 10 * (unsigned)(unit - units + 1);

	if (rc || *ret_number > UINT64_MAX >> shift)
		return -ERANGE;
	*ret_number <<= shift;
	return 0;
}

static int parse_octal(const char *text, uint64_t *ret_number)
{
	uint64_t number = 0;
	bool fits = true;
	const char *at = text;

	for (; *at >= '0' && *at <= '7'; at++) {
		fits = fits && number <= UINT64_MAX >> 3;
		number = number << 3 | (uint64_t)(*at - '0');
	}
	if (at == text || *at != '\0')
		return -EINVAL;
	*ret_number = number;
	return fits ? 0 : -ERANGE;
}

/* "0.01" in millionths; further digits do not count, and are refused. */
static int parse_rate(const char *text, uint64_t *ret_number)
{
	uint64_t whole = 0;
	uint64_t parts = 0;
	uint64_t unit = CONFIG_RATE_ONE;
	const char *rest = text;
	int rc = parse_decimal(text, &whole, &rest);

	if (rc == -EINVAL)
		return rc;
	if (*rest == '.') {
		for (rest++; *rest >= '0' && *rest <= '9' && unit > 1; rest++) {
			unit /= 10;
			parts += (uint64_t)(*rest - '0') * unit;
		}
		if (rest[-1] == '.')
			return -EINVAL;
	}
	if (*rest != '\0')
		return -EINVAL;
	if (rc || whole > UINT32_MAX)
		return -ERANGE;
	*ret_number = whole * CONFIG_RATE_ONE + parts;
	return 0;
}

/* The index of text in a NULL-terminated list of words. */
static bool parse_word(const char *text, const char *const *words, uint64_t *ret_number)
{
	for (uint64_t i = 0; words[i]; i++) {
		if (strcmp(words[i], text) == 0) {
			*ret_number = i;
			return true;
		}
	}
	return false;
}

static bool parse_bool(const char *text, uint64_t *ret_number)
{
	/* Alternating, so that the parity is the value. */
	static const char *const words[] = {"off",  "on", "no", "yes", "false",
					    "true", "0",  "1",  NULL};
	uint64_t index;

	if (!parse_word(text, words, &index))
		return false;
	*ret_number = index & 1;
	return true;
}

static bool parse_byte(const char *text, uint64_t *ret_number)
{
	static const char digits[] = "0123456789abcdef";

	if (text[0] != '\0' && text[1] == '\0') {
		*ret_number = (unsigned char)text[0];
		return true;
	}
	if (strlen(text) != 4 || strncmp(text, "0x", 2) != 0)
		return false;

	const char *high = strchr(digits, tolower((unsigned char)text[2]));
	const char *low = strchr(digits, tolower((unsigned char)text[3]));

	if (!high || !low)
		return false;
	*ret_number = (uint64_t)(high - digits) << 4 | (uint64_t)(low - digits);
	return true;
}

static bool parse_text(const char *text)
{
	for (; *text; text++) {
		if (iscntrl((unsigned char)*text))
			return false;
	}
	return true;
}

static int parse_plain_number(const struct config_option *option, const char *text,
			      uint64_t *ret_number)
{
	switch (option->type) {
	case CONFIG_SIZE:
		return parse_size(text, ret_number);
	case CONFIG_OCTAL:
		return parse_octal(text, ret_number);
	case CONFIG_RATE:
		return parse_rate(text, ret_number);
	default:
		return parse_uint(text, ret_number);
	}
}

static int parse_number(const struct config_option *option, const char *text, uint64_t *ret_number)
{
	uint64_t number;
	bool negative = *text == '-';
	int rc = parse_plain_number(option, text + negative, &number);

	if (rc)
		return rc;
	*ret_number = number;
	return negative ? -ERANGE : 0;
}

/* A number, or a word that means none. */
static int parse_number_or_word(const struct config_option *option, const char *text,
				uint64_t *ret_number)
{
	uint64_t index;

	if (option->choices && parse_word(text, option->choices, &index)) {
		*ret_number = CONFIG_WORD;
		return 0;
	}
	int rc = parse_number(option, text, ret_number);

	/* the word's number is nobody's to write in digits */
	return !rc && option->choices && *ret_number == CONFIG_WORD ? -ERANGE : rc;
}

static int parse_typed(const struct config_option *option, const char *text, uint64_t *ret_number)
{
	bool parsed = false;

	switch (option->type) {
	case CONFIG_UINT:
	case CONFIG_SIZE:
	case CONFIG_OCTAL:
	case CONFIG_RATE:
		return parse_number_or_word(option, text, ret_number);
	case CONFIG_BOOL:
		parsed = parse_bool(text, ret_number);
		break;
	case CONFIG_CHOICE:
		parsed = parse_word(text, option->choices, ret_number);
		break;
	case CONFIG_BYTE:
		parsed = parse_byte(text, ret_number);
		break;
	case CONFIG_TEXT:
		parsed = parse_text(text);
		break;
	}
	return parsed ? 0 : -EINVAL;
}

static bool is_in_range(const struct config_option *option, uint64_t number)
{
	if (option->type != CONFIG_UINT && option->type != CONFIG_SIZE &&
	    option->type != CONFIG_OCTAL && option->type != CONFIG_RATE)
		return true;
	if (option->choices && number == CONFIG_WORD)
		return true;
	return number >= option->minimum && number <= option->maximum;
}

void config_value_show(const char *text, char shown[CONFIG_SHOWN_MAX])
{
	static const char dots[] = "...";
	size_t room = CONFIG_SHOWN_MAX - sizeof(dots);
	size_t len = strnlen(text, room + 1);
	size_t kept = min_of(len, room);

	for (size_t i = 0; i < kept; i++)
		shown[i] = isprint((unsigned char)text[i]) ? text[i] : '?';
	if (len > kept)
		memcpy(shown + kept, dots, sizeof(dots));
	else
		shown[kept] = '\0';
}

static int refuse(const struct config_option *option, const char *text, int rc, const char *why)
{
	char name[CONFIG_NAME_MAX + 1];
	char shown[CONFIG_SHOWN_MAX];
	char allowed[CONFIG_RANGE_TEXT_MAX];

	config_value_show(text, shown);
	config_value_describe(option, allowed);
	config_option_name(option, name);
	return fail(rc, "%s=%s: %s, allowed: %s", name, shown, why, allowed);
}

int config_value_parse(const struct config_option *option, const char *text,
		       struct config_value *ret_value)
{
	uint64_t number = 0;

	if (strlen(text) > CONFIG_TEXT_MAX)
		return refuse(option, text, -EINVAL, "too long");
	int rc = parse_typed(option, text, &number);

	if (rc == -EINVAL)
		return refuse(option, text, rc, "not a value of this option");
	if (rc || !is_in_range(option, number))
		return refuse(option, text, -ERANGE, "out of range");
	ret_value->number = number;
	memcpy(ret_value->text, text, strlen(text) + 1);
	return 0;
}

/* 65536 as "64k": with the largest unit that leaves no rest. */
static void print_size(uint64_t bytes, char text[24])
{
	static const char units[] = {'\0', 'k', 'm', 'g', '\0'};
	size_t unit = 0;

	while (bytes > 0 && bytes % 1024 == 0 && unit < 3) {
		bytes /= 1024;
		unit++;
	}
	snprintf(text, 24, "%" PRIu64 "%.1s", bytes, &units[unit]);
}

/* 10000 as "0.01". */
static void print_rate(uint64_t millionths, char text[24])
{
	int len = snprintf(text, 24, "%" PRIu64 ".%06" PRIu64, millionths / CONFIG_RATE_ONE,
			   millionths % CONFIG_RATE_ONE);

	while (text[len - 1] == '0')
		text[--len] = '\0';
	if (text[len - 1] == '.')
		text[len - 1] = '\0';
}

static void describe_words(const char *const *words, char text[CONFIG_RANGE_TEXT_MAX])
{
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; words[i] && len < CONFIG_RANGE_TEXT_MAX; i++)
		len += (size_t)snprintf(text + len, CONFIG_RANGE_TEXT_MAX - len, "%s%s",
					i ? ", " : "", words[i]);
}

void config_value_describe(const struct config_option *option, char text[CONFIG_RANGE_TEXT_MAX])
{
	const char *gap = option->unit[0] ? " " : "";
	char from[24], to[24];

	switch (option->type) {
	case CONFIG_BOOL:
		snprintf(text, CONFIG_RANGE_TEXT_MAX, "on, off, yes, no, true, false, 1, 0");
		break;
	case CONFIG_UINT:
		snprintf(text, CONFIG_RANGE_TEXT_MAX, "%" PRIu64 " to %" PRIu64 "%s%s%s%s",
			 option->minimum, option->maximum, gap, option->unit,
			 option->choices ? " or " : "", option->choices ? option->choices[0] : "");
		break;
	case CONFIG_OCTAL:
		snprintf(text, CONFIG_RANGE_TEXT_MAX, "octal, %03" PRIo64 " to %03" PRIo64,
			 option->minimum, option->maximum);
		break;
	case CONFIG_SIZE:
		print_size(option->minimum, from);
		print_size(option->maximum, to);
		snprintf(text, CONFIG_RANGE_TEXT_MAX, "%s to %s%s%s%s%s", from, to, gap,
			 option->unit, option->choices ? " or " : "",
			 option->choices ? option->choices[0] : "");
		break;
	case CONFIG_CHOICE:
		describe_words(option->choices, text);
		break;
	case CONFIG_BYTE:
		snprintf(text, CONFIG_RANGE_TEXT_MAX, "one character, or 0x00 to 0xff");
		break;
	case CONFIG_RATE:
		print_rate(option->minimum, from);
		print_rate(option->maximum, to);
		snprintf(text, CONFIG_RANGE_TEXT_MAX, "%s to %s", from, to);
		break;
	case CONFIG_TEXT:
		snprintf(text, CONFIG_RANGE_TEXT_MAX, "up to %d bytes without control characters",
			 CONFIG_TEXT_MAX);
		break;
	}
}
