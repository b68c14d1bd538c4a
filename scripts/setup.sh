#!/usr/bin/env bash
# Checks the requirements of the build: Swift, pkg-config, libpng, libtiff, and on Linux KissFFT and libcrypto.
# Installs missing libraries with apt-get or Homebrew. Does nothing if all requirements are met.
set -euo pipefail

say() { printf '%s\n' "setup: $*" >&2; }

# What a command that installs begins with where one is not root.
sudo=
[ "$(id -u)" -eq 0 ] || sudo="sudo "

# --- Swift: not installed here, because the ways to install it differ too much --------------------------------------

if ! command -v swift >/dev/null 2>&1; then
    say "swift was not found in PATH."
    say "Install Swift 6.2 or newer: https://www.swift.org/install (on macOS, part of Xcode 26), then try again."
    exit 1
fi
# A toolchain whose own libraries are missing exists but cannot start; its parts need different ones.
said=
for part in "swift" "swift build"; do
    # shellcheck disable=SC2086 # two words
    said=$($part --version 2>&1) && continue
    say "$(command -v swift) exists, but '$part --version' fails:"
    printf '%s\n' "$said" | head -n 5 | sed 's/^/    /' >&2
    if command -v apt-get >/dev/null 2>&1; then
        say "Install the packages that Swift needs on Debian and Ubuntu, then try again:"
        say "  ${sudo}apt-get install binutils g++ git gnupg2 libc6-dev libcurl4-openssl-dev libedit2" \
            "libncurses-dev libpython3-dev libsqlite3-0 libxml2-dev libz3-dev tzdata uuid-dev zlib1g-dev"
    else
        say "Install what it lacks, or install it again: https://www.swift.org/install, then try again."
    fi
    exit 1
done
version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' | head -n 1)
if [ -n "$version" ]; then
    major=${version%%.*}
    minor=${version#*.}
    if [ "$major" -lt 6 ] || { [ "$major" -eq 6 ] && [ "$minor" -lt 2 ]; }; then
        say "Swift $version was found; 6.2 or newer is required: https://www.swift.org/install"
        exit 1
    fi
fi

# --- The C compiler of the Swift toolchain: it embeds the models with #embed, new in C23 ------------------------------

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
    say "the C compiler $clang does not support #embed of C23; clang 19 or newer does, as in Swift 6.3."
    say "Install a newer Swift: https://www.swift.org/install, then try again."
    exit 1
fi

# --- Libraries -------------------------------------------------------------------------------------------------------

# Prints missing requirements, one per line: pkg-config, libpng, libtiff, libkissfft, libssl.
missing() {
    if ! command -v pkg-config >/dev/null 2>&1; then
        printf '%s\n' pkg-config libpng libtiff
        [ "$(uname)" = Darwin ] || printf '%s\n' libkissfft libssl
        return
    fi
    # macOS includes Fourier transforms and hashes.
    if [ "$(uname)" != Darwin ]; then
        pkg-config --exists kissfft-float 2>/dev/null || echo libkissfft
        # libcrypto is part of the OpenSSL packages.
        pkg-config --exists libcrypto 2>/dev/null || echo libssl
    fi
    pkg-config --exists libpng 2>/dev/null || echo libpng
    pkg-config --atleast-version=4.5 libtiff-4 2>/dev/null || echo libtiff
}

# Prints the names that package manager $1 uses for the packages of $2….
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
        # Without a terminal, sudo cannot ask for a password.
        if command -v sudo >/dev/null 2>&1 && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
            as_root=(sudo)
        else
            allowed=no
            say "not root, and sudo is unavailable, so nothing is installed."
        fi
    fi
    if [ "$allowed" = yes ]; then
        say "installing with apt-get: $(packages apt "$@" | tr '\n' ' ')"
        ${as_root[@]+"${as_root[@]}"} apt-get update -qq ||
            say "apt-get update failed; continuing with the existing package lists."
        # shellcheck disable=SC2046
        ${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq --no-install-recommends $(packages apt "$@") >&2 || true
    fi
else
    say "apt-get (Debian, Ubuntu) or brew (macOS) was not found, so nothing is installed."
fi

lacking=$(missing)
[ -n "$lacking" ] || { say "all requirements are met now."; exit 0; }
# shellcheck disable=SC2086
set -- $lacking
say "still missing: $*"
if pkg-config --max-version=4.4.99 libtiff-4 2>/dev/null; then
    say "libtiff $(pkg-config --modversion libtiff-4) was found; 4.5 or newer is required (Debian 12, Ubuntu 24.04)."
fi
if [ "$(uname)" = Darwin ]; then
    say "  brew install $(packages brew "$@" | tr '\n' ' ')"
else
    say "  Debian, Ubuntu:  ${sudo}apt-get install $(packages apt "$@" | tr '\n' ' ')"
    say "  elsewhere:       libpng 1.6, libtiff 4.5 or newer, KissFFT and OpenSSL with headers, as libpng, libtiff-4," \
        "kissfft-float and libcrypto in pkg-config"
fi
exit 1
