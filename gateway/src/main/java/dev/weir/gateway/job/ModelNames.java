package dev.weir.gateway.job;

import dev.weir.proto.v1.ModelCard;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The names by which requests may call models: their ids, and aliases. An id goes before an alias of the same name. An alias
 * stands for an id, or for the default model where it says {@value #DEFAULT} and no model has that id. Any thread.
 */
public final class ModelNames {

    /** The alias for every name that nothing else has. */
    public static final String ANY = "*";

    private static final String DEFAULT = "default";

    private final ModelCatalog catalog;
    private final Map<String, String> aliases;

    /** @param aliases ids by the names that stand for them */
    public ModelNames(ModelCatalog catalog, Map<String, String> aliases) {
        this.catalog = catalog;
        this.aliases = new TreeMap<>(aliases);
    }

    public List<ModelCard> cards() {
        return catalog.cards();
    }

    /** The model that a request means by a name; empty where nothing has that name. */
    public Optional<ModelCard> find(String name) {
        return catalog.find(name).or(() -> target(aliases.getOrDefault(name, aliases.getOrDefault(ANY, ""))));
    }

    /** Why nodes that have a model of this name cannot use it; empty where none says so. */
    public Optional<String> problem(String name) {
        return catalog.problem(name);
    }

    /** The models that aliases stand for, by alias; none for an alias that no request can use. */
    public Map<String, ModelCard> aliased() {
        Map<String, ModelCard> aliased = new TreeMap<>();
        aliases.forEach((alias, id) -> {
            if (!alias.equals(ANY) && catalog.find(alias).isEmpty()) {
                target(id).ifPresent(card -> aliased.put(alias, card));
            }
        });
        return aliased;
    }

    private Optional<ModelCard> target(String id) {
        return catalog.find(id)
                .or(() -> id.equals(DEFAULT) ? catalog.cards().stream().findFirst() : Optional.empty());
    }
}
