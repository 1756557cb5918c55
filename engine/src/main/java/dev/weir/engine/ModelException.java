package dev.weir.engine;

import java.util.stream.Stream;

/** A model folder that cannot be used. The message names the file, the tensor or key, and the problem. */
public class ModelException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    public ModelException(String message) {
        super(message);
    }

    public ModelException(String message, Throwable cause) {
        super(message, cause);
    }

    /** The same, whose message begins with the file or folder that it is about. */
    public ModelException in(Object place) {
        return getMessage().startsWith(place.toString()) ? this : new ModelException(place + ": " + getMessage(), this);
    }

    /** The message without the file or folder that it begins with; of a file in that folder, its name there is kept. */
    public String reason(Object place) {
        return Stream.of(place + ": ", place + "/")
                .filter(getMessage()::startsWith)
                .findFirst()
                .map(beginning -> getMessage().substring(beginning.length()))
                .orElse(getMessage());
    }
}
