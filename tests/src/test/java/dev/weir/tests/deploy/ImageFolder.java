package dev.weir.tests.deploy;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.weir.tests.Repository;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/**
 * What the image holds under /app, in a folder of this machine: laid out by the script that the Dockerfile runs, JRE and all.
 *
 * @param environment the Dockerfile's, as are the user and the folder that a process begins in
 */
record ImageFolder(Path app, Map<String, String> environment, String user, String workingFolder) {

    private static final Duration PATIENCE = Duration.ofMinutes(4);
    private static final Pattern VARIABLE = Pattern.compile("([A-Z_]+)=(\\S+)");

    static ImageFolder layOut() throws IOException {
        assumeTrue(
                Files.exists(Repository.ROOT.resolve("cli/target/app/built")),
                "skipped: the image is laid out by mvn verify, since mvn test does not lay the application out");
        Path app = Repository.TARGET.resolve("image");
        Path script = Repository.ROOT.resolve("deploy/layout.sh");
        // Unpacking and parsing classes takes a while: what is newer than the application does for the next run.
        if (isOlder(app)) {
            succeed("rm", "-rf", app.toString());
            succeed(script.toString(), app.toString());
        }
        String dockerfile = Files.readString(Repository.ROOT.resolve("deploy/Dockerfile"));
        String env = dockerfile.split("\nENV ", 2)[1].split("\nUSER ", 2)[0];
        Map<String, String> environment = new LinkedHashMap<>();
        VARIABLE.matcher(env).results().forEach(v -> environment.put(v.group(1), v.group(2)));
        return new ImageFolder(app, environment, argument(dockerfile, "USER"), argument(dockerfile, "WORKDIR"));
    }

    /** Of the final stage. */
    private static String argument(String dockerfile, String instruction) {
        int at = dockerfile.lastIndexOf("\n" + instruction + " ");
        return dockerfile.substring(at).strip().split("\\s+")[1];
    }

    /** Than what it was made of, or not made to its end, where the class archive is. */
    private static boolean isOlder(Path app) throws IOException {
        File[] archives = app.resolve("cli/target/app").toFile().listFiles((folder, name) -> name.endsWith(".jsa"));
        if (archives == null || archives.length == 0) {
            return true;
        }
        FileTime laidOut = Files.getLastModifiedTime(archives[0].toPath());
        for (String source : List.of("cli/target/app/built", "weir", "deploy/layout.sh", "deploy/healthcheck")) {
            if (Files.getLastModifiedTime(Repository.ROOT.resolve(source)).compareTo(laidOut) > 0) {
                return true;
            }
        }
        return false;
    }

    private static void succeed(String... command) throws IOException {
        Path log = Repository.TARGET.resolve("image.log");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        try {
            if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new AssertionError(String.join(" ", command) + ":\n" + Files.readString(log));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while the image is laid out", e);
        } finally {
            process.destroyForcibly();
        }
    }
}
