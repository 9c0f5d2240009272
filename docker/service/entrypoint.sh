#!/bin/sh
# `api` and `worker` are processes of their own, everything else is a command of the program.
case $1 in
  api | worker)
    process=$1
    shift
    exec node "/longhand/dist/$process.js" "$@"
    ;;
esac
exec node /longhand/dist/cli.js "$@"
