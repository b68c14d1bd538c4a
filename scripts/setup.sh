#!/usr/bin/env bash
# Makes sure that what the build needs is here: Swift, pkg-config, libpng, libtiff, and on Linux KissFFT and libcrypto.
# Installs the libraries with apt-get or Homebrew when they are missing. Does nothing when all is there.
set -euo pipefail

say() { printf '%s\n' "setup: $*" >&2; }

# --- Swift: never installed here, since the ways to install it differ too much --------------------------------------

if ! command -v swift >/dev/null 2>&1; then
    say "swift was not found in PATH."
    say "Install Swift 6.2 or newer: https://www.swift.org/install (on macOS, Xcode 26 has it), then try again."
    exit 1
fi
version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' | head -n 1)
if [ -n "$version" ]; then
    major=${version%%.*}
    minor=${version#*.}
    if [ "$major" -lt 6 ] || { [ "$major" -eq 6 ] && [ "$minor" -lt 2 ]; }; then
        say "Swift $version was found, 6.2 or newer is needed: https://www.swift.org/install"
        exit 1
    fi
fi

# --- The C compiler that comes with Swift: it puts the model into the program with #embed, new in C23 -----------------

if [ -n "${CC:-}" ]; then
    clang=$CC
elif [ "$(uname)" = Darwin ]; then
    clang=$(xcrun --find clang 2>/dev/null || true)
else
    clang=$(dirname "$(command -v swift)")/clang
    [ -x "$clang" ] || clang=$(command -v clang || true)
fi
if [ -n "$clang" ] &&
    ! printf '#ifndef __has_embed\n#error\n#endif\n' | "$clang" -x c -std=gnu2x -fsyntax-only - >/dev/null 2>&1; then
    say "the C compiler $clang does not know #embed of C23; clang 19 or newer does, and so does the one in Swift 6.3."
    say "Install a newer Swift: https://www.swift.org/install, then try again."
    exit 1
fi

# --- Libraries -------------------------------------------------------------------------------------------------------

# Prints what is missing, one name a line: pkg-config, libpng, libtiff, libkissfft, libssl.
missing() {
    if ! command -v pkg-config >/dev/null 2>&1; then
        printf '%s\n' pkg-config libpng libtiff
        [ "$(uname)" = Darwin ] || printf '%s\n' libkissfft libssl
        return
    fi
    # Apple's systems have Fourier transforms and hashes of their own.
    if [ "$(uname)" != Darwin ]; then
        pkg-config --exists kissfft-float 2>/dev/null || echo libkissfft
        # libcrypto is a part of OpenSSL's packages.
        pkg-config --exists libcrypto 2>/dev/null || echo libssl
    fi
    pkg-config --exists libpng 2>/dev/null || echo libpng
    pkg-config --atleast-version=4.5 libtiff-4 2>/dev/null || echo libtiff
}

# Prints the packages that bring $2…, in the words of package manager $1.
packages() {
    local manager=$1 name
    shift
    for name in "$@"; do
        case "$manager:$name" in
            apt:pkg-config) echo pkg-config ;;
            apt:*) echo "$name-dev" ;;
            brew:pkg-config) echo pkgconf ;;
            brew:*) echo "$name" ;;
        esac
    done
}

lacking=$(missing)
[ -n "$lacking" ] || exit 0
# shellcheck disable=SC2086 # names without spaces
set -- $lacking
say "missing: $*"

if [ "$(uname)" = Darwin ] && command -v brew >/dev/null 2>&1; then
    # shellcheck disable=SC2046 # names without spaces
    brew install $(packages brew "$@") || true
elif command -v apt-get >/dev/null 2>&1; then
    as_root=()
    allowed=yes
    if [ "$(id -u)" -ne 0 ]; then
        # Without a terminal nobody can type a password.
        if command -v sudo >/dev/null 2>&1 && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
            as_root=(sudo)
        else
            allowed=no
            say "not root, and sudo cannot be used, so nothing is installed."
        fi
    fi
    if [ "$allowed" = yes ]; then
        say "installing with apt-get: $(packages apt "$@" | tr '\n' ' ')"
        ${as_root[@]+"${as_root[@]}"} apt-get update -qq || say "apt-get update failed; going on with the lists that are here."
        # shellcheck disable=SC2046
        ${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq --no-install-recommends $(packages apt "$@") >&2 || true
    fi
else
    say "apt-get (Debian, Ubuntu) or brew (macOS) was not found, so nothing is installed."
fi

lacking=$(missing)
[ -n "$lacking" ] || { say "all is there now."; exit 0; }
# shellcheck disable=SC2086
set -- $lacking
say "still missing: $*"
if pkg-config --max-version=4.4.99 libtiff-4 2>/dev/null; then
    say "libtiff $(pkg-config --modversion libtiff-4) is here, 4.5 or newer is needed; Debian 12 and Ubuntu 24.04 have it."
fi
say "  Debian, Ubuntu:  apt-get install $(packages apt "$@" | tr '\n' ' ')"
say "  macOS:           brew install $(packages brew "$@" | tr '\n' ' ')"
say "  elsewhere:       libpng 1.6 and libtiff 4.5 or newer with their headers, found by pkg-config as libpng and libtiff-4; on Linux KissFFT and OpenSSL, as kissfft-float and libcrypto"
exit 1
