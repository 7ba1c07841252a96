// SPDX-License-Identifier: GPL-2.0
/*
 * Checking a file with BPF programs. libbpf ends at the first thing that the
 * kernel lacks; here all of them are looked for before it is asked.
 */
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <scx/common.h>
#include "scx_check.h"

/*
 * The file that is checked, and the types in it and in the running kernel. libbpf
 * changes its own copy of the file's types.
 */
static const char *object_path;
static struct bpf_object *object;
static struct btf *types, *kernel;
static unsigned int nr_missing;

#define missing(fmt, args...) do {			\
	say("missing: " fmt, ##args);			\
	nr_missing++;					\
} while (0)

/* A weak symbol may be absent: the programs look whether it is there. */
static bool symbol_in(Elf *elf, const char *name, GElf_Sym *sym)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr shdr;
	size_t i;

	while ((scn = elf_nextscn(elf, scn))) {
		if (!gelf_getshdr(scn, &shdr) || shdr.sh_type != SHT_SYMTAB)
			continue;
		for (i = 0; i < shdr.sh_size / shdr.sh_entsize; i++) {
			const char *at;

			if (!gelf_getsym(elf_getdata(scn, NULL), i, sym))
				return false;
			at = elf_strptr(elf, shdr.sh_link, sym->st_name);
			if (at && !strcmp(at, name))
				return true;
		}
	}
	return false;
}

static bool is_weak(const char *name)
{
	int fd = open(object_path, O_RDONLY | O_CLOEXEC);
	GElf_Sym sym;
	bool weak;
	Elf *elf;

	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	weak = elf && symbol_in(elf, name, &sym) && GELF_ST_BIND(sym.st_info) == STB_WEAK;
	elf_end(elf);
	close(fd);
	return weak;
}

/* Without the last "___" and what follows, as libbpf reads names of functions and types */
static int plain_len(const char *name)
{
	int i, len = strlen(name);

	for (i = len - 5; i >= 0; i--)
		if (name[i] != '_' && !strncmp(name + i + 1, "___", 3) && name[i + 4] != '_')
			return i + 1;
	return len;
}

/* Whether one of the kernel's modules has it */
static bool module_has(const char *name, __u32 kind)
{
	struct bpf_btf_info info;
	__u32 id = 0, size;
	bool found = false;
	struct btf *btf;
	int fd;

	while (!found && !bpf_btf_get_next_id(id, &id)) {
		fd = bpf_btf_get_fd_by_id(id);
		if (fd < 0)
			continue;
		size = sizeof(info);
		memset(&info, 0, size);
		/* The kernel's own types have been searched before, others are programs'. */
		if (!bpf_btf_get_info_by_fd(fd, &info, &size) && info.kernel_btf && id != 1) {
			btf = btf__load_from_kernel_by_id_split(id, kernel);
			found = btf && btf__find_by_name_kind(btf, name, kind) > 0;
			btf__free(btf);
		}
		close(fd);
	}
	return found;
}

static bool kernel_has(const char *name, __u32 kind)
{
	return btf__find_by_name_kind(kernel, name, kind) > 0 || module_has(name, kind);
}

static bool kernel_has_kfunc(const char *name)
{
	char plain[256];

	snprintf(plain, sizeof(plain), "%.*s", plain_len(name), name);
	return kernel_has(plain, BTF_KIND_FUNC);
}

static void check_functions(void)
{
	int i, id = btf__find_by_name_kind(types, ".ksyms", BTF_KIND_DATASEC);
	const struct btf_var_secinfo *var;
	const struct btf_type *sec, *t;

	if (id < 0)
		return;
	sec = btf__type_by_id(types, id);
	for (i = 0, var = btf_var_secinfos(sec); i < btf_vlen(sec); i++, var++) {
		const char *name;

		t = btf__type_by_id(types, var->type);
		name = btf__name_by_offset(types, t->name_off);
		if (btf_is_func(t) && !kernel_has_kfunc(name) && !is_weak(name))
			missing("kernel function %s()", name);
	}
}

/* The value of an enumerator in one of the kernel's enums named scx_*. */
static bool kernel_enum(const char *name, __u64 *value)
{
	__u32 id, nr = btf__type_cnt(kernel);
	int i;

	for (id = 1; id < nr; id++) {
		const struct btf_type *t = btf__type_by_id(kernel, id);

		if (!btf_is_any_enum(t) ||
		    strncmp(btf__name_by_offset(kernel, t->name_off), "scx_", 4))
			continue;
		for (i = 0; i < btf_vlen(t); i++) {
			__u32 off = btf_is_enum(t) ? btf_enum(t)[i].name_off :
						     btf_enum64(t)[i].name_off;

			if (strcmp(btf__name_by_offset(kernel, off), name))
				continue;
			*value = btf_is_enum(t) ? (__u64)btf_enum(t)[i].val :
						  btf_enum64_value(&btf_enum64(t)[i]);
			return true;
		}
	}
	return false;
}

/* Memory of the read-only variables; ".rodata.str1.1" and the like are maps of their own. */
static char *constants(size_t *size)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object) {
		const char *name = strrchr(bpf_map__name(map), '.');

		if (name && name != bpf_map__name(map) && !strcmp(name, ".rodata"))
			return bpf_map__initial_value(map, size);
	}
	return NULL;
}

/*
 * In scx's headers the kernel's constants are variables "__NAME", set by the loader,
 * to zero if the kernel lacks them. Compilers leave the variables' places to libbpf, so
 * that its copy of the types is asked.
 */
static void fill_constants(void)
{
	const struct btf *btf = bpf_object__btf(object);
	int i, id = btf__find_by_name_kind(btf, ".rodata", BTF_KIND_DATASEC);
	const struct btf_var_secinfo *var;
	const struct btf_type *sec;
	size_t size = 0;
	char *mem = constants(&size);

	if (id < 0 || !mem)
		return;
	sec = btf__type_by_id(btf, id);
	for (i = 0, var = btf_var_secinfos(sec); i < btf_vlen(sec); i++, var++) {
		const struct btf_type *t = btf__type_by_id(btf, var->type);
		const char *name = btf__name_by_offset(btf, t->name_off);
		__u64 value = 0;

		if (strncmp(name, "__SCX_", 6) || var->size != sizeof(value) ||
		    var->offset + sizeof(value) > size)
			continue;
		kernel_enum(name + 2, &value);
		memcpy(mem + var->offset, &value, sizeof(value));
	}
}

static void check_flags(__u64 flags)
{
	__u64 known, bit;

	if (!kernel_enum("SCX_OPS_ALL_FLAGS", &known))
		return;
	for (bit = 1; bit; bit <<= 1)
		if (flags & ~known & bit)
			missing("flag 0x%llx of ops.flags", (unsigned long long)bit);
}

/* Members that are not set may be absent. */
static void check_member(const struct btf_member *m, const char *mem)
{
	const char *name = btf__name_by_offset(types, m->name_off);
	__s64 size = btf__resolve_size(types, m->type);
	__u64 flags;

	if (size <= 0 || !__scx_mem_set(mem, size))
		return;
	if (!__COMPAT_struct_has_field("sched_ext_ops", name)) {
		missing("ops.%s", name);
	} else if (!strcmp(name, "flags")) {
		memcpy(&flags, mem, sizeof(flags));
		check_flags(flags);
	}
}

/* Returns the number of schedulers in a section of struct_ops. */
static int check_schedulers(const char *section)
{
	int i, j, found = 0, id = btf__find_by_name_kind(types, section, BTF_KIND_DATASEC);
	const struct btf_type *sec, *var, *t;

	if (id < 0)
		return 0;
	sec = btf__type_by_id(types, id);
	for (i = 0; i < btf_vlen(sec); i++) {
		struct bpf_map *map;
		const char *name;
		size_t size;
		char *mem;

		var = btf__type_by_id(types, btf_var_secinfos(sec)[i].type);
		t = btf__type_by_id(types, btf__resolve_type(types, var->type));
		name = btf__name_by_offset(types, t->name_off);
		if (plain_len(name) != strlen("sched_ext_ops") ||
		    strncmp(name, "sched_ext_ops", plain_len(name)))
			continue;
		map = bpf_object__find_map_by_name(object,
						   btf__name_by_offset(types, var->name_off));
		if (!map || !bpf_map__autocreate(map))
			continue;
		mem = bpf_map__initial_value(map, &size);
		for (j = 0; mem && j < btf_vlen(t); j++)
			check_member(btf_members(t) + j,
				     mem + btf_member_bit_offset(t, j) / 8);
		found++;
	}
	return found;
}

/* Places that programs other than callbacks attach to */
static void check_places(void)
{
	static const struct {
		const char *section, *prefix;
		__u32 kind;
	} places[] = {
		{ "fentry", "", BTF_KIND_FUNC }, { "fexit", "", BTF_KIND_FUNC },
		{ "fmod_ret", "", BTF_KIND_FUNC }, { "tp_btf", "btf_trace_", BTF_KIND_TYPEDEF },
	};
	struct bpf_program *prog;
	char full[256];
	size_t i;

	bpf_object__for_each_program(prog, object) {
		const char *section = bpf_program__section_name(prog);
		const char *name = strchr(section, '/');

		for (i = 0; name && i < ARRAY_SIZE(places); i++) {
			size_t len = strlen(places[i].section);

			if (strncmp(section, places[i].section, len) ||
			    (section[len] != '/' && section[len] != '.') ||
			    !bpf_program__autoload(prog))
				continue;
			/* "fentry/MODULE:FUNCTION" */
			snprintf(full, sizeof(full), "%s%s", places[i].prefix,
				 strchr(name, ':') ? strchr(name, ':') + 1 : name + 1);
			if (!kernel_has(full, places[i].kind))
				missing("%s to attach program %s to", name + 1,
					bpf_program__name(prog));
		}
	}
}

/* Where the calls of @prog come from, in words */
static void say_caller(const struct bpf_program *prog, char *text, size_t size)
{
	int id = btf__find_by_name_kind(types, "sched_ext_ops", BTF_KIND_STRUCT);
	struct bpf_map *map;
	const void *ops;
	size_t len;

	bpf_object__for_each_map(map, object) {
		if (bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS || id < 0)
			continue;
		/* Other operations are of other sizes. */
		ops = bpf_map__initial_value(map, &len);
		if (len < btf__type_by_id(types, id)->size || !__scx_op_of(object, ops, prog))
			continue;
		scx_caller_of(object, ops, prog, text, size);
		return;
	}
	snprintf(text, size, "%s programs", libbpf_bpf_prog_type_str(bpf_program__type(prog)));
}

/* Name of the program that libbpf's last text with a log is about */
static bool refused_name(char *name)
{
	return __scx_log && sscanf(__scx_log, "libbpf: prog '%63[^']'", name) == 1;
}

static void say_lines(char *text)
{
	char *line;

	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		say("%s", line);
}

/* libbpf's last warning that is no log of the verifier */
static char warning[512];
static bool print_all;

static int on_print(enum libbpf_print_level level, const char *fmt, va_list args)
{
	va_list again;

	if (level == LIBBPF_WARN && !strstr(fmt, "LOG --") &&
	    !strstr(fmt, "failed to load object")) {
		va_copy(again, args);
		vsnprintf(warning, sizeof(warning), fmt, again);
		va_end(again);
	}
	return print_all ? vfprintf(stderr, fmt, args) : 0;
}

static void say_refusal(int err)
{
	char name[64], caller[64], text[1024];
	const struct bpf_program *prog = NULL;

	if (!refused_name(name)) {
		warning[strcspn(warning, "\n")] = '\0';
		if (*warning)
			say("refused: %s", warning + (strncmp(warning, "libbpf: ", 8) ? 0 : 8));
		else
			say("refused: %s", strerror(-err));
		return;
	}
	prog = bpf_object__find_program_by_name(object, name);
	if (prog)
		say_caller(prog, caller, sizeof(caller));
	if (prog && scx_explain_refusal(__scx_log, name, caller, text, sizeof(text)))
		say_lines(text);
	else
		log_say_refusal(__scx_log, name);
}

static unsigned int nr_loaded(void)
{
	struct bpf_program *prog;
	unsigned int nr = 0;

	bpf_object__for_each_program(prog, object)
		nr += bpf_program__fd(prog) >= 0;
	return nr;
}

static void look_for_missing(void)
{
	static const char * const sections[] = {
		".struct_ops", ".struct_ops.link", "?.struct_ops", "?.struct_ops.link",
	};
	size_t i, found = 0;

	check_functions();
	check_places();
	for (i = 0; i < ARRAY_SIZE(sections); i++)
		found += check_schedulers(sections[i]);
	if (!found)
		missing("a struct sched_ext_ops: this is no scheduler");
}

/**
 * check_object - Check a file with BPF programs
 * @check: what is asked for, and what was found
 * @path: the file
 *
 * Return: the verdict; the reasons have been printed.
 */
enum verdict check_object(struct check *check, const char *path)
{
	struct bpf_map *map;
	int err;

	print_all = check->verbose;
	libbpf_set_print(on_print);
	object_path = path;
	object = bpf_object__open(path);
	kernel = btf__load_vmlinux_btf();
	if (!object || !kernel) {
		say("%s cannot be read: %s", object ? "the kernel's types" : "the file",
		    strerror(errno));
		return NOT_KNOWN;
	}
	types = btf__parse_elf(path, NULL);
	if (!types) {
		say("the file has no types (BTF): it was built without -g");
		return NOT_KNOWN;
	}

	look_for_missing();
	if (nr_missing)
		return LOADS_NOT;
	fill_constants();
	/* Maps that are pinned would stay. */
	bpf_object__for_each_map(map, object)
		bpf_map__set_pin_path(map, NULL);
	err = __SCX_LISTEN(bpf_object__load(object));
	if (err)
		say_refusal(err);
	check->programs = nr_loaded();
	bpf_object__close(object);
	btf__free(types);
	btf__free(kernel);
	return err ? LOADS_NOT : LOADS;
}
