/*
 * A small struct that one thread at a time replaces, and that any thread copies without a lock: a
 * sequence lock (H. Boehm, "Can seqlocks get along with programming language memory models?",
 * 2012).
 *
 * Correctness: `version` is odd while the words are being replaced. A word is stored with release
 * after version became odd, and loaded with acquire before version is looked at again: so a copy
 * that has any word of a newer struct sees a version that is not the even one it began with, and
 * begins again. A copy that begins with the newer version (acquire, pairs with its release) sees
 * all of its words.
 *
 * A reader waits, spinning, only while a writer is between its two steps.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include "lsm/base/compiler.h"

enum {
	SEQ_COPY_WORDS = 16,
};

/* All zero is an empty one: copies are zeros. */
struct seq_copy {
	_Atomic uint32_t version;
	_Atomic uint64_t words[SEQ_COPY_WORDS];
};

/* size <= sizeof(words). The caller's lock keeps other writers out. */
static inline void seq_copy_write(struct seq_copy *s, const void *from, size_t size)
{
	uint32_t version = atomic_load_explicit(&s->version, memory_order_relaxed);
	uint64_t words[SEQ_COPY_WORDS] = {0};

	memcpy(words, from, size);
	atomic_store_explicit(&s->version, version + 1, memory_order_relaxed);
	for (size_t i = 0; i < SEQ_COPY_WORDS; i++)
		atomic_store_explicit(&s->words[i], words[i], memory_order_release);
	atomic_store_explicit(&s->version, version + 2, memory_order_release);
}

static inline void seq_copy_read(const struct seq_copy *s, void *into, size_t size)
{
	uint64_t words[SEQ_COPY_WORDS];
	uint32_t version;

	do {
		version = atomic_load_explicit(&s->version, memory_order_acquire);
		for (size_t i = 0; i < SEQ_COPY_WORDS; i++)
			words[i] = atomic_load_explicit(&s->words[i], memory_order_acquire);
	} while (version % 2 != 0 ||
		 atomic_load_explicit(&s->version, memory_order_relaxed) != version);
	memcpy(into, words, size);
}
