#!/bin/sh
# Creates the authority of a cluster, if FOLDER has none yet, and a certificate for each named node: NAME.pem and NAME.key.
# Whoever has ca.key can create nodes: keep it off the nodes. Needs openssl 1.1.1 or newer.
set -eu

if [ $# -lt 2 ]; then
  echo "usage: $0 FOLDER NAME..." >&2
  exit 2
fi
folder=$1
shift
days=${DAYS:-825}
umask 077
mkdir -p "$folder"
cd "$folder"

new_key() {
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2>/dev/null
}

if [ ! -f ca.key ]; then
  new_key ca.key
  openssl req -x509 -new -key ca.key -days 3650 -subj "/CN=Weir cluster" -out ca.pem \
    -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign"
fi

for name in "$@"; do
  new_key "$name.key"
  openssl req -new -key "$name.key" -subj "/CN=$name" |
    openssl x509 -req -CA ca.pem -CAkey ca.key -CAcreateserial -days "$days" -out "$name.pem" -extfile /dev/fd/3 \
      2>/dev/null 3<<EXTENSIONS
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth,clientAuth
EXTENSIONS
  echo "$folder/$name.pem, valid for $days days"
done
