package dev.weir.gateway.api;

import dev.weir.gateway.job.Route;
import dev.weir.proto.v1.Field;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.Workflow;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Chooses the first workflow of a model that fits the fields of a request. Stateless. */
final class WorkflowChoice {

    /** The fields that only some workflows take. A model's card says which. */
    static final Set<String> FIELDS = new TreeSet<>(List.of(
            "class_label",
            "clip_skip",
            "crop",
            "guidance_end",
            "guidance_rescale",
            "guidance_reuse",
            "guidance_scale",
            "guidance_start",
            "image_guidance_scale",
            "negative_prompt",
            "original_size",
            "prompt",
            "prompt_syntax",
            "refiner_start",
            "strength",
            "noise_level",
            "prior_steps",
            "prior_guidance_scale",
            "init_image",
            "mask",
            "mask_blur",
            "masked_content",
            "padding_mask_crop",
            "depth_map",
            "control_image"));

    private WorkflowChoice() {}

    /**
     * @param size empty: each workflow's own
     * @throws ApiException that names the field which no workflow takes, or which is missing
     */
    static Workflow of(ModelCard card, Fields fields, Optional<int[]> size) {
        List<Workflow> fitting = card.getWorkflowsList().stream()
                .filter(workflow -> foreign(workflow, fields).isEmpty()
                        && missing(workflow, fields).isEmpty())
                .toList();
        if (fitting.isEmpty()) {
            throw misfit(card, fields);
        }
        return fitting.stream()
                .filter(workflow -> size.isEmpty() || Route.fits(workflow, size.get()[0], size.get()[1]))
                .findFirst()
                .orElseThrow(() -> fields.invalid(
                        "unsupported_size",
                        "size",
                        "%dx%d cannot be made by \"%s\": %s"
                                .formatted(size.get()[0], size.get()[1], card.getId(), Route.sizes(fitting))));
    }

    /** A field of the request that the workflow does not take. */
    private static Optional<String> foreign(Workflow workflow, Fields fields) {
        return FIELDS.stream()
                .filter(name -> fields.says(name) && field(workflow, name).isEmpty() && !isWithoutEffect(name, fields))
                .findFirst();
    }

    /** A workflow without guidance does what a guidance scale of 1 does, or of 0, as diffusers has it. */
    private static boolean isWithoutEffect(String name, Fields fields) {
        return name.equals("guidance_scale")
                && fields.value(name) instanceof Number scale
                && (scale.doubleValue() == 1 || scale.doubleValue() == 0);
    }

    private static Optional<String> missing(Workflow workflow, Fields fields) {
        return workflow.getFieldsList().stream()
                .filter(field -> field.getNeeded() && !fields.has(field.getName()))
                .map(Field::getName)
                .findFirst();
    }

    static Optional<Field> field(Workflow workflow, String name) {
        return workflow.getFieldsList().stream()
                .filter(field -> field.getName().equals(name))
                .findFirst();
    }

    /** About the first workflow that takes all fields, or else about a field that none takes together with the others. */
    private static ApiException misfit(ModelCard card, Fields fields) {
        for (Workflow workflow : card.getWorkflowsList()) {
            Optional<String> missing = missing(workflow, fields);
            if (foreign(workflow, fields).isEmpty() && missing.isPresent()) {
                return missing(card, fields, missing.get());
            }
        }
        Optional<String> unknown = FIELDS.stream()
                .filter(name -> fields.says(name)
                        && card.getWorkflowsList().stream()
                                .allMatch(workflow -> field(workflow, name).isEmpty()))
                .findFirst();
        String name = unknown.or(() -> card.getWorkflowsList().stream()
                        .flatMap(workflow -> foreign(workflow, fields).stream())
                        .findFirst())
                .orElse("model");
        String problem = "is not taken by \"%s\"%s, which takes %s"
                .formatted(card.getId(), unknown.isPresent() ? "" : " together with the other fields", inWords(card));
        return fields.invalid("unsupported_parameter", name, problem);
    }

    private static ApiException missing(ModelCard card, Fields fields, String name) {
        if (name.equals("depth_map")) {
            return fields.invalid(
                    "missing_required_parameter",
                    name,
                    "is required: give a picture that is brighter where the image is nearer; Weir does not estimate depth");
        }
        return reason(card, fields, name)
                .map(cause -> fields.invalid(
                        "missing_required_parameter",
                        name,
                        "is required where %s is given".formatted(fields.clientName(cause))))
                .orElseGet(() -> fields.missing(name));
    }

    /** A field of the request that is taken only together with the one that is missing. */
    private static Optional<String> reason(ModelCard card, Fields fields, String missing) {
        return FIELDS.stream()
                .filter(fields::says)
                .filter(name -> card.getWorkflowsList().stream()
                        .filter(workflow -> field(workflow, name).isPresent())
                        .allMatch(workflow -> field(workflow, missing)
                                .filter(Field::getNeeded)
                                .isPresent()))
                .filter(name -> card.getWorkflowsList().stream()
                        .anyMatch(workflow -> field(workflow, name).isEmpty()))
                .findFirst();
    }

    private static String inWords(ModelCard card) {
        String taken = card.getWorkflowsList().stream()
                .flatMap(workflow -> workflow.getFieldsList().stream())
                .map(Field::getName)
                .distinct()
                .collect(Collectors.joining(", "));
        return taken.isEmpty() ? "none of these fields" : taken;
    }
}
