package dev.weir.gateway.ledger;

import dev.weir.gateway.job.KeptJob;
import dev.weir.gateway.job.KeptJobs;
import dev.weir.runtime.Loop;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * The newest jobs of the cluster. Jobs that this gateway does not know are read from their records, which have no images. It opens no
 * view of them. Event loop of the gateway.
 */
final class JobList {

    /** The list is made from at most this many records, whoever's they are. */
    private static final int MOST_READ = 500;

    private static final int LEAST_BLOCK = 20;

    private final Loop loop;
    private final KeptJobs kept;
    private final Ledger ledger;

    JobList(Loop loop, KeptJobs kept, Ledger ledger) {
        this.loop = loop;
        this.kept = kept;
        this.ledger = ledger;
    }

    /** Newest first. Records that a silent node holds are left out. */
    Future<List<KeptJob>> newest(Predicate<KeptJob> wanted, int most) {
        List<Future<Set<String>>> holders = ledger.ids();
        return Future.join(holders).transform(asked -> {
            // Ids begin with the time.
            Set<String> ids = new TreeSet<>(Comparator.reverseOrder());
            ids.addAll(kept.ids());
            holders.stream().filter(Future::succeeded).map(Future::result).forEach(ids::addAll);
            return read(ids.stream().limit(MOST_READ).toList(), wanted, most, List.of());
        });
    }

    /** Reads block after block until there are enough. */
    private Future<List<KeptJob>> read(List<String> ids, Predicate<KeptJob> wanted, int most, List<KeptJob> newer) {
        if (newer.size() >= most || ids.isEmpty()) {
            return Future.succeededFuture(newer.stream().limit(most).toList());
        }
        int block = Math.min(Math.max(most - newer.size(), LEAST_BLOCK), ids.size());
        List<Future<Optional<KeptJob>>> found =
                ids.subList(0, block).stream().map(this::find).toList();
        return Future.join(found).compose(read -> {
            List<KeptJob> jobs = new ArrayList<>(newer);
            found.stream()
                    .map(Future::result)
                    .flatMap(Optional::stream)
                    .filter(wanted)
                    .forEach(jobs::add);
            return read(ids.subList(block, ids.size()), wanted, most, jobs);
        });
    }

    private Future<Optional<KeptJob>> find(String id) {
        Optional<KeptJob> here = kept.find(id);
        return here.isPresent()
                ? Future.succeededFuture(here)
                : ledger.find(id).map(entry -> entry.map(this::read)).otherwise(Optional.empty());
    }

    private KeptJob read(Ledger.Entry entry) {
        var record = entry.record();
        KeptJob job = new KeptJob(record.getId(), RecordFormat.spec(record), record.getCreatedMs(), loop);
        record.getEventsList().stream()
                .map(told -> RecordFormat.event(record.getId(), job.spec(), told, new byte[0]))
                .flatMap(Optional::stream)
                .forEach(job::on);
        return job;
    }
}
