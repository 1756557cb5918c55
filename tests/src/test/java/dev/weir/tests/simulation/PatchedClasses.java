package dev.weir.tests.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.tests.Repository;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/**
 * Weir's classes with changes to their sources, beside the unchanged ones. So a test can bring a fault back, and
 * production needs no switch for it.
 */
final class PatchedClasses extends ClassLoader {

    /**
     * A change to one source file.
     *
     * @param file below the checkout
     * @param before text that occurs once
     */
    record Patch(String file, String before, String after) {}

    private final Path compiled;

    private PatchedClasses(Path compiled) {
        super(PatchedClasses.class.getClassLoader());
        this.compiled = compiled;
    }

    /** @param folder for the compiled classes */
    static PatchedClasses compile(List<Patch> patches, Path folder) throws IOException {
        Path sources = folder.resolve("sources");
        Path classes = Files.createDirectories(folder.resolve("classes"));
        List<Path> changed = new ArrayList<>();
        for (Patch patch : patches) {
            Path original = Repository.ROOT.resolve(patch.file());
            Path copy = sources.resolve(original.getFileName());
            String source = Files.readString(Files.exists(copy) ? copy : original);
            assertThat(source.split(java.util.regex.Pattern.quote(patch.before()), -1))
                    .as("%s contains once: %s", patch.file(), patch.before())
                    .hasSize(2);
            Files.createDirectories(sources);
            Files.writeString(copy, source.replace(patch.before(), patch.after()));
            changed.add(copy);
        }
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
            List<String> options = List.of(
                    "-proc:none", "-nowarn", "-cp", System.getProperty("java.class.path"), "-d", classes.toString());
            boolean done = compiler.getTask(
                            null, files, null, options, null, files.getJavaFileObjectsFromPaths(changed))
                    .call();
            assertThat(done).as("the patched sources compile").isTrue();
        }
        return new PatchedClasses(classes);
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        if (!name.startsWith("dev.weir.")) {
            return super.loadClass(name, resolve);
        }
        synchronized (getClassLoadingLock(name)) {
            Class<?> known = findLoadedClass(name);
            return known != null ? known : define(name);
        }
    }

    private Class<?> define(String name) throws ClassNotFoundException {
        String file = name.replace('.', '/') + ".class";
        Path patched = compiled.resolve(file);
        try (InputStream in = Files.exists(patched)
                ? Files.newInputStream(patched)
                : getParent().getResourceAsStream(file)) {
            if (in == null) {
                throw new ClassNotFoundException(name);
            }
            byte[] bytes = in.readAllBytes();
            return defineClass(name, bytes, 0, bytes.length);
        } catch (IOException e) {
            throw new ClassNotFoundException(name, e);
        }
    }
}
