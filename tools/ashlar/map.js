// SPDX-License-Identifier: MIT
// The page: a column of areas as textbooks draw them, and a sheet to zoom into.
//
//   column (boxes)     path: all › area › slab › object
//                      sheet ◄── wheel, drag, pinch, keys, search
//                      words about what is pointed at
//
// A film has a slider; the changes of a look are those from the one before.
const $ = id => document.getElementById(id);
const LOOKS_KEPT = 6;
let data, sheet, looks = new Map(), at = 0, look, before = null;
let view = { space: 0, start: 0, cell: 1 }, mode, cursor = 0;
let drawn = false;

function element(tag, properties, ...children) {
	const e = Object.assign(document.createElement(tag), properties);

	e.append(...children);
	return e;
}

// ---- the view ----

function down(x, step) {
	return Math.floor(x / step) * step;
}

function settle() {
	const space = look.spaces[view.space], row = sheet.columns * view.cell;
	const last = Math.max(0, space.end - sheet.rows * row);

	view.start = down(Math.min(Math.max(0, view.start),
		down(last + row - 1, row)), row);
	sheet.view = view;
}

// As few bytes a cell as show all of [start, end).
function fit(start, end) {
	const cells = sheet.rows * sheet.columns;

	view.cell = 1;
	while (down(start, sheet.columns * view.cell) + cells * view.cell < end)
		view.cell *= 2;
	view.start = start;
	settle();
	draw();
}

// One thing among its neighbours.
function focus(start, end) {
	view.cell = 1;
	while (view.cell * sheet.columns < (end - start) * 4)
		view.cell *= 2;
	view.start = start - Math.floor(sheet.rows / 3) * sheet.columns *
		view.cell;
	settle();
	draw();
}

function zoom(factor, x) {
	const row = Math.floor((x - view.start) /
		(sheet.columns * view.cell));
	const cell = view.cell * factor;
	const most = look.spaces[view.space].end / sheet.columns;

	if (cell < 1 || cell > Math.max(1, most))
		return;
	view.cell = cell;
	view.start = down(x, sheet.columns * cell) -
		Math.min(Math.max(row, 0), sheet.rows - 1) * sheet.columns *
		cell;
	settle();
	draw();
}

function scroll(rows) {
	view.start += rows * sheet.columns * view.cell;
	settle();
	draw();
}

// ---- drawing ----

function draw() {
	if (drawn)
		return;
	drawn = true;
	requestAnimationFrame(() => {
		drawn = false;
		sheet.draw(look, before, view, mode);
		mark();
		showPath();
		showBox();
	});
}

// The smallest thing that @x is in.
function thing(p) {
	const space = look.spaces[view.space], n = space.nodes[p.node];

	if (p.slot >= 0) {
		const size = slabSize(look, p.slab);

		return [p.slab.first + p.slot * size,
			p.slab.first + (p.slot + 1) * size];
	}
	if (p.large >= 0)
		return [space.large.start[p.large], space.large.end[p.large]];
	if (n && p.block >= 0)
		return [n.start[p.block], n.stop[p.block]];
	if (p.area >= 0)
		return [down(p.x, PAGE), down(p.x, PAGE) + PAGE];
	return [p.x, p.x + 1];
}

function mark() {
	const p = place(look, look.spaces[view.space], cursor);
	let [start, end] = thing(p);

	if (end - start < view.cell)
		[start, end] = [down(start, view.cell),
			down(start, view.cell) + view.cell];
	sheet.outline(start, end, sheet.colour("mark"));
}

// ---- words ----

function say(x) {
	const lines = describe(look, view, x), command = commandFor(look, x);
	const said = [element("p", {}, element("code", {}, hex(x)), " ",
		lines[0])];

	if (before) {
		const was = describe(before, view, x)[0];

		said.push(element("p", {}, was === lines[0] ?
			"It was so before." : `Before: ${was}`));
	}
	for (const line of lines.slice(1))
		said.push(element("p", {}, line));
	if (command)
		said.push(element("p", {}, "More: ", element("code", {},
			command)));
	$("said").replaceChildren(...said);
}

// Where little is mapped, a cell is not empty because its middle is.
function pick(x) {
	const space = look.spaces[view.space], first = down(x - view.start,
		view.cell) + view.start;
	const lists = [[space.runs.start, space.runs.n],
		[space.areas.start, space.areas.n]];

	if (view.cell <= PAGE || place(look, space, x).state)
		return x;
	for (const [start, n] of lists) {
		const i = findLast(start, n, first - 1) + 1;

		if (i < n && start[i] < first + view.cell)
			return start[i];
	}
	return x;
}

function go(x) {
	cursor = x;
	draw();
	say(x);
}

function crumb(text, start, end, near) {
	return element("button", { type: "button", textContent: text,
		onclick: () => near ? focus(start, end) : fit(start, end) });
}

function showPath() {
	const space = look.spaces[view.space];
	const p = place(look, space, cursor), crumbs = [];
	const g = space.groups.find(b => cursor >= b.start && cursor < b.end);
	const a = space.areas, n = space.nodes[p.node];

	crumbs.push(crumb(`All ${bytesText(space.end)}`, 0, space.end));
	if (g)
		crumbs.push(crumb(g.label, g.start, g.end));
	if (p.area >= 0 && g && g.areas > 1)
		crumbs.push(crumb(rights(a.perms[p.area]) + " " +
			bytesText(a.end[p.area] - a.start[p.area]),
		a.start[p.area], a.end[p.area]));
	if (p.slab)
		crumbs.push(crumb("slab of " +
			(look.json.caches[p.slab.cache] || ["?"])[0],
		n.start[p.block], n.stop[p.block]));
	if (p.area >= 0)
		crumbs.push(crumb("page", down(cursor, PAGE),
			down(cursor, PAGE) + PAGE));
	if (p.slot >= 0)
		crumbs.push(crumb(`object ${p.slot + 1}`, ...thing(p), true));
	$("path").replaceChildren(...crumbs);
}

// ---- the column ----

function bar(g) {
	const parts = [["dirty", Math.min(g.dirty, g.rss)], ["clean", 0],
		["many", 0], ["swap", g.swap]];
	const e = element("span", { className: "bar" });

	parts[2][1] = Math.min(g.shared, g.rss - parts[0][1]);
	parts[1][1] = g.rss - parts[0][1] - parts[2][1];
	for (const [name, kb] of parts)
		if (kb > 0)
			e.append(element("i", { style: `background:var(--${name
			});width:${100 * kb * 1024 / g.bytes}%` }));
	return e;
}

function box(g) {
	const e = element("button", { type: "button", className: "box" },
		element("b", {}, g.label), element("small", {},
			`${bytesText(g.bytes)}${g.rss ? " · " +
				bytesText(g.rss * 1024) + " " + held(look) :
				""}`),
		bar(g), element("code", {}, hex(g.start)));

	e.style.setProperty("--kind", `var(--k-${g.kind})`);
	e.style.minHeight = 54 + 3 * Math.log2(1 + g.bytes / 2 ** 20) + "px";
	e.start = g.start;
	e.end = g.end;
	e.onclick = () => {
		cursor = g.start;
		fit(g.start, g.end);
		say(cursor);
	};
	return e;
}

function showColumn() {
	const space = look.spaces[view.space], all = [];
	const gap = bytes => element("div", { className: "gap" },
		`${bytesText(bytes)} not mapped`);
	let above = space.end;

	for (const g of space.groups) {
		if (g.end < above)
			all.push(gap(above - g.end));
		all.push(box(g));
		above = g.start;
	}
	if (above > 0)
		all.push(gap(above));
	$("column").replaceChildren(...all);
}

function showBox() {
	for (const b of $("column").children)
		b.classList.toggle("here", cursor >= b.start && cursor < b.end);
}

// ---- choices ----

function choice(id, names, chosen, act) {
	$(id).replaceChildren(...names.map(([value, text]) => {
		const b = element("button", { type: "button",
			textContent: text, onclick: () => act(value) });

		b.setAttribute("aria-pressed", value === chosen);
		return b;
	}));
}

function showLegend() {
	const space = look.spaces[view.space];
	const has = space.nodes.map(n => new Set(n.what));
	const classes = CLASSES[before ? "changes" : mode].filter(c =>
		before || mode !== "frames" || has.some(s =>
			[FREE, FREE, FREE, PCP, USED, SLAB, 5, 6, 7, 8].some(
				(w, i) => s.has(w) &&
					CLASSES.frames[i][0] === c[0])));
	const chips = classes.map(([name, text]) => {
		const i = element("i"), type = TYPES.indexOf(name);

		i.style.setProperty("--c", sheet.colour(name));
		if (!before && mode === "frames" && type >= 0) {
			i.className = "scale";
			i.style.setProperty("--c", "linear-gradient(90deg," +
				[0, 3, 6, 10].map(o => sheet.freeColour(
					type << 1, o)).join() + ")");
			text += ", order 0 to 10";
		}
		if (look.json.kind === "machine")
			text = text.replace("thread", "processor");
		return element("span", {}, i, text);
	});

	if (!before && mode === "pages")
		chips.push(element("span", {}, "a line below: huge page"));
	$("legend").replaceChildren(...chips);
}

function choose(what) {
	const names = [["pages", "Pages"], ["frames", "Frames"],
		["objects", "Objects"]];
	const space = look.spaces[view.space];

	mode = what;
	if (!space.nodes.length)
		names.length = 1;
	else if (!space.nodes.some(n => n.slabs.length))
		names.length = 2;
	if (look.json.kind === "machine")
		names.shift();
	choice("mode", names.length > 1 ? names : [], mode, choose);
	showLegend();
	draw();
}

function chooseSpace(i) {
	view.space = i;
	choice("space", look.spaces.length > 1 ?
		look.spaces.map((s, j) => [j, s.name]) : [], i, chooseSpace);
	showColumn();
	showFirst();
}

// ---- looks ----

async function fetchLook(i) {
	let l = looks.get(i);

	if (!l)
		l = await readLook(data.looks[i]);
	looks.delete(i);
	looks.set(i, l);
	if (looks.size > LOOKS_KEPT)
		looks.delete(looks.keys().next().value);
	return l;
}

async function showLook(i) {
	const changes = $("changes").firstElementChild.checked && i > 0;
	const next = await fetchLook(i);

	before = changes ? await fetchLook(i - 1) : null;
	look = next;
	at = i;
	$("time").value = i;
	$("when").textContent = `${i + 1} of ${data.looks.length}, ` +
		look.json.taken;
	showFacts();
	showColumn();
}

async function changeLook(i) {
	await showLook(i);
	showLegend();
	draw();
	say(cursor);
}

function showFacts() {
	const j = look.json, f = j.facts, notes = j.notes;
	const rss = l => 1024 * l.spaces[l.spaces.length - 1].groups.reduce(
		(n, g) => n + g.rss, 0);
	const signed = (n, text) => (n < 0 ? "−" : "+") + text(Math.abs(n));
	const facts = [j.label, `${bytesText(rss(look))} ${held(look)}`,
		many(look.spaces[0].areas.n, "mapping")];

	if (f.slots)
		facts.push(`${many(f.used, "object")} in use`);
	if (before)
		facts.push(`since the look before ${signed(rss(look) -
			rss(before), bytesText)}${f.slots ? ", " +
			signed(f.used - (before.json.facts.used || 0),
				n => many(n, "object")) + ", " +
			signed(look.spaces[0].large.n - before.spaces[0].large
				.n, n => many(n, "large block")) : ""}`);
	facts.push(j.taken);
	document.title = $("title").textContent = j.title || "Address space";
	$("facts").textContent = facts.join(" · ");
	$("more").hidden = !notes.length;
	$("more").firstElementChild.textContent = notes.length === 1 ?
		"A note" : `${notes.length} notes`;
	$("notes").replaceChildren(...notes.map(n => element("li", {}, n)));
}

// True if the slab is the program's, and there is something in it.
function isTelling(s) {
	const cache = s && look.json.caches[s.cache];

	return cache && !cache[3] && s.slots > 8 && s.used > 0;
}

// How much there is to see of a group: what changed most, the malloc's memory
// where most of that is, or what is resident.
function worth(g) {
	const was = before && before.spaces[view.space].groups.find(b =>
		b.start === g.start || b.end === g.end);
	const change = !before ? 0 : was ? Math.abs(g.rss - was.rss) +
		Math.abs(g.bytes - was.bytes) / 1024 : g.bytes / 1024;

	return change * 2 ** 40 + (g.kind === "malloc" ? 2 ** 32 : 0) + g.rss;
}

// What there is most to see of: the malloc's memory, or what is resident.
function showFirst() {
	const space = look.spaces[view.space];
	const best = space.groups.reduce((b, g) => worth(g) > worth(b) ? g : b,
		space.groups[0]);
	const node = space.nodes[0];
	let i = 0;

	while (node && i < node.n && !isTelling(node.slabs[node.slab[i]]))
		i++;
	cursor = node && i < node.n ? node.slabs[node.slab[i]].first :
		best ? best.start : 0;
	choose(node ? look.json.kind === "machine" ? "frames" : "objects" :
		"pages");
	if (best && (cursor < best.start || cursor >= best.end))
		cursor = best.start;
	if (best)
		fit(best.start, best.end);
	say(cursor);
}

// ---- search ----

// [start, end, near] of all that a word finds.
function find(word) {
	const space = look.spaces[view.space], found = [];
	const a = space.areas, w = word.toLowerCase();

	if (/^(0x)?[0-9a-f]{3,16}$/i.test(word)) {
		const x = parseInt(word, 16);

		return x < space.end ? [[x, x + 1, true]] : [];
	}
	for (let i = 0; i < a.n; i++)
		if (areaName(look, space, i).toLowerCase().includes(w))
			found.push([a.start[i], a.end[i], false]);
	const caches = look.json.caches.map(c => c[0].toLowerCase().includes(w));
	for (const n of space.nodes)
		for (let i = 0; i < n.n && found.length < 10000; i++) {
			const s = n.slabs[n.slab[i]];

			if (s && caches[s.cache])
				found.push([n.start[i], n.stop[i], false]);
		}
	return found;
}

let searched = "", found = [], which = 0;

function search() {
	const word = $("search").value.trim();

	if (!word)
		return;
	which = word === searched ? which + 1 : 0;
	if (word !== searched)
		found = find(word);
	searched = word;
	if (!found.length) {
		$("said").replaceChildren(element("p", {},
			`Nothing here is “${word}”: want an address, or a part ` +
			"of the name of a mapping or a slab cache."));
		return;
	}
	const [start, end, near] = found[which % found.length];
	const p = place(look, look.spaces[view.space], start);

	cursor = start;
	if (near)
		focus(...thing(p));
	else
		fit(start, end);
	say(start);
	if (found.length > 1)
		$("said").prepend(element("p", {}, `${which % found.length + 1
		} of ${found.length}; Enter shows the next.`));
}
