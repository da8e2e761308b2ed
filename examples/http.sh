#!/bin/sh
# The mounted store over HTTP: GET, PUT, DELETE, MKCOL, PROPFIND by rclone's WebDAV server (Debian package rclone).
# Names, rights and telemetry are those of the mount: what the server's user may not read or write, nobody may.
#
# usage: examples/http.sh MOUNTPOINT [ADDRESS:PORT]     (default 127.0.0.1:8080; port 0: any free one, which is printed)
# environment: APEXFS_HTTP_USER, APEXFS_HTTP_PASSWORD: who may come in; without them everybody who reaches the address.
# Then, for example:
#   curl -T note.txt http://127.0.0.1:8080/notes/1; curl http://127.0.0.1:8080/notes/1
#   curl -X DELETE http://127.0.0.1:8080/notes/1
# The server shows what the mount lists: .stats, too, when that was mounted with -o fs.virtual_files=listed.
set -eu

fail() {
  echo "http: $*" >&2
  exit 1
}

[ $# -ge 1 ] && [ $# -le 2 ] || fail "usage: examples/http.sh MOUNTPOINT [ADDRESS:PORT]"
[ -d "$1" ] || fail "no folder $1"
command -v rclone > /dev/null || fail "rclone is missing: apt-get install rclone"
mount_point=$1
address=${2:-127.0.0.1:8080}

# No settings of the user's own, and the password not among the arguments, where everybody can read it.
RCLONE_CONFIG=/dev/null
RCLONE_USER=${APEXFS_HTTP_USER:-}
RCLONE_PASS=${APEXFS_HTTP_PASSWORD:-}
export RCLONE_CONFIG RCLONE_USER RCLONE_PASS
# Nothing is kept beside the mount: the kernel and the store cache already, and others change files meanwhile.
exec rclone serve webdav "$mount_point" --addr "$address" --dir-cache-time 0s --poll-interval 0 \
  --vfs-cache-mode off --log-level NOTICE
