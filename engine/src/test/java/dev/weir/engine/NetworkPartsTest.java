package dev.weir.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.control.Steering;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class NetworkPartsTest {

    private static final ComputeTarget TARGET = new ComputeTarget("cpu", Precision.FP32, Engine.ONNX);

    private final List<String> called = new ArrayList<>();
    private final Denoiser denoiser = (Denoiser) Proxy.newProxyInstance(
            getClass().getClassLoader(), new Class<?>[] {Denoiser.class}, (self, method, args) -> {
                called.add(method.getName());
                return null;
            });

    @Test
    void aNetworkIsClosedWhoseClassifierDoesNotOpen() {
        PipelineIndex index = PipelineIndex.read(ModelSources.open(TestModels.checkpoint("sd1")));
        NetworkParts parts = new NetworkParts(index, TARGET, Steering.NONE, false);

        assertThatThrownBy(() -> parts.guided(denoiser, "classifier")).isInstanceOf(ModelException.class);

        assertThat(called).containsExactly("close");
    }
}
