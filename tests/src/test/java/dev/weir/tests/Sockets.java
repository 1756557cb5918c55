package dev.weir.tests;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** Linux's data about a process's sockets. */
final class Sockets {

    private static final String LISTENS = "0A";
    private static final int LOCAL = 1;
    private static final int STATE = 3;
    private static final int INODE = 9;

    private Sockets() {}

    static boolean canBeSeen() {
        return Files.isReadable(Path.of("/proc/self/net/tcp"));
    }

    /** The IPv4 address of each listening socket of the process; {@code 0.0.0.0} for all addresses, including IPv6. */
    static List<String> listening(long pid) throws IOException {
        Set<String> own = inodes(pid);
        List<String> addresses = new ArrayList<>();
        for (String table : List.of("tcp", "tcp6")) {
            for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/net/" + table))) {
                String[] fields = line.strip().split(" +");
                if (fields[STATE].equals(LISTENS) && own.contains(fields[INODE])) {
                    addresses.add(address(fields[LOCAL]));
                }
            }
        }
        return addresses;
    }

    private static Set<String> inodes(long pid) throws IOException {
        Set<String> inodes = new TreeSet<>();
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/" + pid + "/fd"))) {
            for (Path descriptor : descriptors.toList()) {
                String target = Files.exists(descriptor)
                        ? Files.readSymbolicLink(descriptor).toString()
                        : "";
                if (target.startsWith("socket:[")) {
                    inodes.add(target.replaceAll("[^0-9]", ""));
                }
            }
        }
        return inodes;
    }

    /** The last word of {@code 0000000000000000FFFF00000200007F:1645}, whose bytes are in reverse order. */
    private static String address(String local) {
        String host = local.substring(0, local.indexOf(':'));
        byte[] word = HexFormat.of().parseHex(host.substring(host.length() - 8));
        return "%d.%d.%d.%d".formatted(word[3] & 0xff, word[2] & 0xff, word[1] & 0xff, word[0] & 0xff);
    }
}
