package dev.weir.engine;

import ai.onnxruntime.OrtSession;
import com.sun.jna.Native;
import com.sun.jna.Platform;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Properties;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Where native libraries are found: libtorch, its JNI glue, the tokenizers, ONNX Runtime, JNA's own and libwebp. Keeps DJL from the
 * network: nothing is downloaded, and the reporting of usage is off.
 *
 * <p>By default these libraries unpack themselves into the home and temporary folders at run time. That fails where a container
 * has neither, or mounts them noexec. So the build unpacks them into a folder ({@link #main}), and the launcher names that folder
 * in {@value #FOLDER_PROPERTY}: then nothing is unpacked at run time.
 *
 * <p>{@link #configure} is to be called before the first use of any class of DJL or JNA that loads native code. What an
 * operator set stays as set. Any thread.
 */
public final class Natives {

    /** Folder that {@link #main} unpacked the libraries into. */
    public static final String FOLDER_PROPERTY = "weir.natives";

    /** DJL's name of its glue to libtorch for CUDA 12. */
    private static final String CUDA_FLAVOR = "cu128";

    private static final String CUDA_DRIVER = "libcuda.so.1";
    private static final String PATH = "PYTORCH_LIBRARY_PATH";
    private static final String FLAVOR = "PYTORCH_FLAVOR";
    private static final String GLUE_PROPERTIES = "jnilib/pytorch.properties";
    private static final String LIBTORCH = "libtorch";
    private static final String LIBTORCH_PROPERTIES = "native/lib/pytorch.properties";
    private static final String JNA = "jna";
    private static final String ONNXRUNTIME = "onnxruntime";
    private static final String WEBP = "webp";
    private static final Pattern WHEEL_VERSION = Pattern.compile("__version__ = '([0-9.]+)");
    /** Written last, so that a folder whose unpacking was interrupted is unpacked again. */
    private static final String STAMP = "versions.txt";

    private Natives() {}

    /** Whether libtorch was unpacked, is in a jar, or is named by the operator. Loads nothing. */
    static boolean haveLibtorch() {
        configure();
        String path = setting(PATH);
        return path == null ? find(LIBTORCH_PROPERTIES) != null : Files.exists(Path.of(path));
    }

    /** Whether that libtorch is a build for CUDA, which need not mean that there is a GPU. Loads nothing. */
    public static boolean haveCudaLibtorch() {
        return haveLibtorch() && String.valueOf(setting(FLAVOR)).startsWith("cu");
    }

    public static void configure() {
        setUnlessSet("ai.djl.offline", "true");
        setUnlessSet("OPT_OUT_TRACKING", "true");
        // Without this, a machine with CUDA looks for a CUDA build of the tokenizers, which is not in the jar.
        setUnlessSet("RUST_FLAVOR", "cpu");
        String folder = System.getProperty(FOLDER_PROPERTY);
        if (folder != null) {
            Path natives = Path.of(folder);
            setUnlessSet("DJL_CACHE_DIR", folder);
            setUnlessSet("jna.boot.library.path", natives.resolve(JNA).toString());
            setUnlessSet("jna.nounpack", "true");
            setUnlessSet("onnxruntime.native.path", natives.resolve(ONNXRUNTIME).toString());
            setUnlessSet(PATH, natives.resolve(LIBTORCH).toString());
        }
        if (setting(PATH) != null) {
            knowLibtorch(Path.of(setting(PATH)));
        }
    }

    /** DJL would look for CUDA on the machine, not in the folder. It asks CUDA's runtime, which the torch wheel brings in a folder of its own. */
    private static void knowLibtorch(Path libtorch) {
        boolean cuda = Files.exists(libtorch.resolve(System.mapLibraryName("torch_cuda")));
        if (!cuda) {
            // JNA would start ldconfig to learn where libraries are. Only CUDA's are looked up by name.
            setUnlessSet("jna.platform.library.path", "");
        }
        setUnlessSet(FLAVOR, cuda ? CUDA_FLAVOR : "cpu");
        setUnlessSet("PYTORCH_VERSION", glueVersions()[0]);
        Path runtime = libtorch.resolve("../../nvidia/cuda_runtime/lib").normalize();
        if (cuda && Files.isDirectory(runtime)) {
            setUnlessSet("jna.library.path", runtime.toString());
        }
    }

    /** The version of libtorch that DJL's glue is made for, and DJL's own. */
    private static String[] glueVersions() {
        try {
            return properties(GLUE_PROPERTIES).getProperty("jni_version").split("-", 2);
        } catch (IOException e) {
            throw new IllegalStateException("DJL's glue to libtorch is not on the class path", e);
        }
    }

    /**
     * A wheel says which version of PyTorch it is. Another version than the glue's would end in a missing symbol.
     *
     * @throws IllegalStateException where the folder that the operator named is of another version
     */
    public static void requireKnownLibtorch() {
        String folder = setting(PATH);
        if (folder == null) {
            return;
        }
        Path version = Path.of(folder).resolve("../version.py").normalize();
        if (!Files.isReadable(version)) {
            return;
        }
        try {
            String wanted = glueVersions()[0];
            String said = Files.readString(version);
            var found = WHEEL_VERSION.matcher(said);
            if (found.find() && !found.group(1).equals(wanted)) {
                throw new IllegalStateException(
                        "PYTORCH_LIBRARY_PATH is of PyTorch %s, and Weir runs %s: install torch==%2$s"
                                .formatted(found.group(1), wanted));
            }
        } catch (IOException e) {
            throw new IllegalStateException("%s cannot be read: %s".formatted(version, SystemReason.of(e)), e);
        }
    }

    /** Null where it is not set. */
    private static String setting(String name) {
        return System.getProperty(name, System.getenv(name));
    }

    /** The path of libwebp, which only Linux and macOS have here. */
    public static String libwebp() {
        String resource = libwebpResource();
        String folder = System.getProperty(FOLDER_PROPERTY);
        if (folder != null) {
            return Path.of(folder, WEBP, resource.substring(resource.lastIndexOf('/') + 1))
                    .toString();
        }
        try {
            return Native.extractFromResourcePath("/" + resource, Natives.class.getClassLoader())
                    .getPath();
        } catch (IOException e) {
            throw new UnsupportedOperationException("WebP cannot be written on this machine: " + e.getMessage(), e);
        }
    }

    private static String libwebpResource() {
        return "dev/weir/engine/webp/native/%s/%s/%s"
                .formatted(
                        Platform.isMac() ? "Mac" : Platform.isWindows() ? "Windows" : "Linux",
                        Platform.isARM() ? "aarch64" : "x86_64",
                        System.mapLibraryName("webp-imageio"));
    }

    private static void setUnlessSet(String property, String value) {
        if (isUnset(property)) {
            System.setProperty(property, value);
        }
    }

    private static boolean isUnset(String property) {
        return System.getProperty(property) == null && System.getenv(property) == null;
    }

    /**
     * One line on why a native library does not load.
     *
     * @param e what DJL, JNA or the JVM threw
     */
    public static String problem(Throwable e) {
        Throwable root = e;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        if (String.valueOf(root.getMessage()).contains(CUDA_DRIVER)) {
            return "this machine has no NVIDIA driver (%s), which this libtorch needs to be loaded; docs/gpu.md says how it does without"
                    .formatted(CUDA_DRIVER);
        }
        String folder = System.getProperty(FOLDER_PROPERTY);
        String hint = folder == null
                ? "native libraries unpack themselves into DJL_CACHE_DIR, jna.tmpdir and the temporary folder, which"
                        + " must be writable and not mounted noexec"
                : "they are expected in %s: unpack or build Weir again, do not mount that folder noexec, and let %s be writable"
                        .formatted(folder, System.getProperty("java.io.tmpdir"));
        return "a native library does not load: %s (%s)".formatted(root.getMessage(), hint);
    }

    /** Unpacks the libraries for this machine into the folder that the argument names. The build calls it. */
    public static void main(String[] args) throws IOException {
        Path folder = Path.of(args[0]);
        Properties libtorch = find(LIBTORCH_PROPERTIES) == null ? null : properties(LIBTORCH_PROPERTIES);
        String tokenizers = properties("native/lib/tokenizers.properties").getProperty("version");
        String glue = properties(GLUE_PROPERTIES).getProperty("jni_version");
        String onnxruntime = OrtSession.class.getPackage().getImplementationVersion();
        Properties webp = properties("dev/weir/engine/webp/webp-imageio.properties");
        String versions =
                "%s %s %s %s %s %s%n".formatted(libtorch, tokenizers, glue, Native.VERSION, onnxruntime, webp);
        Path stamp = folder.resolve(STAMP);
        if (Files.exists(stamp) && Files.readString(stamp).equals(versions)) {
            return;
        }
        Files.deleteIfExists(stamp);
        empty(folder.resolve(LIBTORCH));
        if (libtorch != null) {
            unpackLibtorch(libtorch, folder.resolve(LIBTORCH));
        }
        unpackCudaGlue(folder);
        unpack(
                "native/lib/%s/cpu/%s".formatted(djlPlatform(), System.mapLibraryName("tokenizers")),
                folder.resolve("tokenizers/%s-cpu-%s".formatted(tokenizers, djlPlatform())));
        String jna = System.mapLibraryName("jnidispatch").replace(".dylib", ".jnilib");
        unpack("com/sun/jna/%s/%s".formatted(Platform.RESOURCE_PREFIX, jna), folder.resolve(JNA));
        for (String library : List.of("onnxruntime", "onnxruntime4j_jni")) {
            unpack(onnxruntimeResource(library), folder.resolve(ONNXRUNTIME));
        }
        for (String provider : List.of("onnxruntime_providers_shared", "onnxruntime_providers_cuda")) {
            if (find(onnxruntimeResource(provider)) != null) {
                unpack(onnxruntimeResource(provider), folder.resolve(ONNXRUNTIME));
            }
        }
        if (!Platform.isWindows()) {
            unpack(libwebpResource(), folder.resolve(WEBP));
        }
        Files.writeString(stamp, versions);
    }

    private static String onnxruntimeResource(String library) {
        return "ai/onnxruntime/native/%s/%s".formatted(onnxPlatform(), System.mapLibraryName(library));
    }

    /** Where DJL looks for it if an operator brings a libtorch for CUDA. */
    private static void unpackCudaGlue(Path folder) throws IOException {
        String library = System.mapLibraryName("djl_torch");
        String resource = "jnilib/%s/%s/%s".formatted(djlPlatform(), CUDA_FLAVOR, library);
        if (find(resource) != null) {
            String[] versions = glueVersions();
            Path home = folder.resolve("pytorch/%s-%s-%s".formatted(versions[0], CUDA_FLAVOR, djlPlatform()));
            unpack(resource, home);
            Files.move(
                    home.resolve(library),
                    home.resolve(versions[1] + "-" + library),
                    StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private static void unpackLibtorch(Properties libtorch, Path folder) throws IOException {
        String flavor = libtorch.getProperty("flavor");
        String classifier = libtorch.getProperty("classifier");
        for (String library : libtorch.getProperty("libraries").split(",")) {
            unpack("pytorch/%s/%s/%s".formatted(flavor, classifier, library), folder);
        }
        unpack("jnilib/%s/%s/%s".formatted(classifier, flavor, System.mapLibraryName("djl_torch")), folder);
    }

    /** Removes what an earlier build left, whose version may be another. */
    private static void empty(Path folder) throws IOException {
        if (Files.exists(folder)) {
            try (Stream<Path> files = Files.list(folder)) {
                for (Path file : files.toList()) {
                    Files.delete(file);
                }
            }
            Files.delete(folder);
        }
    }

    /** As DJL names its builds. */
    private static String djlPlatform() {
        String system = Platform.isMac() ? "osx" : Platform.isWindows() ? "win" : "linux";
        return system + (Platform.isARM() ? "-aarch64" : "-x86_64");
    }

    /** As ONNX Runtime names its builds. */
    private static String onnxPlatform() {
        String system = Platform.isMac() ? "osx" : Platform.isWindows() ? "win" : "linux";
        return system + (Platform.isARM() ? "-aarch64" : "-x64");
    }

    private static Properties properties(String resource) throws IOException {
        Properties properties = new Properties();
        try (InputStream in = open(resource)) {
            properties.load(in);
        }
        return properties;
    }

    private static void unpack(String resource, Path folder) throws IOException {
        Files.createDirectories(folder);
        String name = resource.substring(resource.lastIndexOf('/') + 1);
        try (InputStream in = open(resource)) {
            Files.copy(in, folder.resolve(name), StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private static InputStream open(String resource) throws IOException {
        URL found = find(resource);
        if (found == null) {
            throw new FileNotFoundException(resource + " is in no jar of the class path");
        }
        return found.openStream();
    }

    /** Null where it is in no jar of the class path. */
    private static URL find(String resource) {
        return Natives.class.getClassLoader().getResource(resource);
    }
}
