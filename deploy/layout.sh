#!/bin/sh
# Writes the contents of an image to FOLDER: the command, its jars and native libraries as in the checkout, a Java runtime with
# the modules that it uses, and a class archive. Needs a JDK and the built application.
set -eu

if [ $# -ne 1 ]; then
  echo "usage: $0 FOLDER" >&2
  exit 2
fi
source=$(CDPATH='' cd -P "$(dirname "$0")/.." && pwd)
java_home=${JAVA_HOME:-$(dirname "$(dirname "$(readlink -f "$(command -v jlink)")")")}
mkdir -p "$1"
image=$(CDPATH='' cd -P "$1" && pwd)

"$java_home/bin/jlink" --strip-debug --no-header-files --no-man-pages --compress=2 --output "$image/jre" --add-modules \
java.base,java.desktop,java.logging,java.management,java.naming,java.net.http,java.sql,java.xml,\
jdk.crypto.ec,jdk.jfr,jdk.management,jdk.net,jdk.random,jdk.unsupported,jdk.zipfs
"$image/jre/bin/java" -Xshare:dump >/dev/null

mkdir -p "$image/cli/target/app" "$image/models"
cp -p "$source/weir" "$source/deploy/healthcheck" "$image/"
cp -a "$source/models/default" "$source/models/default-fast" "$image/models/"
cp -a "$source/cli/target/native" "$image/cli/target/"
cp -a "$source/cli/target/app/lib" "$source/cli/target/app/jars" "$source/cli/target/app/built" "$image/cli/target/app/"

# The first start of the launcher generates an image and archives the classes that this needs.
JAVA_HOME="$image/jre" "$image/weir" models >/dev/null
rm -f "$image/cli/target/app/warm-up.png"
if [ -z "$(find "$image/cli/target/app" -name "*.jsa" -size +0)" ]; then
  echo "$0: the application in $image makes no image" >&2
  exit 1
fi

# Another user runs it than built it.
chmod -R a+rX "$image"
