# shellcheck shell=bash
#
# What is installed, and how to get what is not. Sets postgres_bin and rabbitmq_home.

# The newest PostgreSQL of 15 or later. Debian keeps its server programs off the PATH.
find_postgres() {
    local dir version best=14
    for dir in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin "$(dirname "$(command -v postgres || echo /)")"; do
        [[ -x $dir/postgres && -x $dir/initdb && -x $dir/psql ]] || continue
        version=$("$dir/postgres" --version)
        version=${version##*(PostgreSQL) }
        ((${version%%[^0-9]*} > best)) || continue
        best=${version%%[^0-9]*}
        postgres_bin=$dir
    done
    ((best > 14))
}

# RabbitMQ of 3.10 or later. Debian's programs in /usr/sbin insist on an account and folders of
# their own, so what lies behind them is called. Asking rabbitmqctl for the version boots an
# Erlang machine; the name of the broker's own folder tells it for nothing.
find_rabbitmq() {
    local home broker
    for home in "$system"/usr/lib/rabbitmq/lib/rabbitmq_server-* "$system"/opt/rabbitmq "$system"/opt/rabbitmq_server-*; do
        for broker in "$home"/plugins/rabbit-[0-9]*; do
            [[ -x $home/sbin/rabbitmq-server && ${broker##*/rabbit-} =~ ^([0-9]+)\.([0-9]+) ]] || continue
            ((BASH_REMATCH[1] * 100 + BASH_REMATCH[2] >= 310)) || continue
            rabbitmq_home=${home#"$system"}
            return 0
        done
    done
    return 1
}

require_servers() {
    [[ $(uname -s) == Linux ]] ||
        die "Private servers need Linux; elsewhere set DATABASE_URL and AMQP_URL to servers of your own."
    require_debian
    find_postgres || die "PostgreSQL 15 or later is not installed: scripts/servers install gets it where the system has it."
    find_rabbitmq || die "RabbitMQ 3.10 or later is not installed: scripts/servers install gets it where the system has it."
}

as_root() { if ((EUID)); then sudo -n "$@"; else "$@"; fi; }

# What apt-get has to say is shown only where it fails.
apt_get() {
    local output
    output=$(as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -q \
        -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 "$@" 2>&1) && return 0
    printf '%s\n' "$output" >&2
    return 1
}

# Succeeds only for the caller who has to remove the file again.
forbid_services() {
    [[ ! -e /usr/sbin/policy-rc.d ]] || return 1
    printf '#!/bin/sh\nexit 101\n' | as_root tee /usr/sbin/policy-rc.d >/dev/null
    as_root chmod 755 /usr/sbin/policy-rc.d
}

install_packages() {
    local package
    # The packages would start system-wide servers, RabbitMQ's on every interface, now and at boot.
    if forbid_services; then trap 'as_root rm -f /usr/sbin/policy-rc.d' EXIT; fi
    # A fresh machine has no lists, and old lists name packages that the mirror no longer holds.
    compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null || apt_get update
    apt_get install --no-install-recommends "$@" ||
        { apt_get update && apt_get install --no-install-recommends "$@"; } ||
        die "apt-get could not install $*; its own words are above."
    [[ -d /run/systemd/system ]] || return 0
    for package in "$@"; do
        [[ $package == postgresql || $package == rabbitmq-server ]] || continue
        as_root systemctl disable --quiet "$package" || say "The system still starts $package at boot."
    done
}

install() {
    local missing=()
    if ! foreign; then
        find_postgres || missing+=(postgresql)
        [[ -n $system ]] || find_rabbitmq || missing+=(rabbitmq-server)
    fi
    command -v cc >/dev/null || missing+=(gcc libc6-dev)
    ((${#missing[@]} == 0)) || install_missing "${missing[@]}"
    foreign || [[ -z $system ]] || make_debian
    # An old system has the packages, in versions that are too old.
    foreign || require_servers
}

install_missing() {
    command -v apt-get >/dev/null ||
        die "Install PostgreSQL 15 or later, RabbitMQ 3.10 or later and a C compiler with this system's package manager" \
            "(missing, by Debian's names: $*), or set DATABASE_URL and AMQP_URL to servers of your own."
    as_root true 2>/dev/null ||
        die "This user may not install packages; once, as root:" \
            "apt-get install -y --no-install-recommends $*"
    say "installing $*"
    install_packages "$@"
}

# What single fault scenarios need beside the servers.
install_extras() {
    ! compgen -G '/usr/lib/*/faketime/libfaketimeMT.so.1' >/dev/null || return 0
    { command -v apt-get && as_root true; } >/dev/null 2>&1 ||
        die "Wrong clocks need libfaketime: install it (faketime, by Debian's name)."
    say "installing faketime"
    install_packages faketime
}
