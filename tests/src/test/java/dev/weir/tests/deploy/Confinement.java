package dev.weir.tests.deploy;

import dev.weir.bench.cluster.WeirProcess;
import dev.weir.tests.Repository;
import dev.weir.tests.deploy.ComposeFile.Service;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a container engine does to the processes of an image, without an engine: a read-only root, another user without a home,
 * no capabilities, and nothing of this process's environment. Mount namespaces do it, which need root. Networks are not its matter.
 *
 * @param app folder of this machine that lies at {@code /app}
 * @param user {@code UID:GID}
 * @param tmpfs folders that are writable, and not executable
 * @param volumes folders of this machine by where they lie, read-only
 */
public record Confinement(
        Path app,
        String user,
        String workingFolder,
        Map<String, String> environment,
        List<String> tmpfs,
        Map<String, Path> volumes) {

    private static final Path SCRIPT = Repository.ROOT.resolve("tests/src/test/resources/container.sh");

    /** As the image and the Compose file say. */
    static Confinement of(ImageFolder image, Service service) {
        Map<String, String> environment = new LinkedHashMap<>(image.environment());
        environment.putAll(service.environment());
        Map<String, Path> volumes = new LinkedHashMap<>();
        service.volumes().forEach((target, source) -> volumes.put(target, ComposeFile.source(source)));
        return new Confinement(image.app(), image.user(), image.workingFolder(), environment, service.tmpfs(), volumes);
    }

    /** Why this machine cannot confine a process, or empty. */
    public static Optional<String> problem() {
        Confinement trial = new Confinement(Repository.ROOT, "10001:10001", "/", Map.of(), List.of("/tmp"), Map.of());
        var outcome = WeirProcess.runCommand(Path.of("/"), Map.of(), trial.command(List.of("true")));
        return outcome.exitCode() == 0
                ? Optional.empty()
                : Optional.of("this machine gives no mount namespaces (root, unshare and setpriv are needed): "
                        + outcome.err().strip());
    }

    public List<String> command(List<String> command) {
        List<String> words = new ArrayList<>(List.of("sh", SCRIPT.toString(), app.toString(), user, workingFolder));
        tmpfs.forEach(folder -> words.addAll(List.of("--tmpfs", folder)));
        volumes.forEach((target, source) -> words.addAll(List.of("--volume", source + ":" + target)));
        environment.forEach((name, value) -> words.addAll(List.of("--env", name + "=" + value)));
        words.add("--");
        words.addAll(command);
        return words;
    }
}
