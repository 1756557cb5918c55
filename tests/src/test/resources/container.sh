#!/bin/sh
# Runs COMMAND as a container engine does with a read-only root: in a mount namespace whose root holds this machine's system
# folders and APP as /app, all read-only. A tmpfs is mounted as engines do it: noexec, nosuid and nodev. The command has no
# capability, gets none by setuid programs, and has no environment but the variables given. Needs root.
#   container.sh APP USER:GROUP WORKDIR [--tmpfs FOLDER | --volume SOURCE:FOLDER | --env NAME=VALUE]... -- COMMAND...
set -eu

if [ "${IN_NAMESPACE:-}" != yes ]; then
  IN_NAMESPACE=yes exec unshare --mount --propagation private sh "$0" "$@"
fi
app=$1 user=${2%:*} group=${2#*:} folder=$3
shift 3
# The new root is mounted over the folder of this script, since a folder of its own would have to be removed at the end.
root=$(CDPATH='' cd -P "$(dirname "$0")" && pwd)
mount -t tmpfs -o mode=755 tmpfs "$root"

# read_only HOW SOURCE FOLDER
read_only() {
  mkdir -p "$root$3"
  mount "$1" "$2" "$root$3"
  mount -o remount,bind,ro "$root$3"
}

for name in bin sbin lib lib32 lib64 usr etc opt; do
  if [ -L "/$name" ]; then
    cp -P "/$name" "$root/$name"
  elif [ -d "/$name" ]; then
    read_only --rbind "/$name" "/$name"
  fi
done
for name in dev proc sys; do
  mkdir "$root/$name"
  mount --rbind "/$name" "$root/$name"
done
read_only --bind "$app" /app

environment=
while [ "$1" != -- ]; do
  case $1 in
    --tmpfs) mkdir -p "$root$2" && mount -t tmpfs -o noexec,nosuid,nodev,mode=1777 tmpfs "$root$2" ;;
    --volume) read_only --bind "${2%:*}" "${2#*:}" ;;
    # One variable a line: values have no line breaks.
    --env) environment="$environment$2
" ;;
  esac
  shift 2
done
shift
mount -o remount,ro "$root"
IFS='
'
# shellcheck disable=SC2086 # one word a line
set -- $environment "$@"
unset IFS
exec chroot "$root" setpriv --reuid "$user" --regid "$group" --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all \
  env -i -C "$folder" PATH=/usr/local/bin:/usr/bin:/bin "$@"
