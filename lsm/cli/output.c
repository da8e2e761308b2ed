#include "lsm/cli/output.h"

#include <errno.h>

static int first_error; /* of standard output */

bool output_failed(FILE *file)
{
	if (!ferror(file))
		return false;
	if (file == stdout && first_error == 0)
		first_error = errno != 0 ? errno : EIO;
	return true;
}

int output_error(void)
{
	return first_error;
}
