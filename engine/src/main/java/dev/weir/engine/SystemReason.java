package dev.weir.engine;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;

/** Why the system refused a file, in the system's words. Java keeps them in several places, or only in the class of the exception. */
public final class SystemReason {

    private SystemReason() {}

    /** Without the file's name, which the message around it says. */
    public static String of(IOException e) {
        if (e instanceof NoSuchFileException) {
            return "No such file or directory";
        }
        if (e instanceof AccessDeniedException) {
            return "Permission denied";
        }
        if (e instanceof NotDirectoryException) {
            return "Not a directory";
        }
        if (e instanceof FileAlreadyExistsException) {
            return "File exists";
        }
        if (e instanceof FileSystemLoopException) {
            return "Too many levels of symbolic links";
        }
        if (e instanceof FileSystemException known) {
            return known.getReason() == null ? "it failed" : known.getReason();
        }
        if (e instanceof CharacterCodingException) {
            return "it is not valid UTF-8";
        }
        String message = e.getMessage() == null ? "it failed" : e.getMessage();
        // "weir.yaml (Permission denied)"
        return e instanceof FileNotFoundException && message.endsWith(")")
                ? message.substring(message.lastIndexOf('(') + 1, message.length() - 1)
                : message;
    }
}
