package dev.weir.engine.weights;

import dev.weir.engine.ModelException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiPredicate;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The files of one kind in some folders, and which of them fit the models of each family. One thread calls {@link #poll} now and then. A
 * file that changes is opened when it was the same in two polls, so a copy in progress is left alone.
 *
 * @param <K> what models of a family demand; equal for all of them
 * @param <S> the state of a file: equal as long as the file is the same
 * @param <T> what a file is that fits
 */
public final class WatchedFiles<K, S, T> {

    private static final Logger LOG = LoggerFactory.getLogger(WatchedFiles.class);

    private static final int MOST_SAID = 20;
    private static final int MOST_NAMED = 5;

    /** A file that was found under a name. */
    public record Found<S>(String name, Path path, S state) {}

    /** Looks into the folders. */
    public interface Look<S> {

        /**
         * Throws {@link ModelException} that names a folder that cannot be read.
         *
         * @param problems told of what is left out, and why
         * @return what there is, in the order of the folders
         */
        List<Found<S>> at(Consumer<String> problems);
    }

    /** Opens a file for the models of a family. */
    public interface Opener<K, S, T> {

        /**
         * Throws {@link ModelException} that says why the file does not fit. The message need not name the file.
         *
         * @param model one of the family, for messages
         */
        T open(String model, K family, String name, S state);

        /** What is to be said of a file that fits; empty: nothing. */
        default String remark(T file) {
            return "";
        }
    }

    /**
     * What the files are.
     *
     * @param article of the noun in messages
     * @param most how many are offered
     */
    public record Kind(String article, String noun, int most) {

        /** Each node states all names twice a second. */
        public static final int MOST = 1000;

        public Kind(String article, String noun) {
            this(article, noun, MOST);
        }
    }

    private record Family<S, T>(String model, OpenedFiles<S, T> opened, FittingFiles<T> fitting) {}

    private final Kind kind;
    private final Look<S> look;
    private final Opener<K, S, T> opener;
    private final BiPredicate<S, S> isUsable;
    private final Map<K, Family<S, T>> families = new HashMap<>();
    private final Map<String, Path> paths = new HashMap<>();

    private SortedMap<String, S> seen;
    private SortedMap<String, S> offered;
    /** Names that were offered, whose files were not yet the same in two polls. */
    private Set<String> changing = Set.of();

    /** Whether the last update of the families ended early, so that it must be repeated. */
    private boolean isIncomplete;

    private Set<String> problems = new HashSet<>();

    /**
     * Looks for the first time. Throws {@link ModelException} that names a folder that cannot be read, or two files of one name.
     *
     * @param isUsable whether a file that is offered can still be used after it has changed: the state before, and now
     */
    public WatchedFiles(Kind kind, Look<S> look, Opener<K, S, T> opener, BiPredicate<S, S> isUsable) {
        this.kind = kind;
        this.look = look;
        this.opener = opener;
        this.isUsable = isUsable;
        this.seen = look((first, second) -> {
            throw new ModelException("%s and %s are both the %s \"%s\"; rename one"
                    .formatted(first.path(), second.path(), kind.noun(), first.name()));
        });
        this.offered = first(seen);
    }

    private interface Clash<S> {

        void of(Found<S> first, Found<S> second);
    }

    /** Says what was not said before. */
    private SortedMap<String, S> look(Clash<S> clash) {
        Map<String, Found<S>> found = new TreeMap<>();
        Set<String> said = new HashSet<>();
        for (var file : look.at(said::add)) {
            var other = found.putIfAbsent(file.name(), file);
            if (other != null) {
                clash.of(other, file);
                said.add("%s is left out: %s is also the %s \"%s\""
                        .formatted(file.path(), other.path(), kind.noun(), file.name()));
            }
        }
        if (found.size() > kind.most()) {
            said.add("%s: %d %s files in all. Only the first %d by name are offered"
                    .formatted(
                            found.values().iterator().next().path().getParent(),
                            found.size(),
                            kind.noun(),
                            kind.most()));
        }
        say(said);
        SortedMap<String, S> states = new TreeMap<>();
        paths.clear();
        found.forEach((name, file) -> {
            states.put(name, file.state());
            paths.put(name, file.path());
        });
        return states;
    }

    private void say(Set<String> now) {
        warn(now.stream()
                .filter(problem -> !problems.contains(problem))
                .sorted()
                .toList());
        problems = now;
    }

    /** A folder may have thousands of files that are of another kind. */
    private void warn(List<String> lines) {
        lines.stream().limit(MOST_SAID).forEach(LOG::warn);
        int more = lines.size() - MOST_SAID;
        if (more > 0) {
            LOG.warn("{} more of the {} files are left out for such reasons", more, kind.noun());
        }
    }

    /** A folder may have many files for each of many models. */
    private static void warnOfFirst(String what, List<String> files) {
        files.stream().limit(MOST_NAMED).forEach(file -> LOG.warn("{}: {}", what, file));
        files.stream().skip(MOST_NAMED).forEach(file -> LOG.debug("{}: {}", what, file));
        int more = files.size() - MOST_NAMED;
        if (more > 0) {
            LOG.warn("{}: {} more", what, more);
        }
    }

    /** Those that fit the models of a family, now and after each {@link #poll}. Says in the log of the others why they do not. */
    public synchronized FittingFiles<T> of(String model, K family) {
        return families.computeIfAbsent(family, own -> {
                    var created = new Family<>(model, new OpenedFiles<S, T>(), new FittingFiles<T>(true));
                    update(own, created);
                    return created;
                })
                .fitting();
    }

    private void update(K demands, Family<S, T> family) {
        List<String> unsuitable = new ArrayList<>();
        List<String> remarks = new ArrayList<>();
        Map<String, T> files = family.opened()
                .update(
                        offered,
                        (name, state) -> {
                            T file = open(demands, family, name, state);
                            String remark = opener.remark(file);
                            if (!remark.isEmpty()) {
                                remarks.add(paths.get(name) + ": " + remark);
                            }
                            return file;
                        },
                        (name, e) -> unsuitable.add(paths.get(name) + ": " + e.getMessage()));
        String file = "%s %s of the model %s".formatted(kind.article(), kind.noun(), family.model());
        warnOfFirst("not " + file, unsuitable);
        warnOfFirst(file + " in part", remarks);
        family.fitting()
                .set(new FittingFiles.Offer<>(files, Map.copyOf(family.opened().problems()), changing));
    }

    /** A file that cannot be opened must not stop the others. Throws {@link ModelException} that says why, without the file. */
    private T open(K demands, Family<S, T> family, String name, S state) {
        try {
            return opener.open(family.model(), demands, name, state);
        } catch (ModelException e) {
            throw new ModelException(e.reason(paths.get(name)), e);
        } catch (InternalError e) {
            throw new ModelException("the file changed while it was read", e); // It became shorter.
        } catch (RuntimeException e) {
            LOG.debug("{}", paths.get(name), e);
            throw new ModelException("cannot be opened: " + e, e);
        }
    }

    /**
     * Looks for new, changed and removed files, and opens those that are new. Takes as long as the disk.
     *
     * @return whether models have other files than before
     */
    public synchronized boolean poll() {
        SortedMap<String, S> now;
        try {
            now = look((first, second) -> {});
        } catch (ModelException e) {
            // Perhaps for a moment, as with a network's disk: nothing is taken away, and what was said is not said
            // again.
            if (problems.add(e.getMessage())) {
                LOG.warn(e.getMessage());
            }
            return false;
        }
        SortedMap<String, S> settled = new TreeMap<>();
        now.forEach((name, state) -> {
            var before = offered.get(name);
            if (state.equals(seen.get(name))) {
                settled.put(name, state);
            } else if (before != null && isUsable.test(before, state)) {
                settled.put(name, before);
            }
        });
        seen = now;
        var first = first(settled);
        Set<String> unsettled = new TreeSet<>(offered.keySet());
        unsettled.addAll(changing);
        unsettled.retainAll(now.keySet());
        unsettled.removeAll(settled.keySet());
        if (first.equals(offered) && unsettled.equals(changing) && !isIncomplete) {
            return false;
        }
        offered = first;
        changing = Set.copyOf(unsettled);
        isIncomplete = true;
        families.forEach(this::update);
        isIncomplete = false;
        return true;
    }

    private SortedMap<String, S> first(SortedMap<String, S> files) {
        return files.size() <= kind.most()
                ? files
                : files.headMap(
                        files.keySet().stream().skip(kind.most()).findFirst().orElseThrow());
    }
}
