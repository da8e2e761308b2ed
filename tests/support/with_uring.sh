#!/bin/sh
# Run a command while the kernel offers FUSE over io_uring to new mounts, if root runs it and the kernel has it;
# else just run it: what needs it says so and is skipped.
#
# The module parameter is the machine's, and other checkouts' tests may run at the same time: each holds a shared lock
# while its command runs, the first notes what it found, and the last puts that back. A lock dies with its holder; the
# note of one that was killed stays until the next is done.
#
# usage: with_uring.sh COMMAND...
set -u

parameter=/sys/module/fuse/parameters/enable_uring
gate=/run/apexfs-enable-uring.gate   # held while the others are looked at
users=/run/apexfs-enable-uring.users # shared by all commands under way; holds what the first found

if [ "$(id -u)" != 0 ] || ! [ -w "$parameter" ]; then
  echo "with_uring: $parameter is not there, or not for this user to set" >&2
  exec "$@"
fi

# The last one to leave, or the first to come, can have it alone.
alone() {
  flock --exclusive --nonblock 8
}

enter() {
  flock --exclusive 9
  if alone && ! [ -s "$users" ]; then
    cat "$parameter" > "$users"
  fi
  flock --shared 8
  echo Y > "$parameter" || echo "with_uring: $parameter cannot be set" >&2
  flock --unlock 9
}

leave() {
  flock --exclusive 9
  flock --unlock 8
  if alone; then
    cat "$users" > "$parameter" || echo "with_uring: $parameter cannot be put back" >&2
    : > "$users"
  fi
  flock --unlock 8
  flock --unlock 9
}

usual_umask=$(umask)
umask 077
exec 9>> "$gate" 8>> "$users"
umask "$usual_umask"
enter
trap 'leave' EXIT
trap 'exit 1' INT TERM HUP
"$@" 8>&- 9>&-
