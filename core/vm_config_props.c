/* SPDX-License-Identifier: MIT */
/* Checks the properties of guest trees against a table of names, places and values, and stores them. */
#include "vm_config_private.h"
#include <core/bundle.h>
#include <core/control.h>
#include <core/cpu.h>
#include <libs/format.h>
#include <libs/parse.h>
#include <string.h>

/* Kinds of nodes in which a property has its place. */
enum {
	IN_ROOT = 1 << 0,
	IN_CPUS = 1 << 1,
	IN_CHOSEN = 1 << 2,
	IN_MAPPED = 1 << 3, /* has `reg` in guest-physical space and is no memory node */
	IN_DEVICE = 1 << 4, /* has `compatible` and is not the root */
	ANYWHERE = 1 << 5,
};

struct value {
	int node;
	const char *name;
	const char *data;
	int len;
};

struct rule {
	const char *name;
	u32 place;
	void (*check)(struct config_check *c, const struct rule *rule, const struct value *v);
	u64 min;
	u64 max;
	size_t offset;            /* of the field in struct vm_config */
	const char *const *words; /* what may stand there */
};

#define FIELD(name) .offset = offsetof(struct vm_config, name)
#define PREFIX "verdigris,"
#define PREFIX_LEN (sizeof(PREFIX) - 1)
#define CONFIG_STRING_MAX (VM_CONFIG_PATH_MAX - 1)

static void *field(struct config_check *c, const struct rule *rule)
{
	return (char *)c->config + rule->offset;
}

/* ---- values ---- */

static void check_flag(struct config_check *c, const struct rule *rule, const struct value *v)
{
	if (v->len)
		vm_config_error(c, v->node, "%s has a value; write `%s;`, or leave it out", v->name,
				v->name);
	*(bool *)field(c, rule) = true;
}

static void check_u32(struct config_check *c, const struct rule *rule, const struct value *v)
{
	u32 number = v->len == 4 ? config_cell(v->data, 0) : 0;

	if (v->len != 4)
		vm_config_error(c, v->node, "%s has %d bytes; give one cell, %s = <%u>", v->name,
				v->len, v->name, (unsigned)rule->min);
	else if (number < rule->min || number > rule->max)
		vm_config_error(c, v->node, "%s is %u; give %u to %u", v->name, number,
				(unsigned)rule->min, (unsigned)rule->max);
	else
		*(u32 *)field(c, rule) = number;
}

/* One or two cells; false: reported. */
static bool read_u64(struct config_check *c, const struct value *v, u64 *number)
{
	if (v->len != 4 && v->len != 8) {
		vm_config_error(c, v->node, "%s has %d bytes; give one number of one or two cells",
				v->name, v->len);
		return false;
	}
	*number = config_number(v->data, 0, (u32)v->len / 4);
	return true;
}

static void check_bytes(struct config_check *c, const struct rule *rule, const struct value *v)
{
	u64 number;

	if (!read_u64(c, v, &number))
		return;
	if (number < rule->min || number > rule->max || !is_aligned(number, PAGE_SIZE))
		vm_config_error(c, v->node,
				"%s is 0x%llx; give a multiple of 4096 from 0x%llx to 0x%llx",
				v->name, (unsigned long long)number, (unsigned long long)rule->min,
				(unsigned long long)rule->max);
	else
		*(u64 *)field(c, rule) = number;
}

static void check_entry(struct config_check *c, const struct rule *rule, const struct value *v)
{
	u64 number;

	if (!read_u64(c, v, &number))
		return;
	*(u64 *)field(c, rule) = number;
	c->config->entry_given = true;
}

static bool is_text(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (s[i] < ' ' || s[i] > '~')
			return false;
	return true;
}

/* True: v->data is one terminated string of rule->min..max printable characters; else reported. */
static bool check_string(struct config_check *c, const struct rule *rule, const struct value *v)
{
	size_t len = strnlen(v->data, (size_t)v->len);

	if (v->len == 0)
		vm_config_error(c, v->node, "%s has no value; give a string, %s = \"...\"", v->name,
				v->name);
	else if (len == (size_t)v->len)
		vm_config_error(c, v->node, "%s is not terminated; give a string in quotes",
				v->name);
	else if (len + 1 < (size_t)v->len)
		vm_config_error(c, v->node, "%s has more than one string; give one", v->name);
	else if (len < rule->min || len > rule->max)
		vm_config_error(c, v->node, "%s has %u characters; give %u to %u", v->name,
				(unsigned)len, (unsigned)rule->min, (unsigned)rule->max);
	else if (!is_text(v->data, len))
		vm_config_error(c, v->node,
				"%s has characters that cannot be printed; give ASCII text",
				v->name);
	else
		return true;
	return false;
}

static void check_text(struct config_check *c, const struct rule *rule, const struct value *v)
{
	(void)check_string(c, rule, v);
}

/* A name that people type: no blanks, no slashes. True if it is one; else reported. */
static bool check_plain(struct config_check *c, const struct rule *rule, const struct value *v)
{
	if (!check_string(c, rule, v))
		return false;
	for (const char *s = v->data; *s; s++) {
		bool letter = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z');

		if (letter || (*s >= '0' && *s <= '9') || strchr("._-", *s))
			continue;
		vm_config_error(c, v->node,
				"%s is \"%s\"; use letters, digits, '.', '_' and '-' only", v->name,
				v->data);
		return false;
	}
	return true;
}

/* Stored by vm_config_memory.c, which knows the region. */
static void check_name(struct config_check *c, const struct rule *rule, const struct value *v)
{
	(void)check_plain(c, rule, v);
}

static void check_model(struct config_check *c, const struct rule *rule, const struct value *v)
{
	if (check_plain(c, rule, v))
		memcpy(field(c, rule), v->data, (size_t)v->len);
}

/* True if @file is in the bundle; else reported. */
static bool is_in_bundle(struct config_check *c, const struct value *v, const char *file)
{
	struct bundle_file found;
	char there[80];

	if (bundle_find(file, &found) == 0)
		return true;
	vm_config_list_bundle(there, sizeof(there));
	vm_config_error(c, v->node, "%s names \"%s\", which is not in the bundle; there are: %s",
			v->name, file, there);
	return false;
}

static bool check_in_bundle(struct config_check *c, const struct rule *rule, const struct value *v)
{
	return check_string(c, rule, v) && is_in_bundle(c, v, v->data);
}

static void check_file(struct config_check *c, const struct rule *rule, const struct value *v)
{
	if (check_in_bundle(c, rule, v))
		memcpy(field(c, rule), v->data, (size_t)v->len);
}

/* A flag, or the file that fills it; vm_config_memory.c stores it. */
static void check_rom(struct config_check *c, const struct rule *rule, const struct value *v)
{
	if (v->len)
		(void)check_in_bundle(c, rule, v);
}

static void check_address(struct config_check *c, const struct rule *rule, const struct value *v)
{
	u64 number;

	(void)rule;
	if (read_u64(c, v, &number) && !is_aligned(number, PAGE_SIZE))
		vm_config_error(c, v->node, "%s is 0x%llx; give a multiple of 4096", v->name,
				(unsigned long long)number);
}

static void join_words(const char *const *words, char *buf, size_t size)
{
	size_t used = 0;

	for (; *words && used < size; words++)
		used += format_to(buf + used, size - used, "%s%s", used ? " " : "", *words);
}

/* Bit of @word in @words, or 0. */
static u32 word_bit(const char *const *words, const char *word)
{
	for (unsigned i = 0; words[i]; i++)
		if (!strcmp(words[i], word))
			return 1u << i;
	return 0;
}

/* A list of strings, each one of rule->words; returns the sum of their bits. */
static u32 check_word_list(struct config_check *c, const struct rule *rule, const struct value *v)
{
	const char *word = v->data, *end = v->data + v->len;
	char known[120];
	u32 bits = 0;

	join_words(rule->words, known, sizeof(known));
	if (v->len == 0 || end[-1] != '\0') {
		vm_config_error(c, v->node, "%s is no list of strings; known words: %s", v->name,
				known);
		return 0;
	}
	for (; word < end; word += strlen(word) + 1) {
		u32 bit = word_bit(rule->words, word);

		if (!bit)
			vm_config_error(c, v->node, "%s: the word \"%s\" is not known; known: %s",
					v->name, is_text(word, strlen(word)) ? word : "?", known);
		bits |= bit;
	}
	return bits;
}

/* The words are the names of rights, and CONTROL_ALL has no gaps: bits and rights are the same. */
static void check_capabilities(struct config_check *c, const struct rule *rule,
			       const struct value *v)
{
	const char *words[33] = { NULL };

	for (unsigned i = 0; i < 32 && CONTROL_ALL >> i; i++)
		words[i] = control_right_name(1u << i);
	*(u32 *)field(c, rule) = check_word_list(c, &(struct rule){ .words = words }, v);
}

static void check_word(struct config_check *c, const struct rule *rule, const struct value *v)
{
	u32 bits = check_word_list(c, rule, v);

	if (bits & (bits - 1))
		vm_config_error(c, v->node, "%s has more than one word; give one", v->name);
}

static void check_affinity(struct config_check *c, const struct rule *rule, const struct value *v)
{
	struct cpumask *mask = field(c, rule);

	*mask = (struct cpumask){ { 0 } };
	if (v->len == 0 || v->len % 4)
		vm_config_error(c, v->node, "%s has %d bytes; give a list of CPU numbers, <0 1>",
				v->name, v->len);
	for (int i = 0; i < v->len / 4; i++) {
		u32 cpu = config_cell(v->data, (unsigned)i);

		if (cpu >= cpu_count)
			vm_config_error(c, v->node,
					"%s names CPU %u; this machine has CPUs 0 to %u", v->name,
					cpu, cpu_count - 1);
		else
			cpumask_set(mask, cpu);
	}
}

/* One word of verdigris,load: "file@0x82000000". */
static void add_load(struct config_check *c, const struct value *v, const char *word)
{
	const char *at = strrchr(word, '@');
	struct vm_load *load = &c->config->loads[c->config->load_count];

	if (c->config->load_count == VM_CONFIG_LOADS_MAX) {
		vm_config_error(c, v->node, "%s has more than %d files; give fewer", v->name,
				VM_CONFIG_LOADS_MAX);
		return;
	}
	if (!at || at == word || (size_t)(at - word) >= sizeof(load->name) ||
	    parse_u64(at + 1, 0, ~0ull, &load->base)) {
		vm_config_error(
			c, v->node,
			"%s has \"%s\"; give a file and its address, \"vmlinuz@0x82000000\"",
			v->name, word);
		return;
	}
	format_to(load->name, sizeof(load->name), "%.*s", (int)(at - word), word);
	if (is_in_bundle(c, v, load->name))
		c->config->load_count++;
}

static void check_loads(struct config_check *c, const struct rule *rule, const struct value *v)
{
	const char *word = v->data, *end = v->data + v->len;

	(void)rule;
	if (v->len == 0 || end[-1] != '\0')
		vm_config_error(c, v->node,
				"%s is no list of strings; give files and addresses, "
				"\"vmlinuz@0x82000000\"",
				v->name);
	else
		for (; word < end; word += strlen(word) + 1)
			add_load(c, v, word);
}

static void check_root_compatible(struct config_check *c, const struct rule *rule,
				  const struct value *v)
{
	(void)rule;
	if (v->len == 0 || v->data[v->len - 1] != '\0')
		vm_config_error(c, v->node, "%s is no list of strings; give \"verdigris,vm\"",
				v->name);
	else if (!fdt_stringlist_contains(v->data, v->len, "verdigris,vm"))
		vm_config_error(
			c, v->node,
			"%s lacks \"verdigris,vm\": no guest configuration; add it if it is one",
			v->name);
}

static void check_compatible(struct config_check *c, const struct rule *rule, const struct value *v)
{
	if (v->node == 0)
		check_root_compatible(c, rule, v);
	else if (v->len == 0 || v->data[v->len - 1] != '\0')
		vm_config_error(c, v->node,
				"%s is no list of terminated strings; give it in quotes", v->name);
}

/* A path, or an alias, with options after a colon. */
static void check_stdout(struct config_check *c, const struct rule *rule, const struct value *v)
{
	int len;

	if (!check_string(c, rule, v))
		return;
	len = (int)(strchr(v->data, ':') ? strchr(v->data, ':') - v->data : (long)strlen(v->data));
	if (len == 0 || fdt_path_offset_namelen(c->fdt, v->data, len) < 0)
		vm_config_error(c, v->node,
				"%s names \"%.*s\", which is no node; give the path of a UART",
				v->name, len, v->data);
}

/* ---- the table ---- */

static const char *const shutdown_words[] = { "sysrq", NULL };

#define RULE(name_, place_, check_, ...)                                     \
	{                                                                    \
		.name = name_, .place = place_, .check = check_, __VA_ARGS__ \
	}
#define LIMITS(min_, max_) .min = min_, .max = max_
#define FILE_NAME LIMITS(1, CONFIG_STRING_MAX)

static const struct rule rules[] = {
	RULE("verdigris,autostart", IN_ROOT, check_flag, FIELD(autostart)),
	RULE("verdigris,capabilities", IN_ROOT, check_capabilities, FIELD(capabilities)),
	RULE("verdigris,table-limit", IN_ROOT, check_bytes, FIELD(table_limit),
	     LIMITS(KIB(64), GIB(1))),
	RULE("verdigris,count", IN_CPUS, check_u32, FIELD(vcpu_count), LIMITS(1, VM_VCPUS_MAX)),
	RULE("verdigris,weight", IN_CPUS, check_u32, FIELD(weight),
	     LIMITS(SCHED_WEIGHT_MIN, SCHED_WEIGHT_MAX)),
	RULE("verdigris,cap-percent", IN_CPUS, check_u32, FIELD(cap_percent), LIMITS(1, 100)),
	RULE("verdigris,affinity", IN_CPUS, check_affinity, FIELD(affinity)),
	RULE("verdigris,kernel", IN_CHOSEN, check_file, FIELD(kernel), FILE_NAME),
	RULE("verdigris,initrd", IN_CHOSEN, check_file, FIELD(initrd), FILE_NAME),
	RULE("verdigris,firmware", IN_CHOSEN, check_file, FIELD(firmware), FILE_NAME),
	RULE("verdigris,load", IN_CHOSEN, check_loads),
	RULE("verdigris,entry", IN_CHOSEN, check_entry, FIELD(entry)),
	RULE("verdigris,rom", IN_MAPPED, check_rom, FILE_NAME),
	RULE("verdigris,alias-of", IN_MAPPED, check_address),
	RULE("verdigris,shared", IN_MAPPED, check_name, FILE_NAME),
	RULE("verdigris,passthrough", IN_MAPPED, check_address),
	RULE("verdigris,shutdown", IN_DEVICE, check_word, .words = shutdown_words),
	RULE("model", IN_ROOT, check_model, FIELD(name), LIMITS(1, VM_NAME_MAX - 1)),
	RULE("compatible", ANYWHERE, check_compatible),
	RULE("device_type", ANYWHERE, check_text, LIMITS(1, CONFIG_STRING_MAX)),
	RULE("status", ANYWHERE, check_text, LIMITS(1, CONFIG_STRING_MAX)),
	RULE("bootargs", IN_CHOSEN, check_text, LIMITS(0, 4095)),
	RULE("stdout-path", IN_CHOSEN, check_stdout, LIMITS(1, 255)),
};

static const struct {
	u32 place;
	const char *name;
} places[] = {
	{ IN_ROOT, "/" },
	{ IN_CPUS, "/cpus" },
	{ IN_CHOSEN, "/chosen" },
	{ IN_MAPPED, "a node with `reg` that is no memory node" },
	{ IN_DEVICE, "a device's node" },
};

/* ---- names and places ---- */

static bool is_ours(const char *name)
{
	return !strncmp(name, PREFIX, PREFIX_LEN);
}

static u32 place_of(const struct config_check *c, int node)
{
	u32 place = ANYWHERE;

	if (c->depth == 0)
		return place | IN_ROOT;
	if (fdt_getprop(c->fdt, node, "compatible", NULL))
		place |= IN_DEVICE;
	if (c->depth == 1 && config_node_is(c->fdt, node, "cpus"))
		return place | IN_CPUS;
	if (c->depth == 1 && config_node_is(c->fdt, node, "chosen"))
		return place | IN_CHOSEN;
	if (!vm_config_is_memory(c, node) && c->stack[c->depth - 1].mapped &&
	    fdt_getprop(c->fdt, node, "reg", NULL))
		place |= IN_MAPPED;
	return place;
}

static const char *place_name(u32 place)
{
	for (unsigned i = 0; i < ARRAY_SIZE(places); i++)
		if (places[i].place & place)
			return places[i].name;
	return "another node";
}

static void report_unknown(struct config_check *c, const struct value *v)
{
	const char *names[ARRAY_SIZE(rules) + 1] = { NULL };
	const char *nearest;
	unsigned count = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(rules); i++)
		if (is_ours(rules[i].name))
			names[count++] = rules[i].name + PREFIX_LEN;
	nearest = vm_config_nearest(v->name + PREFIX_LEN, names);
	if (nearest)
		vm_config_error(c, v->node, "%s is not known; did you mean %s%s?", v->name, PREFIX,
				nearest);
	else
		vm_config_error(c, v->node, "%s is not known; remove it", v->name);
}

static void check_prop(struct config_check *c, u32 place, const struct value *v)
{
	for (unsigned i = 0; i < ARRAY_SIZE(rules); i++) {
		const struct rule *rule = &rules[i];

		if (strcmp(rule->name, v->name))
			continue;
		if (rule->place & place)
			rule->check(c, rule, v);
		else if (is_ours(v->name))
			vm_config_error(c, v->node, "%s has no meaning here; it belongs in %s",
					v->name, place_name(rule->place));
		return;
	}
	if (is_ours(v->name))
		report_unknown(c, v);
}

void vm_config_check_props(struct config_check *c, int node)
{
	u32 place = place_of(c, node);
	int prop;

	fdt_for_each_property_offset(prop, c->fdt, node) {
		struct value v = { .node = node };

		v.data = fdt_getprop_by_offset(c->fdt, prop, &v.name, &v.len);
		if (v.data)
			check_prop(c, place, &v);
	}
}
