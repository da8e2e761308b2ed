#!/bin/sh
# The store over HTTP, by examples/http.sh: what is put there is a file here, and the other way round.
. "$(dirname "$0")/lib.sh"
command -v rclone >/dev/null || skip_all "no rclone"
command -v curl >/dev/null || skip_all "no curl"

server_pid=
leave() {
	status=$?
	trap - EXIT INT TERM HUP
	[ -z "$server_pid" ] || kill "$server_pid" 2>/dev/null
	(exit "$status")
	clean_up
}
trap leave EXIT

server_url() {
	sed -n 's|.*\(http://[0-9.:]*/\).*|\1|p' "$work/server.log" | head -n 1
}

is_serving() {
	[ -n "$(server_url)" ]
}

# http WANTED-STATUS PATH CURL-OPTION...: what the server answers is in $work/answer
http() {
	wanted=$1
	path=$2
	shift 2
	status=$(curl -s -o "$work/answer" -w '%{http_code}' "$@" "$url$path")
	[ "$status" = "$wanted" ] || { echo "status $status"; return 1; }
}

mount_store
APEXFS_HTTP_USER=me APEXFS_HTTP_PASSWORD=word "$(dirname "$0")/../../examples/http.sh" "$mnt" 127.0.0.1:0 \
	>"$work/server.log" 2>&1 &
server_pid=$!
check "the server runs" wait_until is_serving
url=$(server_url)
check "nobody comes in without a password" http 401 ""
me=me:word
echo "first content" >"$work/sent"
check "PUT" http 201 note -u $me -T "$work/sent"
check "it is a file" same "first content" "$(cat "$mnt/note")"
echo "changed here" >"$mnt/note"
check "GET" http 200 note -u $me
check "is what the file holds now" same "changed here" "$(cat "$work/answer")"
check "MKCOL" http 201 folder -u $me -X MKCOL
check "PUT in a folder" http 201 folder/a%20name -u $me -T "$work/sent"
check "it is there" same "first content" "$(cat "$mnt/folder/a name")"
check "MOVE" http 201 folder/a%20name -u $me -X MOVE -H "Destination: ${url}moved"
check "it has moved" same "first content" "$(cat "$mnt/moved")"
check "PROPFIND" http 207 "" -u $me -X PROPFIND -H "Depth: 1"
check "lists it" grep -q moved "$work/answer"
check "DELETE" http 204 note -u $me -X DELETE
check "it has gone" test ! -e "$mnt/note"
check "and is not found" http 404 note -u $me
head -c 3000000 /dev/urandom >"$work/large"
check "PUT of a large file" http 201 large -u $me -T "$work/large"
check "it is whole" cmp "$work/large" "$mnt/large"
check "the store is healthy" same ok "$(stats_value health)"
finish
