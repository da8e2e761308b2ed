/*
 * What a fuzz target is: one file X_fuzz.c with the two functions below. It is linked twice: with
 * libFuzzer (https://llvm.org/docs/LibFuzzer.html), which looks for inputs, and with replay.c,
 * which feeds it its seeds and the inputs of bugs that were found, whole and damaged.
 *
 * A target aborts (tests/support/expect.h) when something wrong was taken for right, and leaves
 * crashes, leaks, endless loops and memory without bounds to the sanitizers and to libFuzzer. The
 * checksums of damaged bytes seldom match, so inputs carry zeros in their place, for which the
 * target puts in the right ones (tests/fuzz/seal.h).
 *
 * Thread rule: one thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lsm/base/slice.h"

/* libFuzzer's: look at one input. Answers 0. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* Takes in seeds one by one; name is a file's, good for [a-z0-9_]. */
struct fuzz_sink {
	void (*take)(void *arg, const char *name, struct slice seed);
	void *arg;
};

/* Make the target's seeds, by the project's own encoders. The same ones every time. */
void fuzz_seeds(const struct fuzz_sink *sink);
