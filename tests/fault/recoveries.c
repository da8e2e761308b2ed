#include "tests/fault/recoveries.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "lsm/base/error.h"
#include "tests/support/tap.h"

static struct {
	_Atomic uint64_t opened[RECOVERY_MODES], refused;
} * counts;

bool recoveries_begin(void)
{
	counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	return counts != MAP_FAILED;
}

void recoveries_show(void)
{
	bool all = true;

	for (int mode = 0; mode < RECOVERY_MODES; mode++)
		all = all && counts->opened[mode] > 0;
	(void)tap_result(all,
			 "stores opened with recovery whole %" PRIu64 " (and refused %" PRIu64
			 " torn ones), tail %" PRIu64 ", prefix %" PRIu64,
			 counts->opened[LSM_RECOVER_WHOLE], counts->refused,
			 counts->opened[LSM_RECOVER_TAIL], counts->opened[LSM_RECOVER_PREFIX]);
}

void recoveries_end(void)
{
	(void)munmap(counts, sizeof(*counts)); /* one mapping */
}

/* It is open: is what it says of its end what it may be? */
static int check_end(struct lsm *db, enum lsm_recovery mode, bool was_refused)
{
	struct lsm_stats stats;

	lsm_stats_read(db, &stats);
	if (stats.recovery_damaged)
		return fail(-EPROTO, "it is taken for damaged");
	if (mode == LSM_RECOVER_WHOLE && stats.recovery_torn_bytes)
		return fail(-EPROTO, "it is torn, and was taken for whole");
	if (was_refused && !stats.recovery_torn_bytes)
		return fail(-EPROTO, "it was refused as torn, and is not");
	return 0;
}

int recoveries_open(const char *path, const struct lsm_options *options, bool may_be_torn,
		    struct lsm **ret_db)
{
	struct lsm_options again = *options;
	struct lsm *db;
	int err = lsm_open(path, &again, &db);
	bool refused = err == -EUCLEAN && again.recovery == LSM_RECOVER_WHOLE && may_be_torn;

	if (refused) {
		atomic_fetch_add(&counts->refused, 1);
		again.recovery = LSM_RECOVER_TAIL;
		err = lsm_open(path, &again, &db);
	}
	if (err)
		return err;
	atomic_fetch_add(&counts->opened[again.recovery], 1);
	err = check_end(db, again.recovery, refused);
	if (!err) {
		*ret_db = db;
		return 0;
	}
	ignore_result(lsm_close(db)); /* it is wrong already */
	return err;
}
