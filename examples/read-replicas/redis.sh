#!/bin/sh
set -eu

answers() { redis-cli -p "$1" ping >/dev/null 2>&1; }

case $1 in
serve)
  # Who is the primary now is what Tenfold's port says, whoever that may be; a new stack begins with the first replica.
  follow="--replicaof 127.0.0.1 $PRIMARY_PORT"
  if [ "$TENFOLD_REPLICA" = 1 ]; then
    answers "$PRIMARY_PORT" || answers "$REPLICAS_PORT" || follow=
  else
    until answers "$PRIMARY_PORT"; do sleep 0.1; done
  fi
  # shellcheck disable=SC2086
  exec redis-server --bind 127.0.0.1 --port "$PORT" --dir /tmp --save '' --repl-diskless-sync yes \
    --repl-diskless-sync-delay 0 --repl-diskless-load swapdb $follow
  ;;
has-data)
  redis-cli -p "$PORT" role | grep -qxE 'master|connected'
  ;;
hand-over)
  # A primary that is about to stop makes one of its replicas the next one.
  redis-cli -p "$PORT" role | head -n 1 | grep -q master || exit 0
  redis-cli -p "$REPLICAS_PORT" replicaof no one || echo "nobody is there to hand over to"
  ;;
esac
