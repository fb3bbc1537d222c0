# shellcheck shell=bash
#
# PostgreSQL: its data folder and settings, its start, its end.

postgres_port=$((base + 32))

# PostgreSQL refuses to run as root.
as_postgres() {
    if ((EUID)); then
        "$@"
    else
        setpriv --reuid=postgres --regid=postgres --clear-groups --inh-caps=-all -- "$@"
    fi
}

# A password, as otherwise every user of this machine could run programs in the server's account.
postgres_url() {
    [[ ! -s $state/password ]] ||
        printf 'postgres://user_import:%s@127.0.0.1:%d/user_import' "$(cat "$state/password")" "$postgres_port"
}

# Every process of PostgreSQL works inside the data folder, which is the given one or the primary's.
# They are looked for by their own account: root in a container may lack the right to look into
# others' processes.
postgres_pids() {
    # shellcheck disable=SC2016 # The inner shell expands it.
    as_postgres bash -c 'for proc in /proc/[0-9]*; do
        if [[ $proc/cwd -ef $1 && $(cat "$proc/comm") == postgres ]]; then echo "${proc#/proc/}"; fi
    done' _ "${1:-$state/postgres/data}" 2>/dev/null
}

postmaster_pid() {
    local pid data=${1:-$state/postgres/data}
    pid=$(head -n 1 "$data/postmaster.pid" 2>/dev/null) || return 0
    postgres_pids "$data" | grep -x -- "$pid" || true
}

require_postgres_port() {
    [[ -n $(postmaster_pid) ]] || require_free "$postgres_port" PostgreSQL
}

# Added to what initdb has found out about the machine, such as which shared memory works. Takes the
# port, and what the one in the current folder has beside the others.
write_postgres_conf() {
    as_postgres tee data/user-import.conf >/dev/null <<CONF
# Written by scripts/servers at every start.
listen_addresses = '127.0.0.1'
port = $1
# A socket's path may have 107 bytes, and a checkout can lie deeper than that.
unix_socket_directories = ''
# Tests run side by side, each with a database and pools of its own; the default of 100 runs out.
max_connections = 300
# Holds a million users with their indexes. Memory is taken only as it is touched.
shared_buffers = '512MB'
# A million users write more log than the default of 1 GB, which would force checkpoints midway.
max_wal_size = '4GB'
# The defaults, spelled out: a kill -9 proves something, and a benchmark means something.
fsync = on
synchronous_commit = on
full_page_writes = on
# Whoever wonders about a hanging test finds who waits for whose lock.
log_lock_waits = on
# The detail of a unique violation is a login id in clear text.
log_error_verbosity = terse
log_line_prefix = '%m [%p] %d '
timezone = 'UTC'
log_timezone = 'UTC'
${2:-}
CONF
}

# Makes the data folder under another name until it is whole: half of one never starts.
init_postgres() {
    as_postgres rm -rf "$state/postgres/data.new"
    # shellcheck disable=SC2016 # The inner shell expands it.
    as_postgres bash -c 'umask 077 && cat >password' <"$state/password"
    as_postgres "$postgres_bin/initdb" --pgdata=data.new --username=user_import \
        --auth=scram-sha-256 --pwfile=password --encoding=UTF8 --locale=C.UTF-8 </dev/null >/dev/null
    as_postgres rm password
    echo "include 'user-import.conf'" | as_postgres tee -a data.new/postgresql.conf >/dev/null
    as_postgres mv data.new data
}

psql() {
    PGPASSWORD=$(cat "$state/password") "$postgres_bin/psql" -XAtq -v ON_ERROR_STOP=1 \
        -h 127.0.0.1 -p "$postgres_port" -U user_import -d postgres "$@"
}

launch_postgres() {
    local version
    # Backends outlive a killed postmaster for a moment, and a new one refuses to start beside them.
    end 10 postgres_pids
    mkdir -p "$state/postgres"
    ((EUID)) || chown postgres: "$state/postgres"
    cd "$state/postgres" # The caller's folder may be closed to the account.
    [[ -d data ]] || init_postgres
    version=$(cat data/PG_VERSION)
    [[ $("$postgres_bin/postgres" --version) == *"(PostgreSQL) $version"[!0-9]* ]] ||
        die "The data is PostgreSQL $version's, and another version is installed: scripts/servers reset makes fresh data."
    # Nothing works on this folder, so the lock in it is stale, even where its number lives on as an
    # uncollected process or as an unrelated one.
    as_postgres rm -f data/postmaster.pid
    write_postgres_conf "$postgres_port" "$(synchronous)"
    run_postgres PostgreSQL
}

# Starts the one in the current folder.
run_postgres() {
    # An interrupt waits: a postmaster that has no lock file yet is not found and would be left behind.
    if ! (trap '' INT TERM && as_postgres "$postgres_bin/pg_ctl" start -s -w -t 120 -D "$PWD/data" \
        -l "$PWD/log" </dev/null >/dev/null 2>&1 9>&-); then
        tail -n 20 log >&2
        die "$1 does not start; its log ends as above."
    fi
}

start_postgres() {
    # A caller's PGHOST or PGOPTIONS would lead psql astray.
    unset "${!PG@}"
    if [[ -z $(postmaster_pid) ]]; then launch_postgres; fi
    [[ -n $(psql -c "SELECT 1 FROM pg_database WHERE datname = 'user_import'") ]] ||
        psql -c 'CREATE DATABASE user_import'
}

# An interrupt is a fast shutdown: sessions are ended, and everything is written.
stop_postgres() {
    terminate "${1:-INT}" postmaster_pid postgres_pids
}

kill_postgres() {
    local pid
    pid=$(postmaster_pid)
    [[ -n $pid ]] || die "PostgreSQL is not running."
    kill -s KILL "$pid"
    end 10 postgres_pids
    until_collected "$pid"
}
