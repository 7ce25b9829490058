#!/bin/bash
# SPDX-License-Identifier: MIT
# Two worker processes under load: static files, compression, a proxy, a reload
# in the middle and a graceful end. What arrives must be what was stored.
set -euo pipefail
. "$PROGRAMS/common.sh"

mkdir root
chmod 755 . root
seq 100000 >root/large.txt
seq 300 >root/small.txt
printf '<p>%s</p>\n' {1..3000} >root/page.html
cat >nginx.conf <<END
daemon off;
worker_processes 2;
pid nginx.pid;
error_log nginx.log warn;
events { worker_connections 128; }
http {
	access_log off;
	gzip on;
	gzip_comp_level 6;
	gzip_types text/html text/plain;
	default_type text/plain;
	client_body_temp_path body;
	proxy_temp_path proxy;
	fastcgi_temp_path fastcgi;
	scgi_temp_path scgi;
	uwsgi_temp_path uwsgi;
	server {
		listen unix:http.sock;
		root $PWD/root;
		location /via/ { proxy_pass http://unix:$PWD/http.sock:/; }
		location /made { return 200 "\$args"; }
	}
}
END

nginx -p . -c nginx.conf -e nginx.log &
master=$!
until_true curl -s --unix-socket http.sock http://localhost/small.txt
mapped master $master
# shellcheck disable=SC2046 # each process is a word
mapped workers $(children $master)
/usr/bin/python3 "$PROGRAMS/nginx.py" &
client=$!
sleep 0.3
kill -HUP $master
wait $client
curl -sI --unix-socket http.sock http://localhost/small.txt | grep -i length
kill -QUIT $master
wait $master
grep -c -E 'exited on signal|alloc' nginx.log || true
