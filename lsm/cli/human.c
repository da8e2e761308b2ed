#include "lsm/cli/human.h"

#include <inttypes.h>
#include <stdio.h>

#include "lsm/base/compiler.h"

void human_number(double number, enum human_unit unit, char ret_text[HUMAN_MAX])
{
	static const char *const counts[] = {"", "k", "M", "G", "T"};
	static const char *const bytes[] = {" B", " KiB", " MiB", " GiB", " TiB"};
	double step = unit == HUMAN_BYTES ? 1024 : 1000;
	size_t i = 0;

	while (number >= step * 0.9995 && i + 1 < array_size(counts)) {
		number /= step;
		i++;
	}
	(void)snprintf(ret_text, HUMAN_MAX, i == 0 || number >= 1000 ? "%.0f%s" : "%.1f%s", number,
		       unit == HUMAN_BYTES ? bytes[i] : counts[i]);
}

void human_seconds(double seconds, char ret_text[HUMAN_MAX])
{
	if (!(seconds < 100.0 * 3600)) {
		(void)snprintf(ret_text, HUMAN_MAX, "long");
		return;
	}
	unsigned whole = (unsigned)(seconds + 0.5);

	if (whole >= 3600)
		(void)snprintf(ret_text, HUMAN_MAX, "%u:%02u:%02u", whole / 3600, whole / 60 % 60,
			       whole % 60);
	else
		(void)snprintf(ret_text, HUMAN_MAX, "%u:%02u", whole / 60, whole % 60);
}

void human_latency(uint64_t ns, char ret_text[HUMAN_MAX])
{
	if (ns < 1000)
		(void)snprintf(ret_text, HUMAN_MAX, "%" PRIu64 "ns", ns);
	else if (ns < 1000000)
		(void)snprintf(ret_text, HUMAN_MAX, "%.1fus", (double)ns / 1e3);
	else if (ns < 1000000000)
		(void)snprintf(ret_text, HUMAN_MAX, "%.1fms", (double)ns / 1e6);
	else
		(void)snprintf(ret_text, HUMAN_MAX, "%.2fs", (double)ns / 1e9);
}
