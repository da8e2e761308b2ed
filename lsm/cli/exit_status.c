#include "lsm/cli/exit_status.h"

#include <errno.h>

enum exit_status status_of_error(int error)
{
	switch (-error) {
	case ENOENT: /* not a key, its command has dealt with that: a file that the store names */
	case EISDIR: /* where a file of the store is due; inputs are looked at when they are opened
		      */
	case EBADMSG:
	case EUCLEAN:
		return STATUS_DAMAGED;
	case ESTALE:
		return STATUS_STALE;
	case ECANCELED:
		return STATUS_INTERRUPTED;
	case EINVAL:
	case ENAMETOOLONG:
	case ENOTEMPTY: /* the place that a copy is to go to */
	case EXDEV:
		return STATUS_USAGE;
	default:
		return STATUS_FAILED;
	}
}

enum exit_status status_of_open_error(int error)
{
	switch (-error) {
	case ENOENT:
	case ENOTDIR:
	case ENOTEMPTY: /* a folder, but no store */
	case EWOULDBLOCK:
		return STATUS_UNAVAILABLE;
	default:
		return status_of_error(error);
	}
}
