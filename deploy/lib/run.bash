# shellcheck shell=bash
# For scripts that start servers. Runs their long commands so that a signal to the script ends the command first, then the
# servers. A script calls `on_end COMMAND…` first and puts `run` before each long command, or `begin` and later `await` if it
# does other work meanwhile. One command at a time.

running=''

# Starts a command in its own process group. Otherwise Bash would delay a signal until its foreground command ends, and a
# plain background command would ignore Ctrl-C.
begin() {
  set -m
  "$@" </dev/null &
  running=$!
  set +m
}

# Waits for the started command and returns its status.
await() {
  local status=0
  wait "$running" || status=$?
  running=''
  return "$status"
}

run() { begin "$@" && await; }

# Waits until COMMAND succeeds, trying four times a second. Fails after SECONDS, or when the started command has ended.
wait_until() { # SECONDS COMMAND…
  local tries=$(($1 * 4))
  shift
  until "$@"; do
    kill -0 "$running" 2>/dev/null && ((tries-- > 0)) || return 1
    sleep 0.25
  done
}

# When the script ends for any reason, ends the running command's process group and then calls COMMAND, without interruption.
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
