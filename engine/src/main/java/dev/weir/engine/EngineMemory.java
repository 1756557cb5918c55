package dev.weir.engine;

import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.torch.Processor;
import dev.weir.engine.torch.Torch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;
import java.util.Optional;
import java.util.Properties;

/**
 * Which engine was measured to be faster, by processor, number of threads and model: a file beside the native libraries. Where
 * that folder is read-only, what was measured before is read and nothing is added. Any thread, any process.
 */
record EngineMemory(Path file) {

    private static final String NAME = "engines.properties";

    /** Empty where the process was not started by the launcher. */
    static Optional<EngineMemory> ofThisInstallation() {
        return Optional.ofNullable(System.getProperty(Natives.FOLDER_PROPERTY))
                .map(folder -> new EngineMemory(Path.of(folder, NAME)));
    }

    Optional<EngineTrial.Result> find(ModelFolder model) {
        return Optional.ofNullable(read().getProperty(key(model))).flatMap(EngineMemory::parse);
    }

    boolean isWritable() {
        return Files.isWritable(file.getParent());
    }

    /** Gives the result back. */
    EngineTrial.Result keep(ModelFolder model, EngineTrial.Result result) {
        try {
            var all = read();
            all.setProperty(key(model), result.engine() + " " + result.reason());
            var next = Files.createTempFile(file.getParent(), NAME, ".new");
            try (var out = Files.newBufferedWriter(next)) {
                all.store(out, "Measured at a start of Weir. Delete this file to measure again.");
            }
            Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            // The next start measures again.
        }
        return result;
    }

    private Properties read() {
        var all = new Properties();
        if (Files.isReadable(file)) {
            try (var in = Files.newBufferedReader(file)) {
                all.load(in);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return all;
    }

    private static Optional<EngineTrial.Result> parse(String line) {
        var parts = line.split(" ", 2);
        for (var engine : Engine.values()) {
            if (parts.length == 2 && parts[0].equals(engine.toString())) {
                return Optional.of(new EngineTrial.Result(engine, parts[1]));
            }
        }
        return Optional.empty();
    }

    private static String key(ModelFolder model) {
        return String.format(
                Locale.ROOT,
                "%s, %s, %d threads: %s of %d bytes",
                Processor.model(),
                Processor.limitedInstructionSet(),
                Torch.threads(),
                model.card().id(),
                model.denoiserBytes());
    }
}
