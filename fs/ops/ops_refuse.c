/*
 * Requests that have no meaning here. ENOSYS tells the kernel not to send that kind again: for open
 * it then keeps page caches across opens, for the others it answers the program itself.
 */
#include <errno.h>

#include "fs/ops/ops_request.h"

static void refuse(fuse_req_t req, enum ops_request request, int rc)
{
	(void)ops_begin(req, request);
	ops_reply_status(req, rc);
}

void ops_open(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *fi)
{
	(void)node;
	(void)fi;
	refuse(req, OPS_OPEN, -ENOSYS);
}

/* Each write was logged and answered by itself: at close(2) nothing is left to do or to fail. */
void ops_flush(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *fi)
{
	(void)node;
	(void)fi;
	refuse(req, OPS_FLUSH, -ENOSYS);
}

void ops_access(fuse_req_t req, fuse_ino_t node, int mask)
{
	(void)node;
	(void)mask;
	refuse(req, OPS_ACCESS, -ENOSYS);
}
