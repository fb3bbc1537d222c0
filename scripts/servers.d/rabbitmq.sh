# shellcheck shell=bash
#
# RabbitMQ with its epmd: their environment, their start, their end.

amqp_port=$((base + 72))
dist_port=$((base + 92))
epmd_port=$((base + 69))

rabbitmq_url() { printf 'amqp://guest:guest@127.0.0.1:%d/%%2f' "$amqp_port"; }

# Runs a program of RabbitMQ's with nothing of the caller's environment and nothing of /etc/rabbitmq.
as_rabbitmq() {
    local dir=$state/rabbitmq
    # Without these, epmd and the distribution ports are open to the network.
    local loopback='-kernel inet_dist_use_interface {127,0,0,1}'
    # Spinning while idle, as RabbitMQ 3 does by default, takes the processors from the rest.
    local idle='+sbwt none +sbwtdcpu none +sbwtdio none'
    env -i PATH="$PATH" LANG=C.UTF-8 HOME="$dir" ERL_CRASH_DUMP="$dir/log/erl_crash.dump" \
        ERL_EPMD_PORT="$epmd_port" ERL_EPMD_ADDRESS=127.0.0.1 \
        RABBITMQ_NODENAME="user-import-$base@localhost" RABBITMQ_DIST_PORT="$dist_port" \
        RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 RABBITMQ_NODE_PORT="$amqp_port" \
        RABBITMQ_MNESIA_BASE="$dir/data" RABBITMQ_LOG_BASE="$dir/log" \
        RABBITMQ_PID_FILE="$dir/pid" RABBITMQ_FEATURE_FLAGS_FILE="$dir/feature_flags" \
        RABBITMQ_CONFIG_FILE="$dir/rabbitmq.conf" RABBITMQ_ADVANCED_CONFIG_FILE="$dir/advanced.config" \
        RABBITMQ_CONF_ENV_FILE="$dir/env.conf" RABBITMQ_GENERATED_CONFIG_DIR="$dir/generated" \
        RABBITMQ_ENABLED_PLUGINS_FILE="$dir/enabled_plugins" \
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="$loopback $idle" RABBITMQ_CTL_ERL_ARGS="$loopback" "$@"
}

# Erlang's helpers inherit the environment of the node, and the mark with it.
marked_pids() {
    local file
    grep -lzxF -- "USER_IMPORT_SERVER=$1:$state" /proc/[0-9]*/environ 2>/dev/null |
        while IFS=/ read -r _ _ file _; do echo "$file"; done || true
}
rabbitmq_pids() { marked_pids rabbitmq; }
epmd_pids() { marked_pids epmd; }

# The node itself, without the shell that waits for it and without Erlang's helpers.
node_pid() {
    local pid
    for pid in $(rabbitmq_pids); do
        [[ $(cat "/proc/$pid/comm" 2>/dev/null) != beam.smp ]] || echo "$pid"
    done
}

# Without a node, and an epmd of ours beside it, rabbitmqctl would start an epmd and leave it behind.
rabbitmqctl() {
    [[ -n $(node_pid) ]] || die "RabbitMQ is not running."
    as_rabbitmq "$rabbitmq_home/sbin/rabbitmqctl" -q "$@"
}

require_rabbitmq_ports() {
    [[ -z $(node_pid) ]] || return 0
    require_free "$amqp_port" RabbitMQ
    require_free "$dist_port" "RabbitMQ's distribution"
    [[ -n $(epmd_pids) ]] || require_free "$epmd_port" "RabbitMQ's epmd"
}

launch_rabbitmq() {
    local dir=$state/rabbitmq
    [[ -z $(node_pid) ]] || return 0
    # A killed node's helpers end on their own, within moments.
    end 5 rabbitmq_pids
    mkdir -p "$dir"/{data,log,generated}
    chmod 700 "$dir"
    # Empty ones, as absent ones would be looked for elsewhere.
    : >"$dir/env.conf"
    : >"$dir/rabbitmq.conf"
    echo '[].' >"$dir/enabled_plugins"
    # Ahead of the node, which would start one that outlives it.
    if [[ -z $(epmd_pids) ]]; then
        as_rabbitmq USER_IMPORT_SERVER="epmd:$state" setsid --fork epmd </dev/null >"$dir/log/epmd" 2>&1 9>&-
    fi
    as_rabbitmq USER_IMPORT_SERVER="rabbitmq:$state" setsid --fork "$rabbitmq_home/sbin/rabbitmq-server" \
        </dev/null >"$dir/log/start" 2>&1 9>&-
}

# A broker answers the protocol's header with a method frame, whose first byte is 1. It opens the
# port as the last step of its start. Asking costs nothing; `rabbitmqctl wait` boots an Erlang machine.
rabbitmq_answers() {
    local byte=''
    exec 3<>"/dev/tcp/127.0.0.1/$amqp_port" &&
        printf 'AMQP\x00\x00\x09\x01' >&3 &&
        IFS='' read -r -t 2 -n 1 byte <&3 && [[ $byte == $'\x01' ]]
}

await_rabbitmq() {
    local tenths
    for ((tenths = 0; tenths < 1200; tenths++)); do
        # A subshell, with which the connection closes.
        ! (rabbitmq_answers) 2>/dev/null || return 0
        [[ -n $(rabbitmq_pids) ]] || break
        sleep 0.1
    done
    tail -n 20 "$state/rabbitmq/log/start" >&2
    die "RabbitMQ does not start; its last words are above, its log is in $state/rabbitmq/log."
}

stop_rabbitmq() {
    terminate "${1:-TERM}" node_pid rabbitmq_pids
    terminate TERM epmd_pids epmd_pids
}

kill_rabbitmq() {
    local pid pids
    pids=$(node_pid)
    [[ -n $pids ]] || die "RabbitMQ is not running."
    # More than one where a child of the node was forked and is no program of its own yet.
    signal_all KILL node_pid
    end 10 rabbitmq_pids
    for pid in $pids; do until_collected "$pid"; done
}
