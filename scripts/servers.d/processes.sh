# shellcheck shell=bash
#
# Signals and ports: how a process is waited for, and what may be listened on.

# Waits up to that many seconds until the given function lists no process any more.
until_none() {
    local tenths=$(($1 * 10))
    shift
    while ((tenths-- > 0)); do
        [[ -n $("$@") ]] || return 0
        sleep 0.1
    done
    return 1
}

# Sends the signal to every process that the given function lists, which may be none.
signal_all() {
    local name=$1 pid
    shift
    for pid in $("$@"); do
        kill -s "$name" "$pid" 2>/dev/null || true
    done
}

# Waits that many seconds for processes that are ending, and ends those that are not.
end() {
    local seconds=$1
    shift
    until_none "$seconds" "$@" && return 0
    signal_all KILL "$@"
    until_none 5 "$@" || die "A process does not end: $("$@" | xargs)."
}

# Sends the signal to what one function lists until the other lists nothing any more. More than
# once, as a server that has only begun to start is not found yet, or forgets the signal.
terminate() {
    local try
    for ((try = 0; try < 20; try++)); do
        signal_all "$1" "$2"
        ! until_none 3 "$3" || return 0
        # What outlives its server, such as an epmd that the node has started, needs more than that.
        ((try < 2)) || [[ -n $("$2") ]] || break
    done
    end 1 "$3"
}

# An orphan stays a zombie until init collects it, and looks alive to whoever has its number from a
# file. An init that never does is not waited for.
until_collected() {
    local tenths
    for ((tenths = 0; tenths < 100; tenths++)); do
        [[ -d /proc/$1 ]] || return 0
        sleep 0.1
    done
}

# A refused connection takes no time on loopback.
require_free() {
    # Named by number so that the connection closes with the subshell.
    ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null ||
        die "Port $1, meant for $2, is taken by another program: end that, or set SERVERS_PORT_BASE to another number."
}
