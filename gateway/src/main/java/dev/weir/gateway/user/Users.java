package dev.weir.gateway.user;

import dev.weir.runtime.FileWatch;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The users of this gateway: anyone, or those in the file of keys as it last was when it could be read. Event loop of the gateway.
 */
public final class Users implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(Users.class);

    /** Null if there is no file. */
    private final Path file;

    private final byte[] known;
    private Keys keys;
    private FileWatch watch;
    private Runnable onChange = () -> {};

    private Users(Path file, byte[] known, Keys keys) {
        this.file = file;
        this.known = known;
        this.keys = keys;
    }

    /** Of a gateway that is open to all. */
    public static Users anyone() {
        return new Users(null, null, null);
    }

    public static Users of(KeysFile file) {
        return new Users(file.path(), file.content(), file.keys());
    }

    /**
     * Reads the file again whenever it has changed. A file with an error changes nothing.
     *
     * @param changed called after each change
     */
    public void watch(Vertx vertx, Runnable changed) {
        onChange = changed;
        if (haveKeys()) {
            watch = FileWatch.start(vertx, List.of(file), List.of(known), contents -> read(contents.get(0)));
        }
    }

    private void read(byte[] content) {
        try {
            keys = KeyFile.parse(content);
            log.info("the keys of {} have changed", file);
            onChange.run();
        } catch (IllegalArgumentException e) {
            log.error("the keys of {} stay as they were: {}", file, e.getMessage());
        }
    }

    public boolean haveKeys() {
        return keys != null;
    }

    /** Finds the user of a key, by the file as it is now. */
    public Optional<User> find(String key) {
        return keys == null ? Optional.of(User.ANYONE) : keys.find(key);
    }

    /** The user of a name, if there are keys and one of them is of that name. */
    Optional<User> named(String name) {
        return keys == null ? Optional.empty() : keys.named(name);
    }

    /** The names of users whose images or pixel steps are counted. */
    Set<String> counted() {
        return keys == null ? Set.of() : keys.counted();
    }

    @Override
    public void close() {
        if (watch != null) {
            watch.close();
        }
    }
}
