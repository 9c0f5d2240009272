#!/bin/sh
# `api` and `worker` are processes of their own, everything else but `setup` is a command of the program.
case $1 in
  api | worker)
    process=$1
    shift
    exec node "/longhand/dist/$process.js" "$@"
    ;;
  setup)
    echo 'longhand: there is nothing to set up in the image; give TEMPORAL_ADDRESS and, for sandboxes, the socket of Docker' >&2
    exit 2
    ;;
esac
exec node /longhand/dist/cli.js "$@"
