// SPDX-License-Identifier: MIT
// What lies at a place, in words.

const hex = x => "0x" + x.toString(16);
const many = (n, what) => `${n.toLocaleString("en")} ${what}${n === 1 ? "" :
	"s"}`;

function bytesText(n) {
	const units = ["bytes", "KB", "MB", "GB", "TB", "PB"];
	let i = 0;

	for (; n >= 1024 && i < units.length - 1; i++)
		n /= 1024;
	return `${n >= 99.95 || Number.isInteger(n) ? Math.round(n) :
		n.toFixed(1)} ${i || n !== 1 ? units[i] : "byte"}`;
}

const KIND_WORDS = {
	text: "the program's code", rodata: "the program's constants",
	data: "the program's variables", bss: "variables that begin as zero",
	heap: "the heap of brk", malloc: "Ashlar's frames, and its tables",
	large: "large blocks of malloc", anonymous: "anonymous memory",
	guard: "reserved, without access", library: "a library",
	file: "a file", shared: "shared memory", stack: "the stack",
	vdso: "code and data that the kernel lends",
	direct: "RAM as the kernel sees it", vmalloc: "an area of vmalloc",
	kmap: "windows to high memory", fixmap: "fixed mappings",
	user: "the running program's addresses", ram: "RAM", device: "a device",
};

function slotState(look, s, slot) {
	if (s.how === SLOTS_COUNTED)
		return `one of ${s.slots} in its slab, ${s.used} of which are ` +
			"in use";
	if (isUsed(look, s, slot))
		return "in use";
	return cachedSlots(look, s).has(slot) ?
		"free, in a thread's list" : "free";
}

function objectWords(look, p) {
	const s = p.slab, cache = look.json.caches[s.cache];
	const size = slabSize(look, s), at = (p.x - s.first) % size;
	const own = cache && cache[3] ? ", which Ashlar has for itself" : "";
	const name = cache ? cache[0] : "an unknown cache";

	if (p.x < s.first)
		return `In a slab of ${name}, before its first object.`;
	if (p.slot < 0)
		return `In a slab of ${name}, where no object was handed out ` +
			"yet.";
	return `Object ${p.slot + 1} of ${s.slots} of ${name}${own}: ` +
		`${slotState(look, s, p.slot)}. Byte ${at} of its ${size}.`;
}

function blockWords(look, space, p) {
	const n = space.nodes[p.node], i = p.block;
	const frames = (n.stop[i] - n.start[i]) / PAGE, flags = n.flags[i];
	const type = frameType(flags);

	switch (n.what[i]) {
	case FREE:
		return `Free block of order ${orderOf(frames)}: ` +
			`${many(frames, "frame")}, ${type}${flags & 1 ? "" :
				"; the system has the memory back"}.`;
	case PCP:
		return `${many(frames, "free frame")} in a thread's list.`;
	case USED:
		return `${many(frames, "frame")} in use as whole pages.`;
	case 5:
		return "A page of a program.";
	case 6:
		return "A page of a file.";
	case 7:
		return "A frame of the kernel's own, or not free to be given.";
	case 8:
		return "Part of a huge page.";
	}
	return "No frame was taken into use here.";
}

function pageWords(state) {
	if (state & SWAPPED)
		return "The page is swapped.";
	if (state & UNKNOWN)
		return "Nobody looked at the page.";
	if (!(state & PRESENT))
		return "The page is not in memory.";
	return `The page is in memory, ${state & DIRTY ?
		"dirty (its contents are nowhere else)" : "clean"}` +
		`${state & OF_FILE ? ", a file's" : ""}` +
		`${state & MANY ? ", shared with other processes" : ""}` +
		`${state & HUGE ? ", part of a huge page" : ""}.`;
}

const rights = bits => ["r", "w", "x"].map((c, i) => bits >> i & 1 ? c : "-")
	.join("") + (bits & 8 ? "s" : "p");

function areaName(look, space, i) {
	const a = space.areas, kind = look.json.kinds[a.kind[i]];

	return look.json.names[a.name[i]] || KIND_WORDS[kind] || kind;
}

const held = look => look.json.kind === "machine" ? "in use" : "in memory";

function areaWords(look, space, p) {
	const a = space.areas, i = p.area;
	const part = (n, what) => n ? `, ${bytesText(n * 1024)} ${what}` : "";

	return `${hex(a.start[i])}–${hex(a.end[i])} ${rights(a.perms[i])} ` +
		`${areaName(look, space, i)}: ` +
		`${bytesText(a.end[i] - a.start[i])}` +
		part(a.rss[i], held(look)) + part(a.dirty[i], "dirty") +
		part(a.shared[i], "shared") + part(a.swap[i], "swapped") +
		part(a.huge[i], "in huge pages") + ".";
}

function frameWords(space, p) {
	const n = space.nodes[p.node], frame = (p.x - n.base) / PAGE | 0;
	const block = Math.floor((p.x - n.base) / PAGE / 512);

	return `Frame ${frame.toLocaleString("en")}` +
		(space.nodes.length > 1 ? ` of node ${p.node}` : "") +
		(n.types.length > block ? `, in a page block that is ` +
			`${TYPES[n.types[block]] || "mixed"}` : "") + ".";
}

// The sentences about a place, the most telling first.
function describe(look, view, x) {
	const space = look.spaces[view.space], p = place(look, space, x);
	const l = space.large, lines = [];

	if (p.slab)
		lines.push(objectWords(look, p));
	else if (p.large >= 0)
		lines.push(`${l.guarded[p.large] ? "Guarded" : "Large"} block ` +
			`of ${bytesText(l.end[p.large] - l.start[p.large])}, ` +
			"in use.");
	else if (p.block >= 0 && space.nodes[p.node].what[p.block] !== NONE)
		lines.push(blockWords(look, space, p));
	else if (p.area >= 0)
		lines.push(`In ${areaName(look, space, p.area)}.`);
	else
		lines.push("Nothing is mapped here.");
	if (p.block >= 0)
		lines.push(frameWords(space, p));
	if (p.area >= 0 && look.json.kind !== "machine")
		lines.push(pageWords(p.state));
	if (p.area >= 0)
		lines.push(areaWords(look, space, p));
	return lines;
}

// How the command says more, or nothing.
function commandFor(look, x) {
	const j = look.json;

	return j.kind === "process" ? `ashlar whatis ${j.pid} ${hex(x)}` : "";
}
