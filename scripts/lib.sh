# SPDX-License-Identifier: GPL-2.0
# Shared by all bash scripts, also those of vm/ and bench/; sourced, not run.

# Without this, set -e ends a script silently. Functions and subshells inherit the
# trap by -E, and a command substitution ends at its first failure, too.
set -E
shopt -s inherit_errexit
trap 'echo "${BASH_SOURCE[0]##*/}: line $LINENO: \"$BASH_COMMAND\" failed" >&2' ERR

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUILD=$ROOT/build
BASE_TREE=$BUILD/linux-source-6.12
BASE_TARBALL=${LINUX_SOURCE:-/usr/src/linux-source-6.12.tar.xz}
TREE=$BUILD/linux
STATE=$BUILD/state
JOBS=${JOBS:-$(nproc)}

# `make test M=big` must not reach kbuild, where M= names a module.
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL M T O

# One cache serves every clone: no path and no date takes part in the key.
export CCACHE_BASEDIR=$ROOT CCACHE_NOHASHDIR=1
export KBUILD_BUILD_TIMESTAMP='2024-11-17 00:00:00 UTC'
export KBUILD_BUILD_USER=build KBUILD_BUILD_HOST=localhost
export KBUILD_BUILD_VERSION=1
export LC_ALL=C
export PATH=$BUILD/bin:$PATH

say() {
	printf '%s: %s\n' "${0##*/}" "$*"
}

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo --preserve-env=DEBIAN_FRONTEND "$@"
	else
		die "needs root to run '$*': install sudo or run it as root"
	fi
}

# Runs the rest of the calling script alone, because two makes may run at once.
lock() {
	mkdir -p "$STATE"
	exec {LOCK_FD}>"$STATE/$1.lock"
	if ! flock -n "$LOCK_FD"; then
		say "waiting for another '$1' to end"
		flock "$LOCK_FD"
	fi
}

# The files of the repository that are laid over the base, relative to it.
overlay_files() {
	local dir

	cd "$ROOT"
	for dir in kernel include tools Documentation; do
		[ -d "$dir" ] || continue
		find "$dir" -type f ! -name '*~' ! -name '*.orig' \
			! -name '*.rej' ! -name '*.o' ! -name '.*.sw?' \
			! -name '*.pyc'
	done | sort
}

# The names in patches/series, in order.
series_patches() {
	[ -f "$ROOT/patches/series" ] || return 0
	sed -e 's/[[:space:]]*#.*//' -e '/^[[:space:]]*$/d' "$ROOT/patches/series"
}

# The files that the patches given as arguments touch.
patched_files() {
	[ $# -gt 0 ] || return 0
	awk '/^--- /         { old = $2 }
	     /^\+\+\+ [ab]\// { print substr($2, 3) }
	     /^\+\+\+ \/dev\/null/ { print substr(old, 3) }' "$@" | sort -u
}

# The newest clang that can build today's BPF schedulers, 19 preferred.
find_clang() {
	local v

	for v in 19 22 21 20 18 17 16; do
		if command -v "clang-$v" >/dev/null; then
			command -v "clang-$v"
			return
		fi
	done
	return 1
}
