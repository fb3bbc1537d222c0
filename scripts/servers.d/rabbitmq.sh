# shellcheck shell=bash
#
# RabbitMQ with its epmd: their environment, their start, their end. One node, or a cluster of
# three, whose further nodes have the next ports, and folders of their own.

amqp_port=$((base + 72))
dist_port=$((base + 92))
epmd_port=$((base + 69))
nodes=${SERVERS_NODES:-1}
[[ $nodes == [13] ]] || die "SERVERS_NODES is $nodes; it has to be 1 or 3."

rabbitmq_url() { printf 'amqp://guest:guest@127.0.0.1:%d/%%2f' "$amqp_port"; }

# What tells a node from the first one, which has no number in its names.
suffix() { (($1 == 1)) || printf -- '-%d' "$1"; }
node_name() { printf 'user-import-%d%s@localhost' "$base" "$(suffix "$1")"; }
node_dir() { printf '%s/rabbitmq%s' "$state" "$(suffix "$1")"; }

# Runs a program of a node's with nothing of the caller's environment and nothing of /etc/rabbitmq.
as_rabbitmq() {
    local node=$1 dir
    dir=$(node_dir "$node")
    shift
    # Without these, epmd and the distribution ports are open to the network.
    local loopback='-kernel inet_dist_use_interface {127,0,0,1}'
    # Spinning while idle, as RabbitMQ 3 does by default, takes the processors from the rest.
    local idle='+sbwt none +sbwtdcpu none +sbwtdio none'
    # The nodes of a cluster know each other by the cookie in their home.
    inside env -i PATH="$PATH" LANG=C.UTF-8 HOME="$state/rabbitmq" ERL_CRASH_DUMP="$dir/log/erl_crash.dump" \
        ERL_EPMD_PORT="$epmd_port" ERL_EPMD_ADDRESS=127.0.0.1 \
        RABBITMQ_NODENAME="$(node_name "$node")" RABBITMQ_DIST_PORT="$((dist_port + node - 1))" \
        RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 RABBITMQ_NODE_PORT="$((amqp_port + node - 1))" \
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
epmd_pids() { marked_pids epmd; }

# Of one node, or of all.
rabbitmq_pids() {
    local node
    for node in ${1:-$(seq "$nodes")}; do marked_pids "rabbitmq$(suffix "$node")"; done
}

# The node itself, or all of them, without the shell that waits for it and without Erlang's helpers.
node_pid() {
    local pid
    for pid in $(rabbitmq_pids "$@"); do
        [[ $(cat "/proc/$pid/comm" 2>/dev/null) != beam.smp ]] || echo "$pid"
    done
}

# Without a node, and an epmd of ours beside it, rabbitmqctl would start an epmd and leave it behind.
# In a cluster it asks the first node that is there for clients, too.
rabbitmqctl() {
    local node
    [[ -n $(node_pid) ]] || die "RabbitMQ is not running."
    for node in $(seq "$nodes"); do
        if ((nodes == 1)) || (rabbitmq_answers "$node") 2>/dev/null; then
            as_rabbitmq "$node" "$rabbitmq_home/sbin/rabbitmqctl" -q "$@"
            return
        fi
    done
    die "No node of RabbitMQ answers."
}

require_rabbitmq_ports() {
    local node
    for node in $(seq "$nodes"); do
        [[ -z $(node_pid "$node") ]] || continue
        require_free "$((amqp_port + node - 1))" RabbitMQ
        require_free "$((dist_port + node - 1))" "RabbitMQ's distribution"
    done
    [[ -n $(node_pid)$(epmd_pids) ]] || require_free "$epmd_port" "RabbitMQ's epmd"
}

write_rabbitmq_conf() {
    local dir=$2
    # Empty ones, as absent ones would be looked for elsewhere.
    : >"$dir/env.conf"
    : >"$dir/rabbitmq.conf"
    echo '[].' >"$dir/enabled_plugins"
    ((nodes > 1)) || return 0
    # By default both sides of a split go on, and do not find together again.
    echo 'cluster_partition_handling = pause_minority' >"$dir/rabbitmq.conf"
    (($1 > 1)) || return 0
    cat >>"$dir/rabbitmq.conf" <<CONF
cluster_formation.peer_discovery_backend = classic_config
cluster_formation.classic_config.nodes.1 = $(node_name 1)
cluster_formation.classic_config.nodes.2 = $(node_name "$1")
CONF
}

launch_node() {
    local node=$1 dir
    dir=$(node_dir "$node")
    [[ -z $(node_pid "$node") ]] || return 0
    # A killed node's helpers end on their own, within moments.
    end 5 rabbitmq_pids "$node"
    mkdir -p "$dir"/{data,log,generated}
    chmod 700 "$dir"
    make_secret "$state/rabbitmq/.erlang.cookie" '+/='
    write_rabbitmq_conf "$node" "$dir"
    # Ahead of the node, which would start one that outlives it.
    if [[ -z $(epmd_pids) ]]; then
        as_rabbitmq 1 USER_IMPORT_SERVER="epmd:$state" setsid --fork epmd </dev/null >"$dir/log/epmd" 2>&1 9>&-
    fi
    as_rabbitmq "$node" USER_IMPORT_SERVER="rabbitmq$(suffix "$node"):$state" \
        setsid --fork "$rabbitmq_home/sbin/rabbitmq-server" </dev/null >"$dir/log/start" 2>&1 9>&-
}

# Nodes that know each other are launched together, for they wait for each other.
launch_rabbitmq() {
    local node
    for node in $(seq "$nodes"); do
        if ((node == 1)) || is_member "$node"; then launch_node "$node"; fi
    done
}

is_member() { [[ -e $(node_dir "$1")/joined ]]; }

# A broker answers the protocol's header with a method frame, whose first byte is 1. It opens the
# port as the last step of its start. Asking costs nothing; `rabbitmqctl wait` boots an Erlang machine.
rabbitmq_answers() {
    local byte=''
    exec 3<>"/dev/tcp/127.0.0.1/$((amqp_port + $1 - 1))" &&
        printf 'AMQP\x00\x00\x09\x01' >&3 &&
        IFS='' read -r -t 2 -n 1 byte <&3 && [[ $byte == $'\x01' ]]
}

await_node() {
    local tenths dir
    dir=$(node_dir "$1")
    for ((tenths = 0; tenths < 1200; tenths++)); do
        # A subshell, with which the connection closes.
        ! (rabbitmq_answers "$1") 2>/dev/null || return 0
        [[ -n $(rabbitmq_pids "$1") ]] || break
        sleep 0.1
    done
    tail -n 20 "$dir/log/start" >&2
    die "RabbitMQ does not start; its last words are above, its log is in $dir/log."
}

# A node that is new joins the first one, one after the other.
await_rabbitmq() {
    local node
    for node in $(seq "$nodes"); do
        launch_node "$node"
        await_node "$node"
        : >"$(node_dir "$node")/joined"
    done
}

stop_rabbitmq() {
    terminate "${1:-TERM}" node_pid rabbitmq_pids
    terminate TERM epmd_pids epmd_pids
}

# One node, or all.
kill_rabbitmq() {
    local pid pids
    pids=$(node_pid "$@")
    [[ -n $pids ]] || die "RabbitMQ is not running."
    # More than one where a child of the node was forked and is no program of its own yet.
    signal_all KILL node_pid "$@"
    end 10 rabbitmq_pids "$@"
    for pid in $pids; do until_collected "$pid"; done
}
