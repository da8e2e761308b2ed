/*
 * Why what is printed could not be written: stdio keeps that it failed, and not why.
 *
 * Thread rule: one thread.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

/* Whether the file takes no more. Asked soon after a write; of standard output the errno is kept.
 */
bool output_failed(FILE *file);
/* The errno of the first failure of standard output; 0: none. */
int output_error(void);
