/* SPDX-License-Identifier: MIT */
/* Guest trees for tests: compiled by dtc from text, on the spot. Tests run in the top folder. */
#ifndef TESTS_TREE_H
#define TESTS_TREE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TREE_MAX (1u << 20)

struct tree {
	unsigned char bytes[TREE_MAX] __attribute__((aligned(8)));
	size_t size;
};

/* Compiles the file @path; /include/ looks into configs/guests. Aborts when dtc finds it unreadable. */
static inline void tree_compile_file(struct tree *tree, const char *path)
{
	char command[512];
	FILE *dtc;

	snprintf(command, sizeof(command), "dtc -q -f -I dts -O dtb -i configs/guests %s", path);
	dtc = popen(command, "r");
	tree->size = dtc ? fread(tree->bytes, 1, sizeof(tree->bytes), dtc) : 0;
	if (!dtc || pclose(dtc) || tree->size == 0) {
		fprintf(stderr, "failed: %s\n", command);
		abort();
	}
}

/* Compiles the texts @first and @second, one after the other. */
static inline void tree_compile(struct tree *tree, const char *first, const char *second)
{
	char path[] = "/tmp/tree.XXXXXX";
	int fd = mkstemp(path);
	FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;

	if (!file || fprintf(file, "%s\n%s\n", first, second) < 0 || fclose(file))
		abort();
	tree_compile_file(tree, path);
	unlink(path);
}

#endif
