/* SPDX-License-Identifier: MIT */
/* mem: who holds the memory, and what is in it. */
#include <core/errno.h>
#include <core/heap.h>
#include <core/shell.h>
#include <string.h>

#define READ_DEFAULT 128
#define READ_MAX MIB(1)
#define CLASSES_MAX 32

/* ---------------------------------------------------------------- overview */

static void print_bytes(struct shell *sh, const char *what, u64 bytes)
{
	struct shell_text text;

	shell_printf(sh, "%-24s %12s\n", what, shell_size_text(&text, bytes));
}

static void print_classes(struct shell *sh)
{
	struct heap_class_stats rows[CLASSES_MAX];
	unsigned count = MIN(heap_stats(rows, CLASSES_MAX), (unsigned)CLASSES_MAX);

	shell_printf(sh, "\n%8s %8s %10s %10s\n", "OBJECT", "PAGES", "USED", "FREE");
	for (unsigned i = 0; i < count; i++)
		shell_printf(sh, "%8u %8u %10lu %10lu\n", rows[i].object_size, rows[i].slab_pages,
			     rows[i].used, rows[i].free);
}

static void print_blocks(struct shell *sh, const struct page_stats *pages)
{
	struct shell_text text;

	shell_printf(sh, "\n%10s %10s\n", "BLOCK", "FREE");
	for (unsigned i = 0; i <= PAGE_ORDER_MAX; i++)
		if (pages->free_blocks[i])
			shell_printf(sh, "%10s %10lu\n", shell_size_text(&text, PAGE_SIZE << i),
				     pages->free_blocks[i]);
}

static void print_overview_json(struct shell *sh, const struct control_memory *mem)
{
	struct json json;

	shell_json_begin(sh, &json);
	json_object_open(&json, NULL);
	json_u64(&json, "managed", mem->pages.total_pages * PAGE_SIZE);
	json_u64(&json, "free", mem->pages.free_pages * PAGE_SIZE);
	json_u64(&json, "guests", mem->guest_bytes);
	json_u64(&json, "guests_overhead", mem->overhead_bytes);
	json_u64(&json, "system", mem->system_bytes);
	json_u64(&json, "system_objects", mem->system_heap);
	json_u64(&json, "image", mem->image_bytes);
	json_object_close(&json);
	shell_json_end(sh);
}

static int cmd_mem(struct shell *sh, const struct shell_args *args)
{
	struct control_memory mem;
	int e = control_memory(&sh->caller, &mem);

	if (e)
		return shell_failed(sh, e);
	if (shell_flag(args, "--json")) {
		print_overview_json(sh, &mem);
		return 0;
	}
	print_bytes(sh, "managed", mem.pages.total_pages * PAGE_SIZE);
	print_bytes(sh, "free", mem.pages.free_pages * PAGE_SIZE);
	print_bytes(sh, "guests' RAM", mem.guest_bytes);
	print_bytes(sh, "guests' tables, objects", mem.overhead_bytes);
	print_bytes(sh, "hypervisor's pages", mem.system_bytes);
	print_bytes(sh, "hypervisor's objects", mem.system_heap);
	print_bytes(sh, "hypervisor's image", mem.image_bytes);
	print_blocks(sh, &mem.pages);
	print_classes(sh);
	return 0;
}

/* ---------------------------------------------------------------- owners */

static void json_owner(struct json *json, const struct control_owner *owner)
{
	json_object_open(json, NULL);
	json_string(json, "owner", owner->name);
	json_u64(json, "pages", owner->page_count);
	json_u64(json, "page_limit", owner->page_limit);
	json_u64(json, "objects", owner->heap_objects);
	json_u64(json, "object_bytes", owner->heap_bytes);
	json_u64(json, "object_limit", owner->heap_limit);
	json_object_close(json);
}

static void print_owner(struct shell *sh, const struct control_owner *owner)
{
	struct shell_text pages, limit, bytes;

	shell_printf(sh, "%-28s %12s %12s %10lu %12s\n", owner->name,
		     shell_size_text(&pages, owner->page_count * PAGE_SIZE),
		     owner->page_limit ? shell_size_text(&limit, owner->page_limit * PAGE_SIZE) :
					 "none",
		     owner->heap_objects, shell_size_text(&bytes, owner->heap_bytes));
}

static int cmd_mem_owners(struct shell *sh, const struct shell_args *args)
{
	bool as_json = shell_flag(args, "--json");
	struct control_owner owner;
	struct json json;
	u64 cursor = 0;

	if (as_json) {
		shell_json_begin(sh, &json);
		json_array_open(&json, NULL);
	} else {
		shell_printf(sh, "%-28s %12s %12s %10s %12s\n", "OWNER", "PAGES", "LIMIT",
			     "OBJECTS", "IN OBJECTS");
	}
	while (!sh->interrupted && control_owner_next(&sh->caller, &cursor, &owner) == 0) {
		if (as_json)
			json_owner(&json, &owner);
		else
			print_owner(sh, &owner);
	}
	if (as_json) {
		json_array_close(&json);
		shell_json_end(sh);
	}
	return 0;
}

/* ---------------------------------------------------------------- contents */

/* Reads from the host when @vm is NULL. */
static int dump(struct shell *sh, const char *vm, u64 at, u64 len)
{
	u8 bytes[256];
	int e = 0;

	while (len && !e && !shell_stopped(sh)) {
		size_t piece = (size_t)MIN(len, sizeof(bytes));

		e = vm ? control_vm_read(&sh->caller, vm, at, bytes, piece) :
			 control_host_read(&sh->caller, at, bytes, piece);
		if (e)
			return shell_failed(sh, e);
		shell_hexdump(sh, at, bytes, piece);
		at += piece;
		len -= piece;
	}
	return e;
}

static int read_memory(struct shell *sh, const char *vm, const char *address, const char *length)
{
	u64 at, len = READ_DEFAULT;
	int e = shell_bytes(sh, "ADDRESS", address, 0, ~0ull, &at);

	if (!e && length)
		e = shell_bytes(sh, "LENGTH", length, 1, READ_MAX, &len);
	if (!e && at + (len - 1) < at)
		e = shell_error(sh, "0x%lx and 0x%lx bytes are more than there are addresses", at,
				len);
	return e ? e : dump(sh, vm, at, len);
}

static int cmd_mem_read(struct shell *sh, const struct shell_args *args)
{
	return read_memory(sh, NULL, args->arg[0], shell_arg(args, 1));
}

static int cmd_mem_guest(struct shell *sh, const struct shell_args *args)
{
	return read_memory(sh, args->arg[0], args->arg[1], shell_arg(args, 2));
}

SHELL_CMD("mem", "", "[--json]", "show how the host's memory is used", cmd_mem);
SHELL_CMD("mem", "owners", "[--json]", "show who holds how much memory", cmd_mem_owners);
SHELL_CMD("mem", "read", "ADDRESS [LENGTH]", "show host RAM by physical address", cmd_mem_read);
SHELL_CMD("mem", "guest", "NAME ADDRESS [LENGTH]",
	  "show a guest's memory by guest-physical address", cmd_mem_guest);
