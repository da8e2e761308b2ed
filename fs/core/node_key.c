#include "fs/core/node_key.h"

#include <stdlib.h>
#include <string.h>

#include "lsm/base/hash.h"

bool node_name_eq(const struct node_name *a, const struct node_name *b)
{
	return a->folder == b->folder && slice_eq(a->bytes, b->bytes);
}

uint64_t node_name_hash(const struct node_name *name)
{
	return hash64(name->bytes, name->folder);
}

struct node_key *node_key_new(const struct node_name *name)
{
	struct node_key *key = malloc(sizeof(*key) + name->bytes.len);

	if (!key)
		return NULL;

	uint8_t *bytes = (uint8_t *)(key + 1);

	if (name->bytes.len > 0)
		memcpy(bytes, name->bytes.ptr, name->bytes.len);
	ref_init(&key->refs);
	key->hash = node_name_hash(name);
	key->name = *name;
	key->name.bytes = slice_of(bytes, name->bytes.len);
	return key;
}

void node_key_unref(struct node_key *key)
{
	if (key && ref_put(&key->refs))
		free(key);
}
