import { isStructOps, type SkeletonParts } from "./object-parts.ts";

/** `offsetof(struct bpf_map_skeleton, link)` on a machine with 64 bits: the size of the struct before Linux 6.11. */
const MAP_SIZE_WITHOUT_LINK = 24;
/** `sizeof(struct bpf_map_skeleton)` on a machine with 64 bits. */
const MAP_SIZE = 32;

/** Which pointers a skeleton registers with libbpf. A subskeleton has neither memory nor links. */
export interface RegistrationOptions {
  readonly hasMemory: boolean;
  readonly hasLinks: boolean;
}

/**
 * Returns the statements that register maps with libbpf: the name of each map, and the pointer that libbpf sets to it.
 */
export function registerMaps({ maps, structOps }: SkeletonParts, options: RegistrationOptions): string {
  if (maps.length === 0) return "";
  // Only struct_ops maps need the member `link`. Without them the smaller struct lets old versions of libbpf open the
  // skeleton.
  const size = options.hasLinks && structOps.length > 0 ? MAP_SIZE : MAP_SIZE_WITHOUT_LINK;
  let out = `
	/* maps */
	s->map_cnt = ${maps.length};
	s->map_skel_sz = ${size};
	s->maps = (struct bpf_map_skeleton *)calloc(s->map_cnt,
			sizeof(*s->maps) > ${size} ? sizeof(*s->maps) : ${size});
	if (!s->maps) {
		err = -ENOMEM;
		goto err;
	}
`;
  for (const [i, map] of maps.entries()) {
    out += `
	map = (struct bpf_map_skeleton *)((char *)s->maps + ${i} * s->map_skel_sz);
	map->name = "${map.name}";
	map->map = &obj->maps.${map.identifier};
`;
    if (options.hasMemory && map.memory !== undefined) out += `\tmap->mmaped = (void **)&obj->${map.memory};\n`;
    if (options.hasLinks && isStructOps(map)) out += `\tmap->link = &obj->links.${map.identifier};\n`;
  }
  return out;
}

/**
 * Returns the statements that register programs with libbpf: the name of each program, and the pointer that libbpf sets
 * to it.
 */
export function registerPrograms({ programs }: SkeletonParts, options: Pick<RegistrationOptions, "hasLinks">): string {
  if (programs.length === 0) return "";
  let out = `
	/* programs */
	s->prog_cnt = ${programs.length};
	s->prog_skel_sz = sizeof(*s->progs);
	s->progs = (struct bpf_prog_skeleton *)calloc(s->prog_cnt, s->prog_skel_sz);
	if (!s->progs) {
		err = -ENOMEM;
		goto err;
	}
`;
  for (const [i, name] of programs.entries()) {
    out += `
	s->progs[${i}].name = "${name}";
	s->progs[${i}].prog = &obj->progs.${name};
`;
    if (options.hasLinks) out += `\ts->progs[${i}].link = &obj->links.${name};\n`;
  }
  return out;
}

/**
 * Returns the declaration of a member that is an anonymous struct with one pointer for each name. Returns "" if there
 * are no names.
 */
export function pointerMembers(type: string, names: readonly string[], member: string): string {
  return structMembers((name) => `${type}${name}`, names, member);
}

/** Returns an anonymous struct with a declaration for each name, as a member; nothing if there are no names. */
export function structMembers(declare: (name: string) => string, names: readonly string[], member: string): string {
  if (names.length === 0) return "";
  return `\tstruct {\n${names.map((name) => `\t\t${declare(name)};\n`).join("")}\t} ${member};\n`;
}
