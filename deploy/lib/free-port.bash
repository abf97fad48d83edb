# shellcheck shell=bash
# Sourced by scripts that start servers.

# Prints a free loopback port below the kernel's ephemeral range, so that no outgoing connection uses it. Another process may
# take the port before the caller's server binds it: then that bind fails, and the caller must choose again.
free_port() {
  local port
  while port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000)); do
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      echo "$port"
      return
    fi
  done
}
