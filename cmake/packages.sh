# Which Debian packages are needed, and how they are installed. Sourced by quickstart and check.
# shellcheck shell=bash disable=SC2034

BUILD_PACKAGES=(
    cmake gcc libc6-dev ninja-build pkg-config python3
    libcmocka-dev libcurl4-openssl-dev libevent-dev libhwloc-dev libjansson-dev libnuma-dev libsecp256k1-dev
    libssl-dev libyaml-dev ocl-icd-opencl-dev zlib1g-dev
)
TEST_PACKAGES=(
    # ca-certificates, nodejs and npm: the full node that the functional tests mine on;
    # chromium, with a font: the page of exs-bench report; pocl: an OpenCL device where no GPU is
    ca-certificates chromium clang-14 clang-format-14 dpkg-dev file fonts-dejavu-core git
    libclang-rt-14-dev llvm-14 nodejs npm pocl-opencl-icd
)
# For ./check arm, which is skipped where they can't be had.
ARM_PACKAGES=(gcc-aarch64-linux-gnu qemu-user)

# Prints those of the named packages that are not installed.
missing_packages() {
    local package
    for package in "$@"; do
        # shellcheck disable=SC2016 # dpkg's variable, not the shell's
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
            package_is_provided "$package" || echo "$package"
    done
}

# Some machines have a tool from elsewhere, often newer than Debian's and in conflict with it.
package_is_provided() {
    case $1 in
    nodejs) command -v node >/dev/null ;;
    npm | cmake | git | python3) command -v "$1" >/dev/null ;;
    chromium) command -v chromium-browser google-chrome-stable google-chrome >/dev/null ;;
    ninja-build) command -v ninja >/dev/null ;;
    *) false ;;
    esac
}

# Installs what is missing of the named packages, or says what to do and returns 1.
install_packages() {
    local missing as_root=() command
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        cat >&2 <<END
error: this machine has no apt-get, so it cannot be prepared automatically (Debian 12 is what is
tested). Install what these Debian packages hold, then follow "Building by hand" in README.md:
  $*
END
        return 1
    fi
    read -ra missing <<<"$(missing_packages "$@" | tr '\n' ' ')"
    [ ${#missing[@]} -gt 0 ] || return 0
    command="apt-get install -y --no-install-recommends ${missing[*]}"
    if [ "$(id -u)" != 0 ]; then
        # -n: no question is asked, a password's least of all
        if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null; then
            cat >&2 <<END
error: packages are missing, and installing them needs root (sudo is absent or wants a password).
As root, run
  apt-get update && $command
and start this again.
END
            return 1
        fi
        as_root=(sudo -n)
    fi
    echo "Installing: ${missing[*]}"
    # Debian's mirrors answer slowly or not at all at times; the index may also be empty or old.
    local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive
        apt-get -q -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300)
    if ! "${apt[@]}" update || ! "${apt[@]}" install -y --no-install-recommends "${missing[@]}"; then
        cat >&2 <<END
error: apt-get could not install the missing packages; its own message stands above. Where it says
"Temporary failure resolving" or "Could not connect", this machine does not reach its Debian
mirror. Mend that, or install these by other means, and start this again:
  ${missing[*]}
END
        return 1
    fi
}

# Configures a preset; CMake is only heard where it fails.
configure_preset() {
    local log
    log=$(mktemp)
    if ! cmake --preset "$1" >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        cat >&2 <<END
error: configuring build/$1 failed; CMake's own message stands above. The folder has to be writable;
where the project was moved, or build/$1 was made in another way, remove build/$1.
END
        return 1
    fi
    rm -f "$log"
}
