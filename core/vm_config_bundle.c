/* SPDX-License-Identifier: MIT */
/* Makes VMs of the guest trees in the bundle. */
#include "vm_config_private.h"
#include <core/bundle.h>
#include <libs/format.h>
#include <string.h>

static bool is_tree(const char *name)
{
	size_t len = strlen(name);

	return len > 4 && !strcmp(name + len - 4, ".dtb");
}

/* Says what kept the VM from being made; what create() of a device said is in the log already. */
static void report_failure(const struct bundle_file *file, const char *vm_name, int err)
{
	if (err == -EEXIST)
		log_error("%s: /: model \"%s\" is the name of another VM; choose another",
			  file->name, vm_name);
	else
		log_error("%s: VM %s was not created: %s", file->name, vm_name, error_text(err));
}

static void report_to_log(void *ctx, const char *message)
{
	(void)ctx;
	log_error("%s", message);
}

/* With a reference. NULL: no VM was made, reported. */
static struct vm *create_vm(const struct bundle_file *file)
{
	char vm_name[VM_NAME_MAX] = "of this file";
	struct vm_config *config;
	struct vm *vm;
	int err = vm_config_parse(file->data, file->size, file->name, report_to_log, NULL, &config);

	if (err == -EINVAL)
		return NULL;
	if (!err) {
		format_to(vm_name, sizeof(vm_name), "%s", config->name);
		err = vm_create(config, &vm);
	}
	if (!err)
		return vm;
	report_failure(file, vm_name, err);
	return NULL;
}

static void load_file(const struct bundle_file *file)
{
	struct vm *vm = create_vm(file);
	int err = vm && vm->config->autostart ? vm_start(vm) : 0;

	if (err)
		log_error("VM %s: not started: %s", vm->name, error_text(err));
	if (vm)
		vm_put(vm);
}

void vm_config_load_bundle(void)
{
	struct bundle_file file;

	for (unsigned i = 0; bundle_get(i, &file); i++)
		if (is_tree(file.name))
			load_file(&file);
}
