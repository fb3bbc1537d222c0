# shellcheck shell=bash
#
# PgBouncer in transaction mode before PostgreSQL: for drills, and only where it is asked for.

pgbouncer_port=$((base + 62))

pgbouncer_pids() { marked_pids pgbouncer; }

# Earlier ones know nothing of prepared statements in transaction mode.
require_pgbouncer() {
    local version=''
    [[ ! -x $system/usr/sbin/pgbouncer ]] || version=$(inside /usr/sbin/pgbouncer --version)
    if ! [[ $version =~ PgBouncer\ ([0-9]+)\.([0-9]+) ]] || ((BASH_REMATCH[1] * 100 + BASH_REMATCH[2] < 121)); then
        die "PgBouncer 1.21 or later is not installed: SERVERS_DEBIAN=trixie scripts/servers install gets it" \
            "for whatever is run with that variable."
    fi
    [[ -n $(pgbouncer_pids) ]] || require_free "$pgbouncer_port" PgBouncer
}

write_pgbouncer_conf() {
    local dir=$state/pgbouncer
    # The password in clear text, as both sides of PgBouncer prove that they know it.
    (umask 077 && printf '"user_import" "%s"\n' "$(cat "$state/password")" >"$dir/users")
    cat >"$dir/pgbouncer.ini" <<CONF
; Written by scripts/servers at every start.
[databases]
* = host=127.0.0.1 port=$postgres_port
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $pgbouncer_port
unix_socket_dir =
auth_type = scram-sha-256
auth_file = $dir/users
logfile = $dir/log
pidfile = $dir/pid
pool_mode = transaction
max_prepared_statements = 200
max_client_conn = 500
; Fewer than its clients hold, so that a client's transactions go from one session to another.
default_pool_size = 24
; What an ended process leaves is soon seen to be nobody's.
server_idle_timeout = 5
CONF
}

# PgBouncer refuses to run as root, and takes the account of PostgreSQL, whose number the other
# Debian may have given to somebody else.
start_pgbouncer() {
    local account=() dir=$state/pgbouncer tenths
    [[ -z $(pgbouncer_pids) ]] || return 0
    mkdir -p "$dir"
    # A killed one leaves it, and its number looks alive until init has collected it.
    rm -f "$dir/pid"
    write_pgbouncer_conf
    if ((!EUID)); then
        account=(setpriv "--reuid=$(id -u postgres)" "--regid=$(id -g postgres)" --clear-groups --inh-caps=-all --)
        chown -R postgres: "$dir"
    fi
    inside env -i PATH="$PATH" LANG=C.UTF-8 USER_IMPORT_SERVER="pgbouncer:$state" setsid --fork \
        "${account[@]}" /usr/sbin/pgbouncer "$dir/pgbouncer.ini" </dev/null >"$dir/start" 2>&1 9>&-
    for ((tenths = 0; tenths < 100; tenths++)); do
        ! (exec 3<>"/dev/tcp/127.0.0.1/$pgbouncer_port") 2>/dev/null || return 0
        sleep 0.1
    done
    tail -n 20 "$dir/start" "$dir/log" >&2 || true
    die "PgBouncer does not start; its last words are above."
}

# An interrupt lets transactions end; QUIT does not.
stop_pgbouncer() {
    signal_all "${1:-INT}" pgbouncer_pids
    end 10 pgbouncer_pids
}

kill_pgbouncer() {
    local pids
    pids=$(pgbouncer_pids)
    [[ -n $pids ]] || die "PgBouncer is not running."
    signal_all KILL pgbouncer_pids
    end 10 pgbouncer_pids
}
