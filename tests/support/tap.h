/*
 * Results as lines of the Test Anything Protocol, which tests/summary.py counts.
 *
 * Thread rule: the main thread of one process.
 */
#pragma once

#include <stdbool.h>

#include "lsm/base/compiler.h"

/* "ok 3 - reopened in order", or "not ok ..."; returns good. */
bool tap_result(bool good, const char *fmt, ...) printf_like(2, 3);
/* A whole program that cannot run here: "ok 1 - kill # SKIP no /dev/fuse". */
void tap_skip(const char *name, const char *why);
/* "# text": for people. */
void tap_note(const char *fmt, ...) printf_like(1, 2);
bool tap_has_failed(void);
/* The plan, "1..3". For main to return: 1 after a failure, or when there was no result at all. */
int tap_end(void);
