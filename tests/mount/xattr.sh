#!/bin/sh
# Extended attributes: off unless asked for, and then as xattr(7) has them.
. "$(dirname "$0")/lib.sh"

command -v python3 >/dev/null || skip_all "no python3"

# py STATEMENTS: in the mount; an error is its name
py() {
	(cd "$mnt" && python3 -c "
import errno, os, sys
try:
$(printf '%s\n' "$1" | sed 's/^/    /')
except OSError as e:
    print(errno.errorcode[e.errno])")
}

mount_store
echo hello >"$mnt/file"
check "without the option there are none" same ENOTSUP "$(py 'os.setxattr("file", "user.a", b"1")')"
py 'os.getxattr("file", "user.a")' >/dev/null
asked=$(stats_value fuse_getxattr)
echo again >>"$mnt/file"
ls -l "$mnt" >/dev/null
check "and the kernel does not ask for them" same "$asked" "$(stats_value fuse_getxattr)"
remount -o fs.xattr=on

check "one is set" same "" "$(py 'os.setxattr("file", "user.a", b"1")')"
check "and read" same 1 "$(py 'print(os.getxattr("file", "user.a").decode())')"
py 'os.setxattr("file", "user.b", bytes(range(256)))'
check "a value may have any bytes" same True \
	"$(py 'print(os.getxattr("file", "user.b") == bytes(range(256)))')"
check "they are listed" same "['user.a', 'user.b']" "$(py 'print(sorted(os.listxattr("file")))')"
check "XATTR_CREATE" same EEXIST "$(py 'os.setxattr("file", "user.a", b"2", os.XATTR_CREATE)')"
check "XATTR_REPLACE" same ENODATA "$(py 'os.setxattr("file", "user.c", b"2", os.XATTR_REPLACE)')"
check "one is removed" same ENODATA \
	"$(py 'os.removexattr("file", "user.b"); os.removexattr("file", "user.b")')"
check "a name of 255 bytes" same "" "$(py 'os.setxattr("file", "user." + "n" * 250, b"1")')"
check "a name of 256 bytes" same ERANGE "$(py 'os.setxattr("file", "user." + "n" * 251, b"1")')"
check "a value of 64000 bytes" same 64000 \
	"$(py 'os.setxattr("file", "user.l", b"x" * 64000); print(len(os.getxattr("file", "user.l")))')"
check "two of them are too much" same ENOSPC "$(py 'os.setxattr("file", "user.m", b"x" * 64000)')"
check "a value over 64 KiB" same E2BIG "$(py 'os.setxattr("file", "user.m", b"x" * 65537)')"
check "a small buffer is refused" same ERANGE "$(py '
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
n = libc.getxattr(b"file", b"user.l", ctypes.create_string_buffer(10), 10)
print(errno.errorcode[ctypes.get_errno()] if n < 0 else n)')"
py 'os.removexattr("file", "user.l"); os.removexattr("file", "user." + "n" * 250)'

echo more >>"$mnt/file"
chmod 600 "$mnt/file"
truncate -s 100000 "$mnt/file"
mv "$mnt/file" "$mnt/moved"
check "they survive write, chmod, truncate and mv" same "['user.a']" "$(py 'print(os.listxattr("moved"))')"
printf short >"$mnt/moved"
check "and a new content" same 1 "$(py 'print(os.getxattr("moved", "user.a").decode())')"
mkdir "$mnt/folder"
check "a folder has them" same folder \
	"$(py 'os.setxattr("folder", "user.f", b"folder"); print(os.getxattr("folder", "user.f").decode())')"
check "the root has none" same ENOTSUP "$(py 'os.setxattr(".", "user.f", b"1")')"
ln -s moved "$mnt/link"
check "a link has none of a user's" same EPERM \
	"$(py 'os.setxattr("link", "user.a", b"1", follow_symlinks=False)')"
if [ "$(id -u)" = 0 ]; then
	check "but trusted ones" same "['trusted.t']" "$(py '
os.setxattr("link", "trusted.t", b"1", follow_symlinks=False)
print(os.listxattr("link", follow_symlinks=False))')"
else
	check "trusted ones are root's" same EPERM "$(py 'os.setxattr("moved", "trusted.t", b"1")')"
fi
check "other kinds are not offered" same ENOTSUP "$(py 'os.getxattr("moved", "system.posix_acl_access")')"
check "a virtual file has none" same "[]" "$(py 'print(os.listxattr(".stats"))')"
check "and gets none" same EACCES "$(py 'os.setxattr(".stats", "user.a", b"1")')"

check "the key can be asked for" same "folder/file" \
	"$(echo x >"$mnt/folder/file"; py 'print(os.getxattr("folder/file", "user.apex.key").decode())')"
check "and the size" same 2 "$(py 'print(os.getxattr("folder/file", "user.apex.size").decode())')"
check "and the time" same "$(stat -c %Y "$mnt/folder/file")" \
	"$(py 'print(int(os.getxattr("folder/file", "user.apex.mtime_ns")) // 10**9)')"
check "and the seqno" test 0 -lt "$(py 'print(os.getxattr("folder/file", "user.apex.seq").decode())')"
check "but not set" same EPERM "$(py 'os.setxattr("moved", "user.apex.seq", b"1")')"

py 'import shutil; shutil.copy2("moved", "copy")'
check "a copy takes them along" same 1 "$(py 'print(os.getxattr("copy", "user.a").decode())')"
kill_daemon
detach
mount_store -o fs.xattr=on
check "they survive kill -9" same 1 "$(py 'print(os.getxattr("moved", "user.a").decode())')"
remount
chmod 644 "$mnt/moved"
echo more >>"$mnt/moved"
remount -o fs.xattr=on
check "and a time without the option" same 1 "$(py 'print(os.getxattr("moved", "user.a").decode())')"
check "a folder's too" same folder "$(py 'print(os.getxattr("folder", "user.f").decode())')"

# What it costs: the kernel asks for security.capability before each write.
echo v >"$mnt/cost"
before=$(stats_value fuse_getxattr)
for i in 1 2 3 4 5 6 7 8 9 10; do
	echo "$i" >>"$mnt/cost"
done
check "a write costs one request more" at_most 10 $(($(stats_value fuse_getxattr) - before))
before=$(stats_value fuse_getxattr)
cat "$mnt/cost" "$mnt/cost" >/dev/null
check "a read costs none" same "$before" "$(stats_value fuse_getxattr)"
check "the store is healthy" same ok "$(stats_value health)"
finish
