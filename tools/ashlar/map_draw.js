// SPDX-License-Identifier: MIT
// The sheet: memory as cells, row by row, each so many bytes that what is
// looked at fits.
//
//   address ─► cell = (address - start) / bytes of a cell ─► row, column
//
//   what takes a cell or more    drawn as it is, with its edges
//   what takes less              summed up: its cell has a mixed colour
//
// From cells of gigabytes down to cells of one byte it is the same drawing.

// What states are drawn as; the words are the legend's.
const CLASSES = {
	pages: [["dirty", "in memory, dirty: nowhere else"],
		["clean", "in memory, clean: as in a file"],
		["many", "in memory, clean, shared by processes"],
		["swap", "swapped"], ["unknown", "not looked at"]],
	frames: [["movable", "free, movable"], ["unmovable", "free, unmovable"],
		["reclaimable", "free, reclaimable"],
		["pcp", "free, in a thread's list"],
		["block", "pages in use"], ["slab", "slab: a hue for each cache"],
		["used", "programs' pages"], ["clean", "files' pages"],
		["same", "the kernel's"], ["large", "huge pages"]],
	objects: [["used", "object in use"],
		["cached", "free, in a thread's list"],
		["free", "free object"], ["bare", "never used"],
		["block", "pages in use"], ["large", "large block"],
		["none", "free frames"]],
	changes: [["came", "new"], ["went", "gone"], ["altered", "changed"],
		["same", "as before"]],
};
const TYPES = ["unmovable", "movable", "reclaimable"];
const HUES = { unmovable: 350, movable: 212, reclaimable: 140 };
const FRAME_CLASS = [-1, 0, 3, 4, 5, 6, 7, 8, 9];

const pageClass = state => state & SWAPPED ? 3 : state & UNKNOWN ? 4 :
	state & DIRTY ? 0 : state & MANY ? 2 : state & PRESENT ? 1 : -1;
const frameType = flags => TYPES[flags >> 1] || "movable";
const orderOf = frames => Math.round(Math.log2(frames));

class Sheet {
	constructor(canvas) {
		this.canvas = canvas;
		this.pen = canvas.getContext("2d");
		this.known = new Map();
	}

	// ---- colours ----

	forgetColours() {
		this.known.clear();
	}
	colour(name) {
		let c = this.known.get(name);

		if (c)
			return c;
		const style = getComputedStyle(document.documentElement);
		if (name in HUES)
			c = `hsl(${HUES[name]} 58% ${style
				.getPropertyValue("--light")})`;
		else if (name === "slab")
			c = style.getPropertyValue("--dim");
		else
			c = style.getPropertyValue("--" + name).trim();
		this.pen.fillStyle = c || "#888";
		c = this.pen.fillStyle;
		this.known.set(name, c);
		return c;
	}
	get dark() {
		return matchMedia("(prefers-color-scheme: dark)").matches;
	}
	slabColour(cache) {
		const hue = (cache * 137.5 + 190) % 360;

		return this.dark ? `hsl(${hue} 34% 46%)` : `hsl(${hue} 42% 66%)`;
	}
	freeColour(flags, order) {
		const hue = HUES[frameType(flags)], n = Math.min(order, 10) / 10;
		const light = this.dark ? 22 + 26 * n : 90 - 34 * n;

		return `hsl(${hue} ${26 + 22 * n}% ${light}%)`;
	}

	// ---- places ----

	layout() {
		const c = this.canvas, scale = devicePixelRatio || 1;

		this.width = c.clientWidth;
		this.height = c.clientHeight;
		c.width = Math.round(this.width * scale);
		c.height = Math.round(this.height * scale);
		this.pen.setTransform(scale, 0, 0, scale, 0, 0);
		this.left = this.width < 600 ? 86 : 104;
		const room = this.width - this.left - 8;
		this.columns = 2 ** Math.max(3, Math.floor(Math.log2(room / 7)));
		this.size = room / this.columns;
		this.rows = Math.max(1, Math.floor((this.height - 12) / this.size));
		this.top = 6;
	}
	get row() {
		return this.columns * this.view.cell;
	}
	get bytes() {
		return this.rows * this.row;
	}
	get end() {
		return this.view.start + this.bytes;
	}
	// The address at a point of the canvas, which may lie beside the cells.
	addressAt(x, y) {
		const column = Math.min(Math.max((x - this.left) / this.size, 0),
			this.columns - 0.001);
		const row = Math.min(Math.max(Math.floor((y - this.top) /
			this.size), 0), this.rows - 1);

		return Math.floor(this.view.start + row * this.row +
			column * this.view.cell);
	}

	// ---- drawing ----

	// Calls @draw(x, y, width, first, last) for each row of [start, end).
	each(start, end, draw) {
		start = Math.max(start, this.view.start);
		end = Math.min(end, this.end);
		while (start < end) {
			const row = Math.floor((start - this.view.start) /
				this.row);
			const first = this.view.start + row * this.row;
			const stop = Math.min(end, first + this.row);
			const x = (start - first) / this.view.cell * this.size;

			draw(this.left + x, this.top + row * this.size,
				(stop - start) / this.view.cell * this.size,
				start, stop);
			start = stop;
		}
	}
	span(start, end, colour, edge) {
		const pen = this.pen, size = this.size;

		pen.fillStyle = colour;
		this.each(start, end, (x, y, width) => {
			const gap = edge && width > 3 ? 1 : 0;

			pen.fillRect(x, y, Math.max(width - gap, 0.6),
				size - (edge ? 1 : 0));
		});
	}
	// Around all rows at once: right from the first, back below the last.
	outline(start, end, colour) {
		const pen = this.pen, h = this.size, rows = [];

		this.each(start, end, (x, y, width) => rows.push([x - 1, y - 1,
			Math.max(x + width, x + 3)]));
		if (!rows.length)
			return;
		const [x, y, right] = rows[0], last = rows[rows.length - 1];
		const wide = Math.max(right, last[2], ...rows.slice(1, -1)
			.map(r => r[2])), left = last[0];

		pen.strokeStyle = colour;
		pen.lineWidth = 2;
		pen.beginPath();
		for (const point of [[x, y], [wide, y], [wide, last[1]],
			[last[2], last[1]], [last[2], last[1] + h + 1],
			[left, last[1] + h + 1], [left, y + h], [x, y + h]])
			pen.lineTo(...point);
		pen.closePath();
		pen.stroke();
	}
	// @part of the bytes [start, end) are of a class.
	tally(start, end, which, part = 1) {
		const cell = this.view.cell, classes = this.classes.length;

		start = Math.max(start, this.view.start);
		end = Math.min(end, this.end);
		while (start < end) {
			const i = Math.floor((start - this.view.start) / cell);
			const stop = Math.min(end,
				this.view.start + (i + 1) * cell);

			this.sums[i * classes + which] += (stop - start) * part;
			start = stop;
		}
	}
	// As it is where it takes a cell, else in sum.
	put(start, end, which, colour, edge = true) {
		if (which < 0)
			return;
		if (end - start >= this.view.cell)
			this.span(start, end, colour ||
				this.colour(this.classes[which][0]), edge);
		else
			this.tally(start, end, which);
	}
	paintSums() {
		const n = this.classes.length, pen = this.pen;
		const rgb = this.classes.map(c => {
			const h = parseInt(this.colour(c[0]).slice(1, 7), 16);

			return [h >> 16, h >> 8 & 255, h & 255];
		});

		for (let i = 0; i < this.rows * this.columns; i++) {
			let sum = 0, r = 0, g = 0, b = 0;

			for (let c = 0; c < n; c++) {
				const part = this.sums[i * n + c];

				sum += part;
				r += part * rgb[c][0];
				g += part * rgb[c][1];
				b += part * rgb[c][2];
			}
			if (!sum)
				continue;
			pen.globalAlpha = 0.3 + 0.7 *
				Math.min(1, sum / this.view.cell);
			pen.fillStyle = `rgb(${r / sum},${g / sum},${b / sum})`;
			pen.fillRect(this.left + i % this.columns * this.size,
				this.top + Math.floor(i / this.columns) *
				this.size, this.size - 0.8, this.size - 0.8);
		}
		pen.globalAlpha = 1;
	}

	// Indices of [start, end) of those that overlap what is shown.
	*shown(start, end, n) {
		let i = Math.max(0, findLast(start, n, this.view.start));

		for (; i < n && start[i] < this.end; i++)
			if (end[i] > this.view.start)
				yield i;
	}

	// ---- what there is ----

	areas(look, space) {
		const a = space.areas, pen = this.pen;
		let last = -1;

		for (const i of this.shown(a.start, a.end, a.n)) {
			const colour = this.colour("k-" +
				(look.json.kinds[a.kind[i]] || "other"));

			if (a.end[i] - a.start[i] >= this.view.cell) {
				pen.globalAlpha = this.tint;
				this.span(a.start[i], a.end[i], colour, false);
			} else {
				const cell = Math.floor((a.start[i] -
					this.view.start) / this.view.cell);

				if (cell === last)
					continue;
				last = cell;
				pen.globalAlpha = 0.3;
				this.span(this.view.start + cell *
					this.view.cell, this.view.start +
					(cell + 1) * this.view.cell, colour,
					true);
			}
		}
		pen.globalAlpha = 1;
	}
	pages(look, space) {
		const runs = space.runs, single = this.view.cell <= PAGE;

		for (const i of this.shown(runs.start, runs.end, runs.n)) {
			const which = pageClass(runs.state[i]);
			let x = runs.start[i];

			if (!single) {
				this.put(x, runs.end[i], which, null, false);
				this.under(runs, i);
				continue;
			}
			x += PAGE * Math.max(0, Math.floor((this.view.start -
				x) / PAGE));
			for (; x < runs.end[i] && x < this.end; x += PAGE)
				this.put(x, x + PAGE, which);
			this.under(runs, i);
		}
	}
	// Huge pages have a line below them.
	under(runs, i) {
		if (!(runs.state[i] & HUGE))
			return;
		this.pen.fillStyle = this.colour("mark");
		this.pen.globalAlpha = 0.55;
		this.each(runs.start[i], runs.end[i], (x, y, width) =>
			this.pen.fillRect(x, y + this.size - 2.4, width, 1.4));
		this.pen.globalAlpha = 1;
	}
	frames(look, space) {
		for (const node of space.nodes)
			for (const i of this.shown(node.start, node.stop,
				node.n))
				this.block(node, i);
	}
	block(node, i) {
		const start = node.start[i], end = node.stop[i];
		const what = node.what[i], flags = node.flags[i];
		let which = FRAME_CLASS[what] ?? -1, colour = null;

		if (what === FREE) {
			which = ["movable", "unmovable", "reclaimable"]
				.indexOf(frameType(flags));
			colour = this.freeColour(flags,
				orderOf((end - start) / PAGE));
		} else if (what === SLAB && node.slabs[node.slab[i]]) {
			colour = this.slabColour(node.slabs[node.slab[i]].cache);
		}
		this.put(start, end, which, colour);
		if (what === FREE)
			this.order(start, end);
	}
	// The order of a free block, where there is room for a number.
	order(start, end) {
		const row = Math.ceil((start - this.view.start) / this.row);

		if (end - start < 4 * this.row || row < 0)
			return;
		this.pen.fillStyle = this.colour("ink");
		this.pen.font = "600 12px system-ui, sans-serif";
		this.pen.fillText(`order ${orderOf((end - start) / PAGE)}`,
			this.left + 6, this.top + row * this.size + 15);
	}
	objects(look, space) {
		const l = space.large;

		for (const node of space.nodes) {
			for (const i of this.shown(node.start, node.stop,
				node.n)) {
				if (node.what[i] === SLAB)
					this.slab(look, node, i);
				else if (node.what[i] === FREE ||
					node.what[i] === PCP)
					this.put(node.start[i], node.stop[i], 6);
				else if (node.what[i] !== NONE)
					this.put(node.start[i], node.stop[i], 4);
			}
		}
		for (const i of this.shown(l.start, l.end, l.n))
			this.put(l.start[i], l.end[i], 5);
	}
	slab(look, node, i) {
		const s = node.slabs[node.slab[i]], size = slabSize(look, s);
		const end = s.first + s.slots * size;

		if (end < node.stop[i])
			this.put(end, node.stop[i], 3, null, false);
		if (!s.slots)
			return;
		if (s.how === SLOTS_COUNTED || this.view.cell >= PAGE) {
			this.tally(s.first, end, 0, s.used / s.slots);
			this.tally(s.first, end, 1, s.cached / s.slots);
			this.tally(s.first, end, 2,
				1 - (s.used + s.cached) / s.slots);
			return;
		}
		this.slots(look, s, size);
	}
	slots(look, s, size) {
		const cached = cachedSlots(look, s);
		let slot = Math.max(0, Math.floor((this.view.start - s.first) /
			size));

		for (; slot < s.slots; slot++) {
			const x = s.first + slot * size;

			if (x >= this.end)
				break;
			this.put(x, x + size, isUsed(look, s, slot) ? 0 :
				cached.has(slot) ? 1 : 2);
		}
	}

	// ---- all of it ----

	gutter() {
		const pen = this.pen, every = Math.ceil(16 / this.size);
		const digits = this.space.end > 2 ** 32 ? 12 : 8;

		pen.font = `${this.width < 600 ? 10 : 11.5}px ui-monospace, ` +
			"monospace";
		pen.fillStyle = this.colour("dim");
		pen.textAlign = "right";
		for (let i = 0; i < this.rows; i += every) {
			const at = this.view.start + i * this.row;

			if (at < this.space.end)
				pen.fillText(at.toString(16)
					.padStart(digits, "0"), this.left - 8,
				this.top + i * this.size + 9);
		}
		pen.textAlign = "left";
	}
	// What lies behind the last address is no memory.
	paper() {
		const end = this.space.end;

		this.pen.clearRect(0, 0, this.width, this.height);
		this.span(this.view.start, Math.min(end, this.end),
			this.colour("soft"), false);
	}
	draw(look, before, view, mode) {
		const space = look.spaces[view.space];

		this.view = view;
		this.space = space;
		this.classes = CLASSES[before ? "changes" : mode];
		this.sums = new Float64Array(this.rows * this.columns *
			this.classes.length);
		this.paper();
		this.tint = before ? 0.05 : 0.13;
		this.areas(look, space);
		if (before)
			drawChanges(this, look, before, mode);
		else
			this[mode](look, space);
		this.paintSums();
		this.gutter();
	}
}
