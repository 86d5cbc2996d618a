#!/usr/bin/env bash
# Installs a release build into a scratch folder and packs it twice: what is in it, does it run, does it repeat?
# usage: test_package.sh BUILD_FOLDER VERSION
set -euo pipefail

build=$1
version=$2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

cmake --install "$build" --prefix "$scratch/usr" >"$scratch/install.log"
export PKG_CONFIG_PATH=$scratch/usr/share/pkgconfig
[ "$(pkg-config --modversion excalibur-exs)" = "$version" ] || fail "pkg-config does not know the version"
[ -x "$(pkg-config --variable=bindir excalibur-exs)/exs-miner" ] || fail "pkg-config does not find exs-miner"
# The libraries: each example is built as its head says, and runs; another program links the drop-in.
if command -v cc >/dev/null; then
    export PKG_CONFIG_PATH=$PKG_CONFIG_PATH:$(dirname "$(find "$scratch/usr" -name exs.pc)")
    export LD_LIBRARY_PATH
    LD_LIBRARY_PATH=$(pkg-config --variable=libdir exs)
    for example in "$scratch"/usr/share/doc/excalibur-exs/examples/*.c; do
        read -ra flags <<<"$(pkg-config --cflags --libs exs)"
        cc -Wall -Werror "$example" "${flags[@]}" -o "$scratch/example" || fail "$example does not build"
        case $example in
        */verify_block.c) "$scratch/example" 2>"$scratch/usage" || grep -q "^usage:" "$scratch/usage" || fail "$example" ;;
        *) "$scratch/example" >"$scratch/said" || fail "$example: $(cat "$scratch/said")" ;;
        esac
    done
    echo '#include <bitcoinconsensus.h>
    int main(void) { return bitcoinconsensus_version() != BITCOINCONSENSUS_API_VER; }' >"$scratch/version.c"
    read -ra flags <<<"$(pkg-config --cflags --libs libbitcoinconsensus)"
    cc -Wall -Werror "$scratch/version.c" "${flags[@]}" -o "$scratch/version" && "$scratch/version" ||
        fail "a program with libbitcoinconsensus"
    unset LD_LIBRARY_PATH
fi
for program in exs-miner exs-verify exs-bench; do
    "$scratch/usr/bin/$program" --help >"$scratch/$program.help" || fail "$program --help exits with $?"
    options=$(grep -oE -- '^ +(-., )?--[a-z-]+' "$scratch/$program.help" | grep -oE -- '--[a-z-]+')
    [ -n "$options" ] || fail "$program --help names no option"
    manual=$(gzip -dc "$scratch/usr/share/man/man1/$program.1.gz" | sed 's|[\]||g')
    for option in $options; do
        grep -qE -- "$option"'([^a-z-]|$)' <<<"$manual" || fail "the man page of $program lacks $option"
    done
done

# The completion of bash, asked as bash asks it; what it names must be an option.
completion=$scratch/usr/share/bash-completion/completions/exs-miner
complete_word() {
    bash -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _exs_miner 2>/dev/null
             printf "%s\n" "${COMPREPLY[@]}"' bash "$completion" "$scratch/usr/bin/exs-miner" "$@"
}
[ "$(complete_word --pool-s)" = --pool-strategy ] || fail "the completion does not know --pool-strategy"
[ "$(complete_word --display f)" = full ] || fail "the completion does not know --display full"
[ "$(complete_word --display = l)" = line ] || fail "the completion does not know --display=line"
complete_word --kernel gen | grep -qx generic || fail "the completion does not know the kernels"
[ "$(complete_word -- --)" = "$(grep -oE -- '^ +(-., )?--[a-z-]+' "$scratch/exs-miner.help" | grep -oE -- '--[a-z-]+')" ] ||
    fail "the completion offers other options than --help"
for option in $(grep -oE -- '--[a-z-]+( \||\))' "$completion" | grep -oE -- '--[a-z-]+'); do
    grep -qE -- "^ +(-., )?$option([^a-z-]|\$)" "$scratch/exs-miner.help" || fail "the completion names $option, which is none"
done

# The services, with the program where it was installed here.
if command -v systemd-analyze >/dev/null; then
    for unit in exs-miner.service exs-verify.service; do
        sed -E "s|^(ExecStart=)/usr|\1$scratch/usr|; /^Documentation=/d" \
            "$scratch/usr/lib/systemd/system/$unit" >"$scratch/$unit"
        systemd-analyze verify "$scratch/$unit" 2>"$scratch/verify.log" && [ ! -s "$scratch/verify.log" ] ||
            fail "the systemd unit $unit: $(cat "$scratch/verify.log")"
    done
fi

for tool in dpkg-deb dpkg-shlibdeps file; do
    if ! command -v $tool >/dev/null; then
        echo "skipped: the Debian package, for want of $tool"
        exit 0
    fi
done

# The same sources and the same date give the same package, at whatever time it is made.
export SOURCE_DATE_EPOCH=1700000000
pack() {
    mkdir "$scratch/$1"
    (cd "$build" && cpack -B "$scratch/$1" >"$scratch/$1/cpack.log") || {
        cat "$scratch/$1/cpack.log" >&2
        fail "cpack"
    }
}
pack one
sleep 1.1 # the archive's times are in seconds
pack two
deb=$(cd "$scratch/one" && echo excalibur-exs_"$version"*.deb)
cmp "$scratch/one/$deb" "$scratch/two/$deb" || fail "the package differs when made twice"

# The maker's umask reaches the modes of the archive that a package is, but nothing within.
(umask 077 && pack private)
cmp <(dpkg-deb --fsys-tarfile "$scratch/one/$deb") <(dpkg-deb --fsys-tarfile "$scratch/private/$deb") ||
    fail "the package's files depend on the umask"

field() { dpkg-deb -f "$scratch/one/$deb" "$1"; }
[ "$(field Package)" = excalibur-exs ] || fail "Package is $(field Package)"
[ "$(field Version)" = "$version" ] || fail "Version is $(field Version)"
for library in libc6 libcurl4 libevent-core-2.1-7 libhwloc15 libjansson4 libnuma1 libsecp256k1-1 libssl3; do
    field Depends | grep -qw $library || fail "Depends lacks $library: $(field Depends)"
done
dpkg-deb -x "$scratch/one/$deb" "$scratch/tree"
for path in bin/exs-miner bin/exs-verify bin/exs-bench lib/libexs.so.0 lib/libbitcoinconsensus.so.0 include/exs/exs.h \
    include/exs/verify_client.h share/doc/excalibur-exs/verify-protocol.md share/man/man1/exs-verify.1.gz \
    include/bitcoinconsensus.h lib/pkgconfig/exs.pc lib/pkgconfig/libbitcoinconsensus.pc share/doc/excalibur-exs/copyright \
    share/doc/excalibur-exs/changelog.gz share/doc/excalibur-exs/README.md share/man/man1/exs-miner.1.gz \
    share/man/man1/exs-bench.1.gz share/pkgconfig/excalibur-exs.pc; do
    [ -s "$scratch/tree/usr/$path" ] || fail "the package lacks /usr/$path"
done
if dpkg-deb -c "$scratch/one/$deb" | grep '^d' | grep -v '^drwxr-xr-x'; then
    fail "not everybody may enter the folders above"
fi
gzip -t "$scratch/tree/usr/share/doc/excalibur-exs/changelog.gz"
if grep -rlaF "$(cd "$build" && pwd)" "$scratch/tree"; then
    fail "the files above name the folder that they were built in"
fi
"$scratch/tree/usr/bin/exs-miner" --version | grep -qF "$version" || fail "exs-miner --version lacks $version"
dpkg-deb -c "$scratch/one/$deb"
echo "passed: $deb"
