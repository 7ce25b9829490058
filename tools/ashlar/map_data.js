// SPDX-License-Identifier: MIT
// A look, unpacked: see map_pack.c and map_heap.c for what is in it.
//
//   text ─► base64 ─► zlib ─► numbers ─► arrays, ascending by address
//
// Nothing of it is believed: a count that the bytes cannot hold is an error,
// and so the page says that its data are damaged.
"use strict";

const PAGE = 4096;
const PRESENT = 1, SWAPPED = 2, OF_FILE = 4, MANY = 8, DIRTY = 16, HUGE = 32,
	UNKNOWN = 64;
const NONE = 0, FREE = 1, PCP = 2, USED = 3, SLAB = 4;
const SLOTS_USED = 0, SLOTS_FREE = 1, SLOTS_COUNTED = 2, SLOTS_TOLD = 3;

async function unpack(text) {
	const raw = atob(text), bytes = new Uint8Array(raw.length);

	for (let i = 0; i < raw.length; i++)
		bytes[i] = raw.charCodeAt(i);
	const stream = new Blob([bytes]).stream()
		.pipeThrough(new DecompressionStream("deflate"));
	return new Uint8Array(await new Response(stream).arrayBuffer());
}

class Reader {
	constructor(bytes) {
		this.bytes = bytes;
		this.at = 0;
	}
	number() {
		let n = 0, scale = 1, byte;

		do {
			if (this.at >= this.bytes.length)
				throw new Error("they end too early");
			byte = this.bytes[this.at++];
			n += (byte & 127) * scale;
			scale *= 128;
		} while (byte & 128);
		return n;
	}
	// Of things that take a byte at least.
	count() {
		return this.room(this.number());
	}
	room(n) {
		if (n > this.bytes.length - this.at)
			throw new Error("they promise more than there is");
		return n;
	}
	skip(n) {
		const at = this.at;

		this.at += this.room(n);
		return at;
	}
}

const BITS = new Uint8Array(256).map((_, i) => {
	let n = 0;

	for (; i; i >>= 1)
		n += i & 1;
	return n;
});

function readAreas(r) {
	const n = r.count(), a = {
		n, start: new Float64Array(n), end: new Float64Array(n),
		perms: new Uint8Array(n), kind: new Uint8Array(n),
		name: new Uint32Array(n), rss: new Float64Array(n),
		dirty: new Float64Array(n), shared: new Float64Array(n),
		swap: new Float64Array(n), huge: new Float64Array(n),
	};
	const fields = ["perms", "kind", "name", "rss", "dirty", "shared",
		"swap", "huge"];
	let at = 0;

	for (let i = 0; i < n; i++) {
		a.start[i] = at += r.number() * PAGE;
		a.end[i] = at += r.number() * PAGE;
		for (const f of fields)
			a[f][i] = r.number();
	}
	return a;
}

function readRuns(r) {
	const n = r.count(), runs = {
		n, start: new Float64Array(n), end: new Float64Array(n),
		state: new Uint8Array(n),
	};
	let at = 0;

	for (let i = 0; i < n; i++) {
		runs.start[i] = at += r.number() * PAGE;
		runs.end[i] = at += r.number() * PAGE;
		runs.state[i] = r.number();
	}
	return runs;
}

// A slab's objects. Those that are told have a bit each, and a list of those
// that wait in a thread's list.
function readSlab(r, start, stop) {
	const s = {
		cache: r.number(), first: start + r.number(), slots: r.number(),
		how: r.number(), used: 0, cached: 0, bits: 0, list: 0,
	};

	if (s.slots > (stop - start) / 8)
		throw new Error("a slab has more objects than bytes");
	if (s.how === SLOTS_USED) {
		s.used = s.slots;
	} else if (s.how === SLOTS_COUNTED) {
		s.used = r.number();
		s.cached = r.number();
	} else if (s.how === SLOTS_TOLD) {
		s.bits = r.skip(Math.ceil(s.slots / 8));
		for (let i = s.bits; i < r.at; i++)
			s.used += BITS[r.bytes[i]];
		s.cached = r.count();
		s.list = r.at;
		for (let i = 0; i < s.cached; i++)
			r.number();
	}
	return s;
}

function readNode(r) {
	const base = r.number() * PAGE, frames = r.number();
	const types = r.count(), n = r.count();
	const at = r.skip(types);
	const node = {
		base, end: base + frames * PAGE, n, slabs: [],
		types: r.bytes.subarray(at, at + types),
		start: new Float64Array(n), stop: new Float64Array(n),
		what: new Uint8Array(n), flags: new Uint8Array(n),
		slab: new Int32Array(n).fill(-1),
	};
	let place = base;

	for (let i = 0; i < n; i++) {
		const what = r.number();

		node.what[i] = what & 15;
		node.flags[i] = what >> 4;
		node.start[i] = place;
		node.stop[i] = place += r.number() * PAGE;
		if (node.what[i] === SLAB) {
			node.slab[i] = node.slabs.length;
			node.slabs.push(readSlab(r, node.start[i],
				node.stop[i]));
		}
	}
	return node;
}

function readLarge(r) {
	const n = r.count(), l = {
		n, start: new Float64Array(n), end: new Float64Array(n),
		guarded: new Uint8Array(n),
	};
	let at = 0;

	for (let i = 0; i < n; i++) {
		l.start[i] = at += r.number();
		l.end[i] = at += r.number();
		l.guarded[i] = r.number();
	}
	return l;
}

async function readLook(json) {
	const r = new Reader(await unpack(json.data));
	const spaces = json.spaces.map(s => {
		const space = { name: s.name, end: s.end, groups: s.groups,
			areas: readAreas(r), runs: readRuns(r), nodes: [] };

		for (let n = r.count(); n; n--)
			space.nodes.push(readNode(r));
		space.large = readLarge(r);
		return space;
	});

	return { json, spaces, bytes: r.bytes };
}

// The last of the @n ascending numbers that is not above @x; -1: none is.
function findLast(array, n, x) {
	let low = 0, high = n;

	while (low < high) {
		const mid = (low + high) >> 1;

		if (array[mid] <= x)
			low = mid + 1;
		else
			high = mid;
	}
	return low - 1;
}

// ... and not below the end of its own.
function findIn(start, end, n, x) {
	const i = findLast(start, n, x);

	return i >= 0 && x < end[i] ? i : -1;
}

function slabSize(look, s) {
	const cache = look.json.caches[s.cache];

	return cache ? cache[1] : PAGE;
}

// The numbers of the slots that are free in a thread's list.
function cachedSlots(look, s) {
	const slots = new Set();

	if (s.how === SLOTS_TOLD) {
		const r = new Reader(look.bytes);
		let at = 0;

		r.at = s.list;
		for (let i = 0; i < s.cached; i++)
			slots.add(at += r.number());
	}
	return slots;
}

// Eight slots as bits, from slot 8 * i on; of one that is counted: nothing.
function slabByte(look, s, i) {
	if (s.how === SLOTS_TOLD)
		return look.bytes[s.bits + i];
	if (s.how !== SLOTS_USED)
		return 0;
	return i < s.slots >> 3 ? 255 : (1 << (s.slots & 7)) - 1;
}

const isUsed = (look, s, slot) =>
	(slabByte(look, s, slot >> 3) >> (slot & 7) & 1) === 1;

// All that is known of an address.
function place(look, space, x) {
	const p = { x, area: findIn(space.areas.start, space.areas.end,
		space.areas.n, x) };
	const run = findIn(space.runs.start, space.runs.end, space.runs.n, x);

	p.state = run < 0 ? 0 : space.runs.state[run];
	p.large = findIn(space.large.start, space.large.end, space.large.n, x);
	p.node = space.nodes.findIndex(n => x >= n.base && x < n.end);
	p.block = p.slot = -1;
	if (p.node < 0)
		return p;
	const n = space.nodes[p.node];

	p.block = findIn(n.start, n.stop, n.n, x);
	p.slab = p.block < 0 ? null : n.slabs[n.slab[p.block]] || null;
	if (p.slab && p.slab.slots && x >= p.slab.first) {
		const slot = Math.floor((x - p.slab.first) /
			slabSize(look, p.slab));

		p.slot = slot < p.slab.slots ? slot : -1;
	}
	return p;
}
