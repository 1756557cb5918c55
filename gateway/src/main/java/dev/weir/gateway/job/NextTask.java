package dev.weir.gateway.job;

import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.route.Edition;
import dev.weir.runtime.route.NamedFile;
import dev.weir.runtime.route.Need;
import dev.weir.runtime.stage.Failure;
import dev.weir.runtime.stage.Snapshot;
import java.util.List;
import java.util.Optional;

/**
 * Makes the task of a sample's next attempt. It is generated with the weights and the files that the sample was begun with. If no nodes
 * have these any more, and others can generate the image, the sample begins anew with theirs. Event loop of {@link Jobs}.
 */
final class NextTask {

    private final ModelCatalog catalog;
    private final UserRules rules;
    private final String address;

    /** @param address where stages send events */
    NextTask(ModelCatalog catalog, UserRules rules, String address) {
        this.catalog = catalog;
        this.rules = rules;
        this.address = address;
    }

    Task of(Job job, Sample sample) {
        Task task = task(job, sample);
        Generation named = task.getGeneration();
        if (NamedFile.of(named).isEmpty() || isServed(task)) {
            return task;
        }
        Optional<Generation> newest = newest(task);
        if (newest.isEmpty()) {
            return task;
        }
        sample.beginAnew();
        sample.takes(newest.get());
        return task(job, sample);
    }

    private Task task(Job job, Sample sample) {
        JobSpec spec = job.spec();
        return job.task(
                sample, address, edition(spec, sample), rules.weight(spec.user()), catalog.blanks(spec.model()));
    }

    /** With the files that nodes have now, where some node can generate the image with them. */
    private Optional<Generation> newest(Task task) {
        return catalog.find(task.getModel())
                .map(card -> NamedFiles.newest(task.getGeneration(), card))
                .filter(files -> isServed(task.toBuilder().setGeneration(files).build()));
    }

    private boolean isServed(Task task) {
        return Need.areMet(task, catalog.alive());
    }

    /** Why no node takes a sample, if that is for the files that it names. */
    Optional<Failure> missingFiles(Job job, Sample sample) {
        Task task = task(job, sample);
        Generation named = task.getGeneration();
        if (NamedFile.of(named).isEmpty()
                || isServed(task)
                || newest(task).isPresent()
                || !isServed(task.toBuilder()
                        .setGeneration(NamedFiles.without(named))
                        .build())) {
            return Optional.empty();
        }
        return catalog.find(task.getModel()).map(card -> missing(named, card));
    }

    private static Failure missing(Generation named, ModelCard card) {
        boolean mayCome = NamedFiles.areChanging(named, card);
        return new Failure(
                mayCome ? Failure.FILE_UNAVAILABLE : Failure.FILE_MISSING,
                "no node has %s as it was when the request named it".formatted(NamedFiles.missing(named, card)),
                mayCome);
    }

    private Edition edition(JobSpec spec, Sample sample) {
        Edition newest = catalog.edition(spec.model());
        if (sample.checkpoint().isEmpty()) {
            return newest;
        }
        Snapshot from = sample.checkpoint().get();
        Edition begun = new Edition(from.checkpoint().getFingerprintsMap());
        List<String> left =
                spec.stages().subList(from.entry(spec.route()), spec.route().size());
        if (begun.fits(newest.fingerprints())
                || catalog.missing(spec.model(), left, begun).isEmpty()
                || !catalog.missing(spec.model(), spec.stages()).isEmpty()) {
            return begun;
        }
        sample.beginAnew();
        return newest;
    }
}
