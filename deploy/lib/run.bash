# shellcheck shell=bash
# For scripts that start servers: runs their long commands so that a signal to the script ends the command, then the servers.
# Sourced by deploy/test and deploy/demo, which call `on_end COMMAND…` first and put `run` before each long command, or `begin`
# where they have something else to do until they `await` its end. One command at a time.

running=''

# Starts a command in a process group of its own. Bash would otherwise hold a signal back until its foreground command ends,
# and a command that it merely put in the background would ignore Ctrl-C.
begin() {
  set -m
  "$@" </dev/null &
  running=$!
  set +m
}

# Waits for the command that was begun and returns its status.
await() {
  local status=0
  wait "$running" || status=$?
  running=''
  return "$status"
}

run() { begin "$@" && await; }

# Waits until COMMAND succeeds, asking four times a second; fails after SECONDS, or when the command that was begun has ended.
wait_until() { # SECONDS COMMAND…
  local tries=$(($1 * 4))
  shift
  until "$@"; do
    kill -0 "$running" 2>/dev/null && ((tries-- > 0)) || return 1
    sleep 0.25
  done
}

# Whatever ends the script, the running command's process group is ended first and then COMMAND is called, undisturbed.
on_end() {
  at_end=("$@")
  trap end_all EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
}

end_all() {
  local status=$?
  trap '' INT TERM HUP
  trap - EXIT
  if [[ $running ]] && kill -TERM -- "-$running" 2>/dev/null; then wait "$running" 2>/dev/null || true; fi
  "${at_end[@]}" || status=$?
  exit "$status"
}
