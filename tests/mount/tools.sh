#!/bin/sh
# Programs that keep trees of files: git, rsync, tar, cp, vim, sed, make, shelve, find, rm. What they leave is what they
# leave in a plain folder, also after kill -9 and a mount.
# environment: APEX_TOOLS_FILES, how many files are made and removed at once (10000)
. "$(dirname "$0")/lib.sh"

for program in git rsync make gcc python3; do
	command -v "$program" >/dev/null || skip_all "$program is not installed"
done
vim=$(command -v vim || command -v vim.tiny || command -v vi) || skip_all "vim is not installed"
many=${APEX_TOOLS_FILES:-10000}
plain=$work/plain
mkdir "$plain"
HOME=$work
export HOME
# Without an fsync of each object: they took most of the time here. programs.sh has a git with them.
printf '[core]\n\tfsync = none\n' >"$HOME/.gitconfig"
GIT_CONFIG_NOSYSTEM=1
export GIT_CONFIG_NOSYSTEM

mount_store

# both COMMAND...: once in a plain folder, once in the mount
both() {
	(cd "$plain" && "$@") && (cd "$mnt" && "$@")
}

# facts FOLDER: kind, mode, time, size and target of each entry
facts() {
	(cd "$1" && find . ! -type d -printf '%P %y %m %T@ %s %l\n' -o -printf '%P %y %m %T@\n' | sort)
}

# same_trees A B: contents and facts; of trees whose folders' times were set by hand, as others are kept in memory only
same_trees() {
	diff -r --no-dereference "$1" "$2" || return 1
	facts "$1" >"$work/facts.a"
	facts "$2" >"$work/facts.b"
	diff "$work/facts.a" "$work/facts.b"
}

# silent COMMAND...: it succeeds and has nothing to say
silent() {
	"$@" >"$work/said" 2>&1 || { cat "$work/said"; return 1; }
	cat "$work/said"
	[ ! -s "$work/said" ]
}

# make_files FOLDER COUNT: in subfolders of a hundred, small ones and a few of 100 kB, some modes, links and times
make_files() {
	python3 - "$1" "$2" <<-'END'
		import os, random, sys
		top, count = sys.argv[1], int(sys.argv[2])
		random.seed(count)
		for i in range(count):
		    folder = f"{top}/d{i // 100}"
		    if i % 100 == 0:
		        os.makedirs(folder)
		        os.symlink(f"../d{i // 100}/f{i}", f"{folder}/link")
		    name = f"{folder}/f{i}"
		    with open(name, "w") as f:
		        for line in range(2000 if i % 200 == 7 else random.randrange(12)):
		            f.write(f"line {line} of {i}: {random.getrandbits(160):x}\n")
		    if i % 9 == 0:
		        os.chmod(name, 0o755 if i % 2 else 0o600)
		    if i % 10 == 0:
		        os.utime(name, ns=(i * 10**9, i * 10**9 + i))
	END
}

# ---- git: equal trees, authors and dates are equal commits ----

commit() {
	git add -A && GIT_AUTHOR_DATE=2001-02-03T04:05:06Z GIT_COMMITTER_DATE=2001-02-03T04:05:06Z \
		git -c user.name=a -c user.email=a@localhost commit -q -m "$1"
}
git_work() {
	git init -q -b main repository && cd repository && make_files . 2000 && commit one &&
		git checkout -q -b side && sed -i 's/line 1 of/line one of/' d3/f* d7/f* && rm d5/f5?? &&
		git mv d1 moved && commit two &&
		git checkout -q main && [ ! -e moved ] && sed -i '$d' d9/f* && commit three &&
		GIT_COMMITTER_DATE=2001-02-03T04:05:06Z GIT_AUTHOR_DATE=2001-02-03T04:05:06Z \
			git -c user.name=a -c user.email=a@localhost merge -q -m four side &&
		git gc -q && git checkout -q side && git checkout -q main
}
# What can be said of it without its place.
git_says() {
	(cd "$1/repository" && git rev-parse HEAD HEAD^1 HEAD^2 && git status --porcelain &&
		git fsck --strict --full 2>&1 && git count-objects)
}
check "git: 2000 files, branches, a merge, gc" both git_work
check "the commits are those of a plain folder, fsck finds them whole" same "$(git_says "$plain")" "$(git_says "$mnt")"
check "its files too" diff -r --no-dereference --exclude=.git "$plain/repository" "$mnt/repository"
check "git clone within the mount" git clone -q "$mnt/repository" "$mnt/clone"
check "the clone is the same" diff -r --no-dereference --exclude=.git "$plain/repository" "$mnt/clone"
rm -rf "$mnt/clone"

# ---- a tree is carried in and out ----

make_files "$work/tree" 1000
head -c 3000000 /dev/urandom >"$work/tree/large"

# Times that differ by less than a second differ.
sync_tree() {
	rsync -a --modify-window=-1 "$@" "$work/tree/" "$mnt/rsync/"
}
rsync_back() {
	rsync -a --modify-window=-1 "$mnt/rsync/" "$work/back/" && same_trees "$work/tree" "$work/back"
}
check "rsync -a" sync_tree
check "a second one has nothing to send" silent sync_tree --itemize-changes
check "nor when it compares contents" silent sync_tree --itemize-changes --checksum
rm -r "$work/tree/d2" "$work/tree/d3/"*7
sed -i 's/line 2 of/line two of/' "$work/tree/d4/"f*
chmod 640 "$work/tree/d6/"f*
make_files "$work/tree/new" 200
echo more >>"$work/tree/large"
check "rsync -a --delete after changes" sync_tree --delete
check "a second one has nothing to send or delete" silent sync_tree --delete --itemize-changes
printf changed | dd of="$work/tree/large" bs=1000 seek=1234 conv=notrunc 2>/dev/null
check "rsync --inplace, only what differs" sync_tree --inplace --no-whole-file
check "the trees are the same" same_trees "$work/tree" "$mnt/rsync"
check "and once more when it is carried out" rsync_back

tar_in() {
	mkdir "$mnt/tar" && tar -C "$work/tree" --format=posix -cf "$mnt/tree.tar" . && tar -C "$mnt/tar" -xpf "$mnt/tree.tar"
}
tar_compare() {
	tar -C "$mnt/tar" --compare -f "$mnt/tree.tar"
}
check "tar out of a plain folder and into the mount" tar_in
check "tar --compare finds no difference" silent tar_compare
check "nor does diff" same_trees "$work/tree" "$mnt/tar"
check "tar of the mount's tree, compared with the plain one" sh -c \
	"tar -C '$mnt/tar' --format=posix -cf - . | tar -C '$work/tree' --compare -f -"

check "cp -a within the mount" cp -a "$mnt/rsync" "$mnt/cp"
check "it is the same" same_trees "$work/tree" "$mnt/cp"

# ---- editors ----

# save OPTION... FILE: as an editor does that was asked to replace words
save() {
	"$vim" -es -u NONE -i NONE "$@" -c '%s/line/row/e' -c 'wq!' </dev/null
}
edit() {
	make_files edited 250 && cd edited &&
		for file in d0/f1[0-2]; do save -c 'set backupcopy=no' "$file" || return 1; done &&
		for file in d0/f2[0-2]; do save -c 'set backupcopy=yes' "$file" || return 1; done &&
		for file in d0/f3[0-2] d0/link; do save -c 'set backup' "$file" || return 1; done &&
		save d0/f7 && save -c 'set noswapfile nowritebackup' d0/f8 &&
		for file in d1/f*[05]; do sed -i 's/of/OF/' "$file" || return 1; done &&
		sed -i.orig '1d' d2/f* && sed -i 's/line 3/LINE 3/' d2/f*
}
check "vim and sed -i save files" both edit
check "they are as in a plain folder" diff -r --no-dereference "$plain/edited" "$mnt/edited"
check "with their modes" same "$(cd "$plain/edited" && find . -printf '%P %y %m\n' | sort)" \
	"$(cd "$mnt/edited" && find . -printf '%P %y %m\n' | sort)"

# ---- make ----

write_project() {
	mkdir project && cd project && echo '#define STEP 1' >step.h || return 1
	i=0
	while [ "$i" -lt 8 ]; do
		printf '#include "step.h"\nint f%d(void);\nint f%d(void) { return %d * STEP; }\n' $i $i $i >f$i.c
		i=$((i + 1))
	done
	{
		seq 0 7 | sed 's/.*/int f&(void);/'
		echo 'int main(void) { return 0'
		seq 0 7 | sed 's/.*/+ f&()/'
		echo '; }'
	} >main.c
	cat >Makefile <<-'END'
		objects = $(patsubst %.c,%.o,$(wildcard *.c))
		program: libf.a main.o ; gcc -o $@ main.o libf.a
		libf.a: $(filter-out main.o,$(objects)) ; ar rcs $@ $^
		$(objects): %.o: %.c step.h ; gcc -c -o $@ $<
	END
}
# The program ends with the sum of all.
program_says() {
	"$mnt/project/program"
	echo $?
}
build_project() {
	make -s -j2 -C "$mnt/project" program
}
rebuild_project() {
	echo '#define STEP 2' >"$mnt/project/step.h" && ! make -q -C "$mnt/project" program && build_project
}
(cd "$mnt" && write_project)
check "make -j2 builds it" build_project
check "the program runs" same 28 "$(program_says)"
check "nothing is left to build" make -q -C "$mnt/project" program
check "a changed header builds it anew" rebuild_project
check "the new program runs" same 56 "$(program_says)"

# ---- shelve, with each of python's databases ----

shelve() {
	python3 - "$mnt" "$1" <<-'END'
		import dbm, importlib, shelve, sys
		folder, what = sys.argv[1:]
		def check(expected, actual):
		    if expected != actual:
		        sys.exit(f"{kind}: {len(expected)} keys expected, {len(actual)} there")
		for kind in ("dbm.gnu", "dbm.ndbm", "dbm.dumb"):
		    try:
		        module = importlib.import_module(kind)
		    except ImportError:
		        continue
		    expected = {f"key {i}": ["value", i * (7 if i % 3 else 5), "x" * i] for i in range(300) if i % 11}
		    def opened(flag):
		        return shelve.Shelf(module.open(f"{folder}/shelf-{kind}", flag))
		    if what == "fill":
		        with opened("n") as shelf:
		            for i in range(300):
		                shelf[f"key {i}"] = ["value", i * 7, "x" * i]
		        with opened("w") as shelf:
		            for i in range(0, 300, 3):
		                shelf[f"key {i}"] = ["value", i * 5, "x" * i]
		            for i in range(0, 300, 11):
		                del shelf[f"key {i}"]
		    with opened("r") as shelf:
		        check(expected, dict(shelf))
	END
}
check "python shelve" shelve fill

# ---- many files ----

make_many() {
	mkdir "$mnt/many" && make_files "$mnt/many" $((many / 2)) &&
		(cd "$mnt/many" && seq -f 'flat%.0f' $((many / 2)) | xargs touch)
}
count_many() {
	find "$mnt/many" -type f | wc -l
}
delete_some() {
	find "$mnt/many" -name '*3' -type f -delete && find "$mnt/many" -path "$mnt/many/d1*" -delete
}
# What the same two patterns leave.
expected_many() {
	awk -v n=$((many / 2)) 'BEGIN {
		for (i = 1; i <= n; i++) count += i % 10 != 3
		for (i = 0; i < n; i++) count += i % 10 != 3 && int(i / 100) !~ /^1/
		print count
	}'
}
check "$many files are made" make_many
check "they are there" same "$many" "$(count_many)"
check "find -delete of some" delete_some
check "the others are there" same "$(expected_many)" "$(count_many)"

# ---- the daemon dies, and another one finds all of it ----

check "fsync" sync "$mnt/tree.tar"
kill_daemon
detach
mount_store
check "after kill -9 git fsck finds the same commits whole" same "$(git_says "$plain")" "$(git_says "$mnt")"
check "its files too" diff -r --no-dereference --exclude=.git "$plain/repository" "$mnt/repository"
check "rsync has nothing to send or delete" silent sync_tree --delete --itemize-changes --checksum
check "tar --compare finds no difference" silent tar_compare
check "the unpacked tree is the same" same_trees "$work/tree" "$mnt/tar"
check "the copied tree is the same" same_trees "$work/tree" "$mnt/cp"
check "the edited files are the same" diff -r --no-dereference "$plain/edited" "$mnt/edited"
check "nothing is left to build" make -q -C "$mnt/project" program
check "the program runs" same 56 "$(program_says)"
check "the shelves are whole" shelve look
check "what find -delete left is there" same "$(expected_many)" "$(count_many)"

check "rm -rf" rm -rf "$mnt/many" "$mnt/repository" "$mnt/rsync" "$mnt/tar" "$mnt/cp" "$mnt/edited" "$mnt/project"
check "nothing of it is left" same "shelf tree.tar" "$(cd "$mnt" && ls | sed 's/-.*//' | sort -u | xargs)"
remount
check "nor after a remount" same "shelf tree.tar" "$(cd "$mnt" && ls | sed 's/-.*//' | sort -u | xargs)"
check "the store is healthy" same ok "$(stats_value health)"
stop_daemon
apexkv=$(find_program apexkv)
check "apexkv finds no damage" "$apexkv" "$store" verify
finish
