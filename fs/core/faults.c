#include "fs/core/faults.h"

#include <errno.h>

#include "lsm/base/error.h"
#include "lsm/base/hash.h"
#include "lsm/base/log.h"

int faults_answer(struct faults *f, int err)
{
	if (likely(err != -EBADMSG && err != -EUCLEAN))
		return err;

	const char *text = fail_text();

	/* An iterator repeats its error to whoever asks next, perhaps in another thread; the
	 * sentence was logged when it was found. */
	if (!text[0])
		return -EIO;

	uint64_t hash = hash64(slice_str(text), 0);

	/*
	 * A sentence that shares its place with another may be logged again, and one that two
	 * threads find at once twice: nothing depends on it, so relaxed order will do.
	 */
	if (atomic_exchange_explicit(&f->seen[hash % FAULTS_REMEMBERED], hash,
				     memory_order_relaxed) != hash)
		log_error("store damaged: %s", text);
	return -EIO;
}
