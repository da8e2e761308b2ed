/*
 * Checksums of files made of bytes that were made up: a fuzzer that has to guess them tests nothing
 * else. SEAL_FILL puts the right one wherever zeros stand in its place, SEAL_CLEAR puts zeros
 * wherever a file of the engine has one. What is not zero stays, so an input can have wrong ones,
 * too.
 *
 * The bytes may be anything: what cannot be found is left alone.
 *
 * Thread rule: plain functions.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum seal_mode {
	SEAL_FILL,
	SEAL_CLEAR,
};

/* lsm/wal/wal_format.h */
void seal_log(uint8_t *bytes, size_t len, enum seal_mode mode);
/* lsm/tree/manifest_format.h */
void seal_manifest(uint8_t *bytes, size_t len, enum seal_mode mode);
/* lsm/blob/blob_format.h; the header only, as chunks have theirs in what names them. */
void seal_blob(uint8_t *bytes, size_t len, enum seal_mode mode);
/* lsm/sst/sst_format.h; the table's id is the footer's. */
void seal_table(uint8_t *bytes, size_t len, enum seal_mode mode);
