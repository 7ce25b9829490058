// SPDX-License-Identifier: MIT
// A web service that keeps sessions, packs its answers and hashes them: what
// node asks of malloc beside the heap of its own. Serves on a unix socket.
'use strict';
const crypto = require('crypto');
const http = require('http');
const zlib = require('zlib');

const sessions = new Map();

function answer(url) {
	const key = 's' + url.length * 7919 % 97 + sessions.size % 500;
	const list = sessions.get(key) || [];
	list.push({ url, at: list.length, body: Buffer.alloc(900 + list.length) });
	sessions.set(key, list.slice(-20));
	return JSON.stringify(list.map((one) => ({ url: one.url, at: one.at,
		hash: crypto.createHash('sha1').update(one.body).digest('hex') })));
}

http.createServer((request, response) => {
	zlib.gzip(Buffer.from(answer(request.url)), (error, packed) => {
		response.writeHead(error ? 500 : 200, {
			'Content-Encoding': 'gzip',
			'Content-Length': error ? 0 : packed.length });
		response.end(packed);
	});
}).listen(process.argv[2]);
process.on('SIGTERM', () => process.exit(0));
