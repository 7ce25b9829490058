// SPDX-License-Identifier: MIT
// Hot loops for the JIT, garbage, buffers, compression, worker threads and
// child processes.
'use strict';
const { Worker, isMainThread, parentPort, workerData } =
	require('worker_threads');
const { execFileSync } = require('child_process');
const crypto = require('crypto');
const zlib = require('zlib');
const fs = require('fs');

function objects(seed, n) {
	const map = new Map();
	let x = seed;
	for (let i = 0; i < n; i++) {
		x = (Math.imul(x, 1103515245) + 12345) & 0x7fffffff;
		const key = 'k' + x % 1009;
		const list = map.get(key) || [];
		list.push({ i, x, text: key.repeat(x % 5) });
		map.set(key, list.slice(-20));
	}
	return [...map.keys()].sort().reduce((sum, key) => (sum * 31 +
		map.get(key).reduce((a, o) => a + o.x % 7 + o.text.length, 0))
		% 1000003, 0);
}

function buffers(seed) {
	const pieces = [];
	for (let i = 0; i < 300; i++)
		pieces.push(Buffer.alloc(i * 50 + seed, 'piece' + i));
	const all = Buffer.concat(pieces);
	const packed = zlib.gzipSync(zlib.deflateSync(all, { level: 9 }));
	const back = zlib.inflateSync(zlib.gunzipSync(packed));
	return crypto.createHash('sha256').update(back).digest('hex') +
		back.equals(all);
}

function parsed() {
	const text = JSON.stringify(Array.from({ length: 20000 },
		(_, i) => ({ id: i, tags: ['a' + i, 'b' + i % 7] })));
	const found = text.match(/"b[0-6]"/g).length;
	return [JSON.parse(text).filter((o) => o.tags[1] === 'b3').length,
		found, eval('(' + text.slice(0, 2000).replace(/,[^,]*$/, '')
			.replace(/,[^,}]*$/, '') + '])') .length];
}

async function main() {
	const maps = fs.readFileSync('/proc/self/maps', 'utf8');
	if (!maps.includes(process.env.MAPPED))
		throw new Error('runs without ' + process.env.MAPPED);
	console.log('main:', objects(1, 300000), buffers(3));
	const workers = Array.from({ length: 6 }, (_, i) =>
		new Promise((resolve, reject) => {
			const worker = new Worker(__filename, { workerData: i });
			worker.on('message', resolve);
			worker.on('error', reject);
		}));
	console.log('workers:', await Promise.all(workers));
	const stopped = new Worker('for (;;) new Array(1000).fill({});',
		{ eval: true });
	await new Promise((resolve) => stopped.once('online', resolve));
	await new Promise((resolve) => setTimeout(resolve, 200));
	console.log('stopped:', await stopped.terminate());
	for (let i = 0; i < 3; i++)
		console.log(execFileSync(process.execPath, ['-p',
			`Buffer.alloc(${i + 1} * 1e6, 'x').toString().length`],
			{ encoding: 'utf8' }).trim());
	const deflated = await Promise.all(Array.from({ length: 20 }, (_, i) =>
		new Promise((resolve) => zlib.brotliCompress(
			Buffer.alloc(20000, 'text' + i), { params: {
				[zlib.constants.BROTLI_PARAM_QUALITY]: 5 } },
			(error, out) => resolve(error || out.length)))));
	console.log('brotli:', deflated.join(' '));
	const wasm = new WebAssembly.Memory({ initial: 1, maximum: 500 });
	for (let i = 0; i < 10; i++)
		wasm.grow(20);
	console.log('wasm:', wasm.buffer.byteLength);
}

if (isMainThread)
	main();
else
	parentPort.postMessage(objects(workerData, 100000) + ' ' +
		buffers(workerData).slice(0, 16));
