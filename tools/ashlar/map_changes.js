// SPDX-License-Identifier: MIT
// What changed from one look to another: both have ascending things, which are
// walked side by side.
//
//   before   | a     |   | b  |
//   now         | a     || c  |        things that are equal have one value
//             ▲  ▲    ▲ ▲
//            gone same  new
const CAME = 0, WENT = 1, ALTERED = 2, SAME = 3;

// Calls @tell(start, end, before, now) for each piece of [from, to); a value of
// 0 is nothing. A list is [start, end, value, n] with value(i).
function sideBySide(a, b, from, to, tell) {
	let i = Math.max(0, findLast(a.start, a.n, from));
	let j = Math.max(0, findLast(b.start, b.n, from)), at = from;

	while (at < to) {
		while (i < a.n && a.end[i] <= at)
			i++;
		while (j < b.n && b.end[j] <= at)
			j++;
		const inA = i < a.n && a.start[i] <= at;
		const inB = j < b.n && b.start[j] <= at;
		const next = Math.min(to, i >= a.n ? to : inA ? a.end[i] :
			a.start[i], j >= b.n ? to : inB ? b.end[j] : b.start[j]);

		if (inA || inB)
			tell(at, next, inA ? a.value(i) : 0,
				inB ? b.value(j) : 0);
		at = next;
	}
}

const change = (a, b) => a && b ? (a === b ? SAME : ALTERED) : b ? CAME : WENT;

// Pages by their state, and frames by what they are used for.
const pageList = s => ({ ...s.runs, value: i => s.runs.state[i] });
const frameList = n => ({ start: n.start, end: n.stop, n: n.n,
	value: i => n.what[i] === FREE || n.what[i] === PCP ||
		n.what[i] === NONE ? 0 : n.what[i] });
const largeList = s => ({ ...s.large, value: () => 1 });
const NOTHING = { start: [], end: [], n: 0 };

function drawList(sheet, a, b) {
	sideBySide(a, b, sheet.view.start, sheet.end, (x, end, was, is) => {
		if (was || is)
			sheet.put(x, end, change(was, is), null,
				sheet.view.cell <= PAGE);
	});
}

// The same slab in the other look, or null.
function sameSlab(node, start, s) {
	const i = node ? findLast(node.start, node.n, start) : -1;
	const t = i < 0 || node.start[i] !== start ? null :
		node.slabs[node.slab[i]];

	return t && t.cache === s.cache && t.first === s.first ? t : null;
}

// How many objects were used before and not now, and so on. Where they are
// only counted, as few as can be have changed.
function countChanges(look, s, before, t) {
	let came = 0, went = 0, same = 0;

	if (!t)
		return [s.used, 0, 0];
	if (s.how === SLOTS_COUNTED || t.how === SLOTS_COUNTED) {
		same = Math.min(s.used, t.used);
		return [s.used - same, t.used - same, same];
	}
	for (let i = 0; i < Math.max(s.slots, t.slots) / 8; i++) {
		const now = i * 8 < s.slots ? slabByte(look, s, i) : 0;
		const was = i * 8 < t.slots ? slabByte(before, t, i) : 0;

		came += BITS[now & ~was];
		went += BITS[was & ~now & 255];
		same += BITS[now & was];
	}
	return [came, went, same];
}

// @gone: the slab is of the other look, and there is none here.
function drawSlab(sheet, look, s, before, t, gone) {
	const size = slabSize(look, s), cell = sheet.view.cell;
	const slots = Math.max(s.slots, t ? t.slots : 0);
	const end = s.first + slots * size;

	if (cell >= PAGE || s.how === SLOTS_COUNTED ||
		(t && t.how === SLOTS_COUNTED)) {
		let counts = countChanges(look, s, before, t);

		if (gone)
			counts = [0, counts[0], 0];
		for (const [i, which] of [CAME, WENT, SAME].entries())
			if (counts[i])
				sheet.tally(s.first, end, which,
					counts[i] / slots);
		return;
	}
	let i = Math.max(0, Math.floor((sheet.view.start - s.first) / size));
	for (; i < slots && s.first + i * size < sheet.end; i++) {
		let now = i < s.slots && isUsed(look, s, i);
		let was = t && i < t.slots && isUsed(before, t, i);

		if (gone)
			[now, was] = [false, now];
		if (now || was)
			sheet.put(s.first + i * size, s.first + (i + 1) * size,
				change(was, now));
	}
}

function drawObjects(sheet, look, before, node, old) {
	for (const i of sheet.shown(node.start, node.stop, node.n)) {
		const s = node.slabs[node.slab[i]];

		if (s)
			drawSlab(sheet, look, s, before,
				sameSlab(old, node.start[i], s), false);
	}
	if (!old)
		return;
	for (const i of sheet.shown(old.start, old.stop, old.n)) {
		const t = old.slabs[old.slab[i]];

		if (t && !sameSlab(node, old.start[i], t))
			drawSlab(sheet, before, t, look, null, true);
	}
}

function drawChanges(sheet, look, before, mode) {
	const now = look.spaces[sheet.view.space];
	const was = before.spaces[sheet.view.space];

	if (mode === "pages" || !was) {
		drawList(sheet, was ? pageList(was) : NOTHING, pageList(now));
		return;
	}
	for (const node of now.nodes) {
		const old = was.nodes.find(n => n.base === node.base);

		if (mode === "frames")
			drawList(sheet, old ? frameList(old) : NOTHING,
				frameList(node));
		else
			drawObjects(sheet, look, before, node, old);
	}
	if (mode === "objects")
		drawList(sheet, largeList(was), largeList(now));
}
