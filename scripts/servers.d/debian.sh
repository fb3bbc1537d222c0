# shellcheck shell=bash
#
# Another Debian in a folder, for servers in versions that this machine's packages do not have.
#
# debootstrap makes it, once, from the mirror that apt uses. Its programs run by chroot in a mount
# namespace of their own: what is mounted for them goes when they end, and is seen by nobody else.

debian=${SERVERS_DEBIAN:-}
[[ -z $debian || $debian =~ ^[a-z]+$ ]] || die "SERVERS_DEBIAN is $debian; it has to be a release such as trixie."
system=${debian:+$folder/debian-$debian}

# Runs a program of that Debian, or of this machine where none is asked for. The files of this base
# have the same path on both sides.
inside() {
    if [[ -z $system ]]; then
        "$@"
        return
    fi
    # shellcheck disable=SC2016 # The inner shell expands it.
    unshare --mount --propagation private bash -euc '
        for place in /proc /sys /dev "$2"; do
            [[ -d $place ]] || continue
            mkdir -p "$1$place"
            mount --rbind "$place" "$1$place"
        done
        exec chroot "$1" "${@:3}"' _ "$system" "$state" "$@"
}

require_debian() {
    [[ -n $system ]] || return 0
    ((!EUID)) || die "SERVERS_DEBIAN needs root, who alone may chroot."
    [[ -d $system ]] ||
        die "There is no folder with Debian's $debian: SERVERS_DEBIAN=$debian scripts/servers install makes it."
}

# The mirror that apt gets Debian itself from.
mirror() {
    # shellcheck disable=SC2016 # apt-get expands it.
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' |
        head -n 1
}

# Makes the folder under another name until it is whole: half of one is never used.
make_debian() {
    local made=$system
    [[ ! -d $made ]] || return 0
    ((!EUID)) || die "SERVERS_DEBIAN needs root, who alone may chroot."
    command -v debootstrap >/dev/null || install_packages debootstrap
    compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null || apt_get update
    say "making a folder with Debian's $debian, its RabbitMQ and its PgBouncer; that takes minutes, and 600 MB"
    mkdir -p "$folder"
    exec 8>"$made.lock"
    flock -w 1800 8 || die "Another scripts/servers is making $made."
    [[ ! -d $made ]] || return 0
    rm -rf "$made.new"
    debootstrap --variant=minbase "$debian" "$made.new" "$(mirror)" >"$made.log" 2>&1 8>&- ||
        die "debootstrap fails; $made.log has its words."
    # Nothing is started in there, and the mirror is reached as it is from here.
    printf '#!/bin/sh\nexit 101\n' >"$made.new/usr/sbin/policy-rc.d"
    chmod 755 "$made.new/usr/sbin/policy-rc.d"
    cp -r /etc/apt/apt.conf.d/. "$made.new/etc/apt/apt.conf.d/"
    system=$made.new inside env DEBIAN_FRONTEND=noninteractive apt-get -y -q -o Dpkg::Use-Pty=0 \
        install --no-install-recommends rabbitmq-server pgbouncer >>"$made.log" 2>&1 8>&- ||
        die "The servers cannot be installed in $made.new; $made.log has apt-get's words."
    rm -rf "$made.new"/var/cache/apt/archives/*.deb "$made.new"/var/lib/apt/lists/*
    mv "$made.new" "$made"
}
