# shellcheck shell=bash
# Sourced by what starts servers.

# Prints a loopback port that nothing answers on, below the kernel's ephemeral range, so that no outgoing connection holds it.
# Another may take it before the caller's server binds: then that bind fails, and the caller chooses anew.
free_port() {
  local port
  while port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000)); do
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      echo "$port"
      return
    fi
  done
}
