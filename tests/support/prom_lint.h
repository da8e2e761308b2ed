/*
 * What a scraper and promtool(1) ask of a text in Prometheus' format 0.0.4: its grammar, and the
 * customs about names. Sources: https://prometheus.io/docs/instrumenting/exposition_formats/ and
 * https://prometheus.io/docs/practices/naming/.
 *
 * - each line is a HELP, a TYPE or a sample, and ends;
 * - each family has one HELP, then one TYPE, then its samples, all together;
 * - names, labels, escapes and values have their form; no series comes twice;
 * - counters, and only they, end in _total, and are not negative; summaries have quantiles within
 *   0 and 1 that do not fall, and _sum and _count, which nobody else has;
 * - units are base units: no ns, ms, kb, percent...; a name does not tell the type.
 */
#pragma once

#include "lsm/base/compiler.h"
#include "lsm/base/slice.h"

enum {
	PROM_WHY_MAX = 256,
};

/* 0, or -EINVAL with the line and the reason. -ENOMEM. */
must_check int prom_lint(struct slice text, char ret_why[PROM_WHY_MAX]);
