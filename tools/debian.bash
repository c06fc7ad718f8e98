# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2154 # its users set work
#
# Getting packages out of Debian's archive without installing them. The lists that apt-get needs for
# that are its own: what apt knows on this machine stays as it is. Sourced with `work` set, an empty
# directory that apt's own user can enter.

# Makes ready for debian_apt; the arguments are the kinds of packages, deb or deb-src. Sets
# debian_uri and debian_suite: where this machine has its Debian packages from, or else Debian's
# own.
debian_prepare() {
    mkdir -p "$work/parts" "$work/lists/partial" "$work/cache/archives/partial" "$work/packages"
    # shellcheck disable=SC2016 # apt-get's own variables
    read -r debian_uri debian_suite < <(
        apt-get indextargets --format '$(ORIGIN) $(COMPONENT) $(REPO_URI) $(CODENAME)' \
            'Created-By: Packages' 2>/dev/null |
            sed -n 's/^Debian main \([^ ]*\) \([a-z]*\)$/\1 \2/p' | head -n 1
    ) || {
        debian_uri=http://deb.debian.org/debian/
        debian_suite=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
    }
    cat >"$work/parts/debian.sources" <<END
Types: $*
URIs: $debian_uri
Suites: $debian_suite
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
END
    debian_options=(-o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$work/parts"
        -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache"
        -o APT::Get::List-Cleanup=false)
}

# apt-get in $work/packages.
debian_apt() {
    (cd "$work/packages" && apt-get -qq "${debian_options[@]}" "$@" </dev/null)
}
