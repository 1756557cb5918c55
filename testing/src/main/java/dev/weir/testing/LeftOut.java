package dev.weir.testing;

import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.util.List;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;
import org.opentest4j.TestAbortedException;

/**
 * Skips the cases of parameterized tests that have a certain constant of an enum among their arguments, such as {@code Engine.ONNX}, where
 * {@value #PROPERTY} names it: for a run in which these cases compute nothing else than in another. JUnit finds it by
 * {@code META-INF/services}.
 */
public final class LeftOut implements InvocationInterceptor {

    private static final String PROPERTY = "weir.tests.without";
    private static final String LEFT_OUT = System.getProperty(PROPERTY, "");

    @Override
    public <T> T interceptTestClassConstructor(
            Invocation<T> invocation, ReflectiveInvocationContext<Constructor<T>> call, ExtensionContext context)
            throws Throwable {
        require(call.getArguments());
        return invocation.proceed();
    }

    @Override
    public void interceptTestTemplateMethod(
            Invocation<Void> invocation, ReflectiveInvocationContext<Method> call, ExtensionContext context)
            throws Throwable {
        require(call.getArguments());
        invocation.proceed();
    }

    private static void require(List<Object> arguments) {
        if (arguments.stream().anyMatch(LeftOut::isNamed)) {
            throw new TestAbortedException("left out: " + LEFT_OUT);
        }
    }

    private static boolean isNamed(Object argument) {
        return argument instanceof Enum<?> constant
                && LEFT_OUT.equals(constant.getDeclaringClass().getSimpleName() + "." + constant.name());
    }
}
