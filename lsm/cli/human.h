/*
 * Numbers for people.
 *
 * Thread rule: pure functions.
 */
#pragma once

#include <stdint.h>

enum {
	HUMAN_MAX = 24, /* bytes that such a text takes, with its terminator */
};

enum human_unit {
	HUMAN_COUNT, /* 950, 12.3k, 4.5M: thousands */
	HUMAN_BYTES, /* 950 B, 12.3 KiB: 1024s */
};

void human_number(double number, enum human_unit unit, char ret_text[HUMAN_MAX]);
/* 0:07, 12:34, 1:02:03; over 99 hours: "long". */
void human_seconds(double seconds, char ret_text[HUMAN_MAX]);
/* 850ns, 12.3us, 4.5ms, 1.20s */
void human_latency(uint64_t ns, char ret_text[HUMAN_MAX]);
