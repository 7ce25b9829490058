// SPDX-License-Identifier: MIT
// Hands on the page: mouse, fingers and keys; and its start.

const fingers = new Map();
let pinch = 0, moved = 0, playing = 0;

function pointOf(e) {
	const r = $("memory").getBoundingClientRect();

	return [e.clientX - r.left, e.clientY - r.top];
}

const addressOf = e => pick(sheet.addressAt(...pointOf(e)));

function spread() {
	const [a, b] = [...fingers.values()];

	return b ? Math.hypot(a[0] - b[0], a[1] - b[1]) : 0;
}

function pointerDown(e) {
	fingers.set(e.pointerId, pointOf(e));
	$("memory").setPointerCapture(e.pointerId);
	pinch = spread();
	moved = 0;
}

function pointerMove(e) {
	const now = pointOf(e), was = fingers.get(e.pointerId);

	if (!was) {
		say(addressOf(e));
		return;
	}
	if (fingers.size === 1) {
		const rows = Math.trunc((was[1] - now[1]) / sheet.size);

		moved += Math.abs(was[1] - now[1]) > 4 ? 1 : 0;
		if (!rows)
			return;
		scroll(rows);
	}
	fingers.set(e.pointerId, now);
	const wide = spread();
	if (fingers.size === 2 && pinch && (wide > pinch * 1.5 ||
		wide < pinch / 1.5)) {
		moved = 9;
		zoom(wide > pinch ? 0.5 : 2, addressOf(e));
		pinch = wide;
	}
}

function pointerUp(e) {
	if (fingers.delete(e.pointerId) && !moved)
		go(addressOf(e));
}

function wheel(e) {
	e.preventDefault();
	if (e.shiftKey)
		scroll(Math.sign(e.deltaY) * 4);
	else
		zoom(e.deltaY > 0 ? 2 : 0.5, sheet.addressAt(...pointOf(e)));
}

// The cursor goes on by @cells, and stays in sight.
function move(cells) {
	const end = look.spaces[view.space].end;

	cursor = Math.min(Math.max(0, down(cursor, view.cell) +
		cells * view.cell), end - 1);
	if (cursor < view.start || cursor >= sheet.end)
		view.start += Math.sign(cells) * Math.max(1, sheet.rows >> 1) *
			sheet.columns * view.cell;
	settle();
	if (cursor < view.start || cursor >= sheet.end)
		view.start = cursor;
	settle();
	go(cursor);
}

const KEYS = {
	ArrowLeft: () => move(-1), ArrowRight: () => move(1),
	ArrowUp: () => move(-sheet.columns),
	ArrowDown: () => move(sheet.columns),
	PageUp: () => move(-sheet.columns * sheet.rows),
	PageDown: () => move(sheet.columns * sheet.rows),
	"+": () => zoom(0.5, cursor), "=": () => zoom(0.5, cursor),
	"-": () => zoom(2, cursor),
	Home: () => fit(0, look.spaces[view.space].end),
	Enter: () => focus(...thing(place(look, look.spaces[view.space],
		cursor))),
	Escape: () => showFirst(),
};

function key(e) {
	if (!KEYS[e.key] || e.ctrlKey || e.altKey || e.metaKey)
		return;
	e.preventDefault();
	KEYS[e.key]();
}

function play() {
	const stop = () => {
		clearInterval(playing);
		playing = 0;
		$("play").textContent = "▶";
	};

	if (playing) {
		stop();
		return;
	}
	$("play").textContent = "❚❚";
	if (at === data.looks.length - 1)
		at = -1;
	playing = setInterval(async () => {
		await changeLook(at + 1);
		if (at >= data.looks.length - 1)
			stop();
	}, 700);
}

function resize() {
	const middle = cursor;

	sheet.layout();
	settle();
	if (middle < view.start || middle >= sheet.end) {
		view.start = middle;
		settle();
	}
	draw();
}

function listen() {
	const canvas = $("memory");

	canvas.addEventListener("pointerdown", pointerDown);
	canvas.addEventListener("pointermove", pointerMove);
	canvas.addEventListener("pointerup", pointerUp);
	canvas.addEventListener("pointercancel", e =>
		fingers.delete(e.pointerId));
	canvas.addEventListener("pointerleave", () => say(cursor));
	canvas.addEventListener("wheel", wheel, { passive: false });
	canvas.addEventListener("dblclick", e => {
		cursor = addressOf(e);
		focus(...thing(place(look, look.spaces[view.space], cursor)));
		say(cursor);
	});
	canvas.addEventListener("keydown", key);
	$("in").onclick = () => zoom(0.5, cursor);
	$("out").onclick = () => zoom(2, cursor);
	$("all").onclick = () => fit(0, look.spaces[view.space].end);
	$("play").onclick = play;
	$("time").oninput = e => changeLook(+e.target.value);
	$("changes").firstElementChild.onchange = () => changeLook(at);
	$("tools").onsubmit = e => {
		e.preventDefault();
		search();
	};
	addEventListener("resize", resize);
	matchMedia("(prefers-color-scheme: dark)").addEventListener("change",
		() => {
			sheet.forgetColours();
			showLegend();
			draw();
		});
}

async function begin() {
	data = JSON.parse($("data").textContent);
	const last = data.looks.length - 1;

	$("changes").hidden = $("film").hidden = !last;
	$("time").max = last;
	$("changes").firstElementChild.checked = data.is_diff;
	// The drawing goes, its colours stay.
	document.head.append($("column").querySelector("style"));
	sheet = new Sheet($("memory"));
	await showLook(data.is_diff ? last : 0);
	document.body.classList.add("live");
	$("sheet").hidden = $("tools").hidden = false;
	sheet.layout();
	listen();
	chooseSpace(0);
}

begin().catch(e => {
	$("facts").textContent = "The data of this page are damaged, or this " +
		`browser is too old for them (${e.message}); the drawing ` +
		"below needs neither.";
});
