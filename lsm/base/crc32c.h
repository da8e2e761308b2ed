/*
 * CRC-32C (Castagnoli polynomial 0x1EDC6F41, reflected, as in RFC 3720 appendix B.4).
 * Uses the SSE4.2 instruction where the CPU has it, slicing-by-8 tables elsewhere.
 *
 * Thread rule: any thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Extend `crc` (0 to begin) over len bytes. crc32c(crc32c(0, a), b) is the CRC of a followed by b.
 */
uint32_t crc32c(uint32_t crc, const void *ptr, size_t len);

/* The table implementation, for tests to hold the other one against. */
uint32_t crc32c_portable(uint32_t crc, const void *ptr, size_t len);
