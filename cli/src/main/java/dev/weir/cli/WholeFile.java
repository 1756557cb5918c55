package dev.weir.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.util.Set;
import java.util.UUID;

/**
 * Writes a file whole or not at all: under another name beside its place first, then moved there. A full disk leaves the
 * old content. The permissions of a file that is replaced are kept, and its owner where the system allows that; through a symbolic
 * link, the file that it names is replaced. Devices and pipes have no content to keep, and are written directly. Any thread.
 */
final class WholeFile {

    /** As much as a small picture has, so that a full disk is noticed before the work. */
    private static final int PROBE_BYTES = 64 * 1024;

    private static final int MAX_LINKS = 40;
    private static final Set<String> STANDARD_OUTPUT = Set.of("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1");

    private WholeFile() {}

    /** Whether these are the bytes that a pipe or a redirection takes from this process. */
    static boolean isStandardOutput(Path file) {
        return file != null && STANDARD_OUTPUT.contains(file.toString());
    }

    /** Whether it takes bytes as they come, as devices and pipes do. */
    static boolean isStream(Path file) {
        return isStandardOutput(file) || Files.exists(file) && !Files.isRegularFile(file) && !Files.isDirectory(file);
    }

    /** Throws IOException with the system's reason, of which {@link dev.weir.engine.SystemReason} makes words. */
    static void write(Path file, byte[] content) throws IOException {
        if (isStandardOutput(file)) {
            try (FileOutputStream out = new FileOutputStream(FileDescriptor.out)) {
                out.write(content);
            }
        } else if (isStream(file)) {
            Files.write(file, content, StandardOpenOption.WRITE);
        } else {
            replace(place(file), content);
        }
    }

    /** Throws IOException where {@link #write} would fail, as far as that can be known before: it writes and removes a file. */
    static void probe(Path file) throws IOException {
        if (isStandardOutput(file)) {
            return;
        }
        Path place = place(file);
        if (Files.isDirectory(place)) {
            throw new FileSystemException(file.toString(), null, "Is a directory");
        }
        if (Files.exists(place) && !Files.isWritable(place)) {
            throw new AccessDeniedException(file.toString());
        }
        if (!isStream(place)) {
            Path beside = beside(place);
            try {
                writeNew(beside, new byte[PROBE_BYTES]);
            } finally {
                Files.deleteIfExists(beside);
            }
        }
    }

    private static Path place(Path file) throws IOException {
        Path place = file;
        for (int links = 0; Files.isSymbolicLink(place); links++) {
            if (links == MAX_LINKS) {
                throw new FileSystemException(file.toString(), null, "Too many levels of symbolic links");
            }
            place = place.resolveSibling(Files.readSymbolicLink(place));
        }
        return place;
    }

    private static void replace(Path place, byte[] content) throws IOException {
        Path beside = beside(place);
        beside.toFile().deleteOnExit();
        try {
            writeNew(beside, content);
            if (Files.exists(place)) {
                keepAttributes(place, beside);
            }
            Files.move(beside, place, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(beside);
        }
    }

    /** A name of its own: two commands may write the same file at once. Short, since names have a limit. */
    private static Path beside(Path place) {
        return place.resolveSibling(".weir-" + UUID.randomUUID() + ".tmp");
    }

    private static void writeNew(Path file, byte[] content) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            ByteBuffer left = ByteBuffer.wrap(content);
            while (left.hasRemaining()) {
                channel.write(left);
            }
            // Some file systems say only now that they are full.
            channel.force(true);
        }
    }

    private static void keepAttributes(Path from, Path to) throws IOException {
        PosixFileAttributeView view = Files.getFileAttributeView(to, PosixFileAttributeView.class);
        if (view == null) {
            return;
        }
        PosixFileAttributes old = Files.readAttributes(from, PosixFileAttributes.class);
        try {
            view.setOwner(old.owner());
            view.setGroup(old.group());
        } catch (IOException e) {
            // Only root gives files away: then the new file is this user's.
        }
        view.setPermissions(old.permissions());
    }
}
