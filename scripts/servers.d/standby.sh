# shellcheck shell=bash
#
# A hot standby of PostgreSQL, which every commit waits for: for drills, and only where it is asked for.

standby_port=$((base + 33))

standby_pids() { [[ ! -d $state/standby ]] || postgres_pids "$state/standby/data"; }
standby_postmaster() { [[ ! -d $state/standby ]] || postmaster_pid "$state/standby/data"; }

# With an old primary beside a promoted standby there would be two truths.
require_unpromoted() {
    [[ -z $(standby_postmaster) || -e $state/standby/data/standby.signal ]] ||
        die "The standby has been promoted and is running: scripts/servers reset makes fresh servers," \
            "scripts/servers stop goes back to the old one."
}

# Where none runs, no commit would end that waits for one.
synchronous() {
    [[ -z $(standby_pids) ]] || echo "synchronous_standby_names = 'standby'"
}

# Made anew each time: what was promoted, or has missed something, cannot follow any more.
launch_standby() {
    [[ -x $postgres_bin/pg_basebackup ]] || die "pg_basebackup is not installed beside PostgreSQL."
    end 10 standby_pids
    require_free "$standby_port" "PostgreSQL's standby"
    mkdir -p "$state/standby"
    ((EUID)) || chown postgres: "$state/standby"
    cd "$state/standby" # The caller's folder may be closed to the account.
    as_postgres rm -rf data
    PGPASSWORD=$(cat "$state/password") as_postgres "$postgres_bin/pg_basebackup" --pgdata="$PWD/data" \
        --checkpoint=fast --write-recovery-conf -h 127.0.0.1 -p "$postgres_port" -U user_import
    # By this name it shows itself to the primary.
    write_postgres_conf "$standby_port" "cluster_name = 'standby'"
    run_postgres "PostgreSQL's standby"
}

start_standby() {
    local tenths
    if [[ -z $(standby_postmaster) ]]; then launch_standby; fi
    cd "$state/postgres"
    write_postgres_conf "$postgres_port" "$(synchronous)"
    psql -c 'SELECT pg_reload_conf()' >/dev/null
    for ((tenths = 0; tenths < 600; tenths++)); do
        [[ -z $(psql -c "SELECT 1 FROM pg_stat_replication
            WHERE application_name = 'standby' AND state = 'streaming' AND sync_state = 'sync'") ]] || return 0
        sleep 0.1
    done
    tail -n 20 "$state/standby/log" >&2
    die "The standby does not follow; its log ends as above."
}

promote_standby() {
    [[ -n $(standby_postmaster) ]] || die "The standby is not running."
    [[ -z $(postgres_pids) ]] || die "PostgreSQL is running, and there would be two truths: end it first."
    cd "$state/standby"
    as_postgres "$postgres_bin/pg_ctl" promote -s -w -t 60 -D "$PWD/data" ||
        die "The standby is not promoted; $PWD/log has its words."
}

stop_standby() {
    terminate "${1:-INT}" standby_postmaster standby_pids
}
